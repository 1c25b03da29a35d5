-- Aggregates of roaringbitmap beside plain SQL over the elements.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;
SELECT setseed(0.5) \g /dev/null
CREATE TEMP TABLE element AS
SELECT n % 7 AS g, n, CASE WHEN n % 50 = 0 THEN NULL ELSE (random() * 300000)::int - 1000 END AS e
FROM generate_series(1, 60000) AS n;
CREATE TEMP TABLE sets AS SELECT n % 40 AS n, n % 3 AS g, rb_build_agg(e) AS set FROM element GROUP BY 1, 2;
INSERT INTO sets VALUES (100, 0, NULL), (101, 1, '{}'), (102, 9, NULL), (103, 8, rb_fill('{}', 65536, 4000000)), (104, 8, rb_fill('{}', 1000000, 6000000));
CREATE TEMP TABLE pair AS SELECT n, g, rb_iterate(set) AS e FROM sets WHERE g <> 8;
ANALYZE element, sets, pair;

-- Building: in groups, with a filter, of nothing, of nulls alone.
SELECT count(*) FROM (SELECT g, rb_to_array(rb_build_agg(e)) AS a, array_agg(DISTINCT e::bigint & 4294967295 ORDER BY e::bigint & 4294967295) FILTER (WHERE e IS NOT NULL) AS b
                      FROM element GROUP BY g) AS t
WHERE (SELECT array_agg(v::bigint & 4294967295) FROM unnest(a) AS v) IS DISTINCT FROM b;
SELECT rb_cardinality(rb_build_agg(e) FILTER (WHERE e < 5000)) = count(DISTINCT e) FILTER (WHERE e < 5000) AS filtered,
       rb_build_agg(e) FILTER (WHERE false) IS NULL AS nothing, rb_build_agg(NULL) IS NULL AS nulls FROM element;

-- Folding sets: the elements by how many sets of the group have them.
CREATE TEMP VIEW truth AS
SELECT g, coalesce(rb_build_agg(e), '{}') AS one_or_more, coalesce(rb_build_agg(e) FILTER (WHERE times = sets), '{}') AS every,
       coalesce(rb_build_agg(e) FILTER (WHERE times % 2 = 1), '{}') AS odd
FROM (SELECT g, e, count(*) AS times FROM pair GROUP BY g, e) AS p JOIN (SELECT g, count(set) AS sets FROM sets GROUP BY g) AS s USING (g) GROUP BY g;
SELECT count(*) AS groups, count(*) FILTER (WHERE rb_or <> one_or_more) AS wrong_or, count(*) FILTER (WHERE rb_and <> every) AS wrong_and, count(*) FILTER (WHERE rb_xor <> odd) AS wrong_xor,
       count(*) FILTER (WHERE (n_or, n_and, n_xor) IS DISTINCT FROM (rb_cardinality(one_or_more), rb_cardinality(every), rb_cardinality(odd))) AS wrong_counts,
       count(*) FILTER (WHERE joined <> one_or_more) AS wrong_join
FROM truth JOIN (SELECT g, rb_or_agg(set) AS rb_or, rb_and_agg(set) AS rb_and, rb_xor_agg(set) AS rb_xor, rb_or_cardinality_agg(set) AS n_or,
                        rb_and_cardinality_agg(set) AS n_and, rb_xor_cardinality_agg(set) AS n_xor, rb_join_agg(set) AS joined FROM sets GROUP BY g) AS a USING (g);
SELECT rb_or_agg(set), rb_and_agg(set), rb_xor_agg(set), rb_or_cardinality_agg(set), rb_and_cardinality_agg(set), rb_xor_cardinality_agg(set) FROM sets WHERE g = 9;
SELECT rb_or_cardinality_agg(set) AS n_or, rb_and_cardinality_agg(set) AS n_and, rb_xor_cardinality_agg(set) AS n_xor FROM sets WHERE g = 8;
SELECT rb_or_agg(set) = (SELECT set FROM sets WHERE n = 101) AS empty, rb_or_cardinality_agg(set) FROM sets WHERE n IN (100, 101);

-- Parts and their join.
SELECT bool_and((SELECT rb_join_agg(part) FROM rb_split(set)) = set) FROM sets WHERE set <> '{}';

