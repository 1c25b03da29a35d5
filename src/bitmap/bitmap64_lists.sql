CREATE FUNCTION rb64_iterate_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'rb64_iterate_support' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb64_iterate_support(internal) IS
    'For the planner: how many rows rb64_iterate gives, by the set or the statistics of the column, and the limit.';

CREATE FUNCTION rb64_iterate(
    set roaringbitmap64, lower bigint DEFAULT 0, "limit" bigint DEFAULT NULL
) RETURNS SETOF bigint
    AS 'MODULE_PATHNAME', 'rb64_iterate' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 SUPPORT rb64_iterate_support;
COMMENT ON FUNCTION rb64_iterate(roaringbitmap64, bigint, bigint) IS
    'The elements that are at least lower, in ascending order of their unsigned value, a row each and at most as many as the limit says. In a select list they are made as they are read. No rows for a null set; error 22023 for a negative limit.';

CREATE FUNCTION rb64_iterate_desc(
    set roaringbitmap64, upper bigint DEFAULT -1, "limit" bigint DEFAULT NULL
) RETURNS SETOF bigint
    AS 'MODULE_PATHNAME', 'rb64_iterate_desc' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 1000 SUPPORT rb64_iterate_support;
COMMENT ON FUNCTION rb64_iterate_desc(roaringbitmap64, bigint, bigint) IS
    'The elements that are at most upper, in descending order of their unsigned value, a row each and at most as many as the limit says. -1 is the largest number. No rows for a null set; error 22023 for a negative limit.';

CREATE FUNCTION rb64_many_contains(set roaringbitmap64, elements bigint[]) RETURNS boolean[]
    AS 'MODULE_PATHNAME', 'rb64_many_contains' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION rb64_many_contains(roaringbitmap64, bigint[]) IS
    'For each element of the array, in its order: is it in the set? Null for a null one.';
