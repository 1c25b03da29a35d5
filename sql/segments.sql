-- Segments: defining and changing them, their members against plain SQL, and what is recorded.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET synchronous_commit = off;

---- Defining, editing, removing.
SELECT cdp_track('u' || u, 'buy', jsonb_build_object('price', 10 * u), now() - n * interval '1 day')
FROM generate_series(1, 4) AS u, generate_series(1, u) AS n \g /dev/null
SELECT cdp_identify('u' || u, jsonb_build_object('plan', CASE u % 2 WHEN 0 THEN 'pro' ELSE 'free' END))
FROM generate_series(1, 5) AS u \g /dev/null
SELECT cdp_track(NULL, 'buy', '{"price": 1000}', now() - interval '1 hour', anonymous_id => 'nobody');
SELECT cdp_process();
CREATE VIEW segments AS SELECT name, rule, status, size FROM cdp.segment ORDER BY name;
CREATE VIEW changes AS
    SELECT (SELECT coalesce(p.user_id, 'anonymous') FROM cdp.profile AS p WHERE p.user_no = c.user_no) AS who,
           segment, change, reason
    FROM cdp.segment_change AS c ORDER BY change_no;

INSERT INTO cdp.segment (name, rule) VALUES ('often', 'count(buy) >= 3'), ('pro', $$plan = 'pro'$$);
INSERT INTO cdp.segment (name, rule, description) VALUES ('often pro', 'in segment often and in segment pro', 'both')
    RETURNING name, description;
SELECT * FROM segments;
SELECT * FROM changes;
SELECT cdp_segment_size('often') AS size, rb_to_array(cdp_segment('often')) = array_agg(user_no::integer ORDER BY user_no) AS is_its_members
FROM cdp.profile WHERE user_id IN ('u3', 'u4');
SELECT cdp_segment_users('often') AS often, cdp_segment_users('pro') AS pro;
SELECT user_id, cdp_segments(user_id), cdp_in_segment(user_id, 'often') AS is_often
FROM unnest('{u1,u2,u3,u4,nobody,unknown}'::text[]) AS user_id;

-- Events, traits and merges change memberships, and say so.
TRUNCATE cdp.segment_change;
SELECT cdp_track('u2', 'buy', ts => '2025-06-01 10:00');
SELECT cdp_identify('u2', '{"plan": null}'), cdp_identify('u5', '{"plan": "pro"}');
SELECT cdp_process();
SELECT * FROM changes;
SELECT * FROM segments;
TRUNCATE cdp.segment_change;
SELECT cdp_track(NULL, 'buy', ts => '2025-06-01 10:00', anonymous_id => 'phone') FROM generate_series(1, 3) \g /dev/null
SELECT cdp_process();
SELECT * FROM changes;
SELECT cdp_identify('u5', '{}', 'phone');
SELECT cdp_process();
SELECT change, reason, who FROM changes OFFSET 1;
SELECT cdp_segments('phone'), cdp_segments('u5');
SELECT user_id, e.events, rb_to_array(cdp_segment('often')) @> ARRAY[user_no::integer] AS is_often
FROM cdp.profile, LATERAL (SELECT count(*) AS events FROM cdp.event WHERE event.user_no = profile.user_no) AS e
WHERE user_id = 'u5';
SELECT rb_cardinality(cdp_segment('often')) - count(*) AS left_over FROM cdp.profile WHERE user_no = ANY(rb_to_array(cdp_segment('often')));

-- A changed rule is computed at once, and so is what names the segment; a rename is nothing to compute.
TRUNCATE cdp.segment_change;
UPDATE cdp.segment SET rule = 'count(buy) >= 4' WHERE name = 'often';
SELECT * FROM segments;
SELECT * FROM changes;
UPDATE cdp.segment SET name = 'PRO' WHERE name = 'pro';
UPDATE cdp.segment SET name = 'both', description = 'renamed' WHERE name = 'often pro';
UPDATE cdp.segment SET name = 'PRO', rule = rule WHERE name = 'pro';
BEGIN;
UPDATE cdp.segment SET name = CASE name WHEN 'pro' THEN 'PRO' ELSE name END,
    rule = CASE name WHEN 'both' THEN 'in segment often and in segment "PRO"' ELSE rule END WHERE name IN ('pro', 'both');
