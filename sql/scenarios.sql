-- Ten stories that must come out exactly, to the instant: cdp.now is set, so that each message arrives when the story says.
-- Of races tell the isolation tests (alias_concurrent, process_concurrent, segment_reader), of edits under load test/tap/kill.t.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
-- At an instant: what waits is taken, and time passes up to there. How many messages it were.
CREATE FUNCTION pg_temp.process(at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cdp.now', at::text, false);
    RETURN cdp_process();
END $$;
-- An event that arrives at an instant, by default the one at which it happens, and is taken at once.
CREATE FUNCTION pg_temp.track(who text, event text, at timestamptz, arrives timestamptz DEFAULT NULL, properties jsonb DEFAULT '{}', insert_id text DEFAULT NULL)
    RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cdp.now', coalesce(arrives, at)::text, false);
    PERFORM cdp_track(who, event, properties, at, insert_id);
    RETURN cdp_process();
END $$;
-- What changed for whom.
CREATE VIEW changes AS
    SELECT coalesce(p.user_id, 'nobody') AS who, segment, change, effective_at, recorded_at, reason
    FROM cdp.segment_change AS c LEFT JOIN cdp.profile AS p USING (user_no) ORDER BY change_no;
-- Who was in a segment at an instant, as the changes tell, the evaluator and the present members.
CREATE FUNCTION pg_temp.members(name text, at timestamptz) RETURNS TABLE (by_changes text[], by_rule text[], by_bitmap text[]) LANGUAGE sql AS $$
    SELECT ARRAY(SELECT p.user_id FROM cdp.segment_change AS c JOIN cdp.profile AS p USING (user_no) WHERE segment = name AND effective_at <= at
                 GROUP BY p.user_id HAVING sum(CASE change WHEN 'entered' THEN 1 ELSE -1 END) = 1 ORDER BY 1),
           ARRAY(SELECT user_id FROM cdp.profile WHERE cdp_match(user_id, (SELECT rule FROM cdp.segment AS s WHERE s.name = members.name), at) ORDER BY 1),
           ARRAY(SELECT * FROM cdp_segment_users(name) AS u ORDER BY u)
$$;
-- A new story: nobody, nothing, and a clock that may begin anywhere.
CREATE PROCEDURE pg_temp.begin_story() LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL client_min_messages = warning;
    TRUNCATE cdp.segment, cdp.segment_change, cdp.recent_event, cdp.profile, cdp.identity, cdp.identity_log, cdp.session_span, cdp.open_session,
        cdp.insert_id, cdp.insert_id_conflict, cdp.dead_letter RESTART IDENTITY CASCADE;
    UPDATE cdp.inbox_cursor SET clock = '-infinity';
    SET cdp.now = '';
END $$;

---- The clock itself: what asks for now gets it; it must be a time, and the session's user a superuser.
SET cdp.now = '2025-01-08 00:09:00.000001';
SELECT cdp_now(), current_setting('cdp.now') AS as_set;
SET cdp.now = '2025-01-08T01:09:00+02:00';
SELECT cdp_now();
SET cdp.now = 'tomorrow';
SET cdp.now = 'infinity';
SELECT cdp_track('ann', 'look') \g /dev/null
SELECT received_at, payload::jsonb ->> 'timestamp' AS "timestamp" FROM cdp.inbox;
SELECT cdp_process();
SELECT ts, session_no FROM cdp.event;
SELECT first_seen, cdp_match('ann', 'did(look in last 1 minute)'), cdp_count('did(look in last 1 minute)') FROM cdp.profile;
SELECT user_id, started_at FROM cdp_live_sessions();
SET cdp.now = '2025-01-07T23:39:00Z';
SELECT cdp_match('ann', 'did(look in last 1 minute)'), (SELECT count(*) FROM cdp_live_sessions()) AS live_sessions;
SET cdp.now = '2025-01-07T23:39:00.000001Z';
SELECT (SELECT count(*) FROM cdp_live_sessions()) AS live_sessions;
SELECT check_name, status, detail, remedy FROM cdp_health() WHERE check_name = 'clock';
-- What was processed never goes back.
SET cdp.now = '2025-01-01';
SELECT cdp_match('ann', 'did(look)') AS did_yet;
SELECT cdp_track('ann', 'look') \g /dev/null
SELECT cdp_process();
SELECT clock FROM cdp.inbox_cursor;
CREATE ROLE regress_cdp_clock;
SET ROLE regress_cdp_clock;
SET cdp.now = '2025-01-01';
RESET ROLE;
DROP ROLE regress_cdp_clock;
SET cdp.now = '';
SELECT cdp_now() = now() AS is_that_of_the_transaction;
SELECT check_name, status, detail FROM cdp_health() WHERE check_name = 'clock';

---- 1. Inactivity: mobile, ten views ever, no event in seven days.
CALL pg_temp.begin_story();
SET cdp.now = '2025-01-01T00:00:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('asleep', $$device = 'mobile' and count(view) >= 10 and not did(any in last 7 days)$$);
SELECT cdp_identify('ann', '{"device": "mobile"}'), cdp_identify('bob', '{"device": "desktop"}') \g /dev/null
SELECT sum(pg_temp.track(who, 'view', timestamptz '2025-01-01 00:00Z' + n * interval '1 minute')) FROM generate_series(0, 9) AS n, (VALUES ('ann'), ('bob')) AS w (who);
SELECT pg_temp.process('2025-01-08 00:08:59Z'), m.* FROM pg_temp.members('asleep', '2025-01-08 00:08:59Z') AS m;
SELECT pg_temp.process('2025-01-08 00:08:59.999999Z'), m.* FROM pg_temp.members('asleep', '2025-01-08 00:08:59.999999Z') AS m;
SELECT pg_temp.process('2025-01-08 00:09:00Z') \g /dev/null
SELECT * FROM pg_temp.members('asleep', '2025-01-08 00:09:00Z') AS m;
SELECT * FROM changes;
-- The same with nobody at work from midnight to three o'clock, and an event at five past.
CALL pg_temp.begin_story();
SET cdp.now = '2025-01-01T00:00:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('asleep', $$device = 'mobile' and count(view) >= 10 and not did(any in last 7 days)$$);
SELECT cdp_identify('ann', '{"device": "mobile"}') \g /dev/null
SELECT sum(pg_temp.track('ann', 'view', timestamptz '2025-01-01 00:00Z' + n * interval '1 minute')) FROM generate_series(0, 9) AS n;
SELECT pg_temp.process('2025-01-07 23:59:59Z');
SELECT count(*) AS changes_before FROM changes;
SELECT pg_temp.process('2025-01-08 03:00Z');
SELECT * FROM changes;
SELECT pg_temp.track('ann', 'view', '2025-01-08 03:05Z');
SELECT * FROM changes OFFSET 1;
SELECT at, m.* FROM unnest('{2025-01-08 00:08:59.999999Z,2025-01-08 00:09Z,2025-01-08 03:04:59.999999Z,2025-01-08 03:05Z}'::timestamptz[]) AS at, pg_temp.members('asleep', at) AS m;

-- A backlog that is taken in pieces: what the second one tells is known before time goes past it.
CALL pg_temp.begin_story();
SET cdp.now = '2025-07-01T00:00:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('lapsed', 'did(view) and not did(view in last 7 days)');
SET cdp.now = '2025-07-02T00:00:00Z';
SELECT cdp_track('ann', 'view'), cdp_track('bob', 'view') \g /dev/null
SET cdp.now = '2025-07-08T00:00:00Z';
SELECT cdp_track('ann', 'view') \g /dev/null
SET cdp.now = '2025-07-10T00:00:00Z';
SELECT cdp_process(2), cdp_segment_size('lapsed') AS size;
SELECT cdp_process(2), cdp_segment_size('lapsed') AS size;
SELECT * FROM changes;

---- 2. Edges of a window: at least three purchases in 30 days, and its contrary.
CALL pg_temp.begin_story();
SET cdp.now = '2025-01-01T12:00:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('three', 'count(purchase in last 30 days) >= 3'), ('two at most', 'count(purchase in last 30 days) <= 2');
SELECT at, sum(pg_temp.track(who, 'purchase', at)) FROM unnest('{2025-01-01 12:00Z,2025-01-10 09:00Z,2025-01-20 09:00Z}'::timestamptz[]) AS at, (VALUES ('ann'), ('bob')) AS w (who)
GROUP BY at ORDER BY at;
SELECT pg_temp.process('2025-01-31 11:59:58Z'), pg_temp.track('bob', 'purchase', '2025-01-31 11:59:59Z'), pg_temp.process('2025-01-31 11:59:59.999999Z') \g /dev/null
SELECT cdp_segment_users('three') AS three;
SELECT pg_temp.process('2025-01-31 12:00Z') \g /dev/null
SELECT cdp_segment_users('three') AS three;
SELECT cdp_segment_users('two at most') AS two_at_most;
SELECT pg_temp.process('2025-02-09 08:59:59.999999Z') \g /dev/null
SELECT cdp_segment_users('three') AS three;
SELECT pg_temp.process('2025-02-09 09:00Z') \g /dev/null
SELECT cdp_segment_users('three') AS three;
SELECT * FROM changes;
-- At and around each of these instants the changes, the rule and plain SQL agree.
SELECT count(*) AS compared, count(*) FILTER (WHERE by_changes <> by_rule OR by_rule <> by_sql) AS wrong
FROM (VALUES ('three', 3, 2147483647), ('two at most', 0, 2)) AS s (name, least, most), unnest('{2025-01-01 12:00Z,2025-01-10 09:00Z,2025-01-20 09:00Z,2025-01-31 11:59:59Z,
    2025-01-31 12:00Z,2025-02-09 09:00Z}'::timestamptz[]) AS edge, unnest('{-1 microsecond,0,1 microsecond}'::interval[]) AS shift,
    LATERAL (SELECT edge + shift AS at) AS i, pg_temp.members(name, at) AS m,
    LATERAL (SELECT ARRAY(SELECT p.user_id FROM cdp.profile AS p LEFT JOIN cdp.event AS e ON e.user_no = p.user_no AND e.ts <= at AND e.ts > at - interval '30 days'
                          GROUP BY p.user_id HAVING count(e.ts) BETWEEN least AND most ORDER BY 1) AS by_sql) AS s2
WHERE at >= '2025-01-01 12:00Z';

---- 3. Repetitions: the same payment three times and again 25 hours later counts once; with another sum it is a conflict.
CALL pg_temp.begin_story();
SET cdp.now = '2025-03-01T10:00:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('spender', 'sum(purchase.revenue in last 30 days) >= 100');
SELECT cdp_track('ann', 'purchase', '{"revenue": 60}', insert_id => 'm1'), cdp_track('ann', 'purchase', '{"revenue": 60}', insert_id => 'm1') \g /dev/null
SELECT cdp_process();
SELECT pg_temp.track('ann', 'purchase', '2025-03-01 10:00Z', '2025-03-01 10:00:02Z', '{"revenue": 60}', 'm1');
SELECT pg_temp.track('ann', 'purchase', '2025-03-01 10:00Z', '2025-03-02 11:00Z', '{"revenue": 60}', 'm1');
SELECT count(*), sum((properties ->> 'revenue')::numeric), cdp_in_segment('ann', 'spender'), (SELECT count(*) FROM cdp.insert_id_conflict) AS conflicts FROM cdp.event;
SELECT pg_temp.track('ann', 'purchase', '2025-03-01 10:00Z', '2025-03-02 11:30Z', '{"revenue": 80}', 'm1');
SELECT count(*), sum((properties ->> 'revenue')::numeric), cdp_in_segment('ann', 'spender') FROM cdp.event;
SELECT insert_id, times, event, content FROM cdp.insert_id_conflict;
SELECT pg_temp.track('ann', 'purchase', '2025-03-02 12:00Z', properties => '{"revenue": 40}', insert_id => 'm2');
SELECT count(*), sum((properties ->> 'revenue')::numeric), cdp_in_segment('ann', 'spender') FROM cdp.event;
SELECT pg_temp.process('2025-03-31 09:59:59.999999Z'), cdp_segment_size('spender') AS size;
SELECT pg_temp.process('2025-03-31 10:00Z') \g /dev/null
SELECT cdp_segment_size('spender') AS size;
SELECT * FROM changes;

---- 4. Out of order: a cart that no purchase follows within an hour.
CALL pg_temp.begin_story();
SET cdp.now = '2025-03-01T10:00:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('left', 'abandoned(cart, purchase within 1 hour)');
SELECT pg_temp.track(who, 'cart', '2025-03-01 10:00Z') FROM unnest('{bob,cat,dan}'::text[]) AS who \g /dev/null
-- The purchase comes before its cart is known.
SELECT pg_temp.track('ann', 'purchase', '2025-03-01 10:40Z'), pg_temp.track('ann', 'cart', '2025-03-01 10:00Z', '2025-03-01 10:45Z');
-- Exactly an hour later is in time, a millisecond more is not.
SELECT pg_temp.track('cat', 'purchase', '2025-03-01 11:00Z');
SELECT * FROM pg_temp.members('left', '2025-03-01 11:00Z');
SELECT pg_temp.process('2025-03-01 11:00:00.000001Z') \g /dev/null
SELECT * FROM pg_temp.members('left', '2025-03-01 11:00:00.000001Z');
SELECT pg_temp.track('dan', 'purchase', '2025-03-01 11:00:00.001Z');
-- A purchase in time that is heard of late.
SELECT pg_temp.track('bob', 'purchase', '2025-03-01 10:59:30Z', '2025-03-01 11:05Z');
SELECT * FROM changes;
SELECT by_changes, by_bitmap FROM pg_temp.members('left', '2025-03-01 11:05Z');
SELECT pg_temp.process('2025-03-05 00:00Z') \g /dev/null
SELECT by_changes, by_rule, by_bitmap FROM pg_temp.members('left', '2025-03-05 00:00Z');

---- 5. A merge: two purchases of a device and two of a user; of one insert id in both, one counts.
CALL pg_temp.begin_story();
SET cdp.now = '2025-03-01T10:00:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('three', 'count(purchase in last 30 days) >= 3'), ('buyers', 'did(purchase)');
CREATE FUNCTION pg_temp.buy(who text, device text, at timestamptz, id text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cdp.now', at::text, false);
    PERFORM cdp_track(who, 'purchase', insert_id => id, anonymous_id => device);
    RETURN cdp_process();
END $$;
SELECT pg_temp.buy(NULL, 'a1', '2025-03-01 10:00Z', 'm1'), pg_temp.buy('u1', NULL, '2025-03-01 11:00Z', 'm2'), pg_temp.buy(NULL, 'a1', '2025-03-01 12:00Z', 'm3'),
       pg_temp.buy('u1', NULL, '2025-03-01 13:00Z', 'm4') \g /dev/null
SELECT pg_temp.buy(NULL, 'a2', '2025-03-01 14:00Z', 'm5'), pg_temp.buy('u2', NULL, '2025-03-01 15:00Z', 'm6'), pg_temp.buy(NULL, 'a2', '2025-03-01 16:00Z', 'm7'),
       pg_temp.buy('u2', NULL, '2025-03-01 17:00Z', 'm7') \g /dev/null
SELECT array_agg(user_no) AS devices FROM cdp.profile WHERE user_id IS NULL \gset
SELECT count(*) AS members, cdp_segment_size('buyers') AS buyers FROM cdp_segment_users('three');
SET cdp.now = '2025-03-01T18:00:00Z';
SELECT cdp_identify('u1', anonymous_id => 'a1'), cdp_identify('u2', anonymous_id => 'a2') \g /dev/null
SELECT cdp_process();
SELECT user_id, count(*), cdp_segments(user_id) FROM cdp.event GROUP BY user_id ORDER BY 1;
SELECT * FROM changes WHERE segment = 'three';
SELECT (SELECT count(*) FROM cdp.segment_chunk WHERE users && rb_build(:'devices'::integer[])) AS bits_in_segments, (SELECT count(*) FROM cdp.event_day WHERE users && rb_build(:'devices'::integer[])) AS bits_of_days,
       (SELECT count(*) FROM cdp.membership WHERE user_no = ANY (:'devices')) AS memberships, (SELECT count(*) FROM cdp.event WHERE user_no = ANY (:'devices')) AS events,
       cdp_segment_size('buyers') AS buyers;

-- Whoever is merged did something after the message that says so: it counts from when it happened.
CALL pg_temp.begin_story();
SET cdp.now = '2025-03-01T10:00:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('two', 'count(purchase) >= 2'), ('half', 'sample(50 percent, ''s'')'), ('other half', 'not sample(50 percent, ''s'')');
SELECT pg_temp.track('u4', 'purchase', '2025-03-01 10:00:01Z'), pg_temp.track('u5', 'purchase', '2025-03-01 10:00:03Z') \g /dev/null
INSERT INTO cdp.inbox (payload) VALUES ('{"type": "alias", "userId": "u4", "previousId": "u5", "timestamp": "2025-03-01T10:00:02Z"}');
SELECT pg_temp.process('2025-03-01 10:00:04Z');
SELECT * FROM changes WHERE segment = 'two';
-- A sample is one of user ids: a person who gets one, or another one, may change sides.
SET cdp.now = '2025-03-01T11:00:00Z';
SELECT cdp_track(NULL, 'look', anonymous_id => 'a' || n) FROM generate_series(1, 20) AS n \g /dev/null
SELECT cdp_process();
SET cdp.now = '2025-03-01T12:00:00Z';
SELECT cdp_identify('v' || n, anonymous_id => 'a' || n) FROM generate_series(1, 20) AS n \g /dev/null
SELECT cdp_process();
SET cdp.now = '2025-03-01T13:00:00Z';
SELECT cdp_alias('v' || n, 'w' || n) FROM generate_series(1, 20) AS n \g /dev/null
SELECT cdp_process();
SELECT cdp_segment('half') = cdp_users('sample(50 percent, ''s'')') AS are_in, cdp_segment('other half') = cdp_users('not sample(50 percent, ''s'')') AS are_out;
SELECT effective_at, reason, count(*) > 0 AS some FROM changes WHERE segment = 'half' AND effective_at >= '2025-03-01 12:00Z' GROUP BY 1, 2 ORDER BY 1;

---- 6. A shared device goes from one user to the next; two who are each other's alias are one.
CALL pg_temp.begin_story();
SET cdp.now = '2025-03-01T10:00:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('lookers', 'did(look)'), ('two looks', 'count(look) >= 2');
SELECT cdp_track(NULL, 'look', anonymous_id => 'a1') \g /dev/null
SELECT cdp_process();
SET cdp.now = '2025-03-01T11:00:00Z';
SELECT cdp_identify('u1', anonymous_id => 'a1') \g /dev/null
SELECT cdp_process();
SET cdp.now = '2025-03-01T12:00:00Z';
SELECT cdp_identify('u2', anonymous_id => 'a1') \g /dev/null
SELECT cdp_process();
SET cdp.now = '2025-03-01T13:00:00Z';
SELECT cdp_track(NULL, 'look', anonymous_id => 'a1') \g /dev/null
SELECT cdp_process();
SELECT user_id, ts FROM cdp.event ORDER BY ts;
SELECT * FROM changes;
SET cdp.now = '2025-03-01T14:00:00Z';
SELECT cdp_alias('u1', 'u2'), cdp_alias('u2', 'u1') \g /dev/null
SELECT cdp_process();
SELECT count(*) AS people, min(user_id) IN ('u1', 'u2') AS is_one_of_them, cdp_segments('u1') = cdp_segments('u2') AS are_one, cdp_segments('u1') FROM cdp.profile;
SELECT segment, change, effective_at, reason FROM changes OFFSET 2;

---- 7. An edit: all old, then all new, the same as from scratch.
CALL pg_temp.begin_story();
SET cdp.now = '2025-03-01T10:00:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('buyers', 'count(buy in last 30 days) >= 1'), ('others', 'not in segment buyers');
SELECT cdp_track('u' || u, 'buy', ts => timestamptz '2025-02-20 00:00Z' + u * n * interval '1 minute') FROM generate_series(1, 200) AS u, generate_series(1, 1 + u % 3) AS n \g /dev/null
SELECT cdp_process();
SELECT name, size FROM cdp.segment ORDER BY name;
TRUNCATE cdp.segment_change;
SET cdp.now = '2025-03-01T11:00:00Z';
UPDATE cdp.segment SET rule = 'count(buy in last 30 days) >= 2' WHERE name = 'buyers';
SELECT name, size, size = rb_cardinality(cdp_segment(name)) AS is_that_of_the_bitmap, cdp_segment(name) = cdp_users(rule) AS is_as_from_scratch, computed_at FROM cdp.segment ORDER BY name;
SELECT segment, change, effective_at, recorded_at, reason, count(*), count(DISTINCT user_no) FROM cdp.segment_change GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2;

---- 8. Time zones: days are those of the person, who may move.
CALL pg_temp.begin_story();
SET cdp.now = '2025-03-08T00:00:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('three days', 'days(visit in last 7 days) >= 3');
SELECT cdp_identify('ny', '{"time_zone": "America/New_York"}'), cdp_identify('utc', '{"time_zone": "UTC"}') \g /dev/null
SELECT at, count(pg_temp.track(who, 'visit', at)) AS people FROM unnest('{2025-03-08 04:59Z,2025-03-08 05:01Z,2025-03-09 06:59Z,2025-03-09 07:01Z}'::timestamptz[]) AS at,
    unnest('{ny,utc,jo}'::text[]) AS who GROUP BY at ORDER BY at;
SELECT * FROM changes;
-- Plain SQL counts the same.
SELECT user_id, count(DISTINCT (ts AT TIME ZONE coalesce(traits ->> 'time_zone', 'UTC'))::date) AS days FROM cdp.event JOIN cdp.profile USING (user_no, user_id) GROUP BY user_id ORDER BY 1;
SET cdp.now = '2025-03-10T00:00:00Z';
SELECT cdp_identify('ny', '{"time_zone": "UTC"}'), cdp_identify('jo', '{"time_zone": "America/New_York"}') \g /dev/null
SELECT cdp_process();
SELECT * FROM changes OFFSET 1;
SELECT pg_temp.process('2025-03-15 04:58:59.999999Z'), m.* FROM pg_temp.members('three days', '2025-03-15 04:58:59.999999Z') AS m;
SELECT pg_temp.process('2025-03-15 04:59Z') \g /dev/null
SELECT * FROM changes OFFSET 3;

---- 9. Clocks that are askew: ahead by nine minutes, two days ahead, 40 days late.
CALL pg_temp.begin_story();
SET cdp.now = '2025-01-04T12:01:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('lately', 'count(look in last 30 days) >= 2'), ('ever', 'count(look) >= 2');
INSERT INTO cdp.inbox (payload) VALUES ('{"type": "track", "userId": "bob", "event": "look", "originalTimestamp": "2025-01-04T12:10:00Z", "sentAt": "2025-01-04T12:11:00Z"}');
SELECT cdp_process();
SELECT ts FROM cdp.event WHERE user_id = 'bob';
SELECT cdp_track('bob', 'look', ts => '2025-01-06 12:01Z'), cdp_track('cat', 'look', ts => '2025-01-04 12:06Z'), cdp_track('dot', 'look', ts => '2025-01-04 12:06:00.000001Z') \g /dev/null
SELECT cdp_process();
SELECT code, payload::jsonb ->> 'userId' AS who, received_at, at FROM cdp.dead_letter;
SELECT user_id, ts FROM cdp.event ORDER BY 1, 2;
SELECT pg_temp.track('dan', 'look', '2025-01-04 13:00Z'), pg_temp.track('dan', 'look', '2024-11-25 14:00Z', '2025-01-04 14:00Z');
SELECT * FROM changes;
SELECT first_seen, last_seen FROM cdp.profile WHERE user_id = 'dan';

---- 10. Composition: what one event makes true at once says nothing; no circles; nothing of what was rolled back, or of who is forgotten.
CALL pg_temp.begin_story();
SET cdp.now = '2025-03-01T10:00:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('A', 'did(x)'), ('B', 'count(x) >= 1'), ('C', 'in segment A and not in segment B');
SELECT pg_temp.track('ann', 'x', '2025-03-01 10:00Z');
SELECT * FROM changes ORDER BY segment;
UPDATE cdp.segment SET rule = 'in segment C' WHERE name = 'A';
BEGIN;
SELECT pg_temp.track('bob', 'x', '2025-03-01 11:00Z');
SELECT cdp_segments('bob');
ROLLBACK;
SELECT cdp_process(), cdp_segments('bob'), (SELECT count(*) FROM cdp.event) AS events, (SELECT count(*) FROM cdp.profile) AS people, (SELECT count(*) FROM cdp.segment_change) AS changes;
SELECT pg_temp.track('bob', 'x', '2025-03-01 12:00Z') \g /dev/null
SELECT user_no AS ann FROM cdp.profile WHERE user_id = 'ann' \gset
SELECT cdp_forget('ann');
SELECT (SELECT count(*) FROM cdp.segment_chunk WHERE users @> :ann) AS bits, (SELECT count(*) FROM cdp.segment_change WHERE user_no = :ann) AS changes,
       (SELECT count(*) FROM cdp.event WHERE user_no = :ann) AS events, (SELECT count(*) FROM cdp.membership WHERE user_no = :ann) AS memberships, cdp_segments('ann');
SELECT pg_temp.track('eve', 'y', '2025-03-01 13:00Z') \g /dev/null
SELECT user_no > :ann AS is_a_new_number, cdp_segments('eve') FROM cdp.profile WHERE user_id = 'eve';

DROP VIEW changes;
SET cdp.now = '';
SET client_min_messages = warning;
DROP EXTENSION cdp CASCADE;
CREATE EXTENSION cdp;
