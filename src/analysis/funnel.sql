CREATE TYPE cdp_funnel_state;

CREATE FUNCTION cdp_funnel_state_in(cstring) RETURNS cdp_funnel_state
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_funnel_state_in(cstring) IS 'Input of cdp_funnel_state; every byte is checked.';

CREATE FUNCTION cdp_funnel_state_out(cdp_funnel_state) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_funnel_state_out(cdp_funnel_state) IS 'Output of cdp_funnel_state.';

CREATE FUNCTION cdp_funnel_state_recv(internal) RETURNS cdp_funnel_state
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_funnel_state_recv(internal) IS 'Binary input of cdp_funnel_state; every byte is checked.';

CREATE FUNCTION cdp_funnel_state_send(cdp_funnel_state) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_funnel_state_send(cdp_funnel_state) IS 'Binary output of cdp_funnel_state.';

CREATE TYPE cdp_funnel_state (
    INPUT = cdp_funnel_state_in,
    OUTPUT = cdp_funnel_state_out,
    RECEIVE = cdp_funnel_state_recv,
    SEND = cdp_funnel_state_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE cdp_funnel_state IS
    'Partial result of the aggregate cdp_funnel, as it travels between processes and machines; a flat value with a version.';

CREATE FUNCTION cdp_funnel_transition(state cdp_funnel_state, ts timestamptz, within interval, VARIADIC steps boolean[])
    RETURNS cdp_funnel_state
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_funnel_transition(cdp_funnel_state, timestamptz, interval, boolean[]) IS
    'Transition function of cdp_funnel; works only inside of the aggregate.';

CREATE FUNCTION cdp_funnel_combine(state cdp_funnel_state, other cdp_funnel_state) RETURNS cdp_funnel_state
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_funnel_combine(cdp_funnel_state, cdp_funnel_state) IS
    'Combine function of cdp_funnel; works only inside of the aggregate.';

CREATE FUNCTION cdp_funnel_final(state cdp_funnel_state) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_funnel_final(cdp_funnel_state) IS
    'The result of cdp_funnel from its state, which it does not change; 0 for null.';

CREATE AGGREGATE cdp_funnel(ts timestamptz, within interval, VARIADIC steps boolean[]) (
    SFUNC = cdp_funnel_transition,
    STYPE = cdp_funnel_state,
    SSPACE = 128,
    FINALFUNC = cdp_funnel_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = cdp_funnel_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp_funnel(timestamptz, interval, boolean[]) IS
    'Deepest step of a funnel that the group''s rows reach, 0 if not even the first: steps in order with anything between, each by a row of its own, all within the window (end included) from the first step''s row on. Rows come in any order; equal times count in whichever order serves; a null step is false, a row without time is skipped. 1 to 64 steps; within is the same in all rows of a group.';
