-- Sessions: what begins and ends one, what is known of each, which are open.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SHOW cdp.session_timeout;

CREATE FUNCTION pg_temp.at(user_id text, event text, minute numeric, context jsonb DEFAULT '{}', properties jsonb DEFAULT '{}') RETURNS void
    LANGUAGE sql AS $$SELECT cdp_track(user_id, event, properties, timestamptz '2025-03-01' + minute * interval '1 minute', context => context)$$;
-- Of a user: from and until in minutes, events, landing and exit.
CREATE VIEW sessions AS
    SELECT p.user_id, s.session_no AS no, round(extract(epoch FROM s.started_at - '2025-03-01') / 60, 2) AS from,
           round(extract(epoch FROM s.ended_at - '2025-03-01') / 60, 2) AS until, s.events, s.landing_event AS landing,
           s.exit_event AS exit, s.session_id AS id
    FROM cdp.session AS s JOIN cdp.profile AS p USING (user_no) ORDER BY 1, 2;

---- Inactivity. A gap of exactly the timeout is still one session; midnight is nothing; identify and alias are no events.
SELECT pg_temp.at('ann', e, m) FROM (VALUES ('a', 0), ('b', 30), ('c', 60.001), ('d', 1439), ('e', 1441)) AS v (e, m) \g /dev/null
SELECT cdp_identify('ann', '{"x": 1}', ts => '2025-03-01 00:45'), cdp_alias('old ann', 'ann') \g /dev/null
SELECT cdp_process();
SELECT * FROM sessions WHERE user_id = 'ann';

-- Late events join and lengthen, in whatever batch they come; what is said is that of all events in order.
SELECT pg_temp.at('ann', 'late', 45) \g /dev/null
SELECT cdp_process();
SELECT * FROM sessions WHERE user_id = 'ann';
SELECT pg_temp.at('ann', 'early', -10), pg_temp.at('ann', 'alone', 700) \g /dev/null
SELECT cdp_process();
SELECT * FROM sessions WHERE user_id = 'ann';
SELECT event, session_no FROM cdp.event WHERE user_id = 'ann' ORDER BY ts;

---- Start and end events, of the names in cdp.session_boundary.
SELECT pg_temp.at('bob', e, m) FROM (VALUES ('a', 0), ('session_start', 1), ('b', 2), ('session_end', 3), ('c', 4), ('Session Started', 5), ('$session_end', 6), ('Session Ended', 7)) AS v (e, m) \g /dev/null
SELECT cdp_process();
SELECT no, "from", until, events, landing, exit FROM sessions WHERE user_id = 'bob';
-- Late ones part a session, without touching its neighbours.
SELECT pg_temp.at('cat', 'e' || m, m) FROM generate_series(0, 6) AS m \g /dev/null
SELECT cdp_process();
SELECT pg_temp.at('cat', 'session_end', 2.5) \g /dev/null
SELECT cdp_process();
SELECT pg_temp.at('cat', 'session_start', 4.5) \g /dev/null
SELECT cdp_process();
SELECT no, "from", until, events, landing, exit FROM sessions WHERE user_id = 'cat';
-- Names of one's own, from the next batch on; the shipped ones may go.
INSERT INTO cdp.session_boundary VALUES ('Log Out', 'end');
DELETE FROM cdp.session_boundary WHERE event = 'session_start';
SELECT pg_temp.at('dan', e, m) FROM (VALUES ('a', 0), ('Log Out', 1), ('b', 2), ('session_start', 3), ('c', 4)) AS v (e, m) \g /dev/null
SELECT cdp_process();
SELECT no, "from", until, events, landing, exit FROM sessions WHERE user_id = 'dan';
INSERT INTO cdp.session_boundary VALUES ('x', 'pause');
INSERT INTO cdp.session_boundary VALUES ('', 'end');
BEGIN;
INSERT INTO cdp.session_boundary VALUES ('b', 'start');
ROLLBACK;
SELECT pg_temp.at('dot', e, m) FROM (VALUES ('a', 0), ('b', 2)) AS v (e, m) \g /dev/null
SELECT cdp_process();
SELECT no, "from", until, events FROM sessions WHERE user_id = 'dot';

