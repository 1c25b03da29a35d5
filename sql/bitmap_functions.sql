SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;
SET roaringbitmap.output_format = 'array';

-- Thirty sets in which arrays, bitsets and runs meet, and their elements as rows; u is the unsigned number.
CREATE TEMP TABLE element AS
SELECT DISTINCT n, u, (CASE WHEN u >= 2147483648 THEN u - 4294967296 ELSE u END)::int AS e
FROM (SELECT n, (abs(hashint8(n * 1000003 + i))::bigint * (ARRAY[1, 2, 65536])[n % 3 + 1]) % (ARRAY[3000, 300000, 4294967296])[n % 3 + 1] AS u
      FROM generate_series(1, 30) AS n, generate_series(1, (ARRAY[0, 5, 300, 2500])[n % 4 + 1]) AS i
      UNION ALL SELECT n, u FROM generate_series(1, 30) AS n, generate_series(65000, 65000 + n * 40) AS u WHERE n % 2 = 1
      UNION ALL SELECT n, 131072 + u * 3 FROM generate_series(1, 30) AS n, generate_series(1, 5000) AS u WHERE n % 7 = 1
      UNION ALL SELECT n, u FROM generate_series(1, 30) AS n, unnest(ARRAY[0, 2147483647, 2147483648, 4294967295]) AS u WHERE n % 5 = 1) AS r;
CREATE TEMP TABLE sets AS
SELECT n, coalesce((SELECT rb_build_agg(e) FROM element WHERE element.n = s.n), '{}') AS set FROM generate_series(1, 30) AS s (n);
CREATE INDEX ON element (n, u);
ANALYZE element;
SELECT count(*) AS sets, bool_or(set = '{}') AS empty, sum((rb_stats(set) -> 'arrays' ->> 'containers')::int) > 1000 AS arrays,
       sum((rb_stats(set) -> 'bitsets' ->> 'containers')::int) > 0 AS bitsets, sum((rb_stats(set) -> 'runs' ->> 'containers')::int) > 5 AS runs
FROM sets;
-- The set of what a query gives as unsigned numbers.
CREATE FUNCTION pg_temp.set_of(numbers bigint[]) RETURNS roaringbitmap LANGUAGE sql AS
    'SELECT rb_build(ARRAY(SELECT (CASE WHEN u >= 2147483648 THEN u - 4294967296 ELSE u END)::int FROM unnest(numbers) AS u))';

-- Ranges.
CREATE TEMP TABLE ranges (low bigint, high bigint);
INSERT INTO ranges VALUES (0, 4294967296), (-5, 10), (65001, 65536), (65536, 131073), (100, 100), (100, 5), (4294967295, 9223372036854775807),
                          (2147483640, 2147483650), (-9223372036854775808, 70000), (-9, -3), (4294967296, 4294967299), (66000, 140000);
SELECT count(*) AS tried,
       count(*) FILTER (WHERE rb_range(set, low, high) <> pg_temp.set_of(ARRAY(SELECT u FROM element AS e WHERE e.n = s.n AND u >= low AND u < high))) AS range,
       count(*) FILTER (WHERE rb_clear(set, low, high) <> pg_temp.set_of(ARRAY(SELECT u FROM element AS e WHERE e.n = s.n AND NOT (u >= low AND u < high)))) AS clear,
       count(*) FILTER (WHERE rb_range_cardinality(set, low, high) <> (SELECT count(*) FROM element AS e WHERE e.n = s.n AND u >= low AND u < high)) AS cardinality
FROM sets AS s, ranges;
SELECT count(*) AS tried,
       count(*) FILTER (WHERE rb_fill(set, low, high) <> pg_temp.set_of(ARRAY(SELECT u FROM element AS e WHERE e.n = s.n UNION SELECT generate_series(greatest(low, 0), least(high, 4294967296) - 1)))) AS fill,
       count(*) FILTER (WHERE rb_flip(set, low, high) <> pg_temp.set_of(ARRAY(SELECT u FROM (SELECT u FROM element AS e WHERE e.n = s.n UNION ALL SELECT generate_series(greatest(low, 0), least(high, 4294967296) - 1)) AS f (u) GROUP BY u HAVING count(*) = 1))) AS flip
