-- Where values lie, and how they come to the aggregates: inline, compressed, out of their row; partitions and spills.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;

-- One set in each place. The elements are plain rows: a regular pattern (which compresses) and a random one.
CREATE TABLE element AS
SELECT 'pattern' AS kind, i * 3 AS e FROM generate_series(1, 200000) AS i
UNION ALL SELECT DISTINCT 'random', hashint4(i) FROM generate_series(1, 60000) AS i
UNION ALL SELECT 'few', i * 1000003 FROM generate_series(1, 9) AS i;
CREATE TABLE stored (kind text, place text, set roaringbitmap, set64 roaringbitmap64);
CREATE TABLE built AS SELECT kind, rb_build_agg(e) AS set, rb64_build_agg(e) AS set64 FROM element GROUP BY kind;
INSERT INTO stored SELECT kind, 'external', set, set64 FROM built;
ALTER TABLE stored ALTER COLUMN set SET STORAGE extended, ALTER COLUMN set64 SET STORAGE extended;
INSERT INTO stored SELECT kind, 'extended', set::bytea::roaringbitmap, set64::bytea::roaringbitmap64 FROM built;
ALTER TABLE stored ALTER COLUMN set SET STORAGE main, ALTER COLUMN set64 SET STORAGE main;
INSERT INTO stored SELECT kind, 'main', set::bytea::roaringbitmap, set64::bytea::roaringbitmap64 FROM built;
SELECT kind, place, pg_column_compression(set) IS NOT NULL AS is_compressed, pg_column_size(set) > 2000 AS is_large
FROM stored ORDER BY kind, place;
ANALYZE element;

-- What each says of itself and of some numbers is what the rows say.
SELECT kind, place, rb_cardinality(set) = n AS cardinality, rb_min(set) = first AND rb_max(set) = last AS ends, NOT rb_is_empty(set) AS has_some,
       rb64_cardinality(set64) = n AS cardinality64, rb64_min(set64) = first64 AND rb64_max(set64) = last64 AS ends64
FROM stored JOIN (SELECT kind, count(*) AS n, (array_agg(e ORDER BY e < 0, e))[1] AS first, (array_agg(e ORDER BY e >= 0, e DESC))[1] AS last,
                         (array_agg(e::bigint ORDER BY e < 0, e))[1] AS first64, (array_agg(e::bigint ORDER BY e >= 0, e DESC))[1] AS last64
                  FROM element GROUP BY kind) AS known USING (kind)
ORDER BY kind, place;
CREATE TEMP TABLE asked AS
SELECT kind, x, count(*) FILTER (WHERE e = x) > 0 AS is_in, count(*) FILTER (WHERE e::bigint & 4294967295 <= x::bigint & 4294967295) AS rank
FROM element, unnest(ARRAY[0, 3, 65535, 65536, 300000, 300001, 600000, 600001, 2147483647, -2147483648, -1, 1000003, hashint4(7), hashint4(8) + 1]) AS x
GROUP BY kind, x;
SELECT count(*) AS asked, count(*) FILTER (WHERE (set @> x) <> is_in OR (x <@ set) <> is_in) AS contains, count(*) FILTER (WHERE rb_rank(set, x) <> rank) AS rank,
       count(*) FILTER (WHERE rb_index(set, x) <> CASE WHEN is_in THEN rank - 1 ELSE -1 END) AS index,
       count(*) FILTER (WHERE is_in AND rb_nth(set, rank - 1) IS DISTINCT FROM x OR is_in AND rb_nth(set, rank - 1 - rb_cardinality(set)) IS DISTINCT FROM x) AS nth,
       count(*) FILTER (WHERE rb_range_cardinality(set, 0, x::bigint & 4294967295) <> rank - is_in::int) AS range,
       count(*) FILTER (WHERE (set64 @> x::bigint) <> is_in) AS contains64, count(*) FILTER (WHERE rb64_rank(set64, x) <> rank) AS rank64,
       count(*) FILTER (WHERE is_in AND rb64_nth(set64, rank - 1) IS DISTINCT FROM x::bigint) AS nth64
