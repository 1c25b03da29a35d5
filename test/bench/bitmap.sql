-- Roaring bitmaps beside CRoaring called from C; see bitmap.sh. Variables: module, rounds, scale.
\set QUIET on
SET client_min_messages = warning;
CREATE EXTENSION cdp;
CREATE FUNCTION bench_seconds() RETURNS float8 AS :'module' LANGUAGE C;
CREATE FUNCTION bench_random(count bigint, below bigint, length bigint, seed bigint) RETURNS bytea AS :'module' LANGUAGE C;
CREATE FUNCTION bench_detoast(roaringbitmap) RETURNS bigint AS :'module' LANGUAGE C;
CREATE FUNCTION bench_pair(what text, a roaringbitmap, b roaringbitmap, times int) RETURNS bigint AS :'module' LANGUAGE C;
CREATE FUNCTION bench_call(function regprocedure, a roaringbitmap, b roaringbitmap, times int) RETURNS bigint AS :'module' LANGUAGE C;
CREATE FUNCTION bench_forget() RETURNS void AS :'module' LANGUAGE C;
CREATE FUNCTION bench_take(roaringbitmap) RETURNS boolean AS :'module' LANGUAGE C;
CREATE FUNCTION bench_union(how text) RETURNS bigint AS :'module' LANGUAGE C;
CREATE FUNCTION bench_adds(count bigint, factor bigint, modulus bigint, in_bulk boolean) RETURNS bigint AS :'module' LANGUAGE C;
CREATE FUNCTION bench_build_trans(internal, int, boolean) RETURNS internal AS :'module' LANGUAGE C;
CREATE FUNCTION bench_build_final(internal) RETURNS bigint AS :'module' LANGUAGE C STRICT;
CREATE AGGREGATE bench_build_agg(int, boolean) (SFUNC = bench_build_trans, STYPE = internal, FINALFUNC = bench_build_final, FINALFUNC_MODIFY = READ_WRITE);
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SET work_mem = '256MB';
SELECT set_config('bench.rounds', :'rounds', false), set_config('bench.scale', :'scale', false) \g /dev/null

