-- Packed events: everything that reads events gives the same before and after, whatever lies where.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET cdp.chunk_events = 8;
CREATE TABLE sent (n int, user_id text, event text, ts timestamptz, insert_id text, properties jsonb, context jsonb, is_sent boolean NOT NULL DEFAULT false);
-- Pseudo-random and the same on every server: 40 users, 6 names, bursts and days between, some at one instant, some insert ids.
INSERT INTO sent SELECT n, 'u' || h % 41 % 40, (ARRAY['view', 'view', 'view', 'cart', 'buy', 'App "Launch"'])[h / 41 % 6 + 1],
        '2025-01-01 00:00Z'::timestamptz + (h / 1000 % 20) * interval '1 day' + (h / 7 % 50) * interval '90 seconds' + (h % 3) * interval '1 microsecond',
        CASE WHEN n % 3 = 0 THEN md5(n::text) END,
        CASE n % 5 WHEN 0 THEN '{}' WHEN 1 THEN jsonb_build_object('price', n % 100 / 10.0, 'sku', 's' || n % 7)
            WHEN 2 THEN jsonb_build_object('price', 1.10, 'tags', jsonb_build_array('a', NULL, n)) WHEN 3 THEN '{"price": "free", "nested": {"a": {"b": 1e2}}}'
            ELSE jsonb_build_object('url', 'https://shop.example/' || n % 13, 'is_new', n % 2 = 0) END,
        CASE WHEN n % 4 = 0 THEN '{"ip": "127.0.0.1", "page": {"url": "/x"}}' ELSE '{}' END::jsonb
    FROM generate_series(1, 3000) AS n, LATERAL (SELECT abs(hashint4(n)::bigint)) AS hash (h);
CREATE FUNCTION pg_temp.send(first int, last int) RETURNS bigint LANGUAGE sql AS
    $$UPDATE sent SET is_sent = true WHERE n BETWEEN first AND last;
    SELECT count(cdp_track(user_id, event, properties, ts, insert_id, context => context)) FROM sent WHERE n BETWEEN first AND last$$;
-- What was sent and is not stored as it was sent, and the other way round.
CREATE VIEW differences AS
    SELECT (SELECT count(*) FROM (SELECT user_id, event, ts, insert_id, properties, context FROM sent WHERE is_sent
                EXCEPT ALL SELECT user_id, event, ts, insert_id, properties, context FROM cdp.event) AS d) AS missing,
           (SELECT count(*) FROM (SELECT user_id, event, ts, insert_id, properties, context FROM cdp.event EXCEPT ALL SELECT user_id, event, ts, insert_id, properties, context FROM sent) AS d) AS invented,
           (SELECT count(*) FROM cdp.event) AS events, (SELECT sum(n) FROM cdp.timeline) AS packed;
CREATE FUNCTION pg_temp.answers() RETURNS TABLE (question text, answer text) LANGUAGE sql AS $$
    SELECT 'sessions', md5(string_agg(s::text, ',' ORDER BY user_no, session_no)) FROM cdp.session AS s
    UNION ALL SELECT 'one session', md5(string_agg(s::text, ',')) FROM cdp_session('u7', 2) AS s
    UNION ALL SELECT rule, cdp_count(rule::cdp_rule, '2025-01-21')::text FROM (VALUES ('count(view in last 10 days) >= 5 and not did(buy in last 3 days)'),
        ('sum(view.price) >= 20'), ('did(view where nested.a.b = 100)'), ('count(any where price = 1.1 and context.ip = ''127.0.0.1'') >= 2'), ('sequence(view, cart, buy within 1 hour)')) AS r (rule)
    UNION ALL SELECT 'match ' || u, cdp_match(u, 'count(view where sku is not null) >= 10', '2025-01-21')::text FROM (VALUES ('u1'), ('u2'), ('u3')) AS users (u)$$;

