-- The type of rules: what a segment's members have in common.

CREATE TYPE cdp_rule;

CREATE FUNCTION cdp_rule_in(cstring) RETURNS cdp_rule
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_rule_in(cstring) IS
    'Reads a rule: text of the rule language, or its JSON if it begins with a brace. Errors name the position (22P02) or the limit (54000).';

CREATE FUNCTION cdp_rule_out(cdp_rule) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_rule_out(cdp_rule) IS 'The canonical text of a rule.';

CREATE FUNCTION cdp_rule_recv(internal) RETURNS cdp_rule
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_rule_recv(internal) IS 'Reads a rule in binary form: its text, as cdp_rule_in takes it.';

CREATE FUNCTION cdp_rule_send(cdp_rule) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_rule_send(cdp_rule) IS 'The binary form of a rule: its canonical text.';

CREATE TYPE cdp_rule (
    INPUT = cdp_rule_in,
    OUTPUT = cdp_rule_out,
    RECEIVE = cdp_rule_recv,
    SEND = cdp_rule_send,
    STORAGE = extended
);
COMMENT ON TYPE cdp_rule IS
    'A rule about users: traits, behaviour in windows of time, segments. Text as country = ''US'' and count(purchase in last 30 days) >= 3, or the same tree as JSON.';

CREATE FUNCTION cdp_rule_from_jsonb(jsonb) RETURNS cdp_rule
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_rule_from_jsonb(jsonb) IS 'The rule of a tree in JSON. Errors name the place in the tree (22P02) or the limit (54000).';

CREATE FUNCTION cdp_rule_to_jsonb(cdp_rule) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_rule_to_jsonb(cdp_rule) IS 'The tree of a rule in JSON, for user interfaces that show and build rules.';

CREATE CAST (jsonb AS cdp_rule) WITH FUNCTION cdp_rule_from_jsonb(jsonb) AS ASSIGNMENT;
CREATE CAST (cdp_rule AS jsonb) WITH FUNCTION cdp_rule_to_jsonb(cdp_rule) AS ASSIGNMENT;

CREATE FUNCTION cdp_rule_eq(cdp_rule, cdp_rule) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_rule_eq(cdp_rule, cdp_rule) IS 'Do both rules have the same canonical text?';

CREATE FUNCTION cdp_rule_ne(cdp_rule, cdp_rule) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_rule_ne(cdp_rule, cdp_rule) IS 'Do the rules differ in their canonical text?';

CREATE FUNCTION cdp_rule_hash(cdp_rule) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_rule_hash(cdp_rule) IS 'Hash of a rule for hash joins and hash indexes.';

CREATE FUNCTION cdp_rule_hash_extended(cdp_rule, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_rule_hash_extended(cdp_rule, bigint) IS 'Seeded 64-bit hash of a rule for hash partitioning.';

CREATE OPERATOR = (
    LEFTARG = cdp_rule, RIGHTARG = cdp_rule, FUNCTION = cdp_rule_eq,
    COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR = (cdp_rule, cdp_rule) IS 'same canonical text';

CREATE OPERATOR <> (
    LEFTARG = cdp_rule, RIGHTARG = cdp_rule, FUNCTION = cdp_rule_ne,
    COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (cdp_rule, cdp_rule) IS 'different canonical text';

CREATE OPERATOR CLASS cdp_rule_hash_ops DEFAULT FOR TYPE cdp_rule USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 cdp_rule_hash(cdp_rule),
    FUNCTION 2 cdp_rule_hash_extended(cdp_rule, bigint);
COMMENT ON OPERATOR CLASS cdp_rule_hash_ops USING hash IS 'rules by equality';

CREATE FUNCTION cdp_rule_schema() RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_rule_schema() IS 'JSON Schema (draft 2020-12) of the tree of a rule, for editors and user interfaces.';
