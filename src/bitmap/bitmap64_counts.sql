-- None of these makes a set. What the names of pg_roaringbitmap do with nulls stays: null for any null.

CREATE FUNCTION rb64_and_cardinality(a roaringbitmap64, b roaringbitmap64) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_and_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_and_cardinality(roaringbitmap64, roaringbitmap64) IS
    'How many elements are in both, without making that set. To take nulls for empty sets, wrap them in coalesce(x, ''{}'').';

CREATE FUNCTION rb64_and_cardinality(VARIADIC sets roaringbitmap64[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_and_cardinality_many' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_and_cardinality(VARIADIC roaringbitmap64[]) IS
    'How many elements are in all sets, without making that set. Null if one of the sets is null or there is none.';

CREATE FUNCTION rb64_and_cardinality_null2empty(VARIADIC sets roaringbitmap64[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_and_cardinality_null2empty' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_and_cardinality_null2empty(VARIADIC roaringbitmap64[]) IS
    'How many elements are in all sets, where null sets are empty ones. 0 for no set at all.';

CREATE FUNCTION rb64_or_cardinality(a roaringbitmap64, b roaringbitmap64) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_or_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_or_cardinality(roaringbitmap64, roaringbitmap64) IS
    'How many elements are in either, without making that set. To take nulls for empty sets, wrap them in coalesce(x, ''{}'').';

CREATE FUNCTION rb64_or_cardinality(VARIADIC sets roaringbitmap64[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_or_cardinality_many' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_or_cardinality(VARIADIC roaringbitmap64[]) IS
    'How many elements are in any set, without making that set. Null if one of the sets is null or there is none.';

CREATE FUNCTION rb64_or_cardinality_null2empty(VARIADIC sets roaringbitmap64[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_or_cardinality_null2empty' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_or_cardinality_null2empty(VARIADIC roaringbitmap64[]) IS
    'How many elements are in any set, where null sets are empty ones. 0 for no set at all.';

CREATE FUNCTION rb64_xor_cardinality(a roaringbitmap64, b roaringbitmap64) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_xor_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_xor_cardinality(roaringbitmap64, roaringbitmap64) IS
    'How many elements are in exactly one, without making that set. To take nulls for empty sets, wrap them in coalesce(x, ''{}'').';

CREATE FUNCTION rb64_xor_cardinality(VARIADIC sets roaringbitmap64[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_xor_cardinality_many' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_xor_cardinality(VARIADIC roaringbitmap64[]) IS
    'How many elements are in an odd number of the sets, without making that set. Null if one of the sets is null or there is none.';

CREATE FUNCTION rb64_xor_cardinality_null2empty(VARIADIC sets roaringbitmap64[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_xor_cardinality_null2empty' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_xor_cardinality_null2empty(VARIADIC roaringbitmap64[]) IS
    'How many elements are in an odd number of the sets, where null sets are empty ones. 0 for no set at all.';

CREATE FUNCTION rb64_andnot_cardinality(a roaringbitmap64, b roaringbitmap64) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_andnot_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_andnot_cardinality(roaringbitmap64, roaringbitmap64) IS
    'How many elements the first has and the second has not, without making that set. To take nulls for empty sets, wrap them in coalesce(x, ''{}'').';

CREATE FUNCTION rb64_andnot_cardinality(VARIADIC sets roaringbitmap64[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_andnot_cardinality_many' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_andnot_cardinality(VARIADIC roaringbitmap64[]) IS
    'How many elements are in the first set and in no other, without making that set. Null if one of the sets is null or there is none.';

CREATE FUNCTION rb64_andnot_cardinality_null2empty(VARIADIC sets roaringbitmap64[]) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_andnot_cardinality_null2empty' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_andnot_cardinality_null2empty(VARIADIC roaringbitmap64[]) IS
    'How many elements are in the first set and in no other, where null sets are empty ones. 0 for no set at all.';

CREATE FUNCTION rb64_jaccard_dist(a roaringbitmap64, b roaringbitmap64) RETURNS double precision
    AS 'MODULE_PATHNAME', 'rb64_jaccard_dist' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_jaccard_dist(roaringbitmap64, roaringbitmap64) IS
    'Jaccard index: the elements of both divided by the elements of either. 1 for equal sets, also for two empty ones; 0 for sets with nothing in common.';

CREATE FUNCTION rb64_runoptimize(set roaringbitmap64) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb_runoptimize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_runoptimize(roaringbitmap64) IS
    'The set as it is: stored sets are always in their shortest form. For compatibility with pg_roaringbitmap.';

CREATE FUNCTION rb64_stats(set roaringbitmap64) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'rb64_stats' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_stats(roaringbitmap64) IS
    'Elements, bytes and containers of the set, and how many of each are in arrays, bitsets and runs. Reads the headers of the containers only.';