-- Nothing to pack; then some, twice: the second time the first table is emptied.
SELECT cdp_pack();
SELECT pg_temp.send(1, 1000), cdp_process();
TABLE differences;
CREATE TABLE before AS SELECT * FROM pg_temp.answers();
SELECT cdp_pack();
TABLE differences;
SELECT count(*) FROM (TABLE before EXCEPT SELECT * FROM pg_temp.answers()) AS changed;
SELECT slot, packed_until = 9223372036854775807 AS is_done, done_xid IS NULL AS is_empty FROM cdp.packing;
SELECT cdp_pack();
SELECT slot, done_xid IS NULL AS is_empty, (SELECT count(*) FROM cdp.recent_event) AS recent FROM cdp.packing;
-- Late ones: within chunks, between them, before all. They are read where they lie, and then with their chunks.
SELECT pg_temp.send(1001, 2000), cdp_process();
TABLE differences;
DROP TABLE before;
CREATE TABLE before AS SELECT * FROM pg_temp.answers();
SELECT cdp_pack();
TABLE differences;
SELECT count(*) FROM (TABLE before EXCEPT SELECT * FROM pg_temp.answers()) AS changed;
-- Packed, being packed (by users), and recent.
SELECT pg_temp.send(2001, 2600), cdp_process();
SELECT cdp_pack();
SELECT pg_temp.send(2601, 3000), cdp_process();
TABLE differences;
-- Repetitions beyond the horizon are known from packed events.
UPDATE cdp.insert_id SET received_at = received_at - interval '8 days';
SELECT pg_temp.send(1, 300), cdp_process();
SELECT missing, (SELECT count(*) FROM sent WHERE n <= 300 AND insert_id IS NULL) = invented AS without_id_alone FROM differences;
-- A merge makes the packed events of one those of the other; rolled back it does not.
SELECT count(*) FROM cdp.event WHERE user_id IN ('u1', 'u2');
BEGIN;
SELECT cdp_alias('u1', 'u2'), cdp_process();
SELECT count(DISTINCT user_no), count(*) FROM cdp.event WHERE user_id = 'u2';
SELECT cdp_pack() > 0 AS packs;
SELECT count(DISTINCT user_no), count(*) FROM cdp.event WHERE user_id = 'u2';
ROLLBACK;
SELECT count(DISTINCT user_no), count(*) FROM cdp.event WHERE user_id IN ('u1', 'u2');
SELECT cdp_alias('u1', 'u2'), cdp_process();
SELECT cdp_pack() > 0 AS packs, cdp_pack() > 0 AS again;
SELECT count(DISTINCT user_no), count(*) FROM cdp.event WHERE user_id = 'u2';

-- A funnel over stored events, packed and recent, as the aggregate has it.
CREATE FUNCTION pg_temp.funnel(within interval, since timestamptz, until timestamptz, price numeric) RETURNS TABLE (step int, users bigint) LANGUAGE sql AS $$
    SELECT s, count(*) FILTER (WHERE depth >= s) FROM generate_series(1, 3) AS s, (SELECT cdp_funnel(ts, within, event = 'view', event = 'cart',
        event = 'buy' AND CASE WHEN price IS NULL THEN true WHEN jsonb_typeof(properties -> 'price') = 'number' THEN (properties ->> 'price')::numeric > price ELSE false END) AS depth
        FROM cdp.event WHERE (since IS NULL OR ts >= since) AND (until IS NULL OR ts < until) GROUP BY user_no) AS depths GROUP BY s ORDER BY s$$;
SELECT * FROM cdp_funnel_report(ARRAY['view', 'cart', 'buy'], '2 hours');
CREATE VIEW pg_temp.wrong_reports AS
SELECT w, since, until, price FROM (VALUES ('1 hour'::interval), ('2 days'), ('0')) AS windows (w), (VALUES (NULL::timestamptz, NULL::timestamptz), ('2025-01-05', '2025-01-15 12:00'), ('2025-01-10', NULL)) AS range (since, until),
        (VALUES (NULL::numeric), (1.0)) AS prices (price)
    WHERE (SELECT array_agg(users ORDER BY step) FROM cdp_funnel_report(ARRAY['view', 'cart', 'buy' || coalesce(' where price > ' || price, '')], w, since, until))
        <> (SELECT array_agg(users ORDER BY step) FROM pg_temp.funnel(w, since, until, price));
