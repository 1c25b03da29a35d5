-- A range holds its start and not its end, which are unsigned numbers; 0 as an end stands for 2^64.

CREATE FUNCTION rb64_fill(set roaringbitmap64, range_start bigint, range_end bigint) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_fill' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_fill(roaringbitmap64, bigint, bigint) IS
    'The set with all numbers of the range added. The start is in the range, the end is not; both count by unsigned value, and 0 as the end stands for 2^64. Error 54000 if the result would be larger than 1 GB.';

CREATE FUNCTION rb64_clear(set roaringbitmap64, range_start bigint, range_end bigint) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_clear' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_clear(roaringbitmap64, bigint, bigint) IS
    'The set without the elements of the range. The start is in the range, the end is not, and 0 as the end stands for 2^64.';

CREATE FUNCTION rb64_flip(set roaringbitmap64, range_start bigint, range_end bigint) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_flip' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_flip(roaringbitmap64, bigint, bigint) IS
    'The set with each number of the range taken out if it was in, else added. The start is in the range, the end is not; 0 as the end stands for 2^64. Error 54000 if the result would be larger than 1 GB.';

CREATE FUNCTION rb64_range(set roaringbitmap64, range_start bigint, range_end bigint) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_range' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_range(roaringbitmap64, bigint, bigint) IS
    'The elements in the range. The start is in the range, the end is not, and 0 as the end stands for 2^64; rb64_between has both.';

CREATE FUNCTION rb64_range_cardinality(set roaringbitmap64, range_start bigint, range_end bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_range_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb64_range_cardinality(roaringbitmap64, bigint, bigint) IS
    'How many elements are in the range. Of a large value with few parts only headers and two containers are read.';

CREATE FUNCTION rb64_between(set roaringbitmap64, low bigint, high bigint) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_between' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_between(roaringbitmap64, bigint, bigint) IS
    'The elements from low to high, both included, in the order of unsigned values: from 0 to -1 is all.';

CREATE FUNCTION rb64_rank(set roaringbitmap64, element bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_rank' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb64_rank(roaringbitmap64, bigint) IS
    'How many elements are at most that large. Of a large value with few parts only headers and one container are read.';

CREATE FUNCTION rb64_index(set roaringbitmap64, element bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_index' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb64_index(roaringbitmap64, bigint) IS
    'The position of the element, 0 for the smallest; -1 if it is not in the set. Of a large value with few parts only headers and one container are read.';

CREATE FUNCTION rb64_nth(set roaringbitmap64, n bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb64_nth' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb64_nth(roaringbitmap64, bigint) IS
    'The element at a position: 0 is the smallest, -1 the largest; null beyond either end.';

CREATE FUNCTION rb64_select(
    set roaringbitmap64, bitset_limit bigint, bitset_offset bigint DEFAULT 0, reverse boolean DEFAULT false,
    range_start bigint DEFAULT 0, range_end bigint DEFAULT 0
) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_subset' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_select(roaringbitmap64, bigint, bigint, boolean, bigint, bigint) IS
    'As many elements of the range as the limit says, without as many before them as the offset says; reversed, counted from the largest. rb64_subset under the name that pg_roaringbitmap has.';

CREATE FUNCTION rb64_subset(
    set roaringbitmap64, "limit" bigint, "offset" bigint DEFAULT 0, reverse boolean DEFAULT false,
    range_start bigint DEFAULT 0, range_end bigint DEFAULT 0
) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_subset' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_subset(roaringbitmap64, bigint, bigint, boolean, bigint, bigint) IS
    'As many elements of the range as the limit says, without as many before them as the offset says; reversed, counted from the largest. Empty for a limit below 1.';

CREATE FUNCTION rb64_shiftright(set roaringbitmap64, distance bigint) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_shiftright' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_shiftright(roaringbitmap64, bigint) IS
    'Every element plus the distance; what leaves the unsigned 64-bit numbers is dropped. The operator >>.';

CREATE FUNCTION rb64_shiftleft(set roaringbitmap64, distance bigint) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_shiftleft' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_shiftleft(roaringbitmap64, bigint) IS
    'Every element minus the distance; what leaves the unsigned 64-bit numbers is dropped. The operator <<.';

CREATE OPERATOR >> (
    LEFTARG = roaringbitmap64, RIGHTARG = bigint, FUNCTION = rb64_shiftright
);
COMMENT ON OPERATOR >> (roaringbitmap64, bigint) IS 'every element plus a distance';

CREATE OPERATOR << (
    LEFTARG = roaringbitmap64, RIGHTARG = bigint, FUNCTION = rb64_shiftleft
);
COMMENT ON OPERATOR << (roaringbitmap64, bigint) IS 'every element minus a distance';
