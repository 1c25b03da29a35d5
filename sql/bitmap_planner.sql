-- What the planner knows of roaringbitmap and roaringbitmap64: rows, shares, and cheaper calls.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;
SET roaringbitmap.output_format = 'array';
CREATE FUNCTION pg_temp.estimate_of(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;
CREATE FUNCTION pg_temp.count_of(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE result bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM (' || query || ') AS q' INTO result;
    RETURN result;
END $$;

-- Rows of a set that is known, of the average set of a column, and with a limit.
CREATE TABLE tagged AS SELECT n AS id, CASE WHEN n % 10 > 0 THEN rb_build(ARRAY[n % 2, 10 + n % 20, 1000 + n % 3000, 50000 + n]) END AS tags,
                              CASE WHEN n % 10 > 0 THEN rb64_build(ARRAY[n % 2, 10 + n % 20, 1000 + n % 3000, n::bigint << 33]) END AS tags64
FROM generate_series(1, 10000) AS n;
ANALYZE tagged;
SELECT query, pg_temp.estimate_of(query) FROM unnest(ARRAY['SELECT * FROM rb_iterate(''{1,2,3}'')', 'SELECT * FROM rb_iterate(rb_fill(''{}'', 0, 100000))', 'SELECT * FROM rb_iterate(rb_fill(''{}'', 0, 100000), 5, 70)',
    'SELECT * FROM rb_iterate_desc(NULL)', 'SELECT rb_iterate(tags) FROM tagged WHERE id = 1', 'SELECT rb_iterate(tags, 0, 2) FROM tagged WHERE id = 1', 'SELECT * FROM rb64_iterate(rb64_fill(''{}'', 0, 5000000000))',
    'SELECT rb64_iterate(tags64) FROM tagged WHERE id = 1']) AS query;

-- What ANALYZE found out, in the view for everyone.
SELECT attname, null_frac, most_common_elems::text::int[] @> ARRAY[0, 1, 11, 29] AS has_common, most_common_elem_freqs[1] AS of_first, elem_count_histogram[array_length(elem_count_histogram, 1)] AS average
FROM pg_stats WHERE tablename = 'tagged' AND attname LIKE 'tags' ORDER BY attname;

-- Shares against what is true: within a factor of two, or ten rows where there are few.
SELECT query, estimate, actual, estimate BETWEEN actual / 2 AND actual * 2 OR abs(estimate - actual) <= 10 AS is_near
FROM unnest(ARRAY['tags @> 1', '1 <@ tags', 'tags @> 15', 'tags @> 50003', 'tags @> ''{1,15}''', '''{1,15}'' <@ tags', 'tags @> ''{}''', 'tags @> NULL::int', 'tags && ''{15,16,17}''', '''{15,16,17}'' && tags', 'tags && ''{0,1}''', 'tags && ''{}''',
    'tags <@ ''{}''', 'tags <@ ''{1}''', 'id <@ ''{1,2,3}''::roaringbitmap', 'id <@ rb_fill(''{}'', 0, 5000)', 'rb_fill(''{}'', 0, 2500) @> id', 'tags <@ rb_fill(''{}'', 0, 1000000)', 'tags && rb_fill(''{}'', 0, 20000)', 'tags @> rb_fill(''{}'', 0, 20000)',
    'tags64 @> 1::bigint', 'tags64 @> ''{1,15}''', 'tags64 && ''{15,16,17}''', 'id::bigint <@ ''{1,2}''::roaringbitmap64']) AS condition,
     LATERAL (SELECT 'SELECT FROM tagged WHERE ' || condition AS query) AS q, LATERAL (SELECT pg_temp.estimate_of(query) AS estimate, pg_temp.count_of(query) AS actual) AS e;
-- Without statistics the server's assumption holds.
CREATE TABLE unknown AS SELECT * FROM tagged;
SELECT pg_temp.estimate_of('SELECT FROM unknown WHERE tags @> 1') < 100 AS is_default;
-- Large sets are counted, not listed.
CREATE TABLE large AS SELECT n AS id, rb_fill('{}', n, n + 6000) - (n + 3) AS set FROM generate_series(1, 50) AS n;
ANALYZE large;
SELECT most_common_elems IS NULL AS none, elem_count_histogram[1] AS least FROM pg_stats WHERE tablename = 'large' AND attname = 'set';
SELECT pg_temp.estimate_of('SELECT rb_iterate(set) FROM large WHERE id = 7') AS rows;
-- What is common among a few small ones says nothing of them.
CREATE TABLE mixed AS SELECT CASE WHEN n % 3 = 0 THEN '{1,2}' ELSE rb_fill('{}', n, n + 6000) - (n + 3) END AS set FROM generate_series(1, 60) AS n;
ANALYZE mixed;
SELECT most_common_elems IS NULL AS none, elem_count_histogram[1] AS least FROM pg_stats WHERE tablename = 'mixed' AND attname = 'set';
CREATE TABLE nothing AS SELECT NULL::roaringbitmap AS set FROM generate_series(1, 5); ANALYZE nothing;
CREATE TABLE empty_sets AS SELECT '{}'::roaringbitmap AS set FROM generate_series(1, 5); ANALYZE empty_sets;
SELECT pg_temp.estimate_of('SELECT FROM nothing WHERE set @> 1') AS nothing, pg_temp.estimate_of('SELECT FROM empty_sets WHERE set && ''{1}''') AS empty;

-- Counts of operations make no set; the result is the same, also for nulls.
EXPLAIN (COSTS OFF, VERBOSE) SELECT rb_cardinality(a.tags & b.tags), rb_cardinality(rb_or(a.tags, b.tags)), rb_cardinality(a.tags # b.tags), rb_cardinality(a.tags - b.tags), rb_cardinality(a.tags | 7),
       rb_is_empty(a.tags & b.tags), rb_is_empty(a.tags | b.tags), rb64_cardinality(a.tags64 & b.tags64), rb64_is_empty(a.tags64 & b.tags64) FROM tagged AS a, tagged AS b WHERE a.id = 7 AND b.id = 8;
CREATE FUNCTION pg_temp.card(roaringbitmap) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN rb_cardinality($1); END';
SELECT count(*) AS pairs, count(*) FILTER (WHERE rb_cardinality(a.tags & b.tags) IS DISTINCT FROM pg_temp.card(a.tags & b.tags) OR rb_cardinality(a.tags | b.tags) IS DISTINCT FROM pg_temp.card(a.tags | b.tags)
    OR rb_cardinality(a.tags # b.tags) IS DISTINCT FROM pg_temp.card(a.tags # b.tags) OR rb_cardinality(a.tags - b.tags) IS DISTINCT FROM pg_temp.card(a.tags - b.tags)
    OR rb_is_empty(a.tags & b.tags) IS DISTINCT FROM (pg_temp.card(a.tags & b.tags) = 0)) AS differ
FROM tagged AS a JOIN tagged AS b ON b.id BETWEEN a.id AND a.id + 3 WHERE a.id < 200;
-- A function of the same name in another schema is another one.
CREATE SCHEMA elsewhere;
CREATE FUNCTION elsewhere.rb_and(roaringbitmap, roaringbitmap) RETURNS roaringbitmap LANGUAGE plpgsql AS 'BEGIN RETURN $1 | $2; END';
SELECT rb_cardinality(elsewhere.rb_and('{1,2}', '{2,3}')) AS three, rb_is_empty(elsewhere.rb_and('{1}', '{2}')) AS is_empty;
DROP FUNCTION elsewhere.rb_and; DROP SCHEMA elsewhere;
DROP TABLE tagged, unknown, large, mixed, nothing, empty_sets;
