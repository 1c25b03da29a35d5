-- None of these makes a set. What the names of pg_roaringbitmap do with nulls stays: null for any null.

CREATE FUNCTION rb_and_cardinality(a roaringbitmap, b roaringbitmap) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_and_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_and_cardinality(roaringbitmap, roaringbitmap) IS
    'How many elements are in both, without making that set. To take nulls for empty sets, wrap them in coalesce(x, ''{}'').';

CREATE FUNCTION rb_and_cardinality(VARIADIC sets roaringbitmap[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_and_cardinality_many' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_and_cardinality(VARIADIC roaringbitmap[]) IS
    'How many elements are in all sets, without making that set. Null if one of the sets is null or there is none.';

CREATE FUNCTION rb_and_cardinality_null2empty(VARIADIC sets roaringbitmap[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_and_cardinality_null2empty' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_and_cardinality_null2empty(VARIADIC roaringbitmap[]) IS
    'How many elements are in all sets, where null sets are empty ones. 0 for no set at all.';

CREATE FUNCTION rb_or_cardinality(a roaringbitmap, b roaringbitmap) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_or_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_or_cardinality(roaringbitmap, roaringbitmap) IS
    'How many elements are in either, without making that set. To take nulls for empty sets, wrap them in coalesce(x, ''{}'').';

CREATE FUNCTION rb_or_cardinality(VARIADIC sets roaringbitmap[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_or_cardinality_many' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_or_cardinality(VARIADIC roaringbitmap[]) IS
    'How many elements are in any set, without making that set. Null if one of the sets is null or there is none.';

CREATE FUNCTION rb_or_cardinality_null2empty(VARIADIC sets roaringbitmap[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_or_cardinality_null2empty' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_or_cardinality_null2empty(VARIADIC roaringbitmap[]) IS
    'How many elements are in any set, where null sets are empty ones. 0 for no set at all.';

CREATE FUNCTION rb_xor_cardinality(a roaringbitmap, b roaringbitmap) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_xor_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_xor_cardinality(roaringbitmap, roaringbitmap) IS
    'How many elements are in exactly one, without making that set. To take nulls for empty sets, wrap them in coalesce(x, ''{}'').';

CREATE FUNCTION rb_xor_cardinality(VARIADIC sets roaringbitmap[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_xor_cardinality_many' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_xor_cardinality(VARIADIC roaringbitmap[]) IS
    'How many elements are in an odd number of the sets, without making that set. Null if one of the sets is null or there is none.';

CREATE FUNCTION rb_xor_cardinality_null2empty(VARIADIC sets roaringbitmap[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_xor_cardinality_null2empty' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_xor_cardinality_null2empty(VARIADIC roaringbitmap[]) IS
    'How many elements are in an odd number of the sets, where null sets are empty ones. 0 for no set at all.';

CREATE FUNCTION rb_andnot_cardinality(a roaringbitmap, b roaringbitmap) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_andnot_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_andnot_cardinality(roaringbitmap, roaringbitmap) IS
    'How many elements the first has and the second has not, without making that set. To take nulls for empty sets, wrap them in coalesce(x, ''{}'').';

CREATE FUNCTION rb_andnot_cardinality(VARIADIC sets roaringbitmap[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_andnot_cardinality_many' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_andnot_cardinality(VARIADIC roaringbitmap[]) IS
    'How many elements are in the first set and in no other, without making that set. Null if one of the sets is null or there is none.';

CREATE FUNCTION rb_andnot_cardinality_null2empty(VARIADIC sets roaringbitmap[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_andnot_cardinality_null2empty' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_andnot_cardinality_null2empty(VARIADIC roaringbitmap[]) IS
    'How many elements are in the first set and in no other, where null sets are empty ones. 0 for no set at all.';

CREATE FUNCTION rb_jaccard_dist(a roaringbitmap, b roaringbitmap) RETURNS double precision
    AS 'MODULE_PATHNAME', 'rb_jaccard_dist' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_jaccard_dist(roaringbitmap, roaringbitmap) IS
    'Jaccard index: the elements of both divided by the elements of either. 1 for equal sets, also for two empty ones; 0 for sets with nothing in common.';

CREATE FUNCTION rb_runoptimize(set roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_runoptimize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_runoptimize(roaringbitmap) IS
    'The set as it is: stored sets are always in their shortest form. For compatibility with pg_roaringbitmap.';

CREATE FUNCTION rb_stats(set roaringbitmap) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'rb_stats' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_stats(roaringbitmap) IS
    'Elements, bytes and containers of the set, and how many of each are in arrays, bitsets and runs. Reads the headers of the containers only.';
