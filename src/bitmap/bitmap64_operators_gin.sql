-- An index over the elements of many small sets: which rows have this element, or one of these.

CREATE FUNCTION rb64_gin_extract_value(roaringbitmap64, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rb64_gin_extract_value' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_gin_extract_value(roaringbitmap64, internal) IS 'Support of GIN indexes: the elements of a set.';

CREATE FUNCTION rb64_gin_extract_query(roaringbitmap64, internal, smallint, internal, internal, internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rb64_gin_extract_query' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_gin_extract_query(roaringbitmap64, internal, smallint, internal, internal, internal, internal) IS
    'Support of GIN indexes: the elements that a query asks for.';

CREATE FUNCTION rb64_gin_consistent(internal, smallint, roaringbitmap64, integer, internal, internal, internal, internal) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rb_gin_consistent' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_gin_consistent(internal, smallint, roaringbitmap64, integer, internal, internal, internal, internal) IS
    'Support of GIN indexes: do the elements found satisfy the query?';

CREATE FUNCTION rb64_gin_triconsistent(internal, smallint, roaringbitmap64, integer, internal, internal, internal) RETURNS "char"
    AS 'MODULE_PATHNAME', 'rb_gin_triconsistent' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_gin_triconsistent(internal, smallint, roaringbitmap64, integer, internal, internal, internal) IS
    'Support of GIN indexes: can the elements found so far satisfy the query?';

CREATE OPERATOR CLASS roaringbitmap64_gin_ops DEFAULT FOR TYPE roaringbitmap64 USING gin AS
    OPERATOR 1 &&, OPERATOR 2 @>, OPERATOR 3 <@, OPERATOR 4 =,
    OPERATOR 5 @> (roaringbitmap64, bigint),
    FUNCTION 1 btint8cmp(bigint, bigint),
    FUNCTION 2 rb64_gin_extract_value(roaringbitmap64, internal),
    FUNCTION 3 rb64_gin_extract_query(roaringbitmap64, internal, smallint, internal, internal, internal, internal),
    FUNCTION 4 rb64_gin_consistent(internal, smallint, roaringbitmap64, integer, internal, internal, internal, internal),
    FUNCTION 6 rb64_gin_triconsistent(internal, smallint, roaringbitmap64, integer, internal, internal, internal),
    STORAGE bigint;
COMMENT ON OPERATOR CLASS roaringbitmap64_gin_ops USING gin IS
    'Finds the rows whose set has an element, or has elements with another set in common. An entry for each element of each row: for sets of up to some thousand elements.';
COMMENT ON OPERATOR FAMILY roaringbitmap64_gin_ops USING gin IS 'Elements of many small sets.';
