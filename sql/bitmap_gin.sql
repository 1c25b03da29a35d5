-- GIN indexes over the elements of roaringbitmap, beside scans of the rows.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;
CREATE TABLE sets AS
SELECT n, CASE WHEN n % 97 = 0 THEN NULL WHEN n % 41 = 0 THEN '{}' ELSE
    rb_build(ARRAY(SELECT ((n * 7919 + x * x * 104729) % (CASE WHEN n % 3 = 0 THEN 50 ELSE 5000 END))::int - 20 FROM generate_series(1, n % 60) AS x)) END AS set
FROM generate_series(1, 3000) AS n;
CREATE TABLE queries AS
SELECT q, rb_build(ARRAY(SELECT (q * 31 + x * x * 17) % 5000 - 20 FROM generate_series(1, q % 5) AS x)) AS set, (q * 37) % 5000 - 20 AS element FROM generate_series(1, 60) AS q;
INSERT INTO queries SELECT 100 + n, set, -1 FROM sets WHERE n IN (5, 6, 45, 60, 82);
CREATE TABLE by_scan AS
SELECT q.q, count(*) FILTER (WHERE s.set && q.set) AS n_overlaps, count(*) FILTER (WHERE s.set @> q.set) AS n_contains, count(*) FILTER (WHERE s.set <@ q.set) AS n_contained,
       count(*) FILTER (WHERE s.set = q.set) AS n_equals, count(*) FILTER (WHERE s.set @> q.element) AS n_has FROM queries AS q, sets AS s GROUP BY q.q;
CREATE INDEX sets_set ON sets USING gin (set);
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT n FROM sets WHERE set @> 7;
EXPLAIN (COSTS OFF) SELECT n FROM sets WHERE 7 <@ set AND set && '{1,2}';
SELECT count(*) AS queries, count(*) FILTER (WHERE (n_overlaps, n_contains, n_contained, n_equals, n_has) IS DISTINCT FROM
           ((SELECT count(*) FROM sets AS s WHERE s.set && q.set), (SELECT count(*) FROM sets AS s WHERE s.set @> q.set), (SELECT count(*) FROM sets AS s WHERE s.set <@ q.set),
            (SELECT count(*) FROM sets AS s WHERE s.set = q.set), (SELECT count(*) FROM sets AS s WHERE s.set @> q.element))) AS wrong,
       sum(n_overlaps) > 100 AS some_overlap, sum(n_contained) > 100 AS some_contained, sum(n_has) > 50 AS some_have
FROM queries AS q JOIN by_scan USING (q);
-- Rows that come, change and go.
INSERT INTO sets VALUES (5001, '{123456,-5}');
UPDATE sets SET set = set | 123456 WHERE n = 5;
DELETE FROM sets WHERE n = 6;
SELECT array_agg(n ORDER BY n) FROM sets WHERE set @> 123456;
SELECT array_agg(n ORDER BY n) FROM sets WHERE set && '{123456,99999}' AND set @> -5;
INSERT INTO sets VALUES (5002, '{123456}');
SELECT (SELECT array_agg(n ORDER BY n) FROM sets WHERE set <@ '{123456,-5,77777}' AND n > 5000) AS contained, (SELECT array_agg(n) FROM sets WHERE set <@ '{123456,77777}' AND n > 5000) AS contained_alone,
       (SELECT array_agg(n) FROM sets WHERE set = '{123456}') AS equal, (SELECT array_agg(n) FROM sets WHERE set = '{123456,-5}') AS equal_both, (SELECT count(*) FROM sets WHERE set = '{-5}') AS none;
DROP TABLE sets, queries, by_scan;
