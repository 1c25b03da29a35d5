-- The sizes of segments, also where many change at once: after each statement that changes members they are what is stored.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
SET timezone = 'UTC';
SET cdp.now = '2025-01-01 00:00Z';
CREATE VIEW pg_temp.sizes AS SELECT min(size), max(size), count(*) FILTER (WHERE size <> cdp_segment_size(name)) AS wrong,
    (SELECT count(*) FROM cdp.segment_growth) AS waiting FROM cdp.segment WHERE name <> 'chosen';
INSERT INTO cdp.segment (name, rule) SELECT 'x ' || n, format('count(x in last 1 hour) >= %s', n % 2 + 1)::cdp_rule FROM generate_series(1, 40) AS n;
SELECT cdp_track('u' || n, 'x'), cdp_track('u' || n % 2, 'x') FROM generate_series(0, 4) AS n \g /dev/null
SELECT cdp_process();
SELECT * FROM pg_temp.sizes;
-- What was rolled back does not count.
BEGIN;
SELECT cdp_track('u' || n, 'x') FROM generate_series(2, 9) AS n \g /dev/null
SELECT cdp_process();
SELECT * FROM pg_temp.sizes;
ROLLBACK;
SELECT * FROM pg_temp.sizes;
-- Time, with a segment that is defined on the way.
SET cdp.now = '2025-01-01 00:30Z';
SELECT cdp_track('u2', 'x'), cdp_track('u2', 'x') \g /dev/null
SELECT cdp_process();
INSERT INTO cdp.segment (name, rule) VALUES ('x', 'count(x) >= 3');
SELECT * FROM pg_temp.sizes;
SET cdp.now = '2025-01-01 01:00Z';
SELECT cdp_process();
SELECT * FROM pg_temp.sizes;
-- Many segments of a list.
DELETE FROM cdp.segment;
SELECT cdp_segment_from_users('chosen', '{u1}') \g /dev/null
INSERT INTO cdp.segment (name, rule) SELECT 'chosen ' || n, 'in segment chosen' FROM generate_series(1, 40) AS n;
SELECT * FROM pg_temp.sizes;
SELECT cdp_segment_from_users('chosen', '{u1, u2, u3}') \g /dev/null
SELECT * FROM pg_temp.sizes;
SELECT cdp_alias('u2', 'u3'), cdp_forget('u1') \g /dev/null
SELECT cdp_process();
SELECT * FROM pg_temp.sizes;
DROP EXTENSION cdp CASCADE;
SET client_min_messages = warning;
CREATE EXTENSION cdp;
