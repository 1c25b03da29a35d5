-- Conditions on the time of events reach the places where events lie, and answers are those of plain SQL over all rows.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET jit = off;
SET cdp.chunk_events = 8;
-- Pseudo-random and the same on every server: 25 users, bursts and days between, a few at one instant; packed and recent, late ones among both.
CREATE TABLE sent AS SELECT n, 'u' || h % 26 % 25 AS user_id, (ARRAY['view', 'view', 'cart', 'buy'])[h / 41 % 4 + 1] AS event,
        '2025-01-01 00:00Z'::timestamptz + (h / 1000 % 20) * interval '1 day' + (h / 7 % 50) * interval '90 seconds' + (h % 3) * interval '1 microsecond' AS ts
    FROM generate_series(1, 1200) AS n, LATERAL (SELECT abs(hashint4(n)::bigint)) AS hash (h);
CREATE FUNCTION pg_temp.send(first int, last int) RETURNS bigint LANGUAGE sql AS
    $$SELECT count(cdp_track(user_id, event, jsonb_build_object('n', n), ts)) FROM sent WHERE n BETWEEN first AND last$$;
SELECT pg_temp.send(1, 600), cdp_process();
-- One whose sessions meet at an instant at which a chunk begins, and two of whom a device was there before and after the user: they become one.
BEGIN;
SELECT count(cdp_track('z', 'view', ts => '2025-01-07 00:00Z'::timestamptz + least(n, 7) * interval '1 minute', context => jsonb_build_object('session_id', CASE WHEN n <= 7 THEN 'a' ELSE 'b' END))) FROM generate_series(1, 12) AS n;
SELECT cdp_track(NULL, 'first', ts => '2024-12-01 00:00Z', anonymous_id => 'd'), cdp_track(NULL, 'last', ts => '2025-02-01 00:00Z', anonymous_id => 'd'), cdp_track('m', 'middle', ts => '2025-01-07 00:00Z'), cdp_process();
COMMIT;
SELECT cdp_pack() IS NOT NULL AS packs, cdp_pack() IS NOT NULL AS again;
SELECT pg_temp.send(601, 800), cdp_process();
SELECT cdp_pack() IS NOT NULL AS packs;
SELECT pg_temp.send(801, 1200), cdp_process();
SELECT cdp_alias('u3', 'u4'), cdp_alias('u5', 'u6'), cdp_identify('m', anonymous_id => 'd', ts => '2025-01-08 00:00Z'), cdp_identify('u7', '{"plan": "pro"}', ts => '2024-06-01 00:00Z'), cdp_process();
CREATE TABLE all_events AS SELECT * FROM cdp.event;
SELECT count(*) AS events, (SELECT count(*) FROM (SELECT event, ts, jsonb_build_object('n', n) FROM sent EXCEPT ALL SELECT event, ts, properties FROM all_events) AS d) AS missing,
       (SELECT count(*) > 50 FROM cdp.timeline) AS has_chunks, (SELECT count(*) > 0 FROM cdp.recent_event) AS has_recent FROM all_events;
SELECT array_agg(t.n ORDER BY first_ts) AS chunks, max(first_ts) = '2025-01-07 00:07Z' AS meet_there FROM cdp.timeline AS t JOIN cdp.profile USING (user_no) WHERE user_id = 'z';
-- What is told to the planner as facts.
SELECT count(*) AS chunks_wrong FROM cdp.timeline AS t, cdp_timeline_details(t.timeline, t.properties) AS d WHERE (d.ts >= t.first_ts AND d.ts <= t.last_ts) IS NOT TRUE;
SELECT count(*) AS profiles_wrong FROM all_events JOIN cdp.profile USING (user_no) WHERE (ts >= first_seen AND ts <= last_seen) IS NOT TRUE;

