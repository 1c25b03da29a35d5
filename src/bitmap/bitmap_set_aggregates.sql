-- Aggregates of sets that answer with a count.

CREATE AGGREGATE rb_or_cardinality_agg(roaringbitmap) (
    SFUNC = rb_or_trans,
    STYPE = roaringbitmap,
    FINALFUNC = rb_cardinality,
    COMBINEFUNC = rb_or_trans,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb_or_cardinality_agg(roaringbitmap) IS
    'How many elements the union of the sets has. Null ones are skipped; null if there is no other.';

CREATE AGGREGATE rb_and_cardinality_agg(roaringbitmap) (
    SFUNC = rb_and_trans,
    STYPE = roaringbitmap,
    FINALFUNC = rb_cardinality,
    COMBINEFUNC = rb_and_trans,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb_and_cardinality_agg(roaringbitmap) IS
    'How many elements all of the sets have. Null ones are skipped; null if there is no other.';

CREATE AGGREGATE rb_xor_cardinality_agg(roaringbitmap) (
    SFUNC = rb_xor_trans,
    STYPE = roaringbitmap,
    FINALFUNC = rb_cardinality,
    COMBINEFUNC = rb_xor_trans,
    MSFUNC = rb_xor_moving,
    MINVFUNC = rb_xor_moving,
    MSTYPE = roaringbitmap,
    MFINALFUNC = rb_cardinality,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb_xor_cardinality_agg(roaringbitmap) IS
    'How many elements are in an odd number of the sets. Null ones are skipped; null if there is no other.';
