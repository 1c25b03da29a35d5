CREATE FUNCTION rb_contains_sel(internal, oid, internal, integer) RETURNS double precision
    AS 'MODULE_PATHNAME', 'rb_contains_sel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_contains_sel(internal, oid, internal, integer) IS
    'The share of rows for which @> holds, from the statistics of the column.';

CREATE FUNCTION rb_containedby_sel(internal, oid, internal, integer) RETURNS double precision
    AS 'MODULE_PATHNAME', 'rb_containedby_sel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_containedby_sel(internal, oid, internal, integer) IS
    'The share of rows for which <@ holds, from the statistics of the column.';

CREATE FUNCTION rb_overlaps_sel(internal, oid, internal, integer) RETURNS double precision
    AS 'MODULE_PATHNAME', 'rb_overlaps_sel' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_overlaps_sel(internal, oid, internal, integer) IS
    'The share of rows for which && holds, from the statistics of the column.';

CREATE OPERATOR & (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_and,
    COMMUTATOR = &
);
COMMENT ON OPERATOR & (roaringbitmap, roaringbitmap) IS 'intersection';

CREATE OPERATOR | (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_or,
    COMMUTATOR = |
);
COMMENT ON OPERATOR | (roaringbitmap, roaringbitmap) IS 'union';

CREATE OPERATOR | (
    LEFTARG = roaringbitmap, RIGHTARG = integer, FUNCTION = rb_add,
    COMMUTATOR = |
);
COMMENT ON OPERATOR | (roaringbitmap, integer) IS 'with one more element';

CREATE OPERATOR | (
    LEFTARG = integer, RIGHTARG = roaringbitmap, FUNCTION = rb_add,
    COMMUTATOR = |
);
COMMENT ON OPERATOR | (integer, roaringbitmap) IS 'with one more element';

CREATE OPERATOR # (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_xor,
    COMMUTATOR = #
);
COMMENT ON OPERATOR # (roaringbitmap, roaringbitmap) IS 'symmetric difference';

CREATE OPERATOR - (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_andnot
);
COMMENT ON OPERATOR - (roaringbitmap, roaringbitmap) IS 'difference';

CREATE OPERATOR - (
    LEFTARG = roaringbitmap, RIGHTARG = integer, FUNCTION = rb_remove
);
COMMENT ON OPERATOR - (roaringbitmap, integer) IS 'without one element';

CREATE OPERATOR @> (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_contains,
    COMMUTATOR = <@,
    RESTRICT = rb_contains_sel, JOIN = contjoinsel
);
COMMENT ON OPERATOR @> (roaringbitmap, roaringbitmap) IS 'contains all of';

CREATE OPERATOR @> (
    LEFTARG = roaringbitmap, RIGHTARG = integer, FUNCTION = rb_contains,
    COMMUTATOR = <@,
    RESTRICT = rb_contains_sel, JOIN = contjoinsel
);
COMMENT ON OPERATOR @> (roaringbitmap, integer) IS 'contains';

CREATE OPERATOR <@ (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_containedby,
    COMMUTATOR = @>,
    RESTRICT = rb_containedby_sel, JOIN = contjoinsel
);
COMMENT ON OPERATOR <@ (roaringbitmap, roaringbitmap) IS 'is contained in';

CREATE OPERATOR <@ (
    LEFTARG = integer, RIGHTARG = roaringbitmap, FUNCTION = rb_containedby,
    COMMUTATOR = @>,
    RESTRICT = rb_containedby_sel, JOIN = contjoinsel
);
COMMENT ON OPERATOR <@ (integer, roaringbitmap) IS 'is an element of';

CREATE OPERATOR && (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_intersect,
    COMMUTATOR = &&,
    RESTRICT = rb_overlaps_sel, JOIN = contjoinsel
);
COMMENT ON OPERATOR && (roaringbitmap, roaringbitmap) IS 'overlaps';

CREATE OPERATOR = (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_equals,
    COMMUTATOR = =,
    NEGATOR = <>,
    RESTRICT = eqsel, JOIN = eqjoinsel,
    HASHES, MERGES
);
COMMENT ON OPERATOR = (roaringbitmap, roaringbitmap) IS 'equal as sets';

CREATE OPERATOR <> (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_not_equals,
    COMMUTATOR = <>,
    NEGATOR = =,
    RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (roaringbitmap, roaringbitmap) IS 'not equal as sets';