TABLE pg_temp.wrong_reports;
-- The same with several processes, which take a few users each.
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 3;
TABLE pg_temp.wrong_reports;
SELECT * FROM cdp_funnel_report(ARRAY['view', 'buy where'], '1 day');
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
SELECT * FROM cdp_funnel_report(ARRAY['App "Launch"', 'never', 'view'], '1 day');
SELECT * FROM cdp_funnel_report(ARRAY['"App ""Launch""" where price = 1.1 or nested.a.b > 1', 'view where context.ip is not null'], '10 days');
SELECT * FROM cdp_funnel_report(ARRAY['view where'], '1 day');
SELECT * FROM cdp_funnel_report(ARRAY['view', NULL], '1 day');
SELECT * FROM cdp_funnel_report(ARRAY[]::text[], '1 day');
SELECT * FROM cdp_funnel_report(ARRAY['view'], '-1 day');
SELECT * FROM cdp_funnel_report(ARRAY['view'], '1 month');
SELECT * FROM cdp_funnel_report(array_fill('view'::text, ARRAY[65]), '1 day');

-- Whom a rule holds for, found from the profiles and the sizes of histories, is whom it holds for one by one.
SELECT count(cdp_identify('u' || n, jsonb_build_object('plan', CASE WHEN n % 3 = 0 THEN 'pro' END, 'b1', n & 1, 'b2', n & 2, 'b3', n & 4, 'b4', n & 8, 'b5', n & 16, 'b6', n & 32, 'b7', n & 64)))
    FROM generate_series(0, 199) AS n;
SELECT cdp_process();
CREATE TABLE rules (rule text);
INSERT INTO rules VALUES ('not did(buy)'), ('plan = ''pro'' and count(view) >= 30'), ('plan is null or count(view in last 5 days) < 2 and not did(buy in last 10 days)'),
    ('sample(50 percent, ''x'') and not did(cart in last 5 days)'), ('count(any) between 60 and 75'), ('count(any in last 10 days) > 50'), ('first(buy) in last 10 days or last(view) after ''2025-01-18'''),
    ('abandoned(cart, buy within 1 hour) and b1 = 1'), ('max(view.price) > 9 and not count(cart) >= 9'), ('plan = ''pro'''), ('sum(buy.price in last 3 days) < 1'), ('distinct(any.sku) = 0 and did(any)'),
    ('b1 = 1 and did(view) or b2 = 2 and not did(cart) or b3 = 4 and did(buy) or b4 = 8 and did(cart) or b5 = 16 and count(any) > 50 or b6 = 32 and did(never) or b7 = 64 and not did(any)');
INSERT INTO rules SELECT string_agg('t' || n || ' = 1', ' or ') || ' or b1 = 1 and did(buy)' FROM generate_series(1, 70) AS n;
CREATE VIEW pg_temp.wrong_rules AS SELECT left(rule, 80) AS rule, at, cdp_count(rule::cdp_rule, at), rb_cardinality(cdp_users(rule::cdp_rule, at))
    FROM rules, (VALUES ('2025-01-21'::timestamptz), ('2025-01-08 03:00')) AS instants (at)
    WHERE cdp_users(rule::cdp_rule, at) <> (SELECT coalesce(rb_build_agg(user_no::int), '{}') FROM cdp.profile WHERE cdp_match(user_id, rule::cdp_rule, at))
        OR cdp_count(rule::cdp_rule, at) <> rb_cardinality(cdp_users(rule::cdp_rule, at));
TABLE pg_temp.wrong_rules;
-- And where pages are known to have no row that somebody does not see.
VACUUM cdp.timeline, cdp.profile;
TABLE pg_temp.wrong_rules;
TABLE pg_temp.wrong_reports;
SELECT min(cdp_count(rule::cdp_rule, '2025-01-21')), max(cdp_count(rule::cdp_rule, '2025-01-21')) FROM rules;