FROM sets AS s, ranges WHERE least(high, 4294967296) - greatest(low, 0) < 2000;
SELECT rb_cardinality(rb_fill('{}', 0, 4294967296)) AS filled, rb_flip(rb_fill('{}', -1, 9223372036854775807), 0, 4294967296) AS flipped,
       rb_flip(rb_fill('{}', 1, 4294967295), 0, 4294967296) AS ends, rb_clear(rb_fill('{}', 0, 4294967296), 2, 4294967294) AS cleared;
SELECT count(*) AS tried,
       count(*) FILTER (WHERE rb_between(set, low, high) <> pg_temp.set_of(ARRAY(SELECT u FROM element AS e WHERE e.n = s.n AND u BETWEEN low & 4294967295 AND high & 4294967295))) AS between
FROM sets AS s, (VALUES (0, -1), (-1, 0), (-1, -1), (0, 0), (2147483647, -2147483648), (65536, 70000), (-2000000000, -1)) AS r (low, high);

-- Positions.
SELECT count(*) AS tried, count(*) FILTER (WHERE rb_rank(set, e) <> place) AS rank, count(*) FILTER (WHERE rb_index(set, e) <> place - 1) AS index,
       count(*) FILTER (WHERE rb_nth(set, place - 1) IS DISTINCT FROM e) AS nth, count(*) FILTER (WHERE rb_nth(set, place - 1 - size) IS DISTINCT FROM e) AS from_end
FROM (SELECT *, row_number() OVER (PARTITION BY n ORDER BY u) AS place, count(*) OVER (PARTITION BY n) AS size FROM element) AS e
JOIN sets USING (n) WHERE place % 37 = 1;
SELECT count(*) AS tried, count(*) FILTER (WHERE rb_rank(set, x) <> (SELECT count(*) FROM element AS e WHERE e.n = s.n AND u <= x & 4294967295)) AS rank,
       count(*) FILTER (WHERE (rb_index(set, x) = -1) <> NOT set @> x) AS index,
       count(*) FILTER (WHERE rb_nth(set, rb_cardinality(set)) IS NOT NULL OR rb_nth(set, -1 - rb_cardinality(set)) IS NOT NULL) AS nth
FROM sets AS s, unnest(ARRAY[0, 1, 65535, 65536, 131080, 2147483647, -2147483648, -2, -1]) AS x;
SELECT rb_nth('{}', 0), rb_nth('{1}', 9223372036854775807), rb_nth('{1}', -9223372036854775808), rb_index('{1,2}', 9), rb_rank('{}', -1);

-- Windows of positions.
SELECT count(*) AS tried,
       count(*) FILTER (WHERE rb_subset(set, lim, off, rev, low, high) <> pg_temp.set_of(ARRAY(
           SELECT u FROM element AS e WHERE e.n = s.n AND u >= low AND u < high ORDER BY CASE WHEN rev THEN -u ELSE u END LIMIT lim OFFSET off))) AS subset,
       count(*) FILTER (WHERE rb_subset(set, lim, off, rev, low, high) <> rb_select(set, lim, off, rev, low, high)) AS "select"
FROM sets AS s, ranges, (VALUES (3, 0), (10, 290), (9223372036854775807, 0), (1, 4), (5, 9223372036854775807), (0, 0), (2000, 100)) AS w (lim, off),
     unnest(ARRAY[false, true]) AS rev;
SELECT rb_select('{0,1,2,100,-1}', 2), rb_select('{0,1,2,100,-1}', 2, 1), rb_select('{0,1,2,100,-1}', 2, 1, true), rb_select('{0,1,2,100,-1}', 2, reverse => true, range_end => 101),
       rb_subset('{0,1,2}', "limit" => 4, "offset" => 2, reverse => true) AS rest, rb_subset('{0,1,2}', -1) AS none, rb_subset('{0,1,2}', 3, -2) AS before;

