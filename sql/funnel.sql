-- The aggregate cdp_funnel over any table.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;
SET timezone = 'UTC';

-- Letters are events at t = 1, 2, 3 … seconds.
CREATE FUNCTION depth_of(letters text, within interval) RETURNS integer LANGUAGE sql AS $$
    SELECT cdp_funnel(timestamptz '2024-01-01' + n * interval '1 second', within, letter = 'a', letter = 'b', letter = 'c')
    FROM regexp_split_to_table(letters, '') WITH ORDINALITY AS event(letter, n)
$$;
SELECT letters, depth_of(letters, '1 hour')
FROM unnest(ARRAY['abc', 'adbc', 'acb', 'adabc', 'aabbdcc', 'abac', 'bca', 'bcd']) AS letters;

-- The end of the window belongs to it.
SELECT depth_of('abc', '2 seconds') AS inside, depth_of('abc', '1.999999 seconds') AS outside;
-- The window starts at the latest first step that serves.
SELECT cdp_funnel(timestamptz '2024-01-01' + t * interval '1 second', '1 minute', step = 'a', step = 'b', step = 'c')
FROM (VALUES (0, 'a'), (30, 'a'), (45, 'b'), (75, 'c')) AS event(t, step);

-- One row never advances two steps; rows of one time do, in whichever order serves.
SELECT rows, (SELECT cdp_funnel('2024-01-01', '0', true, true, true) FROM generate_series(1, rows)) AS depth
FROM generate_series(0, 4) AS rows;
SELECT cdp_funnel('2024-01-01', '0', s[1], s[2], s[3])
FROM (VALUES ('{f,f,t}'::boolean[]), ('{t,t,f}'), ('{t,f,f}')) AS event(s);

-- A null step is false, a row without time is skipped, nothing gives 0.
SELECT cdp_funnel(ts, '1 hour', a, b)
FROM (VALUES (timestamptz '2024-01-01 10:00', true, NULL), ('2024-01-01 10:10', NULL, NULL),
             (NULL, NULL, true), ('2024-01-01 10:20', false, NULL)) AS event(ts, a, b);
SELECT cdp_funnel(ts, '1 hour', a, b)
FROM (VALUES (timestamptz '2024-01-01 10:00', true, NULL), ('2024-01-01 10:20', NULL, true)) AS event(ts, a, b);
SELECT cdp_funnel(NULL, '1 hour', true) AS no_time, cdp_funnel(now(), '1 hour', NULL::boolean) AS no_step;
SELECT cdp_funnel(now(), '1 hour', true) AS no_rows WHERE false;
SELECT cdp_funnel(ts, '1 day', true, true)
FROM (VALUES (timestamptz '-infinity'), ('2024-01-01'), ('infinity')) AS event(ts);

-- 64 steps.
SELECT cdp_funnel(timestamptz '2024-01-01' + n * interval '1 second', '63 seconds',
                  VARIADIC (SELECT array_agg(step = n ORDER BY step) FROM generate_series(1, 64) AS step))
FROM generate_series(64, 1, -1) AS n;

-- What is refused.
CREATE FUNCTION error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text; message text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', code, message, nullif(detail, ''), nullif(hint, ''));
END $$;
SELECT error_of($$SELECT cdp_funnel(now(), NULL, true)$$);
SELECT error_of($$SELECT cdp_funnel(now(), '-1 second', true)$$);
SELECT error_of($$SELECT cdp_funnel(now(), '1 month', true)$$);
SELECT error_of($$SELECT cdp_funnel(now(), '2000000000 days', true)$$);
SELECT error_of($$SELECT cdp_funnel(now(), n * interval '1 hour', false) FROM generate_series(1, 2) n$$);
SELECT error_of($$SELECT cdp_funnel(NULL, n * interval '1 hour', true) FROM generate_series(1, 2) n$$);
SELECT error_of($$SELECT cdp_funnel(now(), '1 hour', VARIADIC array_fill(true, ARRAY[65]))$$);
SELECT error_of($$SELECT cdp_funnel(now(), '1 hour', VARIADIC '{}')$$);
SELECT error_of($$SELECT cdp_funnel(now(), '1 hour', VARIADIC NULL)$$);
SELECT error_of($$SELECT cdp_funnel(now(), '1 hour', VARIADIC '{{t,f},{f,t}}')$$);
SELECT error_of($$SELECT cdp_funnel(now(), '1 hour', VARIADIC array_fill(true, ARRAY[n])) FROM generate_series(1, 2) n$$);
SELECT error_of($$SELECT cdp_funnel_transition(NULL, now(), '1 hour', true)$$);
SELECT error_of($$SELECT cdp_funnel_combine(NULL, NULL)$$);
-- Intervals of the same length are the same.
SELECT cdp_funnel(now(), within, true) FROM (VALUES (interval '1 day'), ('24 hours'), ('1440 minutes')) AS funnel(within);

-- The state: its text and binary forms, every byte checked.
CREATE AGGREGATE funnel_state(timestamptz, interval, VARIADIC boolean[]) (
    SFUNC = cdp_funnel_transition, STYPE = cdp_funnel_state, COMBINEFUNC = cdp_funnel_combine, PARALLEL = SAFE);
