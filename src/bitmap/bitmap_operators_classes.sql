-- What DISTINCT, GROUP BY, ORDER BY, hash and merge joins, unique indexes and hash partitions need. Equality is that
-- of sets, in whatever form a value holds them.

CREATE FUNCTION rb_cmp(a roaringbitmap, b roaringbitmap) RETURNS integer
    AS 'MODULE_PATHNAME', 'rb_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_cmp(roaringbitmap, roaringbitmap) IS
    '-1, 0 or 1: the order of the sets by their ascending elements, as of words in a dictionary. Elements compare as unsigned numbers, so that -1 is the largest.';

CREATE FUNCTION rb_lt(a roaringbitmap, b roaringbitmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_lt(roaringbitmap, roaringbitmap) IS 'Implements < in the order of rb_cmp.';

CREATE OPERATOR < (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_lt,
    COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (roaringbitmap, roaringbitmap) IS 'less than, in the order of rb_cmp';

CREATE FUNCTION rb_le(a roaringbitmap, b roaringbitmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_le(roaringbitmap, roaringbitmap) IS 'Implements <= in the order of rb_cmp.';

CREATE OPERATOR <= (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_le,
    COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (roaringbitmap, roaringbitmap) IS 'less than or equal, in the order of rb_cmp';

CREATE FUNCTION rb_gt(a roaringbitmap, b roaringbitmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_gt(roaringbitmap, roaringbitmap) IS 'Implements > in the order of rb_cmp.';

CREATE OPERATOR > (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_gt,
    COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (roaringbitmap, roaringbitmap) IS 'greater than, in the order of rb_cmp';

CREATE FUNCTION rb_ge(a roaringbitmap, b roaringbitmap) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_ge(roaringbitmap, roaringbitmap) IS 'Implements >= in the order of rb_cmp.';

CREATE OPERATOR >= (
    LEFTARG = roaringbitmap, RIGHTARG = roaringbitmap, FUNCTION = rb_ge,
    COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (roaringbitmap, roaringbitmap) IS 'greater than or equal, in the order of rb_cmp';

CREATE OPERATOR CLASS roaringbitmap_ops DEFAULT FOR TYPE roaringbitmap USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
    FUNCTION 1 rb_cmp(roaringbitmap, roaringbitmap);
COMMENT ON OPERATOR CLASS roaringbitmap_ops USING btree IS
    'Order and equality of sets. An index entry holds the whole set and is limited to about 2.7 kB, as of any type.';
COMMENT ON OPERATOR FAMILY roaringbitmap_ops USING btree IS 'Order and equality of sets.';

CREATE FUNCTION rb_hash(set roaringbitmap) RETURNS integer
    AS 'MODULE_PATHNAME', 'rb_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_hash(roaringbitmap) IS
    'A hash of the elements: one for equal sets, whatever their form. Reads the whole value.';

CREATE FUNCTION rb_hash_extended(set roaringbitmap, seed bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb_hash_extended(roaringbitmap, bigint) IS
    'The hash of the elements in 64 bits, another one for each seed.';

CREATE OPERATOR CLASS roaringbitmap_ops DEFAULT FOR TYPE roaringbitmap USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 rb_hash(roaringbitmap),
    FUNCTION 2 rb_hash_extended(roaringbitmap, bigint);
COMMENT ON OPERATOR CLASS roaringbitmap_ops USING hash IS 'Equality of sets of any size.';
COMMENT ON OPERATOR FAMILY roaringbitmap_ops USING hash IS 'Equality of sets of any size.';