-- Shifts.
SELECT count(*) AS tried,
       count(*) FILTER (WHERE set >> d <> pg_temp.set_of(ARRAY(SELECT u + d FROM element AS e WHERE e.n = s.n AND u + d BETWEEN 0 AND 4294967295))) AS "right",
       count(*) FILTER (WHERE set << d <> pg_temp.set_of(ARRAY(SELECT u - d FROM element AS e WHERE e.n = s.n AND u - d BETWEEN 0 AND 4294967295))) AS "left"
FROM sets AS s, unnest(ARRAY[0, 1, -1, 65536, -65536, 70001, -70001, 4294967295, -4294967295, 4294967296, 4294967300, -4294967297]) AS d;
SELECT '{1,-1}'::roaringbitmap >> 9223372036854775807, '{1,-1}'::roaringbitmap << (-9223372036854775808), rb_shiftright('{1,2,-1}', 1), rb_shiftleft('{0,1,2,-1}', 1);

-- Counts of two sets and of many.
SELECT count(*) AS tried,
       count(*) FILTER (WHERE rb_and_cardinality(x, y) <> shared) AS "and", count(*) FILTER (WHERE rb_or_cardinality(x, y) <> xs + ys - shared) AS "or",
       count(*) FILTER (WHERE rb_xor_cardinality(x, y) <> xs + ys - 2 * shared) AS "xor", count(*) FILTER (WHERE rb_andnot_cardinality(x, y) <> xs - shared) AS andnot,
       count(*) FILTER (WHERE rb_jaccard_dist(x, y) <> CASE WHEN xs + ys = 0 THEN 1 ELSE shared::float8 / (xs + ys - shared) END) AS jaccard
FROM (SELECT a.set AS x, b.set AS y, (SELECT count(*) FROM element AS e WHERE e.n = a.n) AS xs, (SELECT count(*) FROM element AS e WHERE e.n = b.n) AS ys,
             (SELECT count(*) FROM element AS e JOIN element AS f USING (u) WHERE e.n = a.n AND f.n = b.n) AS shared
      FROM sets AS a, sets AS b WHERE b.n IN (a.n, a.n % 30 + 1, (a.n + 2) % 30 + 1)) AS pairs;
CREATE TEMP TABLE groups AS
SELECT n AS g, ARRAY[n, (n + 2) % 30 + 1, (n + 5) % 30 + 1, (n + 11) % 30 + 1] AS members FROM generate_series(1, 30) AS n;
SELECT count(*) AS tried, sum(every) > 0 AS some_shared,
       count(*) FILTER (WHERE rb_and_cardinality(VARIADIC many) <> every) AS "and", count(*) FILTER (WHERE rb_or_cardinality(VARIADIC many) <> any_) AS "or",
       count(*) FILTER (WHERE rb_xor_cardinality(VARIADIC many) <> odd) AS "xor", count(*) FILTER (WHERE rb_andnot_cardinality(VARIADIC many) <> only_first) AS andnot
FROM (SELECT g, (SELECT array_agg(set ORDER BY i) FROM unnest(members) WITH ORDINALITY AS m (n, i) JOIN sets USING (n)) AS many, c.*
      FROM groups, LATERAL (SELECT count(*) FILTER (WHERE holders = 4) AS every, count(*) AS any_, count(*) FILTER (WHERE holders % 2 = 1) AS odd,
                                   count(*) FILTER (WHERE holders = 1 AND is_first) AS only_first
                            FROM (SELECT u, count(*) AS holders, bool_or(n = members[1]) AS is_first FROM element WHERE n = ANY (members) GROUP BY u) AS h) AS c) AS t;