SELECT * FROM segments;
ROLLBACK;
SELECT cdp_segment_users('both') AS both, cdp_segments('u4');
SELECT count(*) AS changes FROM changes;

-- What cannot be.
INSERT INTO cdp.segment (name, rule) VALUES ('bad', 'count(buy >= 3');
INSERT INTO cdp.segment (name, rule) VALUES ('bad', 'in segment nowhere');
INSERT INTO cdp.segment (name, rule) VALUES ('bad', 'in segment bad');
INSERT INTO cdp.segment (name, rule) VALUES ('often', 'did(buy)');
\set VERBOSITY terse
INSERT INTO cdp.segment (name, rule) VALUES ('', 'did(buy)');
INSERT INTO cdp.segment (name, rule) VALUES ('bad', NULL);
\set VERBOSITY default
INSERT INTO cdp.segment (segment_no, name, rule) VALUES (1, 'bad', 'did(buy)');
UPDATE cdp.segment SET rule = 'in segment both' WHERE name = 'often';
UPDATE cdp.segment SET segment_no = 77 WHERE name = 'often';
DELETE FROM cdp.segment WHERE name = 'often';
SELECT cdp_segment('nowhere');
SELECT cdp_segment_size('nowhere');
SELECT cdp_segment_users('nowhere');
SELECT cdp_in_segment('u1', 'nowhere');
SELECT cdp_refresh_segment('nowhere');
SELECT cdp_count('in segment nowhere');
SELECT cdp_explain('unknown', 'did(buy)');
SELECT cdp_count('did(buy)', 'infinity');
SELECT * FROM segments;
-- Also where the members are computed later.
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO cdp.segment (name, rule) VALUES ('bad', 'in segment nowhere');
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE cdp.segment SET rule = 'in segment both' WHERE name = 'often';
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
DELETE FROM cdp.segment WHERE name = 'often';
ROLLBACK;

-- In a transaction with an old snapshot the members are computed by the next cdp_process().
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO cdp.segment (name, rule) VALUES ('later', 'did(buy)');
SELECT name, status, size FROM segments WHERE name = 'later';
COMMIT;
SELECT name, status, size FROM segments WHERE name = 'later';
SELECT cdp_process();
SELECT name, status, size FROM segments WHERE name = 'later';
BEGIN ISOLATION LEVEL SERIALIZABLE;
UPDATE cdp.segment SET rule = 'count(buy) >= 2' WHERE name = 'later';
COMMIT;
SELECT name, status, size FROM segments WHERE name = 'later';
SELECT cdp_process();
SELECT name, status, size FROM segments WHERE name = 'later';

-- Members that got lost are found again, and the change is recorded.
TRUNCATE cdp.segment_change;
DELETE FROM cdp.segment_chunk WHERE segment_no = (SELECT segment_no FROM cdp.segment WHERE name = 'later');
SELECT cdp_segment_size('later') AS size;
SELECT cdp_refresh_segment('later') AS size;
SELECT cdp_segment_size('later') AS size, (SELECT count(*) FROM changes WHERE reason = 'rule') AS changes;

-- Without a trace in a transaction that is rolled back.
BEGIN;
INSERT INTO cdp.segment (name, rule) VALUES ('undone', 'did(buy)');
SELECT cdp_segments('u1');
ROLLBACK;
SELECT cdp_segments('u1');
SELECT cdp_segment_size('undone');

