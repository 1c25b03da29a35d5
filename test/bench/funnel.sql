-- cdp_funnel beside plain SQL over the same rows: how many users reach which of three steps within a day.
--   psql -X -v events=1000000 -f test/bench/funnel.sql
-- Prints milliseconds of each (the median of three) and the ratio to plain SQL; the results must agree.
\set QUIET on
\if :{?events} \else \set events 1000000 \endif
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '256MB';
SET jit = off;
CREATE TEMP TABLE bench_event AS
SELECT (random_a * :events / 25)::bigint AS user_no,
       timestamptz '2024-01-01' + random_b * interval '30 days' AS ts,
       (ARRAY['home', 'search', 'product_view', 'product_view', 'product_view', 'add_to_cart', 'purchase'])[1 + floor(random_c * 7)::int] AS event
FROM (SELECT setseed(0.5)) AS seed,
     LATERAL (SELECT random() AS random_a, random() AS random_b, random() AS random_c
              FROM generate_series(1, :events)) AS random;
ANALYZE bench_event;
CREATE TEMP TABLE bench_result (what text, run int, milliseconds numeric, answer text);

CREATE TEMP TABLE bench_query (what text, query text);
INSERT INTO bench_query VALUES
('count(*) by user', $$SELECT count(*)::text FROM (SELECT user_no, count(*) FROM bench_event GROUP BY user_no) AS s$$),
('plain SQL', $$
    WITH start AS (SELECT DISTINCT user_no, ts FROM bench_event WHERE event = 'product_view'),
    chain AS (
        SELECT s.user_no, s.ts, a.ts AS second,
               (SELECT min(ts) FROM bench_purchase AS p
                WHERE p.user_no = s.user_no AND p.ts >= a.ts AND p.ts <= s.ts + interval '24 hours') AS third
        FROM start AS s LEFT JOIN LATERAL
             (SELECT min(ts) AS ts FROM bench_cart AS c
              WHERE c.user_no = s.user_no AND c.ts >= s.ts AND c.ts <= s.ts + interval '24 hours') AS a ON true),
    deepest AS (SELECT user_no, max(CASE WHEN third IS NOT NULL THEN 3 WHEN second IS NOT NULL THEN 2 ELSE 1 END) AS depth
                FROM chain GROUP BY user_no)
    SELECT string_agg(depth || ':' || users, ' ' ORDER BY depth)
    FROM (SELECT depth, count(*) AS users FROM deepest GROUP BY depth) AS s$$),
('plain SQL, windows', $$
    WITH marked AS (
        SELECT user_no, ts, event,
               max(ts) FILTER (WHERE event = 'product_view') OVER earlier AS first
        FROM bench_event WHERE event IN ('product_view', 'add_to_cart', 'purchase')
        WINDOW earlier AS (PARTITION BY user_no ORDER BY ts)),
    second AS (
        SELECT user_no, ts, event, first,
               max(first) FILTER (WHERE event = 'add_to_cart' AND ts <= first + interval '24 hours') OVER (PARTITION BY user_no ORDER BY ts) AS carried
        FROM marked),
    deepest AS (
        SELECT user_no, max(CASE WHEN event = 'purchase' AND ts <= carried + interval '24 hours' THEN 3
                                 WHEN event = 'add_to_cart' AND ts <= first + interval '24 hours' THEN 2
                                 WHEN event = 'product_view' THEN 1 END) AS depth
        FROM second GROUP BY user_no)
    SELECT string_agg(depth || ':' || users, ' ' ORDER BY depth)
    FROM (SELECT depth, count(*) AS users FROM deepest WHERE depth > 0 GROUP BY depth) AS s$$),
('cdp_funnel', $$
    SELECT string_agg(depth || ':' || users, ' ' ORDER BY depth)
    FROM (SELECT depth, count(*) AS users
          FROM (SELECT cdp_funnel(ts, '24 hours', event = 'product_view', event = 'add_to_cart', event = 'purchase') AS depth
                FROM bench_event GROUP BY user_no) AS each_user
          WHERE depth > 0 GROUP BY depth) AS s$$);
-- The self join needs indexes, which are made outside of the measured time.
CREATE TEMP TABLE bench_cart AS SELECT user_no, ts FROM bench_event WHERE event = 'add_to_cart';
CREATE TEMP TABLE bench_purchase AS SELECT user_no, ts FROM bench_event WHERE event = 'purchase';
CREATE INDEX ON bench_cart (user_no, ts);
CREATE INDEX ON bench_purchase (user_no, ts);
ANALYZE bench_cart;
ANALYZE bench_purchase;

DO $$
DECLARE
    q record; started timestamptz; answer text;
BEGIN
    FOR run IN 0..3 LOOP
        FOR q IN SELECT * FROM bench_query LOOP
            started := clock_timestamp();
            EXECUTE q.query INTO answer;
            IF run > 0 THEN
                INSERT INTO bench_result
                VALUES (q.what, run, 1000 * extract(epoch FROM clock_timestamp() - started), answer);
            END IF;
        END LOOP;
    END LOOP;
END $$;

SELECT what, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY milliseconds)::numeric, 1) AS milliseconds,
       round((percentile_cont(0.5) WITHIN GROUP (ORDER BY milliseconds)
              / (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY milliseconds) FROM bench_result WHERE what = 'plain SQL'))::numeric, 3) AS of_plain_sql,
       min(answer) AS answer, count(DISTINCT answer) = 1 AS is_steady
FROM bench_result GROUP BY what ORDER BY 2;