-- Milliseconds of one run; its answer goes to bench.answer.
CREATE FUNCTION run_once(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE answer text; seconds float8; began timestamptz;
BEGIN
    PERFORM bench_seconds();
    began := clock_timestamp();
    EXECUTE query INTO answer;
    seconds := extract(epoch FROM clock_timestamp() - began);
    PERFORM set_config('bench.answer', coalesce(answer, 'null'), false);
    RETURN 1000 * coalesce(nullif(bench_seconds(), 0), seconds);
END $$;

-- The median time of each query, run in turn, after a run to warm up. All answers must be one, or `same` is false.
CREATE TYPE medians AS (ms float8[], same boolean);
CREATE FUNCTION run_all(queries text[]) RETURNS medians LANGUAGE plpgsql AS $$
DECLARE times float8[]; answer text; result medians;
BEGIN
    result.same := true;
    FOR round IN 0 .. current_setting('bench.rounds')::int LOOP
        FOR q IN 1 .. cardinality(queries) LOOP
            times[round * cardinality(queries) + q] := run_once(queries[q]);
            answer := coalesce(answer, current_setting('bench.answer'));
            result.same := result.same AND answer = current_setting('bench.answer');
        END LOOP;
    END LOOP;
    SELECT array_agg(median ORDER BY q) INTO result.ms
    FROM (SELECT (i - 1) % cardinality(queries) AS q, percentile_cont(0.5) WITHIN GROUP (ORDER BY times[i]) AS median
          FROM generate_subscripts(times, 1) AS i WHERE i > cardinality(queries) GROUP BY 1) AS m;
    RETURN result;
END $$;

CREATE FUNCTION line(label text, reference float8, subject float8, same boolean, remark text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT format('%-48s %11s %11s %8s %s', label, round(reference::numeric, 3), round(subject::numeric, 3),
                  round((subject / nullif(reference, 0))::numeric, 2),
                  CASE WHEN same THEN remark ELSE 'THE ANSWERS DIFFER ' || remark END)
$$;
CREATE FUNCTION compare(label text, reference text, subject text, same_answer boolean DEFAULT true) RETURNS text LANGUAGE sql AS $$
    SELECT line(label, m.ms[1], m.ms[2], m.same OR NOT same_answer) FROM run_all(ARRAY[reference, subject]) AS m
$$;
-- What is expected to be of size n at full size.
CREATE FUNCTION scaled(n bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT greatest(n / current_setting('bench.scale')::int, 1) $$;

SELECT format('%-48s %11s %11s %8s', 'milliseconds, median of ' || current_setting('bench.rounds'), 'reference', 'cdp', 'ratio');

\echo
\echo Two sets in memory, beside CRoaring views of the same bytes
CREATE TABLE pairs AS
SELECT kind, bench_random(elements, below, 1, 1)::roaringbitmap AS a, bench_random(elements, below, 1, 2)::roaringbitmap AS b, times
FROM (VALUES ('dense 100 kB', 560000, 800000::bigint, 200), ('sparse 1.26 MB', 368000, 4294967296, 20)) AS p (kind, elements, below, times);
SELECT compare(format('rb_%s_cardinality, %s', what, kind),
               format('SELECT bench_pair(%L, a, b, times) FROM pairs WHERE kind = %L', what, kind),
               format('SELECT bench_call(%L, a, b, times) FROM pairs WHERE kind = %L',
                      format('rb_%s_cardinality(roaringbitmap, roaringbitmap)', what), kind))
FROM unnest(ARRAY['and', 'or']) AS what, pairs ORDER BY what, kind;

\echo
\echo One element of a stored value, beside reading all of the value
CREATE TABLE stored AS SELECT kind, bench_random(elements, 4294967296, 1, 3)::roaringbitmap AS b, times
FROM (VALUES ('1.26 MB', 368000, 100), ('20 MB', 9400000, 10)) AS p (kind, elements, times);
SELECT compare(format('b @> i, %s uncompressed, %s times', kind, times),
               format('SELECT sum(bench_detoast(b)) FROM stored, generate_series(1, %s) AS i WHERE kind = %L', times, kind),
               format('SELECT count(*) FROM stored, generate_series(1, %s) AS i WHERE b @> (i * 40000000::bigint %% 2147483647)::int AND kind = %L', times, kind),
               false)
FROM stored ORDER BY kind;

\echo
\echo Unions, beside the fastest of four ways of CRoaring; the time of a scan that reads the values is subtracted
CREATE TABLE many (kind text, b roaringbitmap);
INSERT INTO many SELECT 'dense, 200 of 100 kB', bench_random(560000, 800000, 1, i)::roaringbitmap FROM generate_series(1, scaled(200)) AS i;
INSERT INTO many SELECT 'sparse, 20 of 1.26 MB', bench_random(368000, 4294967296, 1, i)::roaringbitmap FROM generate_series(1, scaled(20)) AS i;
INSERT INTO many SELECT 'clustered, 200 of 5,000 runs', bench_random(5000, 100000000, 200, i)::roaringbitmap FROM generate_series(1, scaled(200)) AS i;
INSERT INTO many SELECT 'small, 100,000 of 50', bench_random(50, 10000000, 1, i)::roaringbitmap FROM generate_series(1, scaled(100000)) AS i;
CREATE INDEX ON many (kind);
VACUUM ANALYZE many;
CREATE FUNCTION compare_union(kind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE m medians; size bigint; ways text[] := '{inplace,lazy,many,heap}'; best int;
BEGIN
    PERFORM bench_forget();
    EXECUTE format('SELECT count(bench_take(b)) FROM many WHERE kind = %L', kind);
    EXECUTE 'SELECT bench_union(''lazy'')' INTO size;
    -- The scan is read in turn with the others, since what they leave in the caches decides on how long it takes; so it has to
    -- answer as they do.
    m := run_all(ARRAY(SELECT format('SELECT bench_union(%L)', way) FROM unnest(ways) AS way)
                 || format('SELECT rb_cardinality(rb_or_agg(b)) FROM many WHERE kind = %L', kind)
                 || format('SELECT sum(bench_detoast(b)) * 0 + %s FROM many WHERE kind = %L', size, kind));
    SELECT i INTO best FROM generate_series(1, 4) AS i ORDER BY m.ms[i] LIMIT 1;
    RETURN line('rb_or_agg, ' || kind, m.ms[best], m.ms[5] - m.ms[6], m.same,
                format('%s; scan %s; %s', ways[best], round(m.ms[6]::numeric, 1),
                       (SELECT string_agg(ways[i] || ' ' || round(m.ms[i]::numeric, 1), ', ') FROM generate_series(1, 4) AS i)));
END $$;
SELECT compare_union(kind) FROM (SELECT DISTINCT kind FROM many) AS k ORDER BY kind;

\echo
\echo Building, beside count(*) plus the adds of CRoaring; with two workers, beside none
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
CREATE TABLE ascending AS SELECT i::int FROM generate_series(1, scaled(10000000)) AS i;
CREATE TABLE random AS SELECT (i * 7368787 % 10000019)::int AS i FROM generate_series(1, scaled(10000000)) AS i;
VACUUM ANALYZE ascending;
VACUUM ANALYZE random;
CREATE FUNCTION compare_build(which text, factor bigint) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE m medians; scan float8; parallel float8; build text := format('SELECT rb_cardinality(rb_build_agg(i)) FROM %I', which);
BEGIN
    m := run_all(ARRAY[format('SELECT count(*) FROM %I', which),
                       format('SELECT bench_adds(%s, %s, 10000019, true)', scaled(10000000), factor),
                       format('SELECT bench_adds(%s, %s, 10000019, false)', scaled(10000000), factor), build,
                       format('SELECT bench_build_agg(i, true) FROM %I', which), format('SELECT bench_build_agg(i, false) FROM %I', which)]);
    RETURN NEXT line(format('rb_build_agg of %s, %s', scaled(10000000), which), m.ms[1] + least(m.ms[2], m.ms[3]), m.ms[4], m.same,
                     format('count(*) %s, add_bulk %s, add %s', round(m.ms[1]::numeric, 1), round(m.ms[2]::numeric, 1), round(m.ms[3]::numeric, 1)));
    RETURN NEXT line('  beside an aggregate that only calls CRoaring', least(m.ms[5], m.ms[6]), m.ms[4], m.same,
                     format('add_bulk %s, add %s', round(m.ms[5]::numeric, 1), round(m.ms[6]::numeric, 1)));
    PERFORM set_config('max_parallel_workers_per_gather', '2', false);
    parallel := (run_all(ARRAY[build])).ms[1];
    PERFORM set_config('max_parallel_workers_per_gather', '0', false);
    RETURN NEXT line('  with 2 workers, beside none', m.ms[4], parallel, current_setting('bench.answer')::bigint = scaled(10000000));
END $$;
SELECT compare_build('ascending', 1);
SELECT compare_build('random', 7368787);

\echo
\echo Appends in PL/pgSQL, beside the same loop with integers
CREATE FUNCTION append(n bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE b roaringbitmap := '{}';
BEGIN
    FOR i IN 1 .. n::int LOOP b := b | i; END LOOP;
    RETURN rb_cardinality(b);
END $$;
CREATE FUNCTION add_up(n bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE b integer := 0;
BEGIN
    FOR i IN 1 .. n::int LOOP b := b + 1; END LOOP;
    RETURN b;
END $$;
SELECT compare(format('b := b | i, %s times', n), format('SELECT add_up(%s)', n), format('SELECT append(%s)', n))
FROM (VALUES (scaled(100000)), (scaled(200000))) AS sizes (n) ORDER BY n;