FROM stored JOIN asked USING (kind);
SELECT rb_nth(set, 9) IS NULL AND rb_nth(set, -10) IS NULL AND rb64_nth(set64, 9) IS NULL AND rb64_nth(set64, -10) IS NULL AS beyond, rb_nth(set, -1), rb64_nth(set64, 0)
FROM stored WHERE kind = 'few' AND place = 'external';
SELECT kind, count(*) AS pairs, bool_and(a.set = b.set AND rb_and_cardinality(a.set, b.set) = rb_cardinality(a.set) AND (a.set & b.set) = a.set AND rb_is_empty(a.set - b.set)
       AND rb_hash(a.set) = rb_hash(b.set) AND a.set64 = b.set64 AND rb64_hash(a.set64) = rb64_hash(b.set64)) AS same
FROM stored AS a JOIN stored AS b USING (kind) GROUP BY kind ORDER BY kind;

-- Of a large value that is not compressed, a question reads a few pages.
CREATE FUNCTION pg_temp.pages(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ' || query INTO plan;
    RETURN (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
END $$;
CREATE TABLE large AS SELECT rb_build_agg(hashint4(i)) AS set, rb64_build_agg(hashint4(i)) AS set64 FROM generate_series(1, 300000) AS i;
CREATE TEMP TABLE pages AS
SELECT question, pg_temp.pages('SELECT ' || question || ' FROM large') AS n
FROM unnest(ARRAY['rb_stats(set)', 'rb64_stats(set64)', 'set @> 5', '5 <@ set', 'rb_is_empty(set)', 'rb_min(set)', 'rb_max(set)', 'rb_cardinality(set)', 'rb_rank(set, 100000)',
                  'rb_index(set, hashint4(77))', 'rb_nth(set, 1000)', 'rb_range_cardinality(set, 5, 100000000)', 'set64 @> 5::bigint', 'rb64_is_empty(set64)', 'rb64_min(set64)',
                  'rb64_max(set64)', 'rb64_cardinality(set64)', 'rb64_rank(set64, 100000)', 'rb64_nth(set64, 1000)', 'rb64_range_cardinality(set64, 5, 100000000)']) AS question;
SELECT n > 120 AS reads_all FROM pages WHERE question LIKE '%stats%';
SELECT question, n FROM pages, (SELECT min(n) AS all_of_it FROM pages WHERE question LIKE '%stats%') AS w
WHERE question NOT LIKE '%stats%' AND n > all_of_it / CASE WHEN question ~ '64' THEN 1.5 ELSE 2 END;
SELECT question, n < 60 AS reads_few FROM pages WHERE question IN ('set @> 5', '5 <@ set', 'rb_is_empty(set)', 'rb_min(set)', 'rb_max(set)') ORDER BY question;

-- Aggregates by partitions, by workers, by sorting, and by hashing with less memory than the groups need.
CREATE TABLE part (g int, e int, set roaringbitmap) PARTITION BY HASH (g);
CREATE TABLE part_0 PARTITION OF part FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE part_1 PARTITION OF part FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE part_2 PARTITION OF part FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO part SELECT i % 3000, CASE WHEN i % 13 <> 0 THEN hashint4(i) % 100000 END, CASE WHEN i % 7 <> 0 THEN rb_build(ARRAY[i % 11, i % 3000, -1]) END
FROM generate_series(1, 60000) AS i;
ANALYZE part;
CREATE TABLE expected AS
SELECT * FROM (SELECT g, array_agg(DISTINCT e::bigint & 4294967295 ORDER BY e::bigint & 4294967295) FILTER (WHERE e IS NOT NULL) AS built FROM part GROUP BY g) AS b
JOIN (SELECT g, array_agg(x ORDER BY x) AS united, array_agg(x ORDER BY x) FILTER (WHERE times = sets) AS shared, array_agg(x ORDER BY x) FILTER (WHERE times % 2 = 1) AS odd
      FROM (SELECT g, x, count(*) AS times FROM part, LATERAL (SELECT u::bigint & 4294967295 AS x FROM unnest(rb_to_array(set)) AS u) AS u GROUP BY g, x) AS t
      JOIN (SELECT g, count(set) AS sets FROM part GROUP BY g) AS s USING (g) GROUP BY g) AS u USING (g);
CREATE FUNCTION pg_temp.unsigned(set roaringbitmap) RETURNS bigint[] LANGUAGE sql AS
    'SELECT nullif(ARRAY(SELECT e::bigint & 4294967295 FROM unnest(rb_to_array(set)) WITH ORDINALITY AS u (e, n) ORDER BY n), ''{}'')';
CREATE FUNCTION pg_temp.differing() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    CREATE TEMP TABLE got AS SELECT g, rb_build_agg(e) AS built, rb_or_agg(set) AS united, rb_and_agg(set) AS shared, rb_xor_agg(set) AS odd,
                                    rb_or_cardinality_agg(set) AS counted, rb_build_agg(e) FILTER (WHERE e > 50000) AS filtered FROM part GROUP BY g;
    SELECT count(*) INTO n FROM got FULL JOIN expected AS x USING (g)
    WHERE (pg_temp.unsigned(got.built), pg_temp.unsigned(got.united), pg_temp.unsigned(got.shared), pg_temp.unsigned(got.odd), got.counted)
          IS DISTINCT FROM (x.built, x.united, x.shared, x.odd, cardinality(x.united)::bigint)
       OR pg_temp.unsigned(got.filtered) IS DISTINCT FROM nullif(ARRAY(SELECT b FROM unnest(x.built) AS b WHERE b > 50000 AND b < 2147483648 ORDER BY b), '{}');
    DROP TABLE got;
    RETURN n;
END $$;
SELECT count(*) AS groups, sum(cardinality(united)) > 30000 AS many FROM expected;
SET max_parallel_workers_per_gather = 0;
-- How a plan goes about it.
CREATE FUNCTION pg_temp.ways(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; ways text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        line := (regexp_match(line, '(Partial HashAggregate|Finalize HashAggregate|Finalize GroupAggregate|HashAggregate|GroupAggregate|Gather Merge|Gather|Append)'))[1];
        IF line IS NOT NULL AND position(line || ';' IN ways) = 0 THEN ways := ways || line || ';'; END IF;
    END LOOP;
    RETURN ways;
END $$;
SELECT pg_temp.ways('SELECT g, rb_or_agg(set) FROM part GROUP BY g'), pg_temp.differing();
SET enable_partitionwise_aggregate = on;
SELECT pg_temp.ways('SELECT g, rb_or_agg(set) FROM part GROUP BY g'), pg_temp.differing();
SET work_mem = '64kB';
SET enable_sort = off;
CREATE FUNCTION pg_temp.spills(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ' || query LOOP
        IF line ~ 'Batches: ([2-9]|\d\d)' THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END $$;
SELECT pg_temp.spills('SELECT g, rb_or_agg(set) FROM part GROUP BY g'), pg_temp.differing();
RESET work_mem;
RESET enable_sort;
SET enable_hashagg = off;
SELECT pg_temp.ways('SELECT g, rb_or_agg(set) FROM part GROUP BY g'), pg_temp.differing();
RESET enable_hashagg;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT pg_temp.ways('SELECT g % 5, rb_or_agg(set) FROM part GROUP BY 1') LIKE '%Gather%' AS in_parallel;
SELECT count(*) AS groups, bool_and(got.built = rb_build_agg AND got.united = rb_or_agg AND got.shared = rb_and_agg AND got.odd = rb_xor_agg) AS as_alone
FROM (SELECT g % 5 AS g5, rb_build_agg(e) AS built, rb_or_agg(set) AS united, rb_and_agg(set) AS shared, rb_xor_agg(set) AS odd FROM part GROUP BY 1) AS got
JOIN (SELECT g5, rb_build_agg(e), rb_or_agg(set), rb_and_agg(set), rb_xor_agg(set) FROM (SELECT g % 5 AS g5, e, set FROM part ORDER BY e OFFSET 0) AS p GROUP BY g5) AS alone USING (g5);
DROP TABLE element, stored, built, large, part, expected;
