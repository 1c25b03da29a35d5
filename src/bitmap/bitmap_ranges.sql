-- A range holds its start and not its end; ends outside of 0 … 2^32 stand for the nearest of these.

CREATE FUNCTION rb_fill(set roaringbitmap, range_start bigint, range_end bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_fill' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_fill(roaringbitmap, bigint, bigint) IS
    'The set with all numbers of the range added. The start is in the range, the end is not; both count by unsigned value, up to 4294967296.';

CREATE FUNCTION rb_clear(set roaringbitmap, range_start bigint, range_end bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_clear' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_clear(roaringbitmap, bigint, bigint) IS
    'The set without the elements of the range. The start is in the range, the end is not.';

CREATE FUNCTION rb_flip(set roaringbitmap, range_start bigint, range_end bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_flip' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_flip(roaringbitmap, bigint, bigint) IS
    'The set with each number of the range taken out if it was in, else added. The start is in the range, the end is not.';

CREATE FUNCTION rb_range(set roaringbitmap, range_start bigint, range_end bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_range' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_range(roaringbitmap, bigint, bigint) IS
    'The elements in the range. The start is in the range, the end is not; rb_between has both.';

CREATE FUNCTION rb_range_cardinality(set roaringbitmap, range_start bigint, range_end bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_range_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb_range_cardinality(roaringbitmap, bigint, bigint) IS
    'How many elements are in the range. Reads the header and two containers.';

CREATE FUNCTION rb_between(set roaringbitmap, low integer, high integer) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_between' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_between(roaringbitmap, integer, integer) IS
    'The elements from low to high, both included, in the order of unsigned values: from 0 to -1 is all.';

CREATE FUNCTION rb_rank(set roaringbitmap, element integer) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_rank' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb_rank(roaringbitmap, integer) IS
    'How many elements are at most that large. Reads the header and one container.';

CREATE FUNCTION rb_index(set roaringbitmap, element integer) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_index' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb_index(roaringbitmap, integer) IS
    'The position of the element, 0 for the smallest; -1 if it is not in the set. Reads the header and one container.';

CREATE FUNCTION rb_nth(set roaringbitmap, n bigint) RETURNS integer
    AS 'MODULE_PATHNAME', 'rb_nth' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb_nth(roaringbitmap, bigint) IS
    'The element at a position: 0 is the smallest, -1 the largest; null beyond either end. Reads the header and one container.';

CREATE FUNCTION rb_select(
    set roaringbitmap, bitset_limit bigint, bitset_offset bigint DEFAULT 0, reverse boolean DEFAULT false,
    range_start bigint DEFAULT 0, range_end bigint DEFAULT 4294967296
) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_subset' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_select(roaringbitmap, bigint, bigint, boolean, bigint, bigint) IS
    'As many elements of the range as the limit says, without as many before them as the offset says; reversed, counted from the largest. rb_subset under the name that pg_roaringbitmap has.';

CREATE FUNCTION rb_subset(
    set roaringbitmap, "limit" bigint, "offset" bigint DEFAULT 0, reverse boolean DEFAULT false,
    range_start bigint DEFAULT 0, range_end bigint DEFAULT 4294967296
) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_subset' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_subset(roaringbitmap, bigint, bigint, boolean, bigint, bigint) IS
    'As many elements of the range as the limit says, without as many before them as the offset says; reversed, counted from the largest. Empty for a limit below 1.';

CREATE FUNCTION rb_shiftright(set roaringbitmap, distance bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_shiftright' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_shiftright(roaringbitmap, bigint) IS
    'Every element plus the distance; what leaves the unsigned 32-bit numbers is dropped. The operator >>.';

CREATE FUNCTION rb_shiftleft(set roaringbitmap, distance bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_shiftleft' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb_shiftleft(roaringbitmap, bigint) IS
    'Every element minus the distance; what leaves the unsigned 32-bit numbers is dropped. The operator <<.';

CREATE OPERATOR >> (
    LEFTARG = roaringbitmap, RIGHTARG = bigint, FUNCTION = rb_shiftright
);
COMMENT ON OPERATOR >> (roaringbitmap, bigint) IS 'every element plus a distance';

CREATE OPERATOR << (
    LEFTARG = roaringbitmap, RIGHTARG = bigint, FUNCTION = rb_shiftleft
);
COMMENT ON OPERATOR << (roaringbitmap, bigint) IS 'every element minus a distance';
