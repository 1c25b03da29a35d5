-- Bit-sliced integers: a bigint for each of some ids. Questions about them are operations on as many bitmaps as the
-- values have bits, whatever the number of ids.
CREATE TYPE rb_bsi;

CREATE FUNCTION rb_bsi_in(cstring) RETURNS rb_bsi
    AS 'MODULE_PATHNAME', 'rb_bsi_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_bsi_in(cstring) IS
    'Reads {1:10,-1:-5}, ids and their values, or the bytes as \x01…; error 22P02 names the character.';

CREATE FUNCTION rb_bsi_out(rb_bsi) RETURNS cstring
    AS 'MODULE_PATHNAME', 'rb_bsi_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_bsi_out(rb_bsi) IS
    'Prints {1:10,-1:-5}: ids in ascending order of their unsigned value.';

CREATE FUNCTION rb_bsi_recv(internal) RETURNS rb_bsi
    AS 'MODULE_PATHNAME', 'rb_bsi_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_bsi_recv(internal) IS
    'Reads the bytes; error 22P03 says what breaks the format.';

CREATE FUNCTION rb_bsi_send(rb_bsi) RETURNS bytea
    AS 'MODULE_PATHNAME', 'rb_bsi_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_bsi_send(rb_bsi) IS
    'The bytes: a version, the number of slices, their sizes, and roaring bitmaps in the portable format.';

CREATE TYPE rb_bsi (
    INTERNALLENGTH = VARIABLE,
    INPUT = rb_bsi_in,
    OUTPUT = rb_bsi_out,
    RECEIVE = rb_bsi_recv,
    SEND = rb_bsi_send,
    ALIGNMENT = int4,
    STORAGE = external
);
COMMENT ON TYPE rb_bsi IS
    'A bigint for each of some ids, bit by bit in roaring bitmaps: for comparisons and sums over millions of ids, within any set of them.';

CREATE FUNCTION rb_bsi(bytea) RETURNS rb_bsi
    AS 'MODULE_PATHNAME', 'rb_bsi_from_bytea' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi(bytea) IS
    'The integers of which these are the bytes; error 22P03 says what breaks the format.';

CREATE CAST (bytea AS rb_bsi) WITH FUNCTION rb_bsi(bytea);
COMMENT ON CAST (bytea AS rb_bsi) IS 'Reads the bytes; every one is checked.';
CREATE CAST (rb_bsi AS bytea) WITHOUT FUNCTION;
COMMENT ON CAST (rb_bsi AS bytea) IS 'The bytes; equal integers give equal bytes.';

CREATE FUNCTION rb_bsi_trans(state rb_bsi, id integer, value bigint) RETURNS rb_bsi
    AS 'MODULE_PATHNAME', 'rb_bsi_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb_bsi_trans(rb_bsi, integer, bigint) IS
    'Transition of rb_bsi_agg: adds a value to that of the id; nulls change nothing.';

CREATE FUNCTION rb_bsi_add_trans(state rb_bsi, integers rb_bsi) RETURNS rb_bsi
    AS 'MODULE_PATHNAME', 'rb_bsi_add_trans' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_add_trans(rb_bsi, rb_bsi) IS
    'Transition of rb_bsi_add_agg and how states combine: adds the values of each id; nulls change nothing.';

