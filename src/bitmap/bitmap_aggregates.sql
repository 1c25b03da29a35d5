-- States are of the type itself, so that whatever can carry a value can carry a state; what takes one more
-- set combines two states as well.

CREATE FUNCTION rb_build_trans(state roaringbitmap, element integer) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_build_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb_build_trans(roaringbitmap, integer) IS
    'Transition of rb_build_agg: adds an element; nulls change nothing.';

CREATE FUNCTION rb_or_trans(state roaringbitmap, set roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_or_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_or_trans(roaringbitmap, roaringbitmap) IS
    'Transition of rb_or_agg, and how states of it and of rb_build_agg combine: union; nulls change nothing.';

CREATE FUNCTION rb_and_trans(state roaringbitmap, set roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_and_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_and_trans(roaringbitmap, roaringbitmap) IS
    'Transition of rb_and_agg and how its states combine: intersection; nulls change nothing.';

CREATE FUNCTION rb_xor_trans(state roaringbitmap, set roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_xor_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_xor_trans(roaringbitmap, roaringbitmap) IS
    'Transition of rb_xor_agg and how its states combine: symmetric difference; nulls change nothing.';

CREATE FUNCTION rb_xor_moving(state roaringbitmap, set roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_xor_trans' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_xor_moving(roaringbitmap, roaringbitmap) IS
    'Transition of rb_xor_agg over a moving window, and its own inverse: symmetric difference.';

CREATE AGGREGATE rb_build_agg(integer) (
    SFUNC = rb_build_trans,
    STYPE = roaringbitmap,
    COMBINEFUNC = rb_or_trans,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb_build_agg(integer) IS
    'The set of the values. Null values are skipped; null if there is no other.';

CREATE AGGREGATE rb_or_agg(roaringbitmap) (
    SFUNC = rb_or_trans,
    STYPE = roaringbitmap,
    COMBINEFUNC = rb_or_trans,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb_or_agg(roaringbitmap) IS
    'The union of the sets. Null ones are skipped; null if there is no other.';

CREATE AGGREGATE rb_and_agg(roaringbitmap) (
    SFUNC = rb_and_trans,
    STYPE = roaringbitmap,
    COMBINEFUNC = rb_and_trans,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb_and_agg(roaringbitmap) IS
    'The intersection of the sets. Null ones are skipped; null if there is no other.';

CREATE AGGREGATE rb_xor_agg(roaringbitmap) (
    SFUNC = rb_xor_trans,
    STYPE = roaringbitmap,
    COMBINEFUNC = rb_xor_trans,
    MSFUNC = rb_xor_moving,
    MINVFUNC = rb_xor_moving,
    MSTYPE = roaringbitmap,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb_xor_agg(roaringbitmap) IS
    'The elements that are in an odd number of the sets. Moves along a window without starting anew. Null ones are skipped; null if there is no other.';

CREATE AGGREGATE rb_join_agg(roaringbitmap) (
    SFUNC = rb_or_trans,
    STYPE = roaringbitmap,
    COMBINEFUNC = rb_or_trans,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb_join_agg(roaringbitmap) IS
    'Joins the parts that rb_split gives: the union of the sets. Null ones are skipped; null if there is no other.';