SELECT rb_and_cardinality(a, b, c) AS null_and, rb_or_cardinality(a, b, c) AS null_or, rb_or_cardinality(a, b) AS null_two, rb_or_cardinality(VARIADIC '{}') AS of_none,
       rb_or_cardinality(a) AS of_one, rb_or_cardinality(VARIADIC NULL) AS of_null
FROM (VALUES ('{1,2,3}'::roaringbitmap, NULL::roaringbitmap, '{3,4}'::roaringbitmap)) AS v (a, b, c);
SELECT rb_and_cardinality_null2empty(a, b, c) AS "and", rb_or_cardinality_null2empty(a, b, c) AS "or", rb_xor_cardinality_null2empty(a, b, c) AS "xor",
       rb_andnot_cardinality_null2empty(a, b, c) AS andnot, rb_andnot_cardinality_null2empty(b, a) AS of_null, rb_or_cardinality_null2empty(VARIADIC '{}') AS of_none
FROM (VALUES ('{1,2,3}'::roaringbitmap, NULL::roaringbitmap, '{3,4}'::roaringbitmap)) AS v (a, b, c);
SELECT rb_jaccard_dist('{}', '{}'), rb_jaccard_dist('{}', '{1}'), rb_jaccard_dist('{1,2,10}', '{1,10,100}'), rb_and_cardinality('{1,10}', '{1,10,100}'),
       rb_runoptimize('{1,2,3}') = '{1,2,3}' AS same;

-- Lists.
SELECT count(*) AS tried,
       count(*) FILTER (WHERE ARRAY(SELECT rb_iterate(set, bound, lim)) <> ARRAY(SELECT e FROM element AS x WHERE x.n = s.n AND u >= bound & 4294967295 ORDER BY u LIMIT lim)) AS up,
       count(*) FILTER (WHERE ARRAY(SELECT rb_iterate_desc(set, bound, lim)) <> ARRAY(SELECT e FROM element AS x WHERE x.n = s.n AND u <= bound & 4294967295 ORDER BY u DESC LIMIT lim)) AS down
FROM sets AS s, unnest(ARRAY[0, 1, 65500, 65536, 131075, 2147483647, -2147483648, -1]) AS bound, unnest(ARRAY[0, 1, 700, NULL]) AS lim;
SELECT ARRAY(SELECT rb_iterate('{3,-1,2}')), ARRAY(SELECT rb_iterate_desc('{3,-1,2}')), ARRAY(SELECT rb_iterate('{3,-1,2}', "limit" => 2)),
       ARRAY(SELECT rb_iterate('{3,-1,2}', NULL)), ARRAY(SELECT rb_iterate_desc('{3,-1,2}', NULL, 1)), (SELECT count(*) FROM rb_iterate(NULL));
SELECT rb_iterate('{1}', 0, -1);
SELECT count(*) AS tried, count(*) FILTER (WHERE rb_many_contains(set, asked) IS DISTINCT FROM
           ARRAY(SELECT CASE WHEN x IS NOT NULL THEN EXISTS (SELECT FROM element AS e WHERE e.n = s.n AND e.e = x) END FROM unnest(asked) WITH ORDINALITY AS q (x, i) ORDER BY i)) AS wrong
FROM (SELECT *, ARRAY(SELECT e FROM element AS x WHERE x.n % 4 = sets.n % 4 AND u % 11 = 3 ORDER BY u DESC LIMIT 60) || ARRAY[NULL, 0, -1, 65536] AS asked FROM sets) AS s;
SELECT rb_many_contains('{1,2}', '{}'), rb_many_contains('{1,2}', '{{1,3},{2,NULL}}'), rb_many_contains('{}', '{1}');

