-- Equal events make equal bytes, so that all of this is about bytes and the server's own functions for bytea serve. The
-- order means nothing to people; it is what DISTINCT, merge joins and unique indexes need.

CREATE FUNCTION cdp_timeline_lt(a cdp_timeline, b cdp_timeline) RETURNS boolean
    AS 'bytealt' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_lt(cdp_timeline, cdp_timeline) IS
    'Implements <.';

CREATE OPERATOR < (
    LEFTARG = cdp_timeline, RIGHTARG = cdp_timeline, FUNCTION = cdp_timeline_lt,
    COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (cdp_timeline, cdp_timeline) IS 'less than, in the order of the bytes';

CREATE FUNCTION cdp_timeline_le(a cdp_timeline, b cdp_timeline) RETURNS boolean
    AS 'byteale' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_le(cdp_timeline, cdp_timeline) IS
    'Implements <=.';

CREATE OPERATOR <= (
    LEFTARG = cdp_timeline, RIGHTARG = cdp_timeline, FUNCTION = cdp_timeline_le,
    COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (cdp_timeline, cdp_timeline) IS 'less than or equal, in the order of the bytes';

CREATE FUNCTION cdp_timeline_eq(a cdp_timeline, b cdp_timeline) RETURNS boolean
    AS 'byteaeq' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_eq(cdp_timeline, cdp_timeline) IS
    'Implements =.';

CREATE OPERATOR = (
    LEFTARG = cdp_timeline, RIGHTARG = cdp_timeline, FUNCTION = cdp_timeline_eq,
    COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (cdp_timeline, cdp_timeline) IS 'equal: the same events';

CREATE FUNCTION cdp_timeline_ne(a cdp_timeline, b cdp_timeline) RETURNS boolean
    AS 'byteane' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_ne(cdp_timeline, cdp_timeline) IS
    'Implements <>.';

CREATE OPERATOR <> (
    LEFTARG = cdp_timeline, RIGHTARG = cdp_timeline, FUNCTION = cdp_timeline_ne,
    COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (cdp_timeline, cdp_timeline) IS 'not equal';

CREATE FUNCTION cdp_timeline_ge(a cdp_timeline, b cdp_timeline) RETURNS boolean
    AS 'byteage' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_ge(cdp_timeline, cdp_timeline) IS
    'Implements >=.';

CREATE OPERATOR >= (
    LEFTARG = cdp_timeline, RIGHTARG = cdp_timeline, FUNCTION = cdp_timeline_ge,
    COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (cdp_timeline, cdp_timeline) IS 'greater than or equal, in the order of the bytes';

CREATE FUNCTION cdp_timeline_gt(a cdp_timeline, b cdp_timeline) RETURNS boolean
    AS 'byteagt' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_gt(cdp_timeline, cdp_timeline) IS
    'Implements >.';

CREATE OPERATOR > (
    LEFTARG = cdp_timeline, RIGHTARG = cdp_timeline, FUNCTION = cdp_timeline_gt,
    COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (cdp_timeline, cdp_timeline) IS 'greater than, in the order of the bytes';

CREATE FUNCTION cdp_timeline_cmp(a cdp_timeline, b cdp_timeline) RETURNS integer
    AS 'byteacmp' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_cmp(cdp_timeline, cdp_timeline) IS
    'Negative, 0 or positive: the order of the bytes.';

CREATE FUNCTION cdp_timeline_hash(timeline cdp_timeline) RETURNS integer
    AS 'hashvarlena' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_hash(cdp_timeline) IS
    'A hash of the bytes.';

CREATE FUNCTION cdp_timeline_hash_extended(timeline cdp_timeline, seed bigint) RETURNS bigint
    AS 'hashvarlenaextended' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_hash_extended(cdp_timeline, bigint) IS
    'A hash of the bytes in 64 bits, another one for each seed.';

CREATE OPERATOR CLASS cdp_timeline_ops DEFAULT FOR TYPE cdp_timeline USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
    FUNCTION 1 cdp_timeline_cmp(cdp_timeline, cdp_timeline);
COMMENT ON OPERATOR CLASS cdp_timeline_ops USING btree IS
    'Equality of timelines, and an order of their bytes. An index entry holds the whole timeline and is limited to about 2.7 kB, as of any type.';
COMMENT ON OPERATOR FAMILY cdp_timeline_ops USING btree IS 'Equality of timelines, and an order of their bytes.';

CREATE OPERATOR CLASS cdp_timeline_ops DEFAULT FOR TYPE cdp_timeline USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 cdp_timeline_hash(cdp_timeline),
    FUNCTION 2 cdp_timeline_hash_extended(cdp_timeline, bigint);
COMMENT ON OPERATOR CLASS cdp_timeline_ops USING hash IS 'Equality of timelines of any size.';
COMMENT ON OPERATOR FAMILY cdp_timeline_ops USING hash IS 'Equality of timelines of any size.';
