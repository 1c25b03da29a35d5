CREATE FUNCTION rb_split(set roaringbitmap, bits integer DEFAULT 16, OUT chunk integer, OUT part roaringbitmap)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'rb_split' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 100;
COMMENT ON FUNCTION rb_split(roaringbitmap, integer) IS
    'The set in parts by ranges of 2^bits numbers, bits being 16 to 31 (else error 22023): chunk is the unsigned element divided by 2^bits, a part has the elements as they are and at least one. rb_or_agg(part) puts them together again.';