-- Removed ones leave nobody in them, whatever comes after with that number.
DELETE FROM cdp.segment WHERE name IN ('both', 'often');
SELECT cdp_segments('u4');
SELECT count(*) AS chunks_of_nothing FROM cdp.segment_chunk WHERE segment_no NOT IN (SELECT segment_no FROM cdp.segment);
INSERT INTO cdp.segment (name, rule) VALUES ('often', 'count(buy) >= 100');
SELECT cdp_segments('u4'), cdp_in_segment('u4', 'often');
TRUNCATE cdp.segment RESTART IDENTITY CASCADE;
SELECT cdp_segments('u4');
INSERT INTO cdp.segment (name, rule) VALUES ('a', 'count(buy) >= 100'), ('b', 'did(sell)'), ('c', 'count(buy) = 1');
SELECT cdp_segments('u4') AS u4, cdp_segments('u1') AS u1, cdp_in_segment('u4', 'a') AS u4_in_a;
SELECT cdp_track('u4', 'sell', ts => '2025-06-01 10:00');
SELECT cdp_process();
SELECT cdp_segments('u4') AS u4;
TRUNCATE cdp.segment CASCADE;

-- Composition within one event: A and B become true at once, so C = A and not B says nothing.
INSERT INTO cdp.segment (name, rule) VALUES ('A', 'did(x)'), ('B', 'count(x) >= 1'), ('C', 'in segment A and not in segment B');
TRUNCATE cdp.segment_change;
SELECT cdp_track('u1', 'x', ts => '2025-06-01 10:00');
SELECT cdp_process();
SELECT * FROM changes ORDER BY segment;
TRUNCATE cdp.segment CASCADE;

---- Time alone: each change bears its exact instant, after however long. The clock is moved through the events' times.
INSERT INTO cdp.segment (name, rule) VALUES ('three in a minute', 'count(t in last 1 minute) >= 3'), ('not lately', 'did(t) and not did(t in last 2 hours)');
CREATE TABLE start AS SELECT date_trunc('second', now()) - interval '1 hour' AS t;
-- All of it happened an hour ago and is known since then: the messages were queued on time.
INSERT INTO cdp.inbox (source, payload, received_at)
SELECT 'who_what', jsonb_build_object('who', 'tim', 'what', 't', 'when', t + n * interval '10 seconds'), t + n * interval '10 seconds'
FROM start, generate_series(0, 3) AS n;
TRUNCATE cdp.segment_change;
SELECT cdp_process();
SELECT segment, change, effective_at - t AS after, reason FROM cdp.segment_change, start ORDER BY change_no;
-- A late one: windows that have passed do not change.
TRUNCATE cdp.segment_change;
INSERT INTO cdp.inbox (source, payload)
SELECT 'who_what', jsonb_build_object('who', 'tim', 'what', 't', 'when', t - interval '10 seconds') FROM start;
SELECT cdp_process();
SELECT count(*) AS changes FROM cdp.segment_change;
SELECT cdp_match('tim', 'count(t in last 1 minute) >= 3', t + interval '20 seconds') AS at_20,
       cdp_match('tim', 'count(t in last 1 minute) >= 3', t + interval '9.999999 seconds') AS before_10,
       cdp_match('tim', 'count(t in last 1 minute) >= 3', t + interval '69.999999 seconds') AS before_70,
       cdp_match('tim', 'count(t in last 1 minute) >= 3', t + interval '70 seconds') AS at_70
FROM start;
DROP TABLE start;
TRUNCATE cdp.segment CASCADE;

---- Random events against plain SQL, defined before and after, in batches of 1, of 1,000 and of all.
-- Times are whole hours before half an hour ago, so that no window's edge passes while this runs.
CREATE TABLE start AS SELECT now() - interval '30 minutes' AS t;
CREATE TABLE event_given (n serial, who text, what text, at timestamptz, props jsonb);
SELECT setseed(0.25) \g /dev/null
INSERT INTO event_given (who, what, at, props)
SELECT 'r' || ceil(random() ^ 2 * 60), (ARRAY['view', 'cart', 'buy'])[ceil(random() * 3)],
       (SELECT t FROM start) - floor(random() * 24 * 60) * interval '1 hour',
       jsonb_strip_nulls(jsonb_build_object(
           'price', CASE WHEN random() < .9 THEN round((random() * 50)::numeric, 2) END,
           'kind', (ARRAY['shoe', 'hat', 'Shirt', NULL])[ceil(random() * 4)]))
