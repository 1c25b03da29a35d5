-- rb_bsi: bit-sliced integers.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;
SET roaringbitmap.output_format = 'array';
SELECT '{}'::rb_bsi, ' { 2 : -5,-1:10, 1:9223372036854775807 } '::rb_bsi, '{1:0}'::rb_bsi::bytea, '{1:-1}'::rb_bsi::bytea, '{1:0,7:300}'::rb_bsi::bytea::rb_bsi;
SELECT '\x010100001200000012000000 3a3000000100000000000000100000000100 3a3000000100000000000000100000000100'::rb_bsi;
CREATE FUNCTION pg_temp.error_of(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
    EXECUTE 'SELECT (' || expression || ')::text';
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || SQLERRM || concat(' - ' || nullif(detail, ''));
END $$;
SELECT value, pg_temp.error_of(format('%L::rb_bsi', value)) FROM unnest(ARRAY[
    '', '{1}', '{1:}', '{1:2,}', '{1:2,1:3}', '{1:2} x', '{1:2.5}', '{2147483648:1}', '{1:9223372036854775808}', '\x', '\x0200000000000000', '\x0141000000000000',
    '\x0100010008000000 3a30000000000000', '\x0100000008000000 3a3000000000000000', '\x0100000009000000 3a30000000000000',
    '\x010100001200000012000000 3a3000000100000000000000100000000100 3a3000000100000000000000100000000200']) AS value;
SELECT pg_temp.error_of('''\x01''::bytea::rb_bsi'), pg_temp.error_of('(SELECT rb_bsi_agg(1, v) FROM (VALUES (9223372036854775807), (1)) AS s (v))'),
       pg_temp.error_of('''{5:-9223372036854775808}''::rb_bsi + ''{5:-1}''');

-- Every truncation and every flip of one bit of valid bytes, by text and by cast: refused, or a sound value in its canonical form.
CREATE FUNCTION pg_temp.outcome(bytes bytea, as_text boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE value rb_bsi; again rb_bsi;
BEGIN
    IF as_text THEN EXECUTE format('SELECT %L::rb_bsi', bytes::text) INTO value; ELSE value := bytes::rb_bsi; END IF;
    again := value::bytea::rb_bsi;
    RETURN CASE WHEN again::bytea = value::bytea AND again = value THEN 'sound' ELSE 'unsound' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT as_text, kind, outcome, count(*) > 0 AS some FROM (
    SELECT as_text, kind, pg_temp.outcome(changed, as_text) AS outcome
    FROM (VALUES ('{1:5,2:-7,-1:300}'::rb_bsi::bytea), ('{}'::rb_bsi::bytea)) AS v (bytes), unnest(ARRAY[true, false]) AS as_text,
         LATERAL (SELECT 'truncated' AS kind, substr(bytes, 1, n) AS changed FROM generate_series(0, length(bytes) - 1) AS n
                  UNION ALL SELECT 'flipped', set_bit(bytes, n, 1 - get_bit(bytes, n)) FROM generate_series(0, 8 * length(bytes) - 1) AS n) AS c) AS o
GROUP BY as_text, kind, outcome ORDER BY 1, 2, 3;

-- Against a table: values around zero, of few and of all bits, ids from all over; questions about all and within a set.
CREATE TABLE valued (kind int, id int, value bigint);
INSERT INTO valued SELECT k, hashint4(n), CASE k WHEN 0 THEN n % 7 WHEN 1 THEN n % 1000 - 500 WHEN 2 THEN hashint8(n)::bigint << 31 ELSE -(n % 3) END
FROM generate_series(0, 3) AS k, generate_series(1, 2000) AS n;
INSERT INTO valued VALUES (4, 1, -9223372036854775808), (4, 2, 9223372036854775807), (4, 3, 0), (4, -1, -1), (5, 1, NULL), (5, NULL, 1);
CREATE TABLE sliced AS SELECT kind, rb_bsi_agg(id, value) AS bsi FROM valued GROUP BY kind;
CREATE TABLE chosen AS SELECT kind, rb_build_agg(id) FILTER (WHERE id % 3 = 0) | 123 AS ids FROM valued GROUP BY kind;
CREATE TABLE asked AS SELECT DISTINCT kind, value + d AS value FROM (SELECT kind, value FROM valued WHERE value IS NOT NULL AND id % 200 = 0 UNION SELECT 4, 0 UNION SELECT k, 0 FROM generate_series(0, 3) AS k) AS v,
    unnest(ARRAY[-1, 0, 1]) AS d WHERE value BETWEEN -9223372036854775807 AND 9223372036854775806;
SELECT kind, bsi IS NULL AS is_null, rb_bsi_cardinality(bsi) AS n, (SELECT count(*) FROM rb_bsi_iterate(bsi) AS i JOIN valued AS v ON (v.kind, v.id, v.value) = (s.kind, i.id, i.value)) AS same
FROM sliced AS s ORDER BY kind;
SELECT count(*) > 100 AS many, count(*) FILTER (WHERE rb_bsi_get(bsi, v.id) IS DISTINCT FROM v.value) AS wrong, bool_and(rb_bsi_get(bsi, 424242) IS NULL) AS none FROM valued AS v JOIN sliced USING (kind) WHERE kind < 5;
CREATE FUNCTION pg_temp.ids_where(kind int, condition text) RETURNS roaringbitmap LANGUAGE plpgsql AS $$
DECLARE result roaringbitmap;
BEGIN
    EXECUTE 'SELECT coalesce(rb_build_agg(id), ''{}'') FROM valued WHERE kind = $1 AND value ' || condition INTO result USING kind;
    RETURN result;
END $$;
SELECT comparison, count(*) > 10 AS many, count(*) FILTER (WHERE found <> expected) AS wrong, count(*) FILTER (WHERE found_within <> (expected & ids)) AS wrong_within FROM (
    SELECT '<' AS comparison, bsi < a.value AS found, rb_bsi_lt(bsi, a.value, ids) AS found_within, pg_temp.ids_where(kind, '< ' || a.value) AS expected, ids FROM sliced JOIN chosen USING (kind) JOIN asked AS a USING (kind)
    UNION ALL SELECT '<=', bsi <= a.value, rb_bsi_le(bsi, a.value, ids), pg_temp.ids_where(kind, '<= ' || a.value), ids FROM sliced JOIN chosen USING (kind) JOIN asked AS a USING (kind)
    UNION ALL SELECT '=', bsi = a.value, rb_bsi_eq(bsi, a.value, ids), pg_temp.ids_where(kind, '= ' || a.value), ids FROM sliced JOIN chosen USING (kind) JOIN asked AS a USING (kind)
    UNION ALL SELECT '<>', bsi <> a.value, rb_bsi_ne(bsi, a.value, ids), pg_temp.ids_where(kind, '<> ' || a.value), ids FROM sliced JOIN chosen USING (kind) JOIN asked AS a USING (kind)
    UNION ALL SELECT '>=', bsi >= a.value, rb_bsi_ge(bsi, a.value, ids), pg_temp.ids_where(kind, '>= ' || a.value), ids FROM sliced JOIN chosen USING (kind) JOIN asked AS a USING (kind)
    UNION ALL SELECT '>', bsi > a.value, rb_bsi_gt(bsi, a.value, ids), pg_temp.ids_where(kind, '> ' || a.value), ids FROM sliced JOIN chosen USING (kind) JOIN asked AS a USING (kind)
    UNION ALL SELECT 'between', rb_bsi_between(bsi, a.value, b.value), rb_bsi_between(bsi, a.value, b.value, ids), pg_temp.ids_where(kind, format('BETWEEN %s AND %s', a.value, b.value)), ids
              FROM sliced JOIN chosen USING (kind) JOIN asked AS a USING (kind) JOIN asked AS b USING (kind) WHERE a.value % 3 = 0) AS c
GROUP BY comparison ORDER BY comparison;
SELECT s.kind, rb_bsi_sum(bsi) = sum(value) AS sum, rb_bsi_avg(bsi) = avg(value) AS avg, rb_bsi_min(bsi) = min(value) AS min, rb_bsi_max(bsi) = max(value) AS max,
       rb_bsi_sum(bsi, ids) IS NOT DISTINCT FROM sum(value) FILTER (WHERE id % 3 = 0) AS sum_within, rb_bsi_avg(bsi, ids) IS NOT DISTINCT FROM avg(value) FILTER (WHERE id % 3 = 0) AS avg_within,
       rb_bsi_min(bsi, ids) IS NOT DISTINCT FROM min(value) FILTER (WHERE id % 3 = 0) AS min_within, rb_bsi_max(bsi, ids) IS NOT DISTINCT FROM max(value) FILTER (WHERE id % 3 = 0) AS max_within
FROM valued AS v JOIN sliced AS s USING (kind) JOIN chosen USING (kind) WHERE s.kind < 5 GROUP BY s.kind, bsi, ids ORDER BY s.kind;
SELECT count(*) AS n, count(*) FILTER (WHERE rb_bsi_top(bsi, k) <> (SELECT coalesce(rb_build_agg(id), '{}') FROM (SELECT id FROM valued AS v WHERE v.kind = s.kind ORDER BY value DESC, id < 0, id LIMIT k) AS f)) AS top,
       count(*) FILTER (WHERE rb_bsi_bottom(bsi, k) <> (SELECT coalesce(rb_build_agg(id), '{}') FROM (SELECT id FROM valued AS v WHERE v.kind = s.kind ORDER BY value, id < 0, id LIMIT k) AS f)) AS bottom,
       count(*) FILTER (WHERE rb_bsi_top(bsi, k, ids) <> (SELECT coalesce(rb_build_agg(id), '{}') FROM (SELECT id FROM valued AS v WHERE v.kind = s.kind AND ids @> id ORDER BY value DESC, id < 0, id LIMIT k) AS f)) AS top_within,
       count(*) FILTER (WHERE rb_bsi_bottom(bsi, k, ids) <> (SELECT coalesce(rb_build_agg(id), '{}') FROM (SELECT id FROM valued AS v WHERE v.kind = s.kind AND ids @> id ORDER BY value, id < 0, id LIMIT k) AS f)) AS bottom_within
FROM sliced AS s JOIN chosen USING (kind), unnest(ARRAY[0, 1, 2, 3, 17, 500, 1999, 5000]) AS k WHERE kind < 5;
SELECT rb_bsi_top('{1:5}', -1) AS negative, rb_bsi_sum('{}') AS sum, rb_bsi_avg('{}') AS avg, rb_bsi_min('{}') AS min, rb_bsi_max('{1:5}', '{2}') AS max, rb_bsi_sum('{1:5}', NULL) AS null_set, '{}'::rb_bsi < 5 AS none;

-- Changes, sums of two, and what is built in pieces, by windows and by workers.
SELECT rb_bsi_set('{1:5,-3:7}', 2, -100), rb_bsi_set('{1:5,-3:7}', 1, 0), rb_bsi_remove('{1:5,-3:700}', -3), rb_bsi_remove('{1:5}', 2), rb_bsi_ids('{1:5,-3:0}'), '{1:5,2:1}'::rb_bsi + '{2:-3,9:4}';
SELECT kind, bsi::bytea = (SELECT rb_bsi_add_agg(part)::bytea FROM (SELECT rb_bsi_agg(id, value) AS part FROM valued AS v WHERE v.kind = s.kind GROUP BY id % 5) AS p) AS same FROM sliced AS s WHERE kind < 5 ORDER BY kind;
SELECT n, rb_bsi_agg(n % 3, n) OVER (ORDER BY n) FROM generate_series(1, 5) AS n;
-- A transition function that is called by hand does not change the state it is given.
CREATE FUNCTION pg_temp.by_hand(id int, OUT kept rb_bsi, OUT changed rb_bsi) LANGUAGE plpgsql AS $$
BEGIN
    kept := rb_bsi_trans(NULL, id, 1);
    changed := rb_bsi_add_trans(rb_bsi_trans(kept, 9, 9), '{8:8}');
END $$;
SELECT * FROM pg_temp.by_hand(1);
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT rb_bsi_agg(id % 100, value % 1000) FROM valued;
SELECT rb_bsi_agg(id % 100, value % 1000)::text = (SELECT rb_bsi_agg(id, value::bigint)::text FROM (SELECT id % 100 AS id, sum(value % 1000) AS value FROM valued WHERE id IS NOT NULL AND value IS NOT NULL GROUP BY 1) AS s) AS same FROM valued;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;

-- Equal integers are equal values, however they were made.
SELECT count(*) AS groups FROM (SELECT bsi FROM sliced UNION ALL SELECT rb_bsi_remove(rb_bsi_set(bsi, 99, 1::bigint << 62), 99) FROM sliced) AS s GROUP BY bsi;
SELECT a.kind, b.kind FROM sliced AS a JOIN sliced AS b ON a.bsi = b.bsi ORDER BY 1, 2;
SELECT '{1:5}'::rb_bsi = '{1:5}', '{1:5}'::rb_bsi <> '{1:6}'::rb_bsi, rb_bsi_hash('{1:5}') = rb_bsi_hash('{1:6}');

-- Damaged stored bytes.
CREATE TABLE damaged_bsi (id int, bsi bytea);
INSERT INTO damaged_bsi VALUES (1, ''), (2, '\x0100000009000000 3a30000000000000'), (3, '\x010100001400000012000000 3a30000001000000000001001000000002000100 3a3000000100000000000000100000000100'), (4, '\x09');
UPDATE pg_attribute SET atttypid = 'rb_bsi'::regtype WHERE attrelid = 'damaged_bsi'::regclass AND attname = 'bsi';
CREATE FUNCTION pg_temp.outcomes(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text := '';
BEGIN
    FOR row IN 1 .. 4 LOOP
        BEGIN
            EXECUTE 'SELECT (' || expression || ')::text FROM damaged_bsi WHERE id = $1' USING row;
            result := result || 'none ';
        EXCEPTION WHEN OTHERS THEN
            result := result || SQLSTATE || ' ';
        END;
    END LOOP;
    RETURN result;
END $$;
SELECT expression, pg_temp.outcomes(expression) FROM unnest(ARRAY['bsi', 'rb_bsi_send(bsi)', 'rb_bsi_get(bsi, 1)', 'rb_bsi_ids(bsi)', 'bsi < 5', 'rb_bsi_sum(bsi)', 'rb_bsi_max(bsi)', 'rb_bsi_top(bsi, 3)', 'rb_bsi_set(bsi, 1, 1)', 'bsi + ''{1:1}''', 'rb_bsi_add_agg(bsi)', '(SELECT count(*) FROM rb_bsi_iterate(bsi))']) AS expression;
DROP TABLE damaged_bsi, valued, sliced, chosen, asked;