-- Parts.
SELECT bits, count(*) AS sets, bool_and(same) AS same, bool_and(joined) AS joined
FROM (SELECT bits, (SELECT array_agg((chunk, rb_to_array(part)) ORDER BY chunk) FROM rb_split(set, bits))
                   IS NOT DISTINCT FROM (SELECT array_agg((chunk::int, elements) ORDER BY chunk)
                                         FROM (SELECT u >> bits AS chunk, array_agg(e ORDER BY u) AS elements FROM element AS e WHERE e.n = s.n GROUP BY 1) AS x) AS same,
             coalesce((SELECT rb_or_agg(part) FROM rb_split(set, bits)), '{}') = set AS joined
      FROM sets AS s, unnest(ARRAY[16, 17, 24, 31]) AS bits) AS t GROUP BY bits ORDER BY bits;
SELECT * FROM rb_split('{1,65536,65537,-1}');
SELECT * FROM rb_split('{1}', 15);
SELECT * FROM rb_split('{1}', 32);

-- Statistics.
SELECT rb_stats('{}');
SELECT rb_stats(rb_fill(rb_fill('{1,9}', 65536, 131072) | '{-1}', 131072, 131080) | rb_build(ARRAY(SELECT 262144 + i * 3 FROM generate_series(1, 5000) AS i)));
SELECT count(*) FILTER (WHERE (rb_stats(set) ->> 'elements')::bigint <> rb_cardinality(set) OR (rb_stats(set) ->> 'bytes')::int <> length(set::bytea)
                           OR (rb_stats(set) ->> 'containers')::int <> (SELECT count(DISTINCT u >> 16) FROM element AS e WHERE e.n = sets.n)) AS wrong FROM sets;

-- Nulls: no function but those that say so looks at them.
SELECT count(*) AS functions, string_agg(proname, ' ' ORDER BY proname) FILTER (WHERE NOT proisstrict) AS not_strict
FROM (SELECT DISTINCT proname, proisstrict FROM pg_proc WHERE proname ~ '^rb_(fill|clear|flip|range|between|rank|index|nth|select|subset|shift|jaccard|iterate|many|split|stats|runopt|(and|or|xor|andnot)_cardinality)' AND prokind = 'f') AS p;

-- Damaged stored values: an error or a wrong answer, no crash.
CREATE TABLE damaged (id int, set bytea);
INSERT INTO damaged VALUES (1, '\x3a3000000100000000000200100000000300020001 00'), (2, '\x3b30'), (3, ''), (4, '\x3b3000000100000100 0100ffffffff'),
                           (5, '\x3a30000001000000000001001100000003000200');
UPDATE pg_attribute SET atttypid = 'roaringbitmap'::regtype WHERE attrelid = 'damaged'::regclass AND attname = 'set';
CREATE FUNCTION pg_temp.outcome_of(expression text) RETURNS TABLE (id int, sqlstate_ text) LANGUAGE plpgsql AS $$
BEGIN
    FOR id IN 1 .. 5 LOOP
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
FROM unnest(ARRAY['rb_and_cardinality(set, ''{1}'')', 'rb_or_cardinality(''{1}'', set)', 'rb_xor_cardinality(set, set)', 'rb_andnot_cardinality(set, set, ''{1}'')',
                  'rb_jaccard_dist(set, ''{}'')', 'rb_rank(set, -1)', 'rb_nth(set, 2)', 'rb_range_cardinality(set, 1, 70000)', 'rb_fill(set, 1, 2)', 'set >> 1',
                  'rb_many_contains(set, ''{1,2}'')', 'rb_stats(set)', '(SELECT count(*) FROM rb_split(set))', '(SELECT count(*) FROM rb_iterate_desc(set))'])
         WITH ORDINALITY AS e (expression, n), pg_temp.outcome_of(expression)
GROUP BY n, expression ORDER BY n;
DROP TABLE damaged;

-- Every object says what it is.
SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.proname ~ '^rb_' AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT o.oid::regoperator FROM pg_operator AS o WHERE o.oprname IN ('<<', '>>') AND o.oprleft = 'roaringbitmap'::regtype AND obj_description(o.oid, 'pg_operator') IS NULL;
RESET roaringbitmap.output_format;