FROM generate_series(1, 1500);
CREATE TABLE trait_given AS
SELECT 'r' || u AS who, jsonb_strip_nulls(jsonb_build_object('age', CASE WHEN u % 7 <> 0 THEN 18 + u % 40 END,
    'country', (ARRAY['NO', 'SE', NULL])[u % 3 + 1])) AS traits
FROM generate_series(1, 60) AS u;

-- Rules with what SQL says of them as of an instant. Windows are (instant - W, instant].
CREATE TABLE oracle (name text, rule cdp_rule, query text);
INSERT INTO oracle VALUES
    ('adult', 'age >= 30', $$SELECT user_no FROM cdp.profile WHERE (traits ->> 'age')::numeric >= 30$$),
    ('not_old', 'not age > 30', $$SELECT user_no FROM cdp.profile WHERE ((traits ->> 'age')::numeric > 30) IS NOT TRUE$$),
    ('no_buy', 'not did(buy)', $$SELECT user_no FROM cdp.profile EXCEPT SELECT user_no FROM e WHERE event = 'buy'$$),
    ('many', 'count(buy) >= 5', $$SELECT user_no FROM e WHERE event = 'buy' GROUP BY user_no HAVING count(*) >= 5$$),
    ('few', 'count(any in last 20 days) <= 3',
     $$SELECT user_no FROM cdp.profile LEFT JOIN (SELECT * FROM e WHERE ts > $1 - interval '20 days') AS e USING (user_no)
       GROUP BY user_no HAVING count(ts) <= 3$$),
    ('spent', 'sum(buy.price) >= 100.50',
     $$SELECT user_no FROM e WHERE event = 'buy' GROUP BY user_no HAVING sum((properties ->> 'price')::numeric) >= 100.50$$),
    ('spent_lately', 'sum(buy.price in last 10 days) between 20 and 80',
     $$SELECT user_no FROM e WHERE event = 'buy' AND ts > $1 - interval '10 days' GROUP BY user_no
       HAVING sum((properties ->> 'price')::numeric) BETWEEN 20 AND 80$$),
    ('shoes', $$count(view where kind = 'shoe' and price > 10 in last 30 days) >= 2$$,
     $$SELECT user_no FROM e WHERE event = 'view' AND properties ->> 'kind' = 'shoe' AND (properties ->> 'price')::numeric > 10
       AND ts > $1 - interval '30 days' GROUP BY user_no HAVING count(*) >= 2$$),
    ('liked', $$did(cart where kind like 'sh%' in last 5 days) or country in ('SE')$$,
     $$SELECT user_no FROM e WHERE event = 'cart' AND properties ->> 'kind' LIKE 'sh%' AND ts > $1 - interval '5 days'
       UNION SELECT user_no FROM cdp.profile WHERE traits ->> 'country' = 'SE'$$),
    ('waiting', 'did(cart in last 3 days) and not did(buy in last 3 days) and country is not null',
     $$SELECT user_no FROM e WHERE event = 'cart' AND ts > $1 - interval '3 days'
       EXCEPT SELECT user_no FROM e WHERE event = 'buy' AND ts > $1 - interval '3 days'
       INTERSECT SELECT user_no FROM cdp.profile
       EXCEPT SELECT user_no FROM cdp.profile WHERE traits -> 'country' IS NULL$$),
    ('best', 'in segment many and not in segment adult and not in segment few',
     $$SELECT user_no FROM e WHERE event = 'buy' GROUP BY user_no HAVING count(*) >= 5
       EXCEPT SELECT user_no FROM cdp.profile WHERE (traits ->> 'age')::numeric >= 30
       EXCEPT SELECT user_no FROM cdp.profile LEFT JOIN (SELECT * FROM e WHERE ts > $1 - interval '20 days') AS e USING (user_no)
       GROUP BY user_no HAVING count(ts) <= 3$$);

