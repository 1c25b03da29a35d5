-- Which users did which event on which day: at any time the same as plain SQL over cdp.event.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
-- Days are those of UTC, whatever the session's time zone is.
SET timezone = 'Asia/Kolkata';
CREATE VIEW expected AS
    SELECT event, (ts AT TIME ZONE 'UTC')::date AS day, array_agg(DISTINCT user_no::integer ORDER BY user_no::integer) AS users FROM cdp.event GROUP BY 1, 2;
-- Reports count by days who did the first event and nothing of the second.
CREATE VIEW wrong_funnels AS
    SELECT steps, since, until FROM (VALUES (ARRAY['view', 'rare']), (ARRAY['rare', 'cart', 'view']), (ARRAY['buy']), (ARRAY['rare', 'never'])) AS f (steps),
        (VALUES (NULL::timestamptz, NULL::timestamptz), ('1999-12-27Z', '2000-01-01Z'), ('1999-12-28 12:00Z', '2000-01-02 06:00Z'), ('1999-12-29 09:00Z', '1999-12-29 20:00Z')) AS r (since, until)
    WHERE (SELECT array_agg(users ORDER BY step) FROM cdp_funnel_report(steps, '2 days', since, until)) IS DISTINCT FROM
        (SELECT array_agg(users ORDER BY step)
         FROM (SELECT step, count(*) FILTER (WHERE depth >= step) AS users FROM generate_series(1, cardinality(steps)) AS step LEFT JOIN
                   (SELECT cdp_funnel(ts, '2 days', event = steps[1], coalesce(event = steps[2], false), coalesce(event = steps[3], false)) AS depth
                    FROM cdp.event WHERE ts >= coalesce(since, '-infinity') AND ts < coalesce(until, 'infinity') GROUP BY user_no) AS d ON true GROUP BY step) AS e);
CREATE VIEW differences AS
    SELECT (SELECT count(*) FROM (TABLE expected EXCEPT ALL SELECT event, day, rb_to_array(users) FROM cdp.event_day) AS d) AS missing,
           (SELECT count(*) FROM (SELECT event, day, rb_to_array(users) FROM cdp.event_day EXCEPT ALL TABLE expected) AS d) AS invented,
           (SELECT count(*) FROM cdp.event_day) AS days,
           (SELECT count(*) FROM wrong_funnels) AS funnels;
-- 60 people, some known by devices at first, 5 names, 12 days about the turn of an era of the calendar and of noon.
CREATE FUNCTION pg_temp.send(first int, last int) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(cdp_track(CASE WHEN h % 7 < 5 THEN 'u' || h % 60 END, (ARRAY['view', 'view', 'cart', 'buy', 'rare'])[h / 60 % 5 + 1], '{}',
            '1999-12-26 00:00Z'::timestamptz + (h / 300 % 12) * interval '1 day' + (h / 3600 % 4) * interval '8 hours' - (h % 2) * interval '1 microsecond',
            anonymous_id => CASE WHEN h % 7 >= 5 THEN 'd' || h % 40 END))
    FROM generate_series(first, last) AS n, LATERAL (SELECT abs(hashint4(n)::bigint)) AS hash (h)$$;