-- As windows: a growing frame, and one that moves.
SELECT count(*) AS rows, count(*) FILTER (WHERE growing <> (SELECT rb_or_agg(i.set) FROM sets AS i WHERE i.n <= w.n)) AS wrong_growing,
       count(*) FILTER (WHERE moving IS DISTINCT FROM (SELECT rb_xor_agg(i.set) FROM sets AS i WHERE i.n BETWEEN w.n - 2 AND w.n)) AS wrong_moving,
       count(*) FILTER (WHERE counted IS DISTINCT FROM (SELECT rb_xor_cardinality_agg(i.set) FROM sets AS i WHERE i.n BETWEEN w.n - 2 AND w.n)) AS wrong_counted
FROM (SELECT n, rb_or_agg(set) OVER (ORDER BY n) AS growing, rb_xor_agg(set) OVER moving AS moving, rb_xor_cardinality_agg(set) OVER moving AS counted
      FROM sets WINDOW moving AS (ORDER BY n RANGE BETWEEN 2 PRECEDING AND CURRENT ROW)) AS w;

-- One state for two aggregates, read in between.
SELECT rb_cardinality(rb_or_agg(set)) = rb_or_cardinality_agg(set) AS same, rb_max(rb_add(rb_or_agg(set), -1)) AS max, rb_max(rb_or_agg(set)) <> -1 AS unchanged FROM sets WHERE g = 1;
-- Nor does a transition function that is called by hand change the state it is given.
CREATE FUNCTION pg_temp.by_hand(given roaringbitmap) RETURNS TABLE (n bigint, n_more bigint, n_odd bigint, n_more_odd bigint) LANGUAGE plpgsql AS $$
DECLARE united roaringbitmap := rb_or_trans(NULL, given); more roaringbitmap; odd roaringbitmap := rb_xor_trans(NULL, given); more_odd roaringbitmap;
BEGIN
    more := rb_build_trans(rb_or_trans(united, '{9}'), 8);
    more_odd := rb_xor_trans(odd, '{9}');
    RETURN QUERY SELECT rb_cardinality(united), rb_cardinality(more), rb_cardinality(odd), rb_cardinality(more_odd);
END $$;
SELECT * FROM pg_temp.by_hand('{1,2}');

-- In parallel workers, where states travel as plain values.
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
CREATE TABLE many AS SELECT n, CASE WHEN n % 1000 = 0 THEN NULL ELSE n * 3 % 100000 END AS e, CASE WHEN n % 500 <> 0 THEN rb_build(ARRAY[n, n + 70000, n / 2]) END AS set
FROM generate_series(1, 50000) AS n;
ANALYZE many;
EXPLAIN (COSTS OFF) SELECT rb_build_agg(e), rb_or_agg(set), rb_xor_agg(set), rb_and_agg(set) FROM many;
CREATE TEMP TABLE parallel AS SELECT rb_build_agg(e) AS built, rb_or_agg(set) AS rb_or, rb_xor_agg(set) AS rb_xor, rb_and_agg(set) AS rb_and, rb_or_cardinality_agg(set) AS n FROM many;
SET max_parallel_workers_per_gather = 0;
SELECT built = (SELECT rb_build_agg(e) FROM many) AND rb_or = (SELECT rb_or_agg(set) FROM many) AND rb_xor = (SELECT rb_xor_agg(set) FROM many)
       AND rb_and = '{}' AND n = rb_cardinality(rb_or) AS same,
       rb_cardinality(built) = (SELECT count(DISTINCT e) FROM many) AS built,
       n = (SELECT count(DISTINCT u) FROM many, unnest(ARRAY[many.n, many.n + 70000, many.n / 2]) AS u WHERE set IS NOT NULL) AS unioned FROM parallel;
DROP TABLE many;

-- A variable that grows element by element, a copy of it that does not, and what is read in between.
CREATE FUNCTION pg_temp.grow(n int) RETURNS TABLE (size bigint, copied bigint, seen int, removed bigint, same boolean) LANGUAGE plpgsql AS $$
DECLARE b roaringbitmap := '{}'; half roaringbitmap; seen int := 0;
BEGIN
    FOR i IN 1 .. n LOOP
        IF b @> (i * 7919 % 100003) THEN seen := seen + 1; END IF;
        b := rb_add(b, i * 7919 % 100003);
        IF i = n / 2 THEN half := b; END IF;
    END LOOP;
    size := rb_cardinality(b);
    copied := rb_cardinality(half);
    grow.seen := seen;
    removed := rb_cardinality(rb_remove(rb_add(rb_add(b, -5), -6), -5));
    same := b = (SELECT rb_build_agg(i * 7919 % 100003) FROM generate_series(1, n) AS i);
    RETURN NEXT;
END $$;
SELECT * FROM pg_temp.grow(20000);
