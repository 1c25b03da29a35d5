-- roaringbitmap64: sets of 64-bit numbers.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;
SELECT '{}'::roaringbitmap64, '{ -1 ,  2  , 555555 ,  -4  }'::roaringbitmap64;
SET roaringbitmap.output_format = 'array';
SELECT '{}'::roaringbitmap64, '  { 	 }  '::roaringbitmap64 AS blank,
       '{ 1 ,  -2  , 555555 ,  -4  ,9223372036854775807,-9223372036854775808}'::roaringbitmap64 AS signs;
SELECT '\x0000000000000000'::roaringbitmap64 AS none, '\x0200000000000000000000003a300000020000000000000008000000180000001a0000000200237affffffff3a30000001000000ffff010010000000fcffffff'::roaringbitmap64 AS some;
-- One run with all numbers from 0 to 9, in the form with runs and in that of an array: the same bytes come of both.
SELECT '\x0100000000000000000000003b3000000100000900010000000900'::roaringbitmap64::bytea
     = '{0,1,2,3,4,5,6,7,8,9}'::roaringbitmap64::bytea AS is_canonical;

-- What is refused.
CREATE FUNCTION pg_temp.error_of(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    EXECUTE 'SELECT (' || expression || ')::text';
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || SQLERRM || concat(' - ' || nullif(detail, ''));
END $$;
SELECT value, pg_temp.error_of(format('%L::roaringbitmap64', value)) FROM unnest(ARRAY[
    '', '{', '{1', '{1} x', '{1x}', '{-x}', '{,}', '{1,}', '{1,xxx}', '{1,-9223372036854775809}', '{9223372036854775808}',
    '\x', '\x00', '\x000000000000000000', '\xffffffffffffffff', '\x0100000000000000050000003a30000000000000',
    '\x0100000000000000000000003a30000001000000000001001000000002000100',
    '\x0200000000000000000000003a3000000100000000000000100000000100000000003a3000000100000000000000100000000100']) AS value;
SELECT pg_temp.error_of(expression) FROM unnest(ARRAY[
    $$'\x11'::bytea::roaringbitmap64$$, $$rb64_build(ARRAY[1, NULL])$$, $$rb64_fill('{}', 0, 0)$$, $$rb64_flip('{5}', 0, -1)$$,
    $$rb64_fill('{}', 0, 1160 * 4294967296)$$, $$rb64_fill(rb64_fill('{}', 0, 4294967296), 8589934592, 8589934592 + 1159 * 4294967296)$$,
    $$'{0,1,9999,2147483648,-2147483648,-2,-1}'::roaringbitmap64::roaringbitmap$$,
    $$'{0,1,9999,2147483647,-2147483649,-2,-1}'::roaringbitmap64::roaringbitmap$$,
    $$(SELECT count(*) FROM rb64_iterate('{1}', 0, -1))$$, $$rb64_to_array(rb64_fill('{}', 0, 5000000000))$$,
    $$length(rb64_fill('{}', 0, 5000000000)::text)$$]) AS expression;

-- Every truncation and every flip of one bit of valid bytes, by text and by cast: refused, or a sound value in its canonical form.
CREATE FUNCTION pg_temp.outcome(bytes bytea, as_text boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE value roaringbitmap64; again roaringbitmap64;
BEGIN
    IF as_text THEN EXECUTE format('SELECT %L::roaringbitmap64', bytes::text) INTO value; ELSE value := bytes::roaringbitmap64; END IF;
    again := value::bytea::roaringbitmap64;
    RETURN CASE WHEN again::bytea = value::bytea AND again = value THEN 'sound' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT as_text, kind, outcome, count(*) > 0 AS some FROM (
    SELECT as_text, kind, pg_temp.outcome(changed, as_text) AS outcome
    FROM (VALUES (rb64_build(ARRAY[1, 2, 3, 70000, -1, 9223372036854775807])::bytea), (rb64_fill('{5}', 4294967250, 4294967340)::bytea), ('{}'::roaringbitmap64::bytea)) AS v (bytes), unnest(ARRAY[true, false]) AS as_text,
         LATERAL (SELECT 'truncated' AS kind, substr(bytes, 1, n) AS changed FROM generate_series(0, length(bytes) - 1) AS n
                  UNION ALL SELECT 'flipped', set_bit(bytes, n, 1 - get_bit(bytes, n)) FROM generate_series(0, 8 * length(bytes) - 1) AS n) AS c) AS o
GROUP BY as_text, kind, outcome ORDER BY 1, 2, 3;

-- The casts keep the integers.
SELECT '{0,1,9999,2147483647,-2147483648,-2,-1}'::roaringbitmap::roaringbitmap64,
       '{0,1,9999,2147483647,-2147483648,-2,-1}'::roaringbitmap64::roaringbitmap, '{}'::roaringbitmap::roaringbitmap64,
       '{}'::roaringbitmap64::roaringbitmap, '{1,9999,-88888}'::roaringbitmap64::bytea::roaringbitmap64;
COPY (SELECT '{1,-1}'::roaringbitmap64) TO '/dev/null' (FORMAT binary);

-- Operators and functions against arrays: pairs of sets around a few upper halves. The order of unsigned numbers is
-- that of (negative, value).
CREATE TEMP TABLE pairs AS
SELECT n, (SELECT coalesce(array_agg(DISTINCT e ORDER BY e), '{}') FROM (
               SELECT ((abs(hashint8(n * 7919 + i))::bigint % CASE n % 3 WHEN 0 THEN 50 WHEN 1 THEN 70000 ELSE 2147483647 END)
                       + (ARRAY[0, 4294967296, -4294967296, 9223372034707292160])[1 + i % 4]) AS e
               FROM generate_series(1, n * 7 % 90) AS i) AS r) AS a,
          (SELECT coalesce(array_agg(DISTINCT e ORDER BY e), '{}') FROM (
               SELECT ((abs(hashint8(n * 104729 - i))::bigint % CASE n % 3 WHEN 0 THEN 50 WHEN 1 THEN 700 ELSE 2147483647 END)
                       + (ARRAY[0, 4294967296, -4294967296, -8589934592])[1 + i % 4]) AS e
               FROM generate_series(1, n * 11 % 70) AS i) AS r) AS b
FROM generate_series(1, 60) AS n;
CREATE TEMP TABLE sets AS SELECT n, a, b, rb64_build(a) AS sa, rb64_build(b) AS sb FROM pairs;
CREATE FUNCTION pg_temp.in_order(bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS
    'SELECT coalesce(array_agg(e ORDER BY e < 0, e), ''{}'') FROM (SELECT DISTINCT unnest($1)) AS u (e)';
SELECT count(*),
       count(*) FILTER (WHERE rb64_to_array(sa) <> pg_temp.in_order(a)) AS to_array,
       count(*) FILTER (WHERE rb64_to_array(sa | sb) <> pg_temp.in_order(a || b)) AS "or",
       count(*) FILTER (WHERE rb64_to_array(sa & sb) <> pg_temp.in_order(ARRAY(SELECT unnest(a) INTERSECT SELECT unnest(b)))) AS "and",
       count(*) FILTER (WHERE rb64_to_array(sa - sb) <> pg_temp.in_order(ARRAY(SELECT unnest(a) EXCEPT SELECT unnest(b)))) AS "andnot",
       count(*) FILTER (WHERE rb64_to_array(sa # sb) <> pg_temp.in_order(ARRAY((SELECT unnest(a) EXCEPT SELECT unnest(b)) UNION (SELECT unnest(b) EXCEPT SELECT unnest(a))))) AS "xor",
       count(*) FILTER (WHERE (sa @> sb) <> (a @> b)) AS contains, count(*) FILTER (WHERE (sa <@ sb) <> (a <@ b)) AS contained,
       count(*) FILTER (WHERE (sa && sb) <> (a && b)) AS overlaps, count(*) FILTER (WHERE (sa = sb) <> (a = b)) AS equal,
       count(*) FILTER (WHERE rb64_cardinality(sa) <> cardinality(a)) AS cardinality,
       count(*) FILTER (WHERE rb64_min(sa) IS DISTINCT FROM (pg_temp.in_order(a))[1]) AS min,
       count(*) FILTER (WHERE rb64_max(sa) IS DISTINCT FROM (pg_temp.in_order(a))[cardinality(a)]) AS max,
       count(*) FILTER (WHERE rb64_is_empty(sa) <> (a = '{}')) AS is_empty
FROM sets;
SELECT count(*),
       count(*) FILTER (WHERE rb64_and_cardinality(sa, sb) <> rb64_cardinality(sa & sb)) AS "and",
       count(*) FILTER (WHERE rb64_or_cardinality(sa, sb) <> rb64_cardinality(sa | sb)) AS "or",
       count(*) FILTER (WHERE rb64_xor_cardinality(sa, sb) <> rb64_cardinality(sa # sb)) AS "xor",
       count(*) FILTER (WHERE rb64_andnot_cardinality(sa, sb) <> rb64_cardinality(sa - sb)) AS "andnot",
       count(*) FILTER (WHERE rb64_and_cardinality(sa, sb, sa) <> rb64_cardinality(sa & sb)) AS many,
       count(*) FILTER (WHERE rb64_or_cardinality_null2empty(sa, NULL, sb) <> rb64_cardinality(sa | sb)) AS nulls,
       count(*) FILTER (WHERE rb64_or_cardinality(VARIADIC ARRAY[sa, NULL]) IS NOT NULL) AS a_null,
       count(*) FILTER (WHERE abs(rb64_jaccard_dist(sa, sb) - coalesce(rb64_cardinality(sa & sb)::float8 / nullif(rb64_cardinality(sa | sb), 0), 1)) > 1e-12) AS jaccard
FROM sets;
-- Questions about one element, for the elements themselves, their neighbours and the ends.
SELECT count(*), count(*) FILTER (WHERE (sa @> e) <> (e = ANY (a)) OR (e <@ sa) <> (e = ANY (a))) AS contains,
       count(*) FILTER (WHERE rb64_rank(sa, e) <> (SELECT count(*) FROM unnest(a) AS u WHERE (u < 0, u) <= (e < 0, e))) AS rank,
       count(*) FILTER (WHERE rb64_index(sa, e) <> coalesce(array_position(pg_temp.in_order(a), e) - 1, -1)) AS index,
       count(*) FILTER (WHERE rb64_to_array(sa | e) <> pg_temp.in_order(a || e) OR rb64_to_array(e | sa) <> pg_temp.in_order(a || e)) AS added,
       count(*) FILTER (WHERE rb64_to_array(sa - e) <> pg_temp.in_order(array_remove(a, e))) AS removed,
       count(*) FILTER (WHERE (rb64_many_contains(sa, ARRAY[e, NULL, 7]))[1:2] IS DISTINCT FROM ARRAY[e = ANY (a), NULL]) AS many,
       count(*) FILTER (WHERE ARRAY(SELECT rb64_iterate(sa, e, 5)) <> (pg_temp.in_order(ARRAY(SELECT u FROM unnest(a) AS u WHERE (u < 0, u) >= (e < 0, e))))[1:5]) AS iterate,
       count(*) FILTER (WHERE ARRAY(SELECT rb64_iterate_desc(sa, e)) <> ARRAY(SELECT u FROM unnest(a) AS u WHERE (u < 0, u) <= (e < 0, e) ORDER BY u < 0 DESC, u DESC)) AS backward
FROM sets, LATERAL (SELECT DISTINCT e FROM (SELECT a[i] + d AS e FROM generate_series(1, cardinality(a), 9) AS i, unnest(ARRAY[-1, 0, 1]) AS d
                                           UNION SELECT unnest(ARRAY[0, -1, 9223372036854775807, -9223372036854775808])) AS u) AS e;
SELECT count(*), count(*) FILTER (WHERE rb64_nth(sa, i) IS DISTINCT FROM (pg_temp.in_order(a))[1 + i]) AS nth,
       count(*) FILTER (WHERE rb64_nth(sa, -1 - i) IS DISTINCT FROM (pg_temp.in_order(a))[cardinality(a) - i]) AS from_end,
       count(*) FILTER (WHERE rb64_to_array(rb64_select(sa, 3, i)) <> (pg_temp.in_order(a))[1 + i : 3 + i]) AS selected,
       count(*) FILTER (WHERE rb64_to_array(rb64_subset(sa, 3, i, true)) <> (pg_temp.in_order(a))[greatest(1, cardinality(a) - i - 2) : cardinality(a) - i]) AS reversed
FROM sets, generate_series(0, 20) AS i;

-- Ranges, whose ends are unsigned and 0 as an end is 2^64; what pg_roaringbitmap 1.2 gives for them.
SELECT rb64_fill('{1,10,100}', 10, 13) AS fill, rb64_fill('{}', -1, -1) AS none, rb64_fill('{}', -2, 0) AS last, rb64_clear('{1,10,100}', -3, 3) AS reversed,
       rb64_clear('{0,1,10,100,-2,-1}', 1, -1) AS clear, rb64_flip('{1,10,100}', 98, 102) AS flip, rb64_range('{0,1,10,100,-2,-1}', 1, 0) AS range,
       rb64_range_cardinality('{0,1,10,100,-2,-1}', 1, 9223372036854775807) AS n, rb64_between('{0,1,10,100,-2,-1}', 10, -2) AS "between";
SELECT rb64_cardinality(rb64_fill('{1,10,100}', 0, 5000000000)) AS fill, rb64_cardinality(rb64_flip('{1,10,100}', 2, 1000000000)) AS flip,
       rb64_cardinality(rb64_fill('{1,10,100,9223372036854775807,-9223372036854775808,-1}', 9223372036854775800, 9223372036854775807)) AS middle;
SELECT rb64_select(s, 2, 1, true), rb64_select(s, 2, 1, true, 9, 4294967295), rb64_select(s, 2, 1, false, 10), rb64_select(s, 2, 1, false, -10, 100),
       rb64_select(s, 2, -1), rb64_select(s, 0)
FROM (VALUES ('{0,1,2,10,100,1000,9223372036854775807,-9223372036854775808,-2,-1}'::roaringbitmap64)) AS v (s);
SELECT d, '{-2,-1,0,1,2,3,9223372036854775807,-9223372036854775808}'::roaringbitmap64 << d AS left, '{-2,0,1}'::roaringbitmap64 >> d AS right
FROM unnest(ARRAY[0, 2, -1, 4294967295, -4294967295, 9223372036854775807, -9223372036854775807, -9223372036854775808]) AS d;

-- Aggregates, over groups with nulls, windows, filters and workers, against the same over elements.
CREATE TABLE grouped64 (g int, set roaringbitmap64, id bigint);
INSERT INTO grouped64 SELECT n % 7, CASE WHEN n % 10 > 0 THEN rb64_build(ARRAY[n % 100, n, n << 30, -n]) END, CASE WHEN n % 10 > 0 THEN n << (n % 40)::int END
FROM generate_series(1, 5000::bigint) AS n;
CREATE TABLE element64 AS SELECT g, rb64_iterate(set) AS e, ctid AS of FROM grouped64;
CREATE VIEW aggregated64 AS SELECT g, rb64_or_agg(set) AS "or", rb64_or_cardinality_agg(set) AS n_or, rb64_xor_agg(set) AS "xor", rb64_xor_cardinality_agg(set) AS n_xor,
       rb64_and_agg(set | 42) AS "and", rb64_and_cardinality_agg(set | 42) AS n_and, rb64_build_agg(id) AS built, rb64_build_agg(id) FILTER (WHERE id < 5000) AS filtered
FROM grouped64 GROUP BY g;
CREATE TEMP TABLE alone AS SELECT * FROM aggregated64;
SELECT g, rb64_to_array("or") = pg_temp.in_order(ARRAY(SELECT e FROM element64 AS x WHERE x.g = a.g)) AS "or", n_or = rb64_cardinality("or") AS n_or,
       rb64_to_array("xor") = pg_temp.in_order(ARRAY(SELECT e FROM element64 AS x WHERE x.g = a.g GROUP BY e HAVING count(*) % 2 = 1)) AS "xor", n_xor = rb64_cardinality("xor") AS n_xor,
       "and", n_and, rb64_to_array(built) = pg_temp.in_order(ARRAY(SELECT id FROM grouped64 AS x WHERE x.g = a.g AND id IS NOT NULL)) AS built,
       rb64_to_array(filtered) = pg_temp.in_order(ARRAY(SELECT id FROM grouped64 AS x WHERE x.g = a.g AND id < 5000)) AS filtered
FROM alone AS a ORDER BY g;
SELECT rb64_or_agg(s) IS NULL AS "or", rb64_and_agg(s) IS NULL AS "and", rb64_build_agg(NULL::bigint) IS NULL AS built FROM (VALUES (NULL::roaringbitmap64)) AS v (s);
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT rb64_or_agg(set), rb64_build_agg(id) FROM grouped64;
SELECT count(*) AS groups, count(*) FILTER (WHERE a IS DISTINCT FROM b) AS differ FROM alone AS a FULL JOIN aggregated64 AS b USING (g);
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;
WITH t (id, set) AS (VALUES (0, NULL), (1, '{1,10}'::roaringbitmap64), (2, NULL), (3, '{2,10}'), (4, '{10,100,-2}'))
SELECT id, rb64_and_agg(set) OVER w AS "and", rb64_or_agg(set) OVER w AS "or", rb64_or_cardinality_agg(set) OVER w AS n, rb64_xor_agg(set) OVER w AS "xor",
       rb64_build_agg(id) OVER w AS built, rb64_xor_agg(set) OVER (ORDER BY id ROWS 1 PRECEDING) AS moving
FROM t WINDOW w AS (ORDER BY id);
DROP VIEW aggregated64;

-- Equality, order and hash; a set is one however it was made.
SELECT count(DISTINCT sa) = count(DISTINCT pg_temp.in_order(a)) AS is_distinct FROM sets;
SELECT set FROM (VALUES ('{-1}'::roaringbitmap64), ('{}'), ('{1,4294967296}'), ('{1}'), ('{1,2}'), ('{4294967296}'), ('{0}'), ('{1,70000}')) AS v (set) ORDER BY set;
SET enable_hashjoin = off; SET enable_nestloop = off;
SELECT count(*) AS merged FROM sets AS x JOIN sets AS y ON x.sa = y.sa;
RESET enable_hashjoin; SET enable_mergejoin = off;
SELECT count(*) AS hashed FROM sets AS x JOIN sets AS y ON x.sa = y.sa;
RESET enable_mergejoin; RESET enable_nestloop;
SELECT count(*) AS looped FROM sets AS x, sets AS y WHERE x.a = y.a;
SELECT count(*) AS n, count(*) FILTER (WHERE rb64_hash(x.sa) <> rb64_hash_extended(x.sa, 0)::bit(32)::int) AS seed_0,
       count(*) FILTER (WHERE rb64_cmp(x.sa, y.sa) <> -rb64_cmp(y.sa, x.sa)) AS symmetric,
       count(*) FILTER (WHERE (x.sa < y.sa) <> (rb64_cmp(x.sa, y.sa) < 0) OR (x.sa >= y.sa) = (x.sa < y.sa) OR (x.sa <= y.sa) <> (y.sa >= x.sa) OR (x.sa > y.sa) <> (y.sa < x.sa)) AS operators
FROM sets AS x, (SELECT sa FROM sets) AS y;

-- An index over elements.
CREATE TABLE indexed64 AS SELECT n, rb64_build(ARRAY[n % 50, n << 33, -n]) AS set FROM generate_series(1, 2000::bigint) AS n;
CREATE INDEX ON indexed64 USING gin (set);
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT n FROM indexed64 WHERE set @> 7::bigint;
SELECT (SELECT count(*) FROM indexed64 WHERE set @> 7::bigint) AS element, (SELECT array_agg(n) FROM indexed64 WHERE set @> (9::bigint << 33)) AS high,
       (SELECT array_agg(n ORDER BY n) FROM indexed64 WHERE set && '{-1,-2,17179869184}') AS overlaps, (SELECT array_agg(n) FROM indexed64 WHERE set @> '{5,-5}') AS contains,
       (SELECT count(*) FROM indexed64 WHERE set <@ '{5,-5,42949672960,1}') AS contained, (SELECT n FROM indexed64 WHERE set = '{3,-3,25769803776}') AS equal;
RESET enable_seqscan;
DROP TABLE indexed64;

-- A large value out of line, read in pieces, answers as the one in memory; a loop that appends; statistics.
CREATE TABLE large64 AS SELECT rb64_or_agg(set) AS set FROM (SELECT rb64_build_agg(high << 32 | n * 37) AS set FROM generate_series(0, 3::bigint) AS high, generate_series(0, 100000::bigint) AS n GROUP BY high) AS s;
SELECT pg_column_size(set) > 700000 AS is_large, rb64_cardinality(set), rb64_min(set), rb64_max(set), set @> (2::bigint << 32 | 37) AS has, set @> (2::bigint << 32 | 38) AS has_not,
       rb64_rank(set, 3::bigint << 32 | 36), rb64_index(set, 1::bigint << 32 | 74), rb64_is_empty(set), rb64_range_cardinality(set, 1::bigint << 32, 0),
       rb64_stats(set) -> 'containers' AS containers FROM large64;
CREATE FUNCTION pg_temp.appended() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE set roaringbitmap64 := '{}';
BEGIN
    FOR i IN 1 .. 20000 LOOP set := set | (i::bigint << 20); END LOOP;
    FOR i IN 1 .. 100 LOOP set := set - (i::bigint << 20); END LOOP;
    RETURN rb64_cardinality(set);
END $$;
SELECT pg_temp.appended();
SET roaringbitmap.output_format = 'bytea';
SELECT '{1}'::roaringbitmap64, rb64_runoptimize('{1,2}');

-- Damaged stored bytes give errors, in every function.
CREATE TABLE damaged64 (id int, set bytea);
INSERT INTO damaged64 VALUES (1, '\x0100000000000000000000003a3000000100000000000200100000000300020001 00'), (2, '\x0100000000000000'), (3, ''),
                             (4, '\x0100000000000000000000003b3000000100000100 0100ffffffff'), (5, '\x0100000000000000010000003a30000000000000');
UPDATE pg_attribute SET atttypid = 'roaringbitmap64'::regtype WHERE attrelid = 'damaged64'::regclass AND attname = 'set';
CREATE FUNCTION pg_temp.outcomes(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text := '';
BEGIN
    FOR row IN 1 .. 5 LOOP
        BEGIN
            EXECUTE 'SELECT (' || expression || ')::text FROM damaged64 WHERE id = $1' USING row;
            result := result || 'none ';
        EXCEPTION WHEN OTHERS THEN
            result := result || SQLSTATE || ' ';
        END;
    END LOOP;
    RETURN result;
END $$;
SELECT expression, pg_temp.outcomes(expression) FROM unnest(ARRAY['set', 'roaringbitmap64_send(set)', 'set | ''{1}''', '''{1}'' & set', 'set - 1', 'set | 1', 'set # set',
    'set @> ''{1}''', 'set && ''{1}''', 'set = ''{1}''', 'set @> 1', 'rb64_cardinality(set)', 'rb64_min(set)', 'rb64_max(set)', 'rb64_rank(set, -1)', 'rb64_is_empty(set)', 'rb64_to_array(set)',
    'rb64_or_agg(set)', 'rb64_and_agg(set)', 'rb64_xor_agg(set)', '(SELECT count(*) FROM rb64_iterate(set))', 'rb64_hash(set)', 'rb64_cmp(set, set)', 'rb64_stats(set)', 'rb64_and_cardinality(set, set)', 'set::roaringbitmap']) AS expression;
SELECT set FROM damaged64 WHERE id = 1;
DROP TABLE damaged64, large64, grouped64, element64;
