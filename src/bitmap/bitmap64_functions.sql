CREATE FUNCTION rb64_cardinality_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rb_cardinality_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_cardinality_support(internal) IS
    'For the planner: rb64_cardinality(a & b) as rb64_and_cardinality(a, b), and the like for the other operations.';

CREATE FUNCTION rb64_is_empty_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rb_is_empty_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_is_empty_support(internal) IS
    'For the planner: rb64_is_empty(a & b) as NOT rb64_intersect(a, b).';

CREATE FUNCTION rb64_build(elements bigint[]) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_build' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_build(bigint[]) IS
    'The set of the array''s elements, in any order and number; error 22004 if one is null.';

CREATE FUNCTION rb64_to_array(set roaringbitmap64) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'rb64_to_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_to_array(roaringbitmap64) IS
    'The elements in ascending order of their unsigned value; error 54000 for more than an array holds.';

CREATE FUNCTION rb64_cardinality(set roaringbitmap64) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 SUPPORT rb64_cardinality_support;
COMMENT ON FUNCTION rb64_cardinality(roaringbitmap64) IS
    'How many elements the set has. Of a large value with few parts only their headers are read.';

CREATE FUNCTION rb64_is_empty(set roaringbitmap64) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb64_is_empty' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10 SUPPORT rb64_is_empty_support;
COMMENT ON FUNCTION rb64_is_empty(roaringbitmap64) IS
    'Has the set no element?';

CREATE FUNCTION rb64_min(set roaringbitmap64) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_min' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb64_min(roaringbitmap64) IS
    'The smallest element by unsigned value; null for the empty set.';

CREATE FUNCTION rb64_max(set roaringbitmap64) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_max' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb64_max(roaringbitmap64) IS
    'The largest element by unsigned value; null for the empty set.';

CREATE FUNCTION rb64_and(a roaringbitmap64, b roaringbitmap64) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_and' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_and(roaringbitmap64, roaringbitmap64) IS
    'Intersection: the elements of both. The operator &.';

CREATE FUNCTION rb64_or(a roaringbitmap64, b roaringbitmap64) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_or' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_or(roaringbitmap64, roaringbitmap64) IS
    'Union: the elements of either. The operator |.';

CREATE FUNCTION rb64_xor(a roaringbitmap64, b roaringbitmap64) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_xor' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_xor(roaringbitmap64, roaringbitmap64) IS
    'Symmetric difference: the elements of exactly one. The operator #.';

CREATE FUNCTION rb64_andnot(a roaringbitmap64, b roaringbitmap64) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_andnot' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_andnot(roaringbitmap64, roaringbitmap64) IS
    'Difference: the elements of the first that the second has not. The operator -.';

CREATE FUNCTION rb64_add(set roaringbitmap64, element bigint) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_add' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_add(roaringbitmap64, bigint) IS
    'The set with one more element. The operator |.';

CREATE FUNCTION rb64_add(element bigint, set roaringbitmap64) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_add_to' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_add(bigint, roaringbitmap64) IS
    'The set with one more element. The operator |.';

CREATE FUNCTION rb64_remove(set roaringbitmap64, element bigint) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_remove' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_remove(roaringbitmap64, bigint) IS
    'The set without one element. The operator -.';

CREATE FUNCTION rb64_contains(whole roaringbitmap64, part roaringbitmap64) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb64_contains' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_contains(roaringbitmap64, roaringbitmap64) IS
    'Are all elements of the second in the first? Always true for an empty second. The operator @>.';

CREATE FUNCTION rb64_contains(set roaringbitmap64, element bigint) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb64_contains_element' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb64_contains(roaringbitmap64, bigint) IS
    'Is the element in the set? Of a large value with few parts only headers and one container are read. The operator @>.';

CREATE FUNCTION rb64_containedby(part roaringbitmap64, whole roaringbitmap64) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb64_containedby' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_containedby(roaringbitmap64, roaringbitmap64) IS
    'Are all elements of the first in the second? The operator <@.';

CREATE FUNCTION rb64_containedby(element bigint, set roaringbitmap64) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb64_element_containedby' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb64_containedby(bigint, roaringbitmap64) IS
    'Is the element in the set? The operator <@.';

CREATE FUNCTION rb64_intersect(a roaringbitmap64, b roaringbitmap64) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb64_intersect' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_intersect(roaringbitmap64, roaringbitmap64) IS
    'Have the sets an element in common? The operator &&.';

CREATE FUNCTION rb64_equals(a roaringbitmap64, b roaringbitmap64) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb64_equals' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_equals(roaringbitmap64, roaringbitmap64) IS
    'Have both the same elements, in whatever bytes? The operator =.';

CREATE FUNCTION rb64_not_equals(a roaringbitmap64, b roaringbitmap64) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb64_not_equals' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_not_equals(roaringbitmap64, roaringbitmap64) IS
    'Is an element in one of them only? The operator <>.';
