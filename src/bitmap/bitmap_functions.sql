-- COST says how many times a function takes what an operator of integers does (6 ns where it was measured): for sets of
-- some hundred elements 10 to ask for one, 100 to compare or count two, 200 to make one.

CREATE FUNCTION rb_cardinality_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rb_cardinality_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_cardinality_support(internal) IS
    'For the planner: rb_cardinality(a & b) as rb_and_cardinality(a, b), and the like for the other operations.';

CREATE FUNCTION rb_is_empty_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rb_is_empty_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_is_empty_support(internal) IS
    'For the planner: rb_is_empty(a & b) as NOT rb_intersect(a, b).';

CREATE FUNCTION rb_build(elements integer[]) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_build' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_build(integer[]) IS
    'The set of the array''s elements, in any order and number; error 22004 if one is null.';

CREATE FUNCTION rb_to_array(set roaringbitmap) RETURNS integer[]
    AS 'MODULE_PATHNAME', 'rb_to_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_to_array(roaringbitmap) IS
    'The elements in ascending order of their unsigned value; error 54000 for more than an array holds.';

CREATE FUNCTION rb_cardinality(set roaringbitmap) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 SUPPORT rb_cardinality_support;
COMMENT ON FUNCTION rb_cardinality(roaringbitmap) IS
    'How many elements the set has. Reads the header of the value only.';

CREATE FUNCTION rb_is_empty(set roaringbitmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_is_empty' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 SUPPORT rb_is_empty_support;
COMMENT ON FUNCTION rb_is_empty(roaringbitmap) IS
    'Has the set no element?';

CREATE FUNCTION rb_min(set roaringbitmap) RETURNS integer
    AS 'MODULE_PATHNAME', 'rb_min' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb_min(roaringbitmap) IS
    'The smallest element by unsigned value; null for the empty set.';

CREATE FUNCTION rb_max(set roaringbitmap) RETURNS integer
    AS 'MODULE_PATHNAME', 'rb_max' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb_max(roaringbitmap) IS
    'The largest element by unsigned value; null for the empty set.';

CREATE FUNCTION rb_and(a roaringbitmap, b roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_and' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_and(roaringbitmap, roaringbitmap) IS
    'Intersection: the elements of both. The operator &.';

CREATE FUNCTION rb_or(a roaringbitmap, b roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_or' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_or(roaringbitmap, roaringbitmap) IS
    'Union: the elements of either. The operator |.';

CREATE FUNCTION rb_xor(a roaringbitmap, b roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_xor' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_xor(roaringbitmap, roaringbitmap) IS
    'Symmetric difference: the elements of exactly one. The operator #.';

CREATE FUNCTION rb_andnot(a roaringbitmap, b roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_andnot' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_andnot(roaringbitmap, roaringbitmap) IS
    'Difference: the elements of the first that the second has not. The operator -.';

CREATE FUNCTION rb_add(set roaringbitmap, element integer) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_add' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_add(roaringbitmap, integer) IS
    'The set with one more element. The operator |.';

CREATE FUNCTION rb_add(element integer, set roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_add_to' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_add(integer, roaringbitmap) IS
    'The set with one more element. The operator |.';

CREATE FUNCTION rb_remove(set roaringbitmap, element integer) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_remove' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_remove(roaringbitmap, integer) IS
    'The set without one element. The operator -.';

CREATE FUNCTION rb_contains(whole roaringbitmap, part roaringbitmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_contains' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_contains(roaringbitmap, roaringbitmap) IS
    'Are all elements of the second in the first? Always true for an empty second. The operator @>.';

CREATE FUNCTION rb_contains(set roaringbitmap, element integer) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_contains_element' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb_contains(roaringbitmap, integer) IS
    'Is the element in the set? Reads the header and one container. The operator @>.';

CREATE FUNCTION rb_containedby(part roaringbitmap, whole roaringbitmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_containedby' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_containedby(roaringbitmap, roaringbitmap) IS
    'Are all elements of the first in the second? The operator <@.';

CREATE FUNCTION rb_containedby(element integer, set roaringbitmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_element_containedby' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb_containedby(integer, roaringbitmap) IS
    'Is the element in the set? The operator <@.';

CREATE FUNCTION rb_intersect(a roaringbitmap, b roaringbitmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_intersect' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_intersect(roaringbitmap, roaringbitmap) IS
    'Have the sets an element in common? The operator &&.';

CREATE FUNCTION rb_equals(a roaringbitmap, b roaringbitmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_equals' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_equals(roaringbitmap, roaringbitmap) IS
    'Have both the same elements, in whatever bytes? The operator =.';

CREATE FUNCTION rb_not_equals(a roaringbitmap, b roaringbitmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_not_equals' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_not_equals(roaringbitmap, roaringbitmap) IS
    'Is an element in one of them only? The operator <>.';