-- Who the query says, by user id.
CREATE FUNCTION by_sql(query text, at timestamptz) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE result text[];
BEGIN
    EXECUTE 'WITH e AS (SELECT user_no, ts, event, properties FROM cdp.event WHERE ts <= $1) SELECT array_agg(user_id ORDER BY user_id)
             FROM cdp.profile WHERE user_no IN (' || query || ') AND user_id LIKE ''r%''' INTO result USING at;
    RETURN coalesce(result, '{}');
END $$;
CREATE FUNCTION by_bitmap(users roaringbitmap) RETURNS text[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(user_id ORDER BY user_id), '{}') FROM cdp.profile
    WHERE user_no = ANY(rb_to_array(users)) AND user_id LIKE 'r%'
$$;

-- Everything anew, `at_once` messages a batch; what differs from SQL, and what everyone's memberships are.
CREATE TABLE run (no serial, at_once integer, batches integer, events bigint, wrong text[], result text);
CREATE PROCEDURE run(at_once integer) LANGUAGE plpgsql AS $$
DECLARE batches integer := 0;
BEGIN
    TRUNCATE cdp.segment, cdp.segment_change, cdp.recent_event, cdp.profile, cdp.identity, cdp.session_span, cdp.membership, cdp.segment_due CASCADE;
    -- Half of the segments are there before the events.
    INSERT INTO cdp.segment (name, rule) SELECT o.name, o.rule FROM oracle AS o
        WHERE o.name IN ('adult', 'few', 'many', 'no_buy', 'not_old', 'spent_lately', 'waiting', 'best');
    INSERT INTO cdp.inbox (source, payload)
        SELECT 'who_what', jsonb_build_object('who', who, 'what', what, 'when', at, 'props', props) FROM event_given ORDER BY n;
    PERFORM cdp_identify(who, traits, ts => (SELECT t FROM start)) FROM trait_given;
    COMMIT;
    WHILE cdp_process(at_once) > 0 LOOP
        batches := batches + 1;
        COMMIT;
    END LOOP;
    INSERT INTO cdp.segment (name, rule) SELECT o.name, o.rule FROM oracle AS o WHERE o.name NOT IN (SELECT s.name FROM cdp.segment AS s);
    -- The same again under other names, defined after the events.
    INSERT INTO cdp.segment (name, rule) SELECT 'after ' || o.name, o.rule FROM oracle AS o;
    INSERT INTO run (at_once, batches, events, wrong, result) SELECT at_once, batches, (SELECT count(*) FROM cdp.event),
        (SELECT array_agg(o.name ORDER BY o.name) FROM oracle AS o
         WHERE by_bitmap(cdp_segment(o.name)) <> by_sql(query, now())
            OR by_bitmap(cdp_segment('after ' || o.name)) <> by_sql(query, now())
            OR cdp_segment_size(o.name) <> (SELECT size FROM cdp.segment AS s WHERE s.name = o.name)
            OR EXISTS (SELECT FROM cdp.profile WHERE cdp_in_segment(user_id, o.name) <> (user_no = ANY(rb_to_array(cdp_segment(o.name)))))),
        (SELECT md5(string_agg(user_id || cdp_segments(user_id)::text, ',' ORDER BY user_id COLLATE "C")) FROM cdp.profile);
END $$;
CALL run(NULL);
CALL run(1000);
CALL run(1);
SELECT at_once, batches, events, wrong, result = first_value(result) OVER (ORDER BY no) AS is_same FROM run ORDER BY no;
SELECT name, size FROM segments WHERE name NOT LIKE 'after %';

-- As of instants of the past, too; and one user by one.
SELECT before, array_agg(name || ' ' || cdp_count(rule, at) ORDER BY name) AS sizes,
       array_agg(name) FILTER (WHERE by_bitmap(cdp_users(rule, at)) <> expected) AS wrong,
       array_agg(name) FILTER (WHERE EXISTS (SELECT FROM cdp.profile WHERE cdp_match(user_id, rule, at) <> (user_id = ANY(expected)))) AS wrong_by_user
FROM oracle, start, unnest('{59 days 23 hours, 30 days, 20 days -1 microsecond, 0 days, -11 days}'::interval[]) AS before,
     LATERAL (SELECT t - before AS at, by_sql(query, t - before) AS expected OFFSET 0) AS instant GROUP BY before ORDER BY before DESC;
-- Exactly at events and their expiries.
SELECT count(*) AS compared, count(*) FILTER (WHERE by_bitmap(cdp_users(rule, at)) <> by_sql(query, at)) AS wrong
FROM oracle, LATERAL (SELECT ts + shift AS at FROM cdp.event, unnest('{0 days, 3 days, 10 days, 10 days -1 microsecond, 20 days}'::interval[]) AS shift
                      WHERE event = 'buy' AND user_id = 'r2') AS instant
WHERE name IN ('waiting', 'spent_lately', 'few', 'best');
SELECT cdp_match('unknown', 'not did(buy)'), cdp_match(NULL, 'did(buy)') IS NULL AS is_null_of_null;
SELECT cdp_explain('r1', 'count(buy) >= 5 and not age > 30', t) AS explanation FROM start \gset
SELECT (:'explanation'::jsonb -> 'truth')::boolean = cdp_match('r1', 'count(buy) >= 5 and not age > 30', t) AS is_same_truth FROM start;

-- The changes add up to the members.
SELECT count(*) AS differing FROM cdp.segment AS s, LATERAL (
    SELECT sum(CASE change WHEN 'entered' THEN 1 ELSE -1 END) AS balance FROM cdp.segment_change AS c WHERE c.segment = s.name) AS b
WHERE coalesce(balance, 0) <> size;
SELECT count(*) AS out_of_turn FROM (
    SELECT change, lag(change, 1, 'exited') OVER (PARTITION BY segment, user_no ORDER BY change_no) AS before FROM cdp.segment_change) AS c
WHERE change = before;

---- What an ordinary role may see and not do.
CREATE ROLE regress_cdp_reader;
GRANT USAGE ON SCHEMA cdp TO regress_cdp_reader;
SET ROLE regress_cdp_reader;
SELECT cdp_segment_size('many');
RESET ROLE;
GRANT SELECT ON ALL TABLES IN SCHEMA cdp TO regress_cdp_reader;
SET ROLE regress_cdp_reader;
SELECT cdp_segment_size('many') = rb_cardinality(cdp_segment('many')) AS has_a_size, cdp_in_segment('r1', 'many'),
       cdp_match('r1', 'did(buy)'), cdp_count('in segment many') = cdp_segment_size('many') AS is_counted;
SELECT cdp_refresh_segment('many');
INSERT INTO cdp.segment (name, rule) VALUES ('mine', 'did(buy)');
RESET ROLE;
REVOKE ALL ON ALL TABLES IN SCHEMA cdp FROM regress_cdp_reader;
REVOKE ALL ON SCHEMA cdp FROM regress_cdp_reader;
DROP ROLE regress_cdp_reader;

DROP PROCEDURE run;
DROP FUNCTION by_sql, by_bitmap;
DROP TABLE start, event_given, trait_given, oracle, run;
DROP VIEW segments, changes;
SET client_min_messages = warning;
DROP EXTENSION cdp CASCADE;
CREATE EXTENSION cdp;
