-- Roaring bitmaps against plain arrays and rows.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;

-- Text and binary forms. What pg_roaringbitmap 1.2 prints for the same.
SHOW roaringbitmap.output_format;
SELECT '{}'::roaringbitmap, '{ -1 ,  2  , 555555 ,  -4  }'::roaringbitmap;
SET roaringbitmap.output_format = 'array';
SELECT '{}'::roaringbitmap, '  { }'::roaringbitmap AS blank,
       '{ 1 ,  -2  , 555555 ,  -4  ,2147483647,-2147483648}'::roaringbitmap AS signs;
SELECT '\x3a300000030000000000000008000000ffff01002000000022000000240000000200237afcffffff'::roaringbitmap;
SELECT roaringbitmap('{1,9999,-88888}'), roaringbitmap('{1,9999,-88888}'::roaringbitmap::bytea);
SELECT '{1}'::roaringbitmap::bytea, roaringbitmap_send('{1}') = '{1}'::roaringbitmap::bytea AS sent;

-- One set, one encoding: as an array, as runs, by operators.
SELECT count(DISTINCT bytes), min(length(bytes)) AS length
FROM (VALUES ('{1,2,3,4,5}'::roaringbitmap::bytea),
             ('\x3a3000000100000000000400100000000100020003000400 0500'::roaringbitmap::bytea),
             ('\x3b30000001000004000100 01000400'::roaringbitmap::bytea),
             (('{1,2,3}'::roaringbitmap | '{3,4,5}')::bytea),
             ((rb_build(ARRAY(SELECT generate_series(1, 5000))) - rb_build(ARRAY(SELECT generate_series(6, 5000))))::bytea)
     ) AS forms (bytes);
SELECT count(DISTINCT bytes), min(length(bytes)) AS length
FROM (VALUES (rb_build(ARRAY(SELECT generate_series(1, 33)))::bytea), ('\x3b30000001000020000100 01002000'::roaringbitmap::bytea),
             (rb_fill('{}', 1, 34)::bytea), ((rb_build(ARRAY(SELECT generate_series(1, 5000))) - rb_build(ARRAY(SELECT generate_series(34, 5000))))::bytea)
     ) AS forms (bytes);
-- The bytes of few elements are those that pg_roaringbitmap 1.2 and other writers give them.
SELECT '{1,2,3}'::roaringbitmap::bytea AS few, rb_fill('{}', 1, 4)::bytea AS filled, rb_runoptimize('{1,2,3}')::bytea AS optimized;

-- Mistakes.
SELECT '{1,x}'::roaringbitmap;
SELECT '{1,2147483648}'::roaringbitmap;
SELECT '{1} x'::roaringbitmap;
SELECT ''::roaringbitmap;
SELECT '\x3a3000000100'::roaringbitmap;
SELECT '\x11'::bytea::roaringbitmap;
SELECT ('{1,2,9}'::roaringbitmap::bytea || '\x00')::roaringbitmap;
SET roaringbitmap.output_format = 'hex';

