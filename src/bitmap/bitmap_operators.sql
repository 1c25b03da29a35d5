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
    RESTRICT = contsel, JOIN = contjoinsel
);
COMMENT ON OPERATOR @> (roaringbitmap, roaringbitmap) IS 'contains all of';

CREATE OPERATOR @> (
    LEFTARG = roaringbitmap, RIGHTARG = integer, FUNCTION = rb_contains,
    COMMUTATOR = <@,
    RESTRICT = contsel, JOIN = contjoinsel
);
COMMENT ON OPERATOR @> (roaringbitmap, integer) IS 'contains';

CREATE OPERATOR <@ (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_containedby,
    COMMUTATOR = @>,
    RESTRICT = contsel, JOIN = contjoinsel
);
COMMENT ON OPERATOR <@ (roaringbitmap, roaringbitmap) IS 'is contained in';

CREATE OPERATOR <@ (
    LEFTARG = integer, RIGHTARG = roaringbitmap, FUNCTION = rb_containedby,
    COMMUTATOR = @>,
    RESTRICT = contsel, JOIN = contjoinsel
);
COMMENT ON OPERATOR <@ (integer, roaringbitmap) IS 'is an element of';

CREATE OPERATOR && (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_intersect,
    COMMUTATOR = &&,
    RESTRICT = contsel, JOIN = contjoinsel
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
