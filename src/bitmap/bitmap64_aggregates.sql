-- States are of the type itself, so that whatever can carry a value can carry a state; what takes one more
-- set combines two states as well.

CREATE FUNCTION rb64_build_trans(state roaringbitmap64, element bigint) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_build_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb64_build_trans(roaringbitmap64, bigint) IS
    'Transition of rb64_build_agg: adds an element; nulls change nothing.';

CREATE FUNCTION rb64_or_trans(state roaringbitmap64, set roaringbitmap64) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_or_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_or_trans(roaringbitmap64, roaringbitmap64) IS
    'Transition of rb64_or_agg, and how states of it and of rb64_build_agg combine: union; nulls change nothing.';

CREATE FUNCTION rb64_and_trans(state roaringbitmap64, set roaringbitmap64) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_and_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_and_trans(roaringbitmap64, roaringbitmap64) IS
    'Transition of rb64_and_agg and how its states combine: intersection; nulls change nothing.';

CREATE FUNCTION rb64_xor_trans(state roaringbitmap64, set roaringbitmap64) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_xor_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_xor_trans(roaringbitmap64, roaringbitmap64) IS
    'Transition of rb64_xor_agg and how its states combine: symmetric difference; nulls change nothing.';

CREATE FUNCTION rb64_xor_moving(state roaringbitmap64, set roaringbitmap64) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_xor_trans' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_xor_moving(roaringbitmap64, roaringbitmap64) IS
    'Transition of rb64_xor_agg over a moving window, and its own inverse: symmetric difference.';

CREATE AGGREGATE rb64_build_agg(bigint) (
    SFUNC = rb64_build_trans,
    STYPE = roaringbitmap64,
    COMBINEFUNC = rb64_or_trans,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb64_build_agg(bigint) IS
    'The set of the values. Null values are skipped; null if there is no other.';

CREATE AGGREGATE rb64_or_agg(roaringbitmap64) (
    SFUNC = rb64_or_trans,
    STYPE = roaringbitmap64,
    COMBINEFUNC = rb64_or_trans,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb64_or_agg(roaringbitmap64) IS
    'The union of the sets. Null ones are skipped; null if there is no other.';

CREATE AGGREGATE rb64_and_agg(roaringbitmap64) (
    SFUNC = rb64_and_trans,
    STYPE = roaringbitmap64,
    COMBINEFUNC = rb64_and_trans,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb64_and_agg(roaringbitmap64) IS
    'The intersection of the sets. Null ones are skipped; null if there is no other.';

CREATE AGGREGATE rb64_xor_agg(roaringbitmap64) (
    SFUNC = rb64_xor_trans,
    STYPE = roaringbitmap64,
    COMBINEFUNC = rb64_xor_trans,
    MSFUNC = rb64_xor_moving,
    MINVFUNC = rb64_xor_moving,
    MSTYPE = roaringbitmap64,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb64_xor_agg(roaringbitmap64) IS
    'The elements that are in an odd number of the sets. Moves along a window without starting anew. Null ones are skipped; null if there is no other.';
