-- Aggregates of sets that answer with a count.

CREATE AGGREGATE rb64_or_cardinality_agg(roaringbitmap64) (
    SFUNC = rb64_or_trans,
    STYPE = roaringbitmap64,
    FINALFUNC = rb64_cardinality,
    COMBINEFUNC = rb64_or_trans,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb64_or_cardinality_agg(roaringbitmap64) IS
    'How many elements the union of the sets has. Null ones are skipped; null if there is no other.';

CREATE AGGREGATE rb64_and_cardinality_agg(roaringbitmap64) (
    SFUNC = rb64_and_trans,
    STYPE = roaringbitmap64,
    FINALFUNC = rb64_cardinality,
    COMBINEFUNC = rb64_and_trans,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb64_and_cardinality_agg(roaringbitmap64) IS
    'How many elements all of the sets have. Null ones are skipped; null if there is no other.';

CREATE AGGREGATE rb64_xor_cardinality_agg(roaringbitmap64) (
    SFUNC = rb64_xor_trans,
    STYPE = roaringbitmap64,
    FINALFUNC = rb64_cardinality,
    COMBINEFUNC = rb64_xor_trans,
    MSFUNC = rb64_xor_moving,
    MINVFUNC = rb64_xor_moving,
    MSTYPE = roaringbitmap64,
    MFINALFUNC = rb64_cardinality,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb64_xor_cardinality_agg(roaringbitmap64) IS
    'How many elements are in an odd number of the sets. Null ones are skipped; null if there is no other.';