---- The caller's session ids. One id is one session whatever the gap, another id is another session; an event without one, by the rules above.
SELECT pg_temp.at('eve', 'e', m, CASE WHEN id IS NULL THEN '{}' ELSE jsonb_build_object(name, id) END)
FROM (VALUES (0, 's1', 'session_id'), (5, NULL, ''), (100, 's1', 'sessionId'), (101, 's2', 'session_id'), (102, NULL, ''), (140, NULL, ''), (141, 's3', 'session_id')) AS v (m, id, name) \g /dev/null
SELECT cdp_process();
SELECT no, "from", until, events, id FROM sessions WHERE user_id = 'eve';
-- A late event with an id of its own parts a session; one without an id, in a long gap, too.
SELECT pg_temp.at('fay', 'e', m, '{"session_id": 7}') FROM (VALUES (0), (10), (100)) AS v (m) \g /dev/null
SELECT cdp_process();
SELECT pg_temp.at('fay', 'other', 5, '{"session_id": 8}') \g /dev/null
SELECT cdp_process();
SELECT no, "from", until, events, id FROM sessions WHERE user_id = 'fay';
SELECT pg_temp.at('fay', 'none', 55) \g /dev/null
SELECT cdp_process();
SELECT no, "from", until, events, id FROM sessions WHERE user_id = 'fay';
-- An id that comes to a session late says where it goes on: the two became one.
SELECT pg_temp.at('gus', 'e', 0), pg_temp.at('gus', 'e', 100, '{"session_id": "g"}') \g /dev/null
SELECT cdp_process();
SELECT pg_temp.at('gus', 'e', 1, '{"session_id": "g"}') \g /dev/null
SELECT cdp_process();
SELECT no, "from", until, events, id FROM sessions WHERE user_id = 'gus';

---- Landing, exit, where from.
SELECT cdp_ingest('[
    {"type": "track", "userId": "hal", "event": "App Opened", "timestamp": "2025-03-01T10:00:00Z"},
    {"type": "page", "userId": "hal", "timestamp": "2025-03-01T10:01:00Z", "context": {"page": {"url": "https://shop.no/?utm_source=news&utm_medium=e+mail&utm_campaign=may%20day", "referrer": "https://mail.no/"}}},
    {"type": "page", "userId": "hal", "timestamp": "2025-03-01T10:02:00Z", "context": {"page": {"url": "https://shop.no/b?utm_source=x", "referrer": "https://shop.no/"}}},
    {"type": "track", "userId": "hal", "event": "Paid", "timestamp": "2025-03-01T10:03:00Z"}]');
SELECT cdp_process();
SELECT landing_event, exit_event, landing_page, exit_page, referrer FROM cdp.session JOIN cdp.profile USING (user_no) WHERE user_id = 'hal';
SELECT utm_source, utm_medium, utm_campaign, utm_term, utm_content, duration, events, bounce FROM cdp.session JOIN cdp.profile USING (user_no) WHERE user_id = 'hal';
-- A late first page takes its place, and says that it came from nowhere.
SELECT cdp_ingest('{"type": "page", "userId": "hal", "timestamp": "2025-03-01T10:00:30Z", "properties": {"url": "/first"}}');
SELECT cdp_process();
SELECT landing_event, landing_page, exit_page, referrer, utm_source, events FROM cdp.session JOIN cdp.profile USING (user_no) WHERE user_id = 'hal';
SELECT cdp_ingest('{"type": "page", "userId": "hal", "timestamp": "2025-03-01T10:02:30Z", "context": {"page": {"url": "/last"}}}');
SELECT cdp_process();
SELECT landing_page, exit_page, exit_event, events, bounce FROM cdp.session JOIN cdp.profile USING (user_no) WHERE user_id = 'hal';

---- A merge makes the sessions of two those of one; the caller's ids and boundaries count.
SELECT cdp_track(NULL, 'a' || m, ts => timestamptz '2025-03-01' + m * interval '1 minute', anonymous_id => 'phone') FROM unnest(ARRAY[10, 35, 300, 1000]) AS m \g /dev/null
SELECT pg_temp.at('ida', 'u' || m, m) FROM unnest(ARRAY[0, 60, 500, 1020]) AS m \g /dev/null
SELECT cdp_process();
SELECT count(*) FROM cdp.session_span JOIN cdp.profile USING (user_no) WHERE user_id = 'ida' OR user_id IS NULL;
SELECT cdp_identify('ida', anonymous_id => 'phone');
SELECT cdp_process();
SELECT no, "from", until, events, landing, exit FROM sessions WHERE user_id = 'ida';
SELECT count(*) FROM cdp.session_span LEFT JOIN cdp.profile USING (user_no) WHERE user_id IS NULL;

---- Open now: with an event within the timeout and none that ends it.
SELECT * FROM cdp_live_sessions();
SELECT cdp_track('joe', e, p, now() - m * interval '1 minute', context => '{"session_id": "j1"}')
FROM (VALUES ('start', '{"url": "/in?utm_source=ad"}'::jsonb, 70), ('look', '{"url": "/x"}', 40), ('pay', '{}', 20)) AS v (e, p, m) \g /dev/null
SELECT cdp_track('kim', 'look', ts => now() - interval '31 minutes'), cdp_track('lea', 'look', ts => now() - interval '29 minutes'),
       cdp_track('max', 'look', ts => now() - interval '2 minutes'), cdp_track('max', 'session_end', ts => now() - interval '1 minute'),
       cdp_track(NULL, 'look', ts => now() - interval '3 minutes', anonymous_id => 'tablet') \g /dev/null
SELECT cdp_process();
SELECT user_id, events, landing_event, last_event, landing_page, last_page, utm_source, session_id FROM cdp_live_sessions();
-- One that is continued late is open again; one that goes on stands there once.
SELECT cdp_track('kim', 'look', ts => now() - interval '10 minutes'), cdp_track('max', 'look'), cdp_track('lea', 'look') \g /dev/null
SELECT cdp_process();
SELECT user_id, events, last_event FROM cdp_live_sessions();
SET cdp.session_timeout = '15 min';
SELECT user_id, events FROM cdp_live_sessions();
RESET cdp.session_timeout;