TABLE differences;
SELECT cdp_pack();
SELECT pg_temp.send(1, 400), cdp_process();
TABLE differences;
SELECT event, day, rb_to_array(users) FROM cdp.event_day WHERE event = 'rare' ORDER BY day LIMIT 3;
SELECT event, day, users FROM expected WHERE event = 'rare' ORDER BY day LIMIT 3;
-- Packed: the closed table still has its rows, then it is emptied.
SELECT cdp_pack();
TABLE differences;
SELECT count(*) > 0 AS are_left FROM cdp.recent_event;
SELECT cdp_pack();
SELECT count(*) AS are_left FROM cdp.recent_event;
TABLE differences;
SELECT count(*) = (SELECT days FROM differences) AS all_are_stored FROM cdp.event_day_packed;
-- Late events, on days that are stored and on others.
SELECT pg_temp.send(401, 900), cdp_track('u1', 'view', ts => '1970-01-01 23:59:59.999999Z'), cdp_track('u1', 'view', ts => '1970-01-02Z'), cdp_track('u1', 'soon', ts => '2024-02-29 12:00Z'), cdp_process();
TABLE differences;
SELECT cdp_pack();
TABLE differences;
SELECT pg_temp.send(901, 1000), cdp_process();
TABLE differences;
-- People who are merged count once, under the number that stays: with packed events, with packed and recent ones, with recent ones alone.
SELECT cdp_identify('u' || n, anonymous_id => 'd' || n) IS NULL AS is_tied FROM generate_series(5, 14) AS n;
SELECT cdp_alias('u1', 'u2'), cdp_track(NULL, 'view', ts => '2000-01-01Z', anonymous_id => 'new device'), cdp_identify('u3', anonymous_id => 'new device'), cdp_process();
SELECT rb_cardinality(users) > 0 AS some_are_gone FROM cdp.gone_user;
TABLE differences;
SELECT cdp_pack();
TABLE differences;
-- Who is the only one of a day, and whoever they became, too.
SELECT cdp_identify('two'), cdp_identify('three'), cdp_track('one', 'alone', ts => '2020-01-01Z'), cdp_track('one', 'never again', ts => '2020-01-02Z'), cdp_process(), cdp_pack();
SELECT cdp_pack();
SELECT cdp_alias('one', 'two'), cdp_alias('two', 'three'), cdp_process();
SELECT event, rb_to_array(users) = (SELECT array_agg(user_no::integer) FROM cdp.profile WHERE user_id = 'three') AS is_three FROM cdp.event_day WHERE event = 'alone';
TABLE differences;
-- Those who are gone leave the rows that are written, and the row that had no other goes.
SELECT cdp_pack();
SELECT count(*) AS gone_in_written FROM cdp.event_day_packed AS s JOIN cdp.event_name AS n USING (event_no), cdp.gone_user AS g WHERE n.name = 'alone' AND rb_intersect(s.users, g.users);
TABLE differences;
-- Rolled back, nothing of it stays, also not what this process gathered.
BEGIN;
SELECT pg_temp.send(1001, 1100), cdp_process(), cdp_pack() > 0 AS packs;
TABLE differences;
SAVEPOINT before;
SELECT pg_temp.send(1101, 1200), cdp_process(), cdp_pack();
TABLE differences;
ROLLBACK TO before;
TABLE differences;
ROLLBACK;
TABLE differences;
-- More than there is memory for is written in pieces.
SET maintenance_work_mem = '1MB';
SELECT count(cdp_track('u' || n % 60, 'daily', ts => '1950-01-01Z'::timestamptz + n * interval '1 day')) FROM generate_series(1, 6000) AS n;
SELECT cdp_process();
TABLE differences;
SELECT cdp_pack();
TABLE differences;
RESET maintenance_work_mem;

-- A process that did not pack the users before reads them: as if another one had, and had stopped before it wrote their days.
SELECT cdp_pack();
CREATE TABLE before AS TABLE cdp.event_day_packed;
SELECT pg_temp.send(2001, 2600), cdp_process(), cdp_pack() > 0 AS packs;
CREATE TABLE after AS TABLE cdp.event_day_packed;
TRUNCATE cdp.event_day_packed;
INSERT INTO cdp.event_day_packed TABLE before;
UPDATE cdp.packing SET packed_until = (SELECT max(user_no) FROM cdp.recent_event), done_xid = NULL;
TABLE differences;
SELECT cdp_pack();
TABLE differences;
SELECT count(*) FROM (SELECT event_no, day, users::text FROM after EXCEPT SELECT event_no, day, users::text FROM cdp.event_day_packed) AS missing;

-- Conditions reach the stored rows.
CREATE FUNCTION pg_temp.explained(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END $$;
ANALYZE cdp.event_day_packed;
SET enable_seqscan = off;
SELECT condition, btrim(line) AS line FROM (VALUES (1, 'event = ''view'''), (2, 'day >= ''2000-01-01'''), (3, 'event = ''view'' AND day BETWEEN current_date - 30 AND current_date')) AS c (n, condition),
    LATERAL pg_temp.explained('SELECT * FROM cdp.event_day WHERE ' || condition) AS line WHERE line ~ 'Index Cond: ' AND line !~ ' r[_0-9]*\.' ORDER BY n, 2;
RESET enable_seqscan;

-- The largest number there may be.
BEGIN;
UPDATE cdp.user_counter SET last_user_no = 4294967294;
SELECT cdp_track('last', 'late', ts => '2020-01-01Z'), cdp_process();
SELECT event, day, users @> (-1) AS has_last, rb_cardinality(users) FROM cdp.event_day WHERE event = 'late';
SELECT cdp_pack() > 0 AS packs;
SELECT event, day, users @> (-1) AS has_last, rb_cardinality(users) FROM cdp.event_day WHERE event = 'late';
SELECT cdp_alias('last', 'u9'), cdp_process();
SELECT event, day, users @> (-1) AS has_last, rb_cardinality(users) FROM cdp.event_day WHERE event = 'late';
ROLLBACK;
DROP TABLE before, after;
DROP VIEW differences, expected;