CREATE AGGREGATE rb_bsi_agg(id integer, value bigint) (
    SFUNC = rb_bsi_trans,
    STYPE = rb_bsi,
    COMBINEFUNC = rb_bsi_add_trans,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb_bsi_agg(integer, bigint) IS
    'The values of the ids; those of one id are added up, error 22003 if the sum is no bigint. Rows with a null are skipped; null if there is no other.';

CREATE AGGREGATE rb_bsi_add_agg(rb_bsi) (
    SFUNC = rb_bsi_add_trans,
    STYPE = rb_bsi,
    COMBINEFUNC = rb_bsi_add_trans,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rb_bsi_add_agg(rb_bsi) IS
    'The sums of the values of each id. Null ones are skipped; null if there is no other.';

CREATE FUNCTION rb_bsi_add(a rb_bsi, b rb_bsi) RETURNS rb_bsi
    AS 'MODULE_PATHNAME', 'rb_bsi_add' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_add(rb_bsi, rb_bsi) IS
    'The sums of the values of each id, of which one may have none; error 22003 if one is no bigint. The operator +.';

CREATE FUNCTION rb_bsi_set(integers rb_bsi, id integer, value bigint) RETURNS rb_bsi
    AS 'MODULE_PATHNAME', 'rb_bsi_set' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_set(rb_bsi, integer, bigint) IS
    'The integers with this value of the id.';

CREATE FUNCTION rb_bsi_remove(integers rb_bsi, id integer) RETURNS rb_bsi
    AS 'MODULE_PATHNAME', 'rb_bsi_remove' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_remove(rb_bsi, integer) IS
    'The integers without that of the id.';

CREATE FUNCTION rb_bsi_get(integers rb_bsi, id integer) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_bsi_get' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb_bsi_get(rb_bsi, integer) IS
    'The value of the id; null if it has none.';

CREATE FUNCTION rb_bsi_ids(integers rb_bsi) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_ids' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_ids(rb_bsi) IS
    'The ids that have a value.';

CREATE FUNCTION rb_bsi_cardinality(integers rb_bsi) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_bsi_cardinality' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rb_bsi_cardinality(rb_bsi) IS
    'How many ids have a value.';

CREATE FUNCTION rb_bsi_iterate(integers rb_bsi, OUT id integer, OUT value bigint) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'rb_bsi_iterate' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 1000;
COMMENT ON FUNCTION rb_bsi_iterate(rb_bsi) IS
    'Ids and values as rows, in ascending order of the unsigned id.';

CREATE FUNCTION rb_bsi_lt(integers rb_bsi, value bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_lt(rb_bsi, bigint) IS
    'The ids whose value is less than the one given. The operator <.';

CREATE FUNCTION rb_bsi_lt(integers rb_bsi, value bigint, within roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_lt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_lt(rb_bsi, bigint, roaringbitmap) IS
    'The ids of the set whose value is less than the one given.';

CREATE FUNCTION rb_bsi_le(integers rb_bsi, value bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_le(rb_bsi, bigint) IS
    'The ids whose value is at most the one given. The operator <=.';

CREATE FUNCTION rb_bsi_le(integers rb_bsi, value bigint, within roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_le' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_le(rb_bsi, bigint, roaringbitmap) IS
    'The ids of the set whose value is at most the one given.';

CREATE FUNCTION rb_bsi_eq(integers rb_bsi, value bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_eq(rb_bsi, bigint) IS
    'The ids whose value is the one given. The operator =.';

CREATE FUNCTION rb_bsi_eq(integers rb_bsi, value bigint, within roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_eq' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_eq(rb_bsi, bigint, roaringbitmap) IS
    'The ids of the set whose value is the one given.';

CREATE FUNCTION rb_bsi_ne(integers rb_bsi, value bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_ne(rb_bsi, bigint) IS
    'The ids whose value is another than the one given. The operator <>.';

CREATE FUNCTION rb_bsi_ne(integers rb_bsi, value bigint, within roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_ne' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_ne(rb_bsi, bigint, roaringbitmap) IS
    'The ids of the set whose value is another than the one given.';

CREATE FUNCTION rb_bsi_ge(integers rb_bsi, value bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_ge(rb_bsi, bigint) IS
    'The ids whose value is at least the one given. The operator >=.';

CREATE FUNCTION rb_bsi_ge(integers rb_bsi, value bigint, within roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_ge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_ge(rb_bsi, bigint, roaringbitmap) IS
    'The ids of the set whose value is at least the one given.';

CREATE FUNCTION rb_bsi_gt(integers rb_bsi, value bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_gt(rb_bsi, bigint) IS
    'The ids whose value is greater than the one given. The operator >.';

CREATE FUNCTION rb_bsi_gt(integers rb_bsi, value bigint, within roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_gt' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_gt(rb_bsi, bigint, roaringbitmap) IS
    'The ids of the set whose value is greater than the one given.';

CREATE FUNCTION rb_bsi_between(integers rb_bsi, low bigint, high bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_between' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_between(rb_bsi, bigint, bigint) IS
    'The ids whose value is from low to high, both included.';

CREATE FUNCTION rb_bsi_between(integers rb_bsi, low bigint, high bigint, within roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_between' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_between(rb_bsi, bigint, bigint, roaringbitmap) IS
    'The ids of the set whose value is from low to high, both included.';

CREATE FUNCTION rb_bsi_sum(integers rb_bsi) RETURNS numeric
    AS 'MODULE_PATHNAME', 'rb_bsi_sum' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_sum(rb_bsi) IS
    'The sum of the values; null if there is none.';

CREATE FUNCTION rb_bsi_sum(integers rb_bsi, within roaringbitmap) RETURNS numeric
    AS 'MODULE_PATHNAME', 'rb_bsi_sum' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_sum(rb_bsi, roaringbitmap) IS
    'The sum of the values of the ids in the set; null if there is none.';

CREATE FUNCTION rb_bsi_avg(integers rb_bsi) RETURNS numeric
    AS 'MODULE_PATHNAME', 'rb_bsi_avg' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_avg(rb_bsi) IS
    'The mean of the values; null if there is none.';

CREATE FUNCTION rb_bsi_avg(integers rb_bsi, within roaringbitmap) RETURNS numeric
    AS 'MODULE_PATHNAME', 'rb_bsi_avg' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_avg(rb_bsi, roaringbitmap) IS
    'The mean of the values of the ids in the set; null if there is none.';

CREATE FUNCTION rb_bsi_min(integers rb_bsi) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_bsi_min' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_min(rb_bsi) IS
    'The smallest value; null if there is none.';

CREATE FUNCTION rb_bsi_min(integers rb_bsi, within roaringbitmap) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_bsi_min' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_min(rb_bsi, roaringbitmap) IS
    'The smallest value of the ids in the set; null if there is none.';

CREATE FUNCTION rb_bsi_max(integers rb_bsi) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_bsi_max' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_max(rb_bsi) IS
    'The largest value; null if there is none.';

CREATE FUNCTION rb_bsi_max(integers rb_bsi, within roaringbitmap) RETURNS bigint
    AS 'MODULE_PATHNAME', 'rb_bsi_max' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_max(rb_bsi, roaringbitmap) IS
    'The largest value of the ids in the set; null if there is none.';

CREATE FUNCTION rb_bsi_top(integers rb_bsi, "limit" bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_top' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_top(rb_bsi, bigint) IS
    'As many ids as the limit says, those with the largest values; of ids with one value the smaller ones by unsigned value.';

CREATE FUNCTION rb_bsi_top(integers rb_bsi, "limit" bigint, within roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_top' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_top(rb_bsi, bigint, roaringbitmap) IS
    'As many ids of the set as the limit says, those with the largest values; of ids with one value the smaller ones by unsigned value.';

CREATE FUNCTION rb_bsi_bottom(integers rb_bsi, "limit" bigint) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_bottom' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_bottom(rb_bsi, bigint) IS
    'As many ids as the limit says, those with the smallest values; of ids with one value the smaller ones by unsigned value.';

CREATE FUNCTION rb_bsi_bottom(integers rb_bsi, "limit" bigint, within roaringbitmap) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME', 'rb_bsi_bottom' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rb_bsi_bottom(rb_bsi, bigint, roaringbitmap) IS
    'As many ids of the set as the limit says, those with the smallest values; of ids with one value the smaller ones by unsigned value.';

CREATE OPERATOR + (
    LEFTARG = rb_bsi, RIGHTARG = rb_bsi, FUNCTION = rb_bsi_add,
    COMMUTATOR = +
);
COMMENT ON OPERATOR + (rb_bsi, rb_bsi) IS 'sums of the values of each id';

CREATE OPERATOR < (
    LEFTARG = rb_bsi, RIGHTARG = bigint, FUNCTION = rb_bsi_lt
);
COMMENT ON OPERATOR < (rb_bsi, bigint) IS 'ids with a value less than';

CREATE OPERATOR <= (
    LEFTARG = rb_bsi, RIGHTARG = bigint, FUNCTION = rb_bsi_le
);
COMMENT ON OPERATOR <= (rb_bsi, bigint) IS 'ids with a value at most';

CREATE OPERATOR = (
    LEFTARG = rb_bsi, RIGHTARG = bigint, FUNCTION = rb_bsi_eq
);
COMMENT ON OPERATOR = (rb_bsi, bigint) IS 'ids with a value equal to';

CREATE OPERATOR <> (
    LEFTARG = rb_bsi, RIGHTARG = bigint, FUNCTION = rb_bsi_ne
);
COMMENT ON OPERATOR <> (rb_bsi, bigint) IS 'ids with a value other than';

CREATE OPERATOR >= (
    LEFTARG = rb_bsi, RIGHTARG = bigint, FUNCTION = rb_bsi_ge
);
COMMENT ON OPERATOR >= (rb_bsi, bigint) IS 'ids with a value at least';

CREATE OPERATOR > (
    LEFTARG = rb_bsi, RIGHTARG = bigint, FUNCTION = rb_bsi_gt
);
COMMENT ON OPERATOR > (rb_bsi, bigint) IS 'ids with a value greater than';

-- Equal integers have equal bytes, so that what the server has for bytea serves.
CREATE FUNCTION rb_bsi_equals(a rb_bsi, b rb_bsi) RETURNS boolean
    AS 'byteaeq' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_bsi_equals(rb_bsi, rb_bsi) IS 'Have both the same ids with the same values? The operator =.';

CREATE FUNCTION rb_bsi_not_equals(a rb_bsi, b rb_bsi) RETURNS boolean
    AS 'byteane' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_bsi_not_equals(rb_bsi, rb_bsi) IS 'Does an id have another value in one, or none? The operator <>.';

CREATE OPERATOR = (
    LEFTARG = rb_bsi, RIGHTARG = rb_bsi, FUNCTION = rb_bsi_equals,
    COMMUTATOR = =, NEGATOR = <>,
    RESTRICT = eqsel, JOIN = eqjoinsel,
    HASHES
);
COMMENT ON OPERATOR = (rb_bsi, rb_bsi) IS 'same values of the same ids';

CREATE OPERATOR <> (
    LEFTARG = rb_bsi, RIGHTARG = rb_bsi, FUNCTION = rb_bsi_not_equals,
    COMMUTATOR = <>, NEGATOR = =,
    RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (rb_bsi, rb_bsi) IS 'not the same values of the same ids';

CREATE FUNCTION rb_bsi_hash(integers rb_bsi) RETURNS integer
    AS 'hashvarlena' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_bsi_hash(rb_bsi) IS 'A hash of ids and values.';

CREATE FUNCTION rb_bsi_hash_extended(integers rb_bsi, seed bigint) RETURNS bigint
    AS 'hashvarlenaextended' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rb_bsi_hash_extended(rb_bsi, bigint) IS
    'A hash of ids and values in 64 bits, another one for each seed.';

CREATE OPERATOR CLASS rb_bsi_ops DEFAULT FOR TYPE rb_bsi USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 rb_bsi_hash(rb_bsi),
    FUNCTION 2 rb_bsi_hash_extended(rb_bsi, bigint);
COMMENT ON OPERATOR CLASS rb_bsi_ops USING hash IS 'Equality of bit-sliced integers.';
COMMENT ON OPERATOR FAMILY rb_bsi_ops USING hash IS 'Equality of bit-sliced integers.';