-- differences(query): rows that the query gives and its copy over all_events does not, and the other way round.
CREATE FUNCTION pg_temp.differences(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plain text := replace(query, 'cdp.event', 'all_events'); result bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM ((%1$s EXCEPT ALL %2$s) UNION ALL (%2$s EXCEPT ALL %1$s)) AS d', '(' || query || ')', '(' || plain || ')') INTO result;
    RETURN result;
END $$;
-- bounds(query): what the plan compares of profiles, of chunks, and of recent events by index.
CREATE FUNCTION pg_temp.bounds(query text, OUT profiles text, OUT chunks text, OUT recent text) LANGUAGE plpgsql AS $$
DECLARE line text; plan text[] := '{}';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP plan := plan || line; END LOOP;
    SELECT string_agg(DISTINCT m[1], ', ') INTO profiles FROM unnest(plan) AS l, regexp_matches(l, '((?:[<>=]+ \w+\.)?(?:first_seen|last_seen)(?: [<>=]+)?)', 'g') AS m;
    SELECT string_agg(DISTINCT m[1], ', ') INTO chunks FROM unnest(plan) AS l, regexp_matches(l, '((?:[<>=]+ \w+\.)?(?:first_ts|last_ts)(?: [<>=]+)?)', 'g') AS m;
    SELECT string_agg(DISTINCT m[1], ', ') INTO recent FROM unnest(plan) AS l, regexp_matches(l, '\((ts [<>=]+)', 'g') AS m WHERE l ~ 'Index Cond: .*user_no = p(_\d+)?\.user_no';
END $$;

-- Plans: each comparison that all rows must fulfil, and no other.
CREATE FUNCTION pg_temp.unsteady() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$ BEGIN RETURN '2025-01-05 00:00Z'; END $$;
CREATE FUNCTION pg_temp.steady() RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN '2025-01-05 00:00Z'; END $$;
CREATE TABLE campaign (user_id text, since timestamptz, until timestamptz);
INSERT INTO campaign SELECT 'u' || n, '2025-01-01'::timestamptz + n * interval '17 hours', '2025-01-03'::timestamptz + n * interval '29 hours' FROM generate_series(0, 30) AS n;
CREATE TABLE pause AS SELECT since AS at, user_id FROM campaign;
INSERT INTO campaign VALUES ('u2', NULL, '2025-01-05'), ('u8', '2025-01-05', NULL), ('u9', '-infinity', 'infinity');
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT condition, profiles, chunks, recent, pg_temp.differences('SELECT * FROM cdp.event AS e WHERE ' || condition) AS differences
    FROM unnest(ARRAY['ts > now() - interval ''1 day''', 'ts >= ''2025-01-05''', 'ts < ''2025-01-05''', 'ts <= ''2025-01-05''', 'ts = ''2025-01-05 00:15:00.000001''', 'ts BETWEEN ''2025-01-05'' AND ''2025-01-07''',
        '''2025-01-05'' < ts AND ''2025-01-07'' >= ts', 'ts >= ''2025-01-05''::date', '''2025-01-05''::date > ts', 'ts = ''2025-01-05 00:15:00.000001''::timestamp', 'ts >= current_date', 'ts > pg_temp.steady()', 'ts > pg_temp.unsteady()',
        'ts > (SELECT min(since) FROM campaign)', 'ts > (SELECT since FROM campaign AS c WHERE c.user_id = e.user_id LIMIT 1)', 'user_id = ''u7'' AND ts > ''2025-01-05''', '(ts > ''2025-01-05'' AND event = ''buy'') AND user_no < 9',
        'ts > ''2025-01-05'' OR event = ''buy''', 'NOT ts > ''2025-01-05''', '(ts > ''2025-01-05'') IS NOT TRUE', 'ts <> ''2025-01-05 00:15:00.000001''', 'ts IS NOT NULL', 'received_at > ''2025-01-05''', 'ts > received_at', 'ts > ''infinity''',
        'ts >= ''-infinity'' AND ts <= ''infinity''', 'ts > NULL', 'ts - interval ''1 day'' > ''2025-01-05''']) AS q (condition), LATERAL pg_temp.bounds('SELECT * FROM cdp.event AS e WHERE ' || condition) AS b;
-- Joins, and queries within queries. What a join keeps without its partner must not be lost.
CREATE VIEW lately AS SELECT * FROM cdp.event WHERE ts >= '2025-01-10';
SELECT query, profiles, chunks, recent, pg_temp.differences(query) AS differences
    FROM unnest(ARRAY['SELECT c.since, e.ts FROM campaign AS c JOIN cdp.event AS e ON e.user_id = c.user_id AND e.ts >= ''2025-01-10''',
        'SELECT c.since, e.ts FROM campaign AS c LEFT JOIN cdp.event AS e ON e.user_id = c.user_id AND e.ts >= ''2025-01-10''',
        'SELECT c.since, e.ts FROM campaign AS c LEFT JOIN cdp.event AS e ON e.user_id = c.user_id WHERE e.ts >= ''2025-01-10''',
        'SELECT c.since, e.ts FROM campaign AS c LEFT JOIN cdp.event AS e ON e.user_id = c.user_id WHERE e.ts >= ''2025-01-10'' OR e.ts IS NULL',
        'SELECT c.since, e.ts FROM cdp.event AS e LEFT JOIN campaign AS c ON e.user_id = c.user_id AND e.ts >= ''2025-01-10''',
        'SELECT c.since, e.ts FROM cdp.event AS e RIGHT JOIN campaign AS c ON e.user_id = c.user_id AND e.ts >= ''2025-01-10''',
        'SELECT c.since, e.ts FROM cdp.event AS e FULL JOIN campaign AS c ON e.user_id = c.user_id AND e.ts = c.since WHERE e.ts >= ''2025-01-10'' OR c.since >= ''2025-01-10''',
        'SELECT c.since, e.ts FROM cdp.event AS e FULL JOIN campaign AS c ON e.user_id = c.user_id AND e.ts >= ''2025-01-10''',
        'SELECT c.since, e.ts FROM cdp.event AS e FULL JOIN campaign AS c USING (user_id) WHERE e.ts >= ''2025-01-10''',
        'SELECT * FROM campaign AS c WHERE EXISTS (SELECT FROM cdp.event AS e WHERE e.user_id = c.user_id AND e.ts >= ''2025-01-15'')',
        'SELECT * FROM campaign AS c WHERE NOT EXISTS (SELECT FROM cdp.event AS e WHERE e.user_id = c.user_id AND e.ts < ''2025-01-02'')',
        'SELECT * FROM cdp.event AS e WHERE NOT EXISTS (SELECT FROM campaign AS c WHERE e.user_id = c.user_id AND e.ts >= ''2025-01-10'')',
        'SELECT * FROM cdp.event AS e WHERE EXISTS (SELECT FROM campaign AS c WHERE e.user_id = c.user_id AND e.ts >= ''2025-01-10'')',
        'SELECT * FROM campaign AS c WHERE user_id IN (SELECT user_id FROM cdp.event AS e WHERE e.ts >= ''2025-01-18'')',
        'SELECT * FROM campaign AS c WHERE user_id NOT IN (SELECT user_id FROM cdp.event AS e WHERE e.ts < ''2025-01-02'')',
        'SELECT c.since, e.ts FROM campaign AS c JOIN cdp.event AS e ON e.ts BETWEEN c.since AND c.until',
        'SELECT c.since, e.ts FROM campaign AS c, LATERAL (SELECT * FROM cdp.event AS e WHERE e.user_id = c.user_id AND e.ts BETWEEN c.since AND c.until ORDER BY e.ts LIMIT 3) AS e',
        'SELECT c.since, (SELECT count(*) FROM cdp.event AS e WHERE e.user_id = c.user_id AND e.ts >= c.since) FROM campaign AS c',
        'SELECT * FROM pause JOIN cdp.event USING (user_id) WHERE at >= ''2025-01-10''',
        'SELECT a.ts, (SELECT count(*) FROM cdp.event AS b WHERE b.user_id = ''u8'' AND a.ts >= ''2025-01-10'') FROM cdp.event AS a WHERE user_id = ''u7''',
        'SELECT a.ts, b.ts FROM cdp.event AS a JOIN cdp.event AS b USING (user_no) WHERE a.ts < ''2025-01-02'' AND b.ts >= ''2025-01-17''',
        'SELECT user_id, count(*) FILTER (WHERE ts >= ''2025-01-10''), min(ts) FROM cdp.event GROUP BY user_id',
        'SELECT user_id, count(*), max(session_no) FROM cdp.event WHERE ts >= ''2025-01-10'' GROUP BY user_id HAVING max(ts) < ''2025-01-19''',
        'SELECT * FROM (SELECT ts, row_number() OVER (PARTITION BY user_no ORDER BY ts) FROM cdp.event) AS w WHERE ts >= ''2025-01-10''',
        'SELECT * FROM (SELECT user_no, max(ts) AS ts FROM cdp.event GROUP BY user_no) AS w WHERE ts < ''2025-01-19''',
        'SELECT ts, event FROM cdp.event WHERE ts < ''2025-01-03'' UNION ALL SELECT ts, event FROM cdp.event WHERE ts >= ''2025-01-18''']) AS q (query), LATERAL pg_temp.bounds(query) AS b;
SELECT b.*, (SELECT count(*) FROM (SELECT * FROM lately WHERE ts < '2025-01-12' EXCEPT ALL SELECT * FROM all_events WHERE ts >= '2025-01-10' AND ts < '2025-01-12') AS d) AS invented,
       (SELECT count(*) FROM (SELECT * FROM all_events WHERE ts >= '2025-01-10' AND ts < '2025-01-12' EXCEPT ALL SELECT * FROM lately WHERE ts < '2025-01-12') AS d) AS missing FROM pg_temp.bounds('SELECT * FROM lately WHERE ts < ''2025-01-12''') AS b;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- Any range, most of them from the times of events to a microsecond beside.
CREATE TABLE moment AS SELECT row_number() OVER (ORDER BY md5(ts::text)) AS n, ts FROM (SELECT ts + i * interval '1 microsecond' AS ts
        FROM (SELECT first_ts FROM cdp.timeline UNION SELECT last_ts FROM cdp.timeline UNION SELECT first_seen FROM cdp.profile UNION SELECT last_seen FROM cdp.profile) AS t (ts), generate_series(-1, 1) AS i GROUP BY 1) AS m;
UPDATE moment SET ts = CASE n WHEN 7 THEN 'infinity'::timestamptz WHEN 11 THEN '-infinity' END WHERE n IN (7, 11, 13);
SELECT count(*) AS ranges, count(*) FILTER (WHERE events > 0) > 30 AS many_have_events, sum(d) AS wrong
    FROM (SELECT a.n, least(a.ts, b.ts) AS since, CASE WHEN a.n % 10 = 0 THEN least(a.ts, b.ts) WHEN a.ts IS NOT NULL THEN greatest(a.ts, b.ts) END AS until FROM moment AS a JOIN moment AS b ON b.n = a.n * 7919 % 191 + 1 WHERE a.n <= 80) AS r,
        (VALUES (ARRAY['>=', '<']), (ARRAY['>', '<='])) AS o (op), LATERAL (SELECT format('ts %s %L::timestamptz AND ts %s %L::timestamptz', op[1], since, op[2], until) AS condition) AS c,
        LATERAL (SELECT pg_temp.differences('SELECT * FROM cdp.event WHERE ' || condition) AS d) AS d, LATERAL (SELECT count(*) AS events FROM all_events WHERE ts > since AND ts < until) AS e;
SELECT count(*) > 50 AS many, sum(pg_temp.differences(format('SELECT * FROM cdp.event WHERE ts = %L::timestamptz', ts))) AS wrong FROM moment WHERE n % 8 = 1;

-- Parameters of prepared statements, planned for these values and for any.
PREPARE between_times(timestamptz, timestamptz) AS SELECT * FROM cdp.event WHERE ts >= $1 AND ts < $2;
SET plan_cache_mode = force_generic_plan;
SELECT profiles, chunks FROM pg_temp.bounds('EXECUTE between_times(''2025-01-05'', ''2025-01-07'')');
CREATE TABLE generic AS EXECUTE between_times('2025-01-05', '2025-01-07');
CREATE TABLE generic_null AS EXECUTE between_times(NULL, '2025-01-07');
SET plan_cache_mode = force_custom_plan;
SELECT profiles, chunks FROM pg_temp.bounds('EXECUTE between_times(''2025-01-05'', ''2025-01-07'')');
CREATE TABLE custom AS EXECUTE between_times('2025-01-05', '2025-01-07');
RESET plan_cache_mode;
SELECT count(*) AS expected, (SELECT count(*) FROM generic) AS generic, (SELECT count(*) FROM generic_null) AS generic_null, (SELECT count(*) FROM custom) AS custom FROM all_events WHERE ts >= '2025-01-05' AND ts < '2025-01-07';
-- Dates are those of the session's time zone when the statement runs.
PREPARE since_date(date) AS SELECT count(*) AS events FROM cdp.event WHERE ts >= $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE since_date('2025-01-20');
SELECT count(*) AS events FROM all_events WHERE ts >= '2025-01-20'::date;
SET timezone = '<west>+00:30';
EXECUTE since_date('2025-01-20');
SELECT count(*) AS events FROM all_events WHERE ts >= '2025-01-20'::date;
SET timezone = 'UTC';
RESET plan_cache_mode;
-- Rows that are changed by times of events.
UPDATE campaign SET until = e.ts FROM cdp.event AS e WHERE e.user_id = campaign.user_id AND e.ts >= '2025-01-19' AND campaign.user_id = 'u9';
SELECT until = ANY (SELECT ts FROM all_events WHERE user_id = 'u9' AND ts >= '2025-01-19') AS is_one FROM campaign WHERE user_id = 'u9' AND until < 'infinity';
CREATE TABLE left_over AS SELECT c.* FROM campaign AS c WHERE NOT EXISTS (SELECT FROM all_events AS e WHERE e.user_id = c.user_id AND e.ts < '2025-01-02');
DELETE FROM campaign USING cdp.event AS e WHERE e.user_id = campaign.user_id AND e.ts < '2025-01-02';
SELECT count(*) AS kept, (SELECT count(*) FROM (TABLE campaign EXCEPT ALL TABLE left_over) AS d) AS wrong FROM left_over;

-- The events of a session, each of every user.
SELECT count(*) AS sessions, count(*) FILTER (WHERE (SELECT array_agg((c.session_no, c.ts, c.event, c.properties)::text ORDER BY (c.ts, c.properties)::text) FROM cdp_session(s.user_id, s.session_no) AS c)
        IS DISTINCT FROM (SELECT array_agg((e.session_no, e.ts, e.event, e.properties)::text ORDER BY (e.ts, e.properties)::text) FROM all_events AS e WHERE e.user_no = s.user_no AND e.session_no = s.session_no)) AS wrong
    FROM (SELECT * FROM cdp.session JOIN cdp.profile USING (user_no)) AS s;
SELECT count(*) AS wrong FROM (SELECT session_no, ts, lag(ts) OVER (PARTITION BY user_id) AS before FROM cdp.profile, cdp_session(user_id) WHERE user_id IS NOT NULL) AS s WHERE ts < before;

-- Chunks of other times are not opened: those before are broken here.
BEGIN;
UPDATE cdp.timeline SET properties = '\x01' WHERE last_ts < '2025-01-15';
SELECT count(*) = (SELECT count(*) FROM all_events WHERE ts >= '2025-01-15') AS is_right FROM cdp.event WHERE ts >= '2025-01-15';
SELECT count(*) > 10 AS some_were_late, count(*) FILTER (WHERE (SELECT count(*) FROM cdp_session(s.user_id, s.session_no)) <> s.events) AS wrong
    FROM (SELECT * FROM cdp.session JOIN cdp.profile USING (user_no)) AS s WHERE started_at >= '2025-01-15';
\set VERBOSITY terse
SELECT count(properties) FROM cdp.event;
\set VERBOSITY default
ROLLBACK;
-- Called by itself it compares.
SELECT cdp_known_between('2025-01-02', '2025-01-01', '2025-01-03') AS within, cdp_known_between('2025-01-04', '2025-01-01', '2025-01-03') AS after, cdp_known_between('2025-01-03', '2025-01-01', '2025-01-03') AS at_end, cdp_known_between(NULL, '2025-01-01', '2025-01-03') AS unknown;
SELECT count(*) FILTER (WHERE cdp_known_between(since + interval '17 days', since, until)) AS within, count(*) FILTER (WHERE since + interval '17 days' <= until) AS expected, count(*) AS of FROM campaign;
DROP VIEW lately;
DROP TABLE sent, all_events, campaign, pause, moment, generic, generic_null, custom, left_over;
