-- The set type. Its bytes are the portable format of roaring bitmaps, in a canonical form: equal sets have
-- equal bytes.
CREATE TYPE roaringbitmap;

CREATE FUNCTION roaringbitmap_in(cstring) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'roaringbitmap_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION roaringbitmap_in(cstring) IS
    'Reads {1,2,-1} or the portable bytes as \x3a30…; error 22P02 names the character or byte.';

CREATE FUNCTION roaringbitmap_out(roaringbitmap) RETURNS cstring
    AS 'MODULE_PATHNAME', 'roaringbitmap_out' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION roaringbitmap_out(roaringbitmap) IS
    'Prints the portable bytes as \x3a30…, or {1,2,-1} under roaringbitmap.output_format = array.';

CREATE FUNCTION roaringbitmap_recv(internal) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'roaringbitmap_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION roaringbitmap_recv(internal) IS
    'Reads the portable bytes; error 22P03 names the byte that breaks the format.';

CREATE FUNCTION roaringbitmap_send(roaringbitmap) RETURNS bytea
    AS 'MODULE_PATHNAME', 'roaringbitmap_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION roaringbitmap_send(roaringbitmap) IS
    'The portable bytes.';

CREATE FUNCTION rb_typanalyze(internal) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_typanalyze' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_typanalyze(internal) IS
    'What ANALYZE calls for a column: common elements and numbers of elements, besides what it finds out for every type.';

-- External storage: the bytes are compressed already, and a slice of a large value can be read.
CREATE TYPE roaringbitmap (
    INTERNALLENGTH = VARIABLE,
    INPUT = roaringbitmap_in,
    OUTPUT = roaringbitmap_out,
    RECEIVE = roaringbitmap_recv,
    SEND = roaringbitmap_send,
    ANALYZE = rb_typanalyze,
    ALIGNMENT = int4,
    STORAGE = external
);
COMMENT ON TYPE roaringbitmap IS
    'A compressed set of 32-bit numbers, shown as integer: the order is that of unsigned numbers, -1 is the largest.';

CREATE FUNCTION roaringbitmap(bytea) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'roaringbitmap_from_bytea' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION roaringbitmap(bytea) IS
    'The set of which these are the portable bytes; error 22P03 names the byte that breaks the format.';

CREATE CAST (bytea AS roaringbitmap) WITH FUNCTION roaringbitmap(bytea);
COMMENT ON CAST (bytea AS roaringbitmap) IS 'Reads the portable bytes; every byte is checked.';
CREATE CAST (roaringbitmap AS bytea) WITHOUT FUNCTION;
COMMENT ON CAST (roaringbitmap AS bytea) IS 'The portable bytes; equal sets give equal bytes.';