---- One session with its events.
SELECT session_no, event, properties, context, insert_id, source FROM cdp_session('joe');
SELECT session_no, event, ts FROM cdp_session('ann');
SELECT session_no, event, ts FROM cdp_session('ann', 1);
SELECT count(*) FROM cdp_session('tablet');
SELECT * FROM cdp_session('ann', 9);
SELECT * FROM cdp_session('nobody');
SELECT * FROM cdp_session(NULL);

---- By plain SQL over the events, without ids and boundaries.
SELECT setseed(0.5);
SELECT cdp_track('user ' || n % 7, 'e', ts => timestamptz '2025-04-01' + floor(random() * 7000) * interval '1 minute') FROM generate_series(1, 700) AS n \g /dev/null
SELECT cdp_process(100) FROM generate_series(1, 7);
WITH marked AS (
    SELECT user_no, ts, ts - lag(ts) OVER w > interval '30 minutes' AS begins FROM cdp.recent_event WHERE ts BETWEEN '2025-04-01' AND '2025-05-01' WINDOW w AS (PARTITION BY user_no ORDER BY ts)
), numbered AS (
    SELECT user_no, ts, count(*) FILTER (WHERE begins) OVER (PARTITION BY user_no ORDER BY ts) AS session FROM marked
), expected AS (
    SELECT user_no, min(ts) AS started_at, max(ts) AS ended_at, count(*) AS events FROM numbered GROUP BY user_no, session
), kept AS (
    SELECT user_no, started_at, ended_at, events FROM cdp.session WHERE started_at BETWEEN '2025-04-01' AND '2025-05-01'
)
SELECT (SELECT count(*) > 100 FROM expected) AS are_many,
       (SELECT count(*) FROM (TABLE expected EXCEPT TABLE kept) AS d) AS missing, (SELECT count(*) FROM (TABLE kept EXCEPT TABLE expected) AS d) AS wrong;

---- Batch by batch: a session goes on up to the timeout exactly, by its id however long after; an identification is no part of it, an early event is.
CREATE FUNCTION pg_temp.one(who text, at timestamptz, context jsonb DEFAULT '{}') RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cdp_track(who, 'e', ts => at, context => context);
    RETURN cdp_process();
END $$;
SELECT pg_temp.one('edge', '2025-06-01 10:00'), pg_temp.one('edge', '2025-06-01 10:30'), pg_temp.one('edge', '2025-06-01 11:00:00.000001'), pg_temp.one('edge', '2025-06-01 12:00'),
       cdp_identify('edge', '{"a": 1}', ts => '2025-06-01 12:20'), pg_temp.one('edge', '2025-06-01 12:45'), pg_temp.one('edge', '2025-06-01 11:20'),
       pg_temp.one('idle', '2025-06-01 10:00', '{"session_id": "x"}'), pg_temp.one('idle', '2025-06-01 15:00', '{"session_id": "x"}'), pg_temp.one('idle', '2025-06-01 18:00') \g /dev/null
SELECT user_id, started_at, ended_at, events FROM cdp.session JOIN cdp.profile USING (user_no) WHERE user_id IN ('edge', 'idle') ORDER BY 1, 2;
-- Who was merged into a person brings his sessions.
SELECT pg_temp.one('lou1', '2025-06-01 10:00'), cdp_track(NULL, 'e', ts => '2025-06-01 12:00', anonymous_id => 'lou1''s') \g /dev/null
SELECT cdp_process();
SELECT cdp_alias('lou1''s', 'lou1'), pg_temp.one('lou1', '2025-06-01 12:10') \g /dev/null
SELECT started_at, ended_at, events FROM cdp.session JOIN cdp.profile USING (user_no) WHERE user_id = 'lou1' ORDER BY 1;

---- A trigger of the user's on the table is called, and may refuse.
CREATE FUNCTION pg_temp.note() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '% of % events', TG_OP, NEW.events; RETURN NEW; END$$;
CREATE TRIGGER note BEFORE INSERT OR UPDATE ON cdp.session_span FOR EACH ROW EXECUTE FUNCTION pg_temp.note();
SELECT cdp_track('zoe', 'a') \g /dev/null
SELECT cdp_process();
SELECT cdp_track('zoe', 'a') \g /dev/null
SELECT cdp_process();
DROP TRIGGER note ON cdp.session_span;
ALTER TABLE cdp.session_span ADD CONSTRAINT few CHECK (events < 4) NOT VALID;
SELECT cdp_track('zoe', 'a'), cdp_track('zoe', 'a') \g /dev/null
SELECT cdp_process();
SELECT code, reason FROM cdp.dead_letter;
SELECT events FROM cdp.session JOIN cdp.profile USING (user_no) WHERE user_id = 'zoe';
DROP VIEW sessions;
