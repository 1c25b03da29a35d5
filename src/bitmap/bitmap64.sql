-- The same for 64-bit numbers, in the portable format of 64-bit roaring bitmaps.
CREATE TYPE roaringbitmap64;

CREATE FUNCTION roaringbitmap64_in(cstring) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'roaringbitmap64_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION roaringbitmap64_in(cstring) IS
    'Reads {1,2,-1} or the portable bytes as \x0100…; error 22P02 names the character or byte.';

CREATE FUNCTION roaringbitmap64_out(roaringbitmap64) RETURNS cstring
    AS 'MODULE_PATHNAME', 'roaringbitmap64_out' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION roaringbitmap64_out(roaringbitmap64) IS
    'Prints the portable bytes as \x0100…, or {1,2,-1} under roaringbitmap.output_format = array.';

CREATE FUNCTION roaringbitmap64_recv(internal) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'roaringbitmap64_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION roaringbitmap64_recv(internal) IS
    'Reads the portable bytes; error 22P03 names the byte that breaks the format.';

CREATE FUNCTION roaringbitmap64_send(roaringbitmap64) RETURNS bytea
    AS 'MODULE_PATHNAME', 'roaringbitmap64_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION roaringbitmap64_send(roaringbitmap64) IS
    'The portable bytes.';

CREATE FUNCTION rb64_typanalyze(internal) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb64_typanalyze' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_typanalyze(internal) IS
    'What ANALYZE calls for a column: common elements and numbers of elements, besides what it finds out for every type.';

-- External storage: the bytes are compressed already, and a slice of a large value can be read.
CREATE TYPE roaringbitmap64 (
    INTERNALLENGTH = VARIABLE,
    INPUT = roaringbitmap64_in,
    OUTPUT = roaringbitmap64_out,
    RECEIVE = roaringbitmap64_recv,
    SEND = roaringbitmap64_send,
    ANALYZE = rb64_typanalyze,
    ALIGNMENT = int4,
    STORAGE = external
);
COMMENT ON TYPE roaringbitmap64 IS
    'A compressed set of 64-bit numbers, shown as bigint: the order is that of unsigned numbers, -1 is the largest.';

CREATE FUNCTION roaringbitmap64(bytea) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'roaringbitmap64_from_bytea' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION roaringbitmap64(bytea) IS
    'The set of which these are the portable bytes; error 22P03 names the byte that breaks the format.';

CREATE CAST (bytea AS roaringbitmap64) WITH FUNCTION roaringbitmap64(bytea);
COMMENT ON CAST (bytea AS roaringbitmap64) IS 'Reads the portable bytes; every byte is checked.';
CREATE CAST (roaringbitmap64 AS bytea) WITHOUT FUNCTION;
COMMENT ON CAST (roaringbitmap64 AS bytea) IS 'The portable bytes; equal sets give equal bytes.';

CREATE FUNCTION rb64_from_roaringbitmap(roaringbitmap) RETURNS roaringbitmap64
    AS 'MODULE_PATHNAME', 'rb64_from_roaringbitmap' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_from_roaringbitmap(roaringbitmap) IS
    'The same integers as bigint ones: -1 stays -1, the largest number of either type.';

CREATE FUNCTION rb64_to_roaringbitmap(roaringbitmap64) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb64_to_roaringbitmap' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_to_roaringbitmap(roaringbitmap64) IS
    'The same bigint elements as integers; error 22003 names the first that is none.';

CREATE CAST (roaringbitmap AS roaringbitmap64) WITH FUNCTION rb64_from_roaringbitmap(roaringbitmap);
COMMENT ON CAST (roaringbitmap AS roaringbitmap64) IS 'The same integers as bigint ones.';
CREATE CAST (roaringbitmap64 AS roaringbitmap) WITH FUNCTION rb64_to_roaringbitmap(roaringbitmap64);
COMMENT ON CAST (roaringbitmap64 AS roaringbitmap) IS 'The same bigint elements as integers, of which each must be one.';