-- One user's events, the latest first.
SELECT ts, event, properties, insert_id FROM cdp_events('u7', most => 4);
SELECT u, since, until, name FROM (SELECT DISTINCT user_id FROM sent) AS users (u), (VALUES (NULL::timestamptz, NULL::timestamptz), ('2025-01-05', '2025-01-15 12:00'), (NULL, '2025-01-03')) AS range (since, until), (VALUES (NULL), ('cart')) AS names (name)
    WHERE (SELECT array_agg((e.ts, e.event, e.properties, e.context, e.insert_id, e.source, e.received_at)::text ORDER BY (e.ts, e.event, e.properties, e.context, e.insert_id, e.source, e.received_at)::text) FROM cdp_events(u, since, until, name) AS e)
        IS DISTINCT FROM (SELECT array_agg((e.ts, e.event, e.properties, e.context, e.insert_id, e.source, e.received_at)::text ORDER BY (e.ts, e.event, e.properties, e.context, e.insert_id, e.source, e.received_at)::text) FROM cdp.event AS e
            WHERE user_id = CASE u WHEN 'u1' THEN 'u2' ELSE u END AND (since IS NULL OR ts >= since) AND (until IS NULL OR ts < until) AND (name IS NULL OR event = name));
SELECT count(*) FROM (SELECT ts, lag(ts) OVER () AS before FROM cdp_events('u2')) AS e WHERE ts > before;
SELECT (SELECT count(*) FROM cdp_events('nobody')), (SELECT count(*) FROM cdp_events(NULL)), (SELECT count(*) FROM cdp_events('u7', event => 'never')), (SELECT count(*) FROM cdp_events('u7', most => 0)), (SELECT count(*) FROM cdp_events('u7', most => 5, event => 'view'));
SELECT * FROM cdp_events('u7', most => -1);

-- A condition on the user goes to the index in every place.
CREATE FUNCTION pg_temp.explained(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END $$;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT condition, count(*) FILTER (WHERE line ~ 'Index (Only )?Scan using timeline_pkey') AS packed, count(*) FILTER (WHERE line ~ 'Index Scan using recent_event_[01]_pkey') AS recent,
       count(*) FILTER (WHERE line ~ 'Index Cond: .*user_no = p\.user_no') AS by_user, count(*) FILTER (WHERE line ~ 'Scan using profile_(pkey|user_id)') AS by_profile
    FROM (VALUES ('user_no = 7'), ('user_id = ''u7''')) AS c (condition), LATERAL pg_temp.explained('SELECT * FROM cdp.event WHERE ' || condition) AS line GROUP BY 1 ORDER BY 1;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- Broken bytes are an error, and a dictionary that lacks a name is.
\set VERBOSITY terse
SELECT * FROM cdp_timeline_details((SELECT timeline FROM cdp.timeline LIMIT 1), '\x01');
BEGIN;
UPDATE cdp.timeline SET properties = set_byte(properties, 9, get_byte(properties, 9) # 64);
SELECT count(*) FROM cdp.event;
ROLLBACK;
BEGIN;
DELETE FROM cdp.property_name;
\set VERBOSITY sqlstate
SELECT count(properties) FROM cdp.event;
ROLLBACK;
\set VERBOSITY default
-- In steps, each of which ends with the user by whom it reaches as many events.
DO $$BEGIN PERFORM cdp_pack(); COMMIT; PERFORM cdp_pack(); COMMIT; PERFORM cdp_pack(); END$$;
INSERT INTO sent SELECT n, 'step' || n % 30, 'view', '2025-02-01'::timestamptz + n * interval '1 minute', NULL, '{}', '{}' FROM generate_series(4001, 4300) AS n;
SELECT pg_temp.send(4001, 4300), cdp_process();
SELECT cdp_pack(95), (SELECT count(*) FROM cdp.unpacked_event);
SELECT cdp_pack(1) AS one_user, cdp_pack(11) AS two_users;
SELECT (SELECT count(*) FROM cdp.unpacked_event), state FROM cdp.packing_status;
SELECT count(*), count(DISTINCT ts) FROM cdp.event WHERE user_id LIKE 'step%';
SELECT cdp_pack(170);
SELECT state, closed_table LIKE 'recent_event__' AS is_named, done_xid IS NOT NULL AS waits, fails_since FROM cdp.packing_status;
SELECT cdp_pack(1);
SELECT state, done_xid FROM cdp.packing_status;
SELECT cdp_pack(0);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT cdp_pack();
ROLLBACK;
SET ROLE pg_monitor;
SELECT cdp_pack();
RESET ROLE;
DROP FUNCTION pg_temp.answers();
DROP VIEW differences;
DROP TABLE sent, before;
