-- What DISTINCT, GROUP BY, ORDER BY, hash and merge joins, unique indexes and hash partitions need. Equality is that
-- of sets, in whatever form a value holds them.

CREATE FUNCTION rb64_cmp(a roaringbitmap64, b roaringbitmap64) RETURNS integer
    AS 'MODULE_PATHNAME', 'rb64_cmp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_cmp(roaringbitmap64, roaringbitmap64) IS
    '-1, 0 or 1: the order of the sets by their ascending elements, as of words in a dictionary. Elements compare as unsigned numbers, so that -1 is the largest.';

CREATE FUNCTION rb64_lt(a roaringbitmap64, b roaringbitmap64) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb64_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_lt(roaringbitmap64, roaringbitmap64) IS 'Implements < in the order of rb64_cmp.';

CREATE OPERATOR < (
    LEFTARG = roaringbitmap64, RIGHTARG = roaringbitmap64, FUNCTION = rb64_lt,
    COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (roaringbitmap64, roaringbitmap64) IS 'less than, in the order of rb64_cmp';

CREATE FUNCTION rb64_le(a roaringbitmap64, b roaringbitmap64) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb64_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_le(roaringbitmap64, roaringbitmap64) IS 'Implements <= in the order of rb64_cmp.';

CREATE OPERATOR <= (
    LEFTARG = roaringbitmap64, RIGHTARG = roaringbitmap64, FUNCTION = rb64_le,
    COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (roaringbitmap64, roaringbitmap64) IS 'less than or equal, in the order of rb64_cmp';

CREATE FUNCTION rb64_gt(a roaringbitmap64, b roaringbitmap64) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb64_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_gt(roaringbitmap64, roaringbitmap64) IS 'Implements > in the order of rb64_cmp.';

CREATE OPERATOR > (
    LEFTARG = roaringbitmap64, RIGHTARG = roaringbitmap64, FUNCTION = rb64_gt,
    COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (roaringbitmap64, roaringbitmap64) IS 'greater than, in the order of rb64_cmp';

CREATE FUNCTION rb64_ge(a roaringbitmap64, b roaringbitmap64) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb64_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_ge(roaringbitmap64, roaringbitmap64) IS 'Implements >= in the order of rb64_cmp.';

CREATE OPERATOR >= (
    LEFTARG = roaringbitmap64, RIGHTARG = roaringbitmap64, FUNCTION = rb64_ge,
    COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (roaringbitmap64, roaringbitmap64) IS 'greater than or equal, in the order of rb64_cmp';

CREATE OPERATOR CLASS roaringbitmap64_ops DEFAULT FOR TYPE roaringbitmap64 USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
    FUNCTION 1 rb64_cmp(roaringbitmap64, roaringbitmap64);
COMMENT ON OPERATOR CLASS roaringbitmap64_ops USING btree IS
    'Order and equality of sets. An index entry holds the whole set and is limited to about 2.7 kB, as of any type.';
COMMENT ON OPERATOR FAMILY roaringbitmap64_ops USING btree IS 'Order and equality of sets.';

CREATE FUNCTION rb64_hash(set roaringbitmap64) RETURNS integer
    AS 'MODULE_PATHNAME', 'rb64_hash' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_hash(roaringbitmap64) IS
    'A hash of the elements: one for equal sets, whatever their form. Reads the whole value.';

CREATE FUNCTION rb64_hash_extended(set roaringbitmap64, seed bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_hash_extended' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION rb64_hash_extended(roaringbitmap64, bigint) IS
    'The hash of the elements in 64 bits, another one for each seed.';

CREATE OPERATOR CLASS roaringbitmap64_ops DEFAULT FOR TYPE roaringbitmap64 USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 rb64_hash(roaringbitmap64),
    FUNCTION 2 rb64_hash_extended(roaringbitmap64, bigint);
COMMENT ON OPERATOR CLASS roaringbitmap64_ops USING hash IS 'Equality of sets of any size.';
COMMENT ON OPERATOR FAMILY roaringbitmap64_ops USING hash IS 'Equality of sets of any size.';
