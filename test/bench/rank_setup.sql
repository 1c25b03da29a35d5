-- What rank.pgbench and lookup.pgbench need: 100,000 users and a placement of 20 creatives, half of which are for a
-- segment. Run once in a fresh database: psql -f test/bench/rank_setup.sql
CREATE EXTENSION IF NOT EXISTS cdp;
INSERT INTO cdp.segment (name, rule) VALUES ('bench_even', 'even = true');
SELECT count(cdp_identify('user' || n, jsonb_build_object('even', n % 2 = 0))) FROM generate_series(1, 100000) n;
SELECT cdp_process();
INSERT INTO cdp.content_type (name) VALUES ('bench');
INSERT INTO cdp.placement (name, content_type) VALUES ('bench', 'bench');
INSERT INTO cdp.campaign (name) VALUES ('bench');
INSERT INTO cdp.ad_group (name, campaign) VALUES ('bench_all', 'bench'), ('bench_even', 'bench');
INSERT INTO cdp.ad_group_segment (ad_group, segment) VALUES ('bench_even', 'bench_even');
INSERT INTO cdp.creative (name, content_type, ad_group, content)
    SELECT 'bench ' || n, 'bench', CASE WHEN n % 2 = 0 THEN 'bench_even' ELSE 'bench_all' END, '{"text": "Bench"}'
    FROM generate_series(1, 20) n;
INSERT INTO cdp.creative_count (placement, creative, impressions, clicks)
    SELECT 'bench', 'bench ' || n, 1000 * n, 20 * n + n * n FROM generate_series(1, 20) n;
VACUUM ANALYZE;
CHECKPOINT;
