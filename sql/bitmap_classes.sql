-- Order and hash of roaringbitmap: DISTINCT, GROUP BY, ORDER BY, joins, indexes, partitions; beside arrays and text.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;
SET roaringbitmap.output_format = 'array';
CREATE TABLE sets AS
SELECT n, rb_build(a) AS set, a FROM (
    SELECT n, ARRAY(SELECT DISTINCT u FROM (SELECT (x * x * (n % 50 + 1)) % 200000 AS u FROM generate_series(1, n % 50 * (n % 50)) AS x) AS e ORDER BY u) AS a
    FROM generate_series(1, 400) AS n) AS s;
SELECT count(*) AS rows, count(DISTINCT set) = count(DISTINCT a) AS is_distinct FROM sets;
SELECT count(*) AS groups, bool_and(sets = (SELECT count(*) FROM sets WHERE sets.a = g.a)) AS same
FROM (SELECT set, min(a) AS a, count(*) AS sets FROM sets GROUP BY set) AS g;
-- Elements are unsigned: the largest are written with a minus.
SELECT set FROM (VALUES ('{-1}'::roaringbitmap), ('{}'), ('{1}'), ('{1,-1}'), ('{1,2}'), ('{0,65536}'), ('{65536}'), ('{0}'), ('{1,2,3}')) AS v (set) ORDER BY set;
SELECT count(*) FROM (SELECT array_agg(a::text ORDER BY set) AS by_set, array_agg(a::text ORDER BY a) AS by_array FROM sets WHERE a <> '{}') AS o WHERE by_set <> by_array;
SELECT count(*) AS pairs,
       count(*) FILTER (WHERE (x.set < y.set, x.set <= y.set, x.set > y.set, x.set >= y.set, x.set = y.set) IS DISTINCT FROM (x.a < y.a, x.a <= y.a, x.a > y.a, x.a >= y.a, x.a = y.a)) AS wrong,
       count(*) FILTER (WHERE (rb_hash(x.set) = rb_hash(y.set), rb_hash_extended(x.set, 7) = rb_hash_extended(y.set, 7)) IS DISTINCT FROM (x.a = y.a, x.a = y.a)) AS wrong_hash,
       count(*) FILTER (WHERE rb_cmp(x.set, y.set) <> -rb_cmp(y.set, x.set)) AS asymmetric
FROM sets AS x, sets AS y WHERE x.n <= 100 AND y.n <= 100;
SELECT bool_and(rb_hash(set) = rb_hash_extended(set, 0)::bit(32)::int) AS one_hash FROM sets;
-- Joins by hash and by merging give what nested loops give.
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'Join|Cond|Loop' THEN RETURN NEXT btrim(line, ' ->'); END IF;
    END LOOP;
END $$;
ANALYZE sets;
SELECT count(*) FROM sets AS x JOIN sets AS y ON x.a = y.a;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SELECT * FROM pg_temp.plan_of('SELECT count(*) FROM sets AS x JOIN sets AS y ON x.set = y.set');
SELECT count(*) FROM sets AS x JOIN sets AS y ON x.set = y.set;
RESET enable_mergejoin;
SET enable_hashjoin = off;
SELECT * FROM pg_temp.plan_of('SELECT count(*) FROM sets AS x JOIN sets AS y ON x.set = y.set');
SELECT count(*) FROM sets AS x JOIN sets AS y ON x.set = y.set;
RESET enable_hashjoin;
RESET enable_nestloop;
-- Indexes.
CREATE TABLE one_each (set roaringbitmap UNIQUE);
INSERT INTO one_each VALUES ('{1,2,3}'), ('{}'), (NULL), (NULL);
INSERT INTO one_each VALUES ('{3,2,1}');
INSERT INTO one_each SELECT '{1,2,3}' ON CONFLICT DO NOTHING;
SELECT count(*) FROM one_each;
CREATE INDEX by_hash ON sets USING hash (set);
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT n FROM sets WHERE set = '{0,1,4}';
SELECT count(*) = (SELECT count(*) FROM sets WHERE a = (SELECT a FROM sets WHERE n = 7)) AS found FROM sets WHERE set = (SELECT set FROM sets WHERE n = 7);
RESET enable_seqscan;
-- Hash partitions.
CREATE TABLE parts (set roaringbitmap) PARTITION BY HASH (set);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT DISTINCT set FROM sets;
SELECT count(*), count(DISTINCT tableoid) FROM parts;
DROP TABLE parts, one_each, sets;