SELECT funnel_state(timestamptz '2000-01-01' + n * interval '1 us', '1 us', n = 2, n = 1) AS state
FROM generate_series(0, 2) AS n \gset
SELECT :'state';
SELECT cdp_funnel_final(:'state'), cdp_funnel_final(NULL);
CREATE TABLE funnel_stored AS
SELECT n, funnel_state(timestamptz '2000-01-01' + i * interval '1 s', '1 day', i % 2 = 0, i % 3 = 0) AS state
FROM unnest(ARRAY[1, 10, 2000]) AS n, generate_series(1, n) AS i GROUP BY n;
SELECT n, cdp_funnel_final(state), cdp_funnel_final(state::text::cdp_funnel_state), length(state::text) FROM funnel_stored ORDER BY n;
CREATE AGGREGATE funnel_merge(cdp_funnel_state) (
    SFUNC = cdp_funnel_combine, STYPE = cdp_funnel_state, FINALFUNC = cdp_funnel_final);
SELECT funnel_merge(state ORDER BY n), funnel_merge(state ORDER BY n DESC) FROM funnel_stored;
SELECT funnel_merge(state) FROM (VALUES (NULL::cdp_funnel_state), (:'state'), (NULL)) AS partial(state);
SELECT error_of(format('SELECT %L::cdp_funnel_state', bytes))
FROM unnest(ARRAY['', '01', '\x', '\x0', '\xzz', '\x02000201' || repeat('00', 16), '\x01010201' || repeat('00', 16),
                  '\x01004101' || repeat('00', 16), '\x01000201' || repeat('00', 8) || repeat('ff', 8),
                  '\x0100020101' || repeat('00', 15),
                  '\x0100020101' || repeat('00', 15) || repeat('00', 8) || '04' || repeat('00', 7),
                  '\x0100020001' || repeat('00', 15) || repeat('00', 8) || '01' || repeat('00', 7)]) AS bytes;
SELECT error_of(format('SELECT funnel_merge(state) FROM (VALUES (%L::cdp_funnel_state), (%L)) AS partial(state)',
                       '\x01000201' || repeat('00', 16), '\x01000301' || repeat('00', 16)));

-- Many users, conditions that overlap, ties: held against plain SQL.
CREATE TABLE funnel_event AS
SELECT n AS id, n * 7919 % 499 AS user_no,
       timestamptz '2024-01-01' + (r % 13) * interval '5 minutes' AS ts,
       r / 13 % 4 = 0 AS a, r / 52 % 3 = 0 AS b, r / 156 % 3 = 0 AS c
FROM generate_series(1, 5000) AS n, LATERAL (SELECT (n::bigint * n * n * 131 + n * 17) % 100003 AS r) AS random;
UPDATE funnel_event SET b = NULL WHERE id % 50 = 0;
UPDATE funnel_event SET ts = NULL WHERE id % 97 = 0;
ANALYZE funnel_event;
CREATE FUNCTION expected_depths(within interval) RETURNS TABLE (user_no integer, two integer, three integer) LANGUAGE sql AS $$
    SELECT user_no,
           CASE WHEN count(second) > 0 THEN 2 WHEN count(first) > 0 THEN 1 ELSE 0 END,
           CASE WHEN count(third) > 0 THEN 3 WHEN count(second) > 0 THEN 2 WHEN count(first) > 0 THEN 1 ELSE 0 END
    FROM (SELECT u.user_no, a.id AS first, b.id AS second, c.id AS third
          FROM (SELECT DISTINCT user_no FROM funnel_event) AS u
          LEFT JOIN funnel_event a ON a.user_no = u.user_no AND a.a AND a.ts IS NOT NULL
          LEFT JOIN funnel_event b ON b.user_no = u.user_no AND b.b AND b.id <> a.id
                                      AND b.ts >= a.ts AND b.ts - a.ts <= $1
          LEFT JOIN funnel_event c ON c.user_no = u.user_no AND c.c AND c.id <> b.id AND c.id <> a.id
                                      AND c.ts >= b.ts AND c.ts - a.ts <= $1) AS chain
    GROUP BY user_no
$$;
SELECT within, count(*) AS users, count(*) FILTER (WHERE e.two <> f.two OR e.three <> f.three) AS wrong,
       count(*) FILTER (WHERE f.three = 0) AS none, count(*) FILTER (WHERE f.three = 1) AS one,
       count(*) FILTER (WHERE f.three = 2) AS two, count(*) FILTER (WHERE f.three = 3) AS three
FROM unnest(ARRAY['0', '5 minutes', '20 minutes', '1 day']::interval[]) AS within,
     LATERAL (SELECT user_no, cdp_funnel(ts, within, a, b) AS two, cdp_funnel(ts, within, a, b, c) AS three
              FROM funnel_event GROUP BY user_no) AS f
     JOIN LATERAL expected_depths(within) AS e USING (user_no)
GROUP BY within ORDER BY within;

