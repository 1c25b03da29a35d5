CREATE FUNCTION rb64_contains_sel(internal, oid, internal, integer) RETURNS double precision
    AS 'MODULE_PATHNAME', 'rb64_contains_sel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_contains_sel(internal, oid, internal, integer) IS
    'The share of rows for which @> holds, from the statistics of the column.';

CREATE FUNCTION rb64_containedby_sel(internal, oid, internal, integer) RETURNS double precision
    AS 'MODULE_PATHNAME', 'rb64_containedby_sel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_containedby_sel(internal, oid, internal, integer) IS
    'The share of rows for which <@ holds, from the statistics of the column.';

CREATE FUNCTION rb64_overlaps_sel(internal, oid, internal, integer) RETURNS double precision
    AS 'MODULE_PATHNAME', 'rb64_overlaps_sel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_overlaps_sel(internal, oid, internal, integer) IS
    'The share of rows for which && holds, from the statistics of the column.';

CREATE OPERATOR & (
    LEFTARG = roaringbitmap64, RIGHTARG = roaringbitmap64, FUNCTION = rb64_and,
    COMMUTATOR = &
);
COMMENT ON OPERATOR & (roaringbitmap64, roaringbitmap64) IS 'intersection';

CREATE OPERATOR | (
    LEFTARG = roaringbitmap64, RIGHTARG = roaringbitmap64, FUNCTION = rb64_or,
    COMMUTATOR = |
);
COMMENT ON OPERATOR | (roaringbitmap64, roaringbitmap64) IS 'union';

CREATE OPERATOR | (
    LEFTARG = roaringbitmap64, RIGHTARG = bigint, FUNCTION = rb64_add,
    COMMUTATOR = |
);
COMMENT ON OPERATOR | (roaringbitmap64, bigint) IS 'with one more element';

CREATE OPERATOR | (
    LEFTARG = bigint, RIGHTARG = roaringbitmap64, FUNCTION = rb64_add,
    COMMUTATOR = |
);
COMMENT ON OPERATOR | (bigint, roaringbitmap64) IS 'with one more element';

CREATE OPERATOR # (
    LEFTARG = roaringbitmap64, RIGHTARG = roaringbitmap64, FUNCTION = rb64_xor,
    COMMUTATOR = #
);
COMMENT ON OPERATOR # (roaringbitmap64, roaringbitmap64) IS 'symmetric difference';

CREATE OPERATOR - (
    LEFTARG = roaringbitmap64, RIGHTARG = roaringbitmap64, FUNCTION = rb64_andnot
);
COMMENT ON OPERATOR - (roaringbitmap64, roaringbitmap64) IS 'difference';

CREATE OPERATOR - (
    LEFTARG = roaringbitmap64, RIGHTARG = bigint, FUNCTION = rb64_remove
);
COMMENT ON OPERATOR - (roaringbitmap64, bigint) IS 'without one element';

CREATE OPERATOR @> (
    LEFTARG = roaringbitmap64, RIGHTARG = roaringbitmap64, FUNCTION = rb64_contains,
    COMMUTATOR = <@,
    RESTRICT = rb64_contains_sel, JOIN = contjoinsel
);
COMMENT ON OPERATOR @> (roaringbitmap64, roaringbitmap64) IS 'contains all of';

CREATE OPERATOR @> (
    LEFTARG = roaringbitmap64, RIGHTARG = bigint, FUNCTION = rb64_contains,
    COMMUTATOR = <@,
    RESTRICT = rb64_contains_sel, JOIN = contjoinsel
);
COMMENT ON OPERATOR @> (roaringbitmap64, bigint) IS 'contains';

CREATE OPERATOR <@ (
    LEFTARG = roaringbitmap64, RIGHTARG = roaringbitmap64, FUNCTION = rb64_containedby,
    COMMUTATOR = @>,
    RESTRICT = rb64_containedby_sel, JOIN = contjoinsel
);
COMMENT ON OPERATOR <@ (roaringbitmap64, roaringbitmap64) IS 'is contained in';

CREATE OPERATOR <@ (
    LEFTARG = bigint, RIGHTARG = roaringbitmap64, FUNCTION = rb64_containedby,
    COMMUTATOR = @>,
    RESTRICT = rb64_containedby_sel, JOIN = contjoinsel
);
COMMENT ON OPERATOR <@ (bigint, roaringbitmap64) IS 'is an element of';

CREATE OPERATOR && (
    LEFTARG = roaringbitmap64, RIGHTARG = roaringbitmap64, FUNCTION = rb64_intersect,
    COMMUTATOR = &&,
    RESTRICT = rb64_overlaps_sel, JOIN = contjoinsel
);
COMMENT ON OPERATOR && (roaringbitmap64, roaringbitmap64) IS 'overlaps';

CREATE OPERATOR = (
    LEFTARG = roaringbitmap64, RIGHTARG = roaringbitmap64, FUNCTION = rb64_equals,
    COMMUTATOR = =,
    NEGATOR = <>,
    RESTRICT = eqsel, JOIN = eqjoinsel,
    HASHES, MERGES
);
COMMENT ON OPERATOR = (roaringbitmap64, roaringbitmap64) IS 'equal as sets';

CREATE OPERATOR <> (
    LEFTARG = roaringbitmap64, RIGHTARG = roaringbitmap64, FUNCTION = rb64_not_equals,
    COMMUTATOR = <>,
    NEGATOR = =,
    RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (roaringbitmap64, roaringbitmap64) IS 'not equal as sets';