-- Every cut and every changed byte of three values by the cast: an error of bytes or a set that is what it says.
CREATE FUNCTION pg_temp.outcome(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN rb_cardinality(bytes::roaringbitmap)
                     = (SELECT count(DISTINCT e) FROM rb_iterate(bytes::roaringbitmap) AS e)
                THEN 'set' ELSE 'lie' END;
EXCEPTION WHEN invalid_binary_representation THEN
    RETURN 'refused';
END $$;
CREATE TEMP TABLE valid AS
SELECT set::bytea AS bytes
FROM (VALUES ('{1,2,3,65536,65538,-1}'::roaringbitmap),
             (rb_build(ARRAY(SELECT i + 65536 * k FROM generate_series(10, 49) AS i, generate_series(0, 4) AS k))),
             ('{}')) AS v (set);
SELECT pg_temp.outcome(substr(bytes, 1, size)), count(*)
FROM valid, generate_series(0, length(bytes)) AS size GROUP BY 1 ORDER BY 1;
SELECT bool_and(outcome IN ('set', 'refused')) AS survived, count(*) FILTER (WHERE outcome = 'refused') > 250 AS refuses
FROM (SELECT pg_temp.outcome(set_byte(bytes, at, get_byte(bytes, at) # flip)) AS outcome
      FROM valid, generate_series(0, length(bytes) - 1) AS at, unnest(ARRAY[1, 2, 128, 255]) AS flip) AS tried;

-- COPY BINARY: good bytes come through, others do not. The stored value is read as bytea and written as bitmap.
CREATE TEMP TABLE raw (bytes bytea);
CREATE TEMP TABLE bitmaps (set roaringbitmap);
INSERT INTO raw SELECT bytes FROM valid;
\copy raw TO PROGRAM 'cat > "${TMPDIR:-/tmp}/cdp_bitmap_$PPID"' (FORMAT binary)
\copy bitmaps FROM PROGRAM 'cat "${TMPDIR:-/tmp}/cdp_bitmap_$PPID"' (FORMAT binary)
SELECT count(*) FROM bitmaps, raw WHERE bitmaps.set::bytea = raw.bytes;
INSERT INTO raw VALUES ('\x3a30000001000000000002001000000003000200 0100');
\copy raw TO PROGRAM 'cat > "${TMPDIR:-/tmp}/cdp_bitmap_$PPID"' (FORMAT binary)
\copy bitmaps FROM PROGRAM 'cat "${TMPDIR:-/tmp}/cdp_bitmap_$PPID"' (FORMAT binary)
\! rm -f "${TMPDIR:-/tmp}/cdp_bitmap_$PPID"

-- A damaged stored value, as a broken page would have it: bytes that never passed the type's input.
CREATE TABLE damaged (id int, set bytea);
INSERT INTO damaged VALUES (1, '\x3a3000000100000000000200100000000300020001 00'), (2, '\x3b30'), (3, ''),
                           (4, '\x3b3000000100000100 0100ffffffff');
UPDATE pg_attribute SET atttypid = 'roaringbitmap'::regtype
WHERE attrelid = 'damaged'::regclass AND attname = 'set';
CREATE FUNCTION pg_temp.outcome_of(expression text) RETURNS TABLE (id int, sqlstate_ text) LANGUAGE plpgsql AS $$
BEGIN
    FOR id IN 1 .. 4 LOOP
        BEGIN
            EXECUTE 'SELECT (' || expression || ')::text FROM damaged WHERE id = $1' USING id;
            sqlstate_ := 'none';
        EXCEPTION WHEN OTHERS THEN
            sqlstate_ := SQLSTATE;
        END;
        RETURN NEXT;
    END LOOP;
END $$;
SELECT expression, string_agg(sqlstate_, ' ' ORDER BY id)
FROM unnest(ARRAY['set', 'roaringbitmap_send(set)', 'set | ''{1}''', '''{1}'' & set', 'set - 1', 'set | 1', 'set # set',
                  'set @> ''{1}''', 'set && ''{1}''', 'set = ''{1}''', 'set @> 1', 'rb_cardinality(set)',
                  'rb_min(set)', 'rb_max(set)', 'rb_is_empty(set)', 'rb_to_array(set)', 'rb_or_agg(set)',
                  'rb_and_agg(set)', 'rb_xor_agg(set)', '(SELECT count(*) FROM rb_iterate(set))'])
         WITH ORDINALITY AS e (expression, n), pg_temp.outcome_of(expression)
GROUP BY n, expression ORDER BY n;
SELECT set FROM damaged WHERE id = 1;
DROP TABLE damaged;

-- Operators and functions against arrays: 40 pairs of sets, of numbers where containers of every kind meet.
CREATE TEMP TABLE pairs AS
SELECT n, (SELECT coalesce(array_agg(DISTINCT ((random_a * spread)::bigint % 4294967296 - 2147483648)::int), '{}')
           FROM (SELECT abs(hashint8(n * 1000003 + i))::bigint AS random_a FROM generate_series(1, size) AS i) AS r) AS a,
          (SELECT coalesce(array_agg(DISTINCT ((random_b * spread)::bigint % 4294967296 - 2147483648)::int), '{}')
           FROM (SELECT abs(hashint8(n * 1000033 - i))::bigint % 5000 AS random_b FROM generate_series(1, size) AS i) AS r) AS b
FROM (SELECT n, (ARRAY[0, 3, 200, 700])[n % 4 + 1] AS size, (ARRAY[1, 2, 65536])[n % 3 + 1] AS spread
      FROM generate_series(1, 40) AS n) AS shapes;
UPDATE pairs SET a = ARRAY(SELECT DISTINCT unnest(a[:300] || b[:400])) WHERE n % 5 <> 0;
CREATE FUNCTION pg_temp.canonical(integer[]) RETURNS integer[] LANGUAGE sql AS
    'SELECT coalesce(array_agg(e ORDER BY e < 0, e), ''{}'') FROM (SELECT DISTINCT unnest($1) AS e) AS d';
SELECT count(*) AS pairs,
       count(*) FILTER (WHERE rb_to_array(x & y) = pg_temp.canonical(ARRAY(SELECT unnest(a) INTERSECT SELECT unnest(b)))) AS "and",
       count(*) FILTER (WHERE rb_to_array(x | y) = pg_temp.canonical(a || b)) AS "or",
       count(*) FILTER (WHERE rb_to_array(x - y) = pg_temp.canonical(ARRAY(SELECT unnest(a) EXCEPT SELECT unnest(b)))) AS andnot,
       count(*) FILTER (WHERE rb_to_array(x # y) = pg_temp.canonical(ARRAY((SELECT unnest(a) EXCEPT SELECT unnest(b)) UNION ALL (SELECT unnest(b) EXCEPT SELECT unnest(a))))) AS "xor",
       count(*) FILTER (WHERE (x && y) = (a && b)) AS overlap,
       count(*) FILTER (WHERE (x @> y) = (a @> b)) AS contains,
       count(*) FILTER (WHERE (x <@ (x | y)) AND (x | y) @> y) AS contained,
       count(*) FILTER (WHERE (x = y) = (a @> b AND a <@ b) AND (x <> y) = NOT (x = y) AND x = x) AS equal,
       count(*) FILTER (WHERE rb_cardinality(x) = cardinality(a)) AS cardinality,
       count(*) FILTER (WHERE rb_min(x) IS NOT DISTINCT FROM (pg_temp.canonical(a))[1]
                          AND rb_max(x) IS NOT DISTINCT FROM (pg_temp.canonical(a))[cardinality(a)]) AS "min, max",
       count(*) FILTER (WHERE rb_is_empty(x) = (a = '{}')) AS empty,
       count(*) FILTER (WHERE ARRAY(SELECT rb_iterate(x)) = pg_temp.canonical(a)) AS iterated,
       count(*) FILTER (WHERE (SELECT bool_and(x @> e AND e <@ x AND (y @> e) = (e = ANY (b))) FROM unnest(a) AS e) IS NOT FALSE) AS has
FROM (SELECT *, rb_build(a) AS x, rb_build(b) AS y FROM pairs) AS p;
SELECT '{1,2}'::roaringbitmap | 6, -1 | '{-2,3}'::roaringbitmap, '{1,2,3}'::roaringbitmap - 1, '{-1,3}'::roaringbitmap - -1,
       '{1}'::roaringbitmap - 2, '{1,2}'::roaringbitmap | 2;

-- Nulls and empty sets.
SELECT rb_build(NULL) IS NULL, rb_build('{}'), rb_to_array('{}'), rb_cardinality(NULL), rb_min('{}'), rb_max('{}'),
       (SELECT count(*) FROM rb_iterate('{}')), '{}'::roaringbitmap @> '{}', '{}'::roaringbitmap && '{}';
SELECT rb_build('{1,NULL}');
SELECT rb_build('{{1,2},{3,1}}');
SELECT * FROM rb_iterate('{3,-1,2}') LIMIT 2;

-- Limits of containers, and one value of each way of storage.
SELECT n, rb_cardinality(set), rb_to_array(set) = ARRAY(SELECT generate_series(7, 7 + 2 * (n - 1), 2)) AS same
FROM (SELECT n, rb_build(ARRAY(SELECT generate_series(7, 7 + 2 * (n - 1), 2))) AS set
      FROM unnest(ARRAY[4096, 4097, 65535, 65536]) AS n) AS s;
CREATE TEMP TABLE stored (n int, set roaringbitmap);
INSERT INTO stored SELECT n, rb_build(ARRAY(SELECT i * 3 FROM generate_series(1, n) AS i)) FROM unnest(ARRAY[1, 500, 100000]) AS n;
ALTER TABLE stored ALTER COLUMN set SET STORAGE extended;
INSERT INTO stored SELECT n, set::bytea::roaringbitmap FROM stored;
SELECT n, rb_cardinality(set), set @> 3 * n, set @> 3 * n + 1, rb_min(set), rb_max(set), (set | -1) - -1 = set
FROM stored ORDER BY n;

-- Aggregates, with nulls and groups, against plain SQL.
CREATE TABLE elements AS
SELECT i % 7 AS g, CASE WHEN i % 11 <> 0 THEN (hashint4(i) % 30000) END AS e FROM generate_series(1, 60000) AS i;
ANALYZE elements;
CREATE VIEW checked AS
SELECT g, rb_to_array(rb_build_agg(e)) = pg_temp.canonical(array_agg(e) FILTER (WHERE e IS NOT NULL)) AS same,
       rb_cardinality(rb_build_agg(e) FILTER (WHERE e > 0)) = count(DISTINCT e) FILTER (WHERE e > 0) AS filtered
FROM elements GROUP BY g;
SELECT count(*), bool_and(same), bool_and(filtered) FROM checked;
SELECT rb_build_agg(e) IS NULL, rb_build_agg(NULL) IS NULL FROM elements WHERE false;
SELECT rb_or_agg(s), rb_and_agg(s), rb_xor_agg(s)
FROM (VALUES ('{1,2,-1}'::roaringbitmap), (NULL), ('{2,3,-1}'), ('{-1,2}')) AS v (s);
SELECT rb_or_agg(s), rb_and_agg(s), rb_xor_agg(s) FROM (VALUES (NULL::roaringbitmap)) AS v (s);
SELECT rb_and_agg(s), rb_or_agg(s) FROM (VALUES ('{1}'::roaringbitmap), ('{}')) AS v (s);
-- A state given to another function, and one shared by two aggregates.
SELECT rb_cardinality(rb_build_agg(e)) = count(DISTINCT e) AS counted, rb_build_agg(e) @> rb_build_agg(e) AS shared,
       (rb_build_agg(e) | 40000) - rb_build_agg(e) AS kept FROM elements;

-- The same in parallel, by hash and by sort.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS off) SELECT rb_cardinality(rb_build_agg(e)) FROM elements;
EXPLAIN (COSTS off) SELECT g, rb_build_agg(e) FROM elements GROUP BY g;
SELECT rb_to_array(rb_build_agg(e)) = (SELECT pg_temp.canonical(array_agg(DISTINCT e) FILTER (WHERE e IS NOT NULL)) FROM elements)
FROM elements;
CREATE TABLE sets AS
SELECT i AS id, i % 3 AS g, CASE WHEN i % 13 <> 0 THEN rb_build(ARRAY(SELECT (i * 37 % 100) * 700 + k FROM generate_series(1, i % 900) AS k) || i || 777777) END AS s
FROM generate_series(1, 2000) AS i;
ANALYZE sets;
CREATE TEMP TABLE in_parallel AS
SELECT g, rb_build_agg(id) AS ids, rb_or_agg(s) AS united, rb_and_agg(s) AS shared, rb_xor_agg(s) AS odd FROM sets GROUP BY g;
EXPLAIN (COSTS off) SELECT g, rb_or_agg(s), rb_and_agg(s), rb_xor_agg(s) FROM sets GROUP BY g;
SET max_parallel_workers_per_gather = 0;
SET enable_hashagg = off;
SELECT count(*) AS groups, bool_and(p.ids = s.ids AND p.united = s.united AND p.shared = s.shared AND p.odd = s.odd) AS as_serial,
       bool_and(rb_to_array(p.united) = rows.united) AS as_rows, bool_and(rb_to_array(p.odd) = rows.odd) AS odd_as_rows,
       bool_and(p.shared = '{777777}') AS shared_as_rows
FROM in_parallel AS p
JOIN (SELECT g, rb_build_agg(id) AS ids, rb_or_agg(s) AS united, rb_and_agg(s) AS shared, rb_xor_agg(s) AS odd FROM sets GROUP BY g) AS s USING (g)
JOIN (SELECT g, array_agg(e ORDER BY e) AS united, array_agg(e ORDER BY e) FILTER (WHERE n % 2 = 1) AS odd
      FROM (SELECT g, e, count(*) AS n FROM sets, rb_iterate(s) AS e GROUP BY g, e) AS c GROUP BY g) AS rows USING (g);
RESET enable_hashagg;
RESET max_parallel_workers_per_gather;
RESET min_parallel_table_scan_size;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;

-- Windows: a growing frame shows each state once more than it is fed; a moving one begins anew.
SELECT count(*) AS rows, count(*) FILTER (WHERE coalesce(rb_to_array(growing), '{}') = pg_temp.canonical(grown)) AS growing,
       count(*) FILTER (WHERE rb_to_array(moving) = pg_temp.canonical(moved)) AS moving,
       count(*) FILTER (WHERE coalesce(rb_to_array(united), '{}') = pg_temp.canonical(grown)) AS united
FROM (SELECT rb_build_agg(e) OVER up AS growing, array_agg(e) FILTER (WHERE e IS NOT NULL) OVER up AS grown,
             rb_build_agg(e) OVER near AS moving, array_agg(e) FILTER (WHERE e IS NOT NULL) OVER near AS moved,
             rb_or_agg(rb_build(ARRAY[e])) FILTER (WHERE e IS NOT NULL) OVER up AS united
      FROM (SELECT i, CASE WHEN i % 11 <> 1 THEN hashint4(i) % 300 END AS e FROM generate_series(1, 300) AS i) AS v
      WINDOW up AS (ORDER BY i), near AS (ORDER BY i ROWS BETWEEN 3 PRECEDING AND 2 FOLLOWING)) AS w;

-- Transition functions called by hand change none of their arguments.
SELECT rb_or_trans(s, '{9}'), rb_build_trans(s, 8), rb_and_trans(NULL, s), rb_xor_trans(s, NULL), s
FROM (VALUES ('{1}'::roaringbitmap)) AS v (s);

-- Every object of the room says what it is.
SELECT p.oid::regprocedure FROM pg_proc AS p
WHERE p.proname ~ '^(rb_|roaringbitmap)' AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT o.oid::regoperator FROM pg_operator AS o
WHERE 'roaringbitmap'::regtype IN (o.oprleft, o.oprright) AND obj_description(o.oid, 'pg_operator') IS NULL;

DROP VIEW checked;
DROP TABLE elements, sets;
RESET roaringbitmap.output_format;