-- The order of rows does not matter.
SELECT count(*) AS users, count(*) FILTER (WHERE up <> as_is OR down <> as_is OR mixed <> as_is) AS wrong
FROM (SELECT cdp_funnel(ts, '20 minutes', a, b, c) AS as_is,
             cdp_funnel(ts, '20 minutes', a, b, c ORDER BY ts, id) AS up,
             cdp_funnel(ts, '20 minutes', a, b, c ORDER BY ts DESC, id DESC) AS down,
             cdp_funnel(ts, '20 minutes', a, b, c ORDER BY id * 7919 % 5003) AS mixed
      FROM funnel_event GROUP BY user_no) AS f;

-- Parallel plans give what serial ones give.
CREATE TABLE funnel_serial AS SELECT user_no, cdp_funnel(ts, '20 minutes', a, b, c) AS depth FROM funnel_event GROUP BY user_no;
CREATE TABLE funnel_serial_all AS SELECT cdp_funnel(ts, '1 second', a, b, c) AS depth FROM funnel_event WHERE id % 7 = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT cdp_funnel(ts, '1 second', a, b, c) FROM funnel_event;
EXPLAIN (COSTS OFF) SELECT user_no, cdp_funnel(ts, '20 minutes', a, b, c) FROM funnel_event GROUP BY user_no;
SELECT cdp_funnel(ts, '1 second', a, b, c) = (SELECT depth FROM funnel_serial_all) AS is_equal FROM funnel_event WHERE id % 7 = 0;
SELECT count(*) AS users, count(*) FILTER (WHERE s.depth <> p.depth) AS wrong
FROM (SELECT user_no, cdp_funnel(ts, '20 minutes', a, b, c) AS depth FROM funnel_event GROUP BY user_no) AS p
JOIN funnel_serial AS s USING (user_no);
-- Also where most processes see no row, and where one finds an error.
SELECT cdp_funnel(ts, '1 hour', a, b) FROM funnel_event WHERE id = 3;
SELECT cdp_funnel(ts, '1 hour', a, b) FROM funnel_event WHERE id < 0;
SELECT split_part(error_of($$SELECT cdp_funnel(ts, id * interval '1 s', a, b) FROM funnel_event$$), ' | ', 2);
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
RESET enable_sort;

-- Windows: the state is asked again and again, shared by equal calls, started anew by moving frames.
SELECT n, cdp_funnel(ts, '1 hour', step = 'a', step = 'b', step = 'c') OVER (ORDER BY n) AS so_far,
       cdp_funnel(ts, '1 hour', step = 'a', step = 'b', step = 'c') OVER (ORDER BY n ROWS 2 PRECEDING) AS last_three
FROM (SELECT n, step, timestamptz '2024-01-01' + t * interval '1 minute' AS ts
      FROM (VALUES (1, 'c', 9), (2, 'b', 5), (3, 'a', 1), (4, 'a', 6), (5, 'c', 2), (6, 'b', 3)) AS event(n, step, t)) AS e;
SELECT count(*) AS rows, count(*) FILTER (WHERE so_far <> expected) AS wrong
FROM (SELECT cdp_funnel(ts, '20 minutes', a, b, c) OVER (PARTITION BY user_no ORDER BY id) AS so_far,
             (SELECT cdp_funnel(ts, '20 minutes', a, b, c) FROM funnel_event AS before
              WHERE before.user_no = event.user_no AND before.id <= event.id) AS expected
      FROM funnel_event AS event WHERE user_no < 50) AS each_row;

-- Large groups, and grouping that spills to disk.
SELECT cdp_funnel(timestamptz '2024-01-01' + (n * 7919 % 300007) * interval '1 second', '3 seconds',
                  n * 7919 % 300007 = 11, n * 7919 % 300007 = 12, n * 7919 % 300007 = 14),
       cdp_funnel(timestamptz '2024-01-01' + (n * 7919 % 300007) * interval '1 second', '2 seconds',
                  n * 7919 % 300007 = 11, n * 7919 % 300007 = 12, n * 7919 % 300007 = 14)
FROM generate_series(1::bigint, 300006) AS n;
SELECT cdp_funnel(timestamptz '2024-01-01' + (n * 7919 % 300007) * interval '1 second', '100 seconds',
                  n % 2 = 0, n % 3 = 0, n % 100003 = 0)
FROM generate_series(1::bigint, 300006) AS n;
SET work_mem = '64kB';
SET enable_sort = off;
SELECT count(*) AS users, count(*) FILTER (WHERE s.depth <> p.depth) AS wrong
FROM (SELECT user_no, cdp_funnel(ts, '20 minutes', a, b, c) AS depth FROM funnel_event GROUP BY user_no) AS p
JOIN funnel_serial AS s USING (user_no);
RESET work_mem;
RESET enable_sort;

DROP TABLE funnel_event, funnel_serial, funnel_serial_all, funnel_stored;
DROP AGGREGATE funnel_state(timestamptz, interval, boolean[]);
DROP AGGREGATE funnel_merge(cdp_funnel_state);
DROP FUNCTION depth_of(text, interval), error_of(text), expected_depths(interval);
RESET timezone;
