-- The state is a bytea that is appended to in place. Events of equal time stay in the order of the rows; parallel plans
-- give those of each process one after another.

CREATE FUNCTION cdp_timeline_transition(state bytea, ts timestamptz, event text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'cdp_timeline_transition_named' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_transition(bytea, timestamptz, text) IS
    'Transition of cdp_timeline_agg; works only inside of an aggregate.';

CREATE FUNCTION cdp_timeline_transition(state bytea, ts timestamptz, event text, begins_session boolean) RETURNS bytea
    AS 'MODULE_PATHNAME', 'cdp_timeline_transition_named' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_transition(bytea, timestamptz, text, boolean) IS
    'Transition of cdp_timeline_agg with session starts; works only inside of an aggregate.';

CREATE FUNCTION cdp_timeline_transition(state bytea, ts timestamptz, event integer) RETURNS bytea
    AS 'MODULE_PATHNAME', 'cdp_timeline_transition_numbered' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_transition(bytea, timestamptz, integer) IS
    'Transition of cdp_timeline_agg; works only inside of an aggregate.';

CREATE FUNCTION cdp_timeline_transition(state bytea, ts timestamptz, event integer, begins_session boolean) RETURNS bytea
    AS 'MODULE_PATHNAME', 'cdp_timeline_transition_numbered' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_transition(bytea, timestamptz, integer, boolean) IS
    'Transition of cdp_timeline_agg with session starts; works only inside of an aggregate.';

CREATE FUNCTION cdp_timeline_merge_transition(state bytea, timeline cdp_timeline) RETURNS bytea
    AS 'MODULE_PATHNAME', 'cdp_timeline_merge_transition' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION cdp_timeline_merge_transition(bytea, cdp_timeline) IS
    'Transition of cdp_timeline_merge_agg; works only inside of an aggregate.';

CREATE FUNCTION cdp_timeline_combine(state bytea, other bytea) RETURNS bytea
    AS 'MODULE_PATHNAME', 'cdp_timeline_combine' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_combine(bytea, bytea) IS
    'How states of the aggregates of timelines combine; works only inside of an aggregate.';

CREATE FUNCTION cdp_timeline_final(state bytea) RETURNS cdp_timeline
    AS 'MODULE_PATHNAME', 'cdp_timeline_final' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cdp_timeline_final(bytea) IS
    'The timeline of a state, which it does not change; works only inside of an aggregate.';

CREATE AGGREGATE cdp_timeline_agg(ts timestamptz, event text) (
    SFUNC = cdp_timeline_transition,
    STYPE = bytea,
    SSPACE = 256,
    FINALFUNC = cdp_timeline_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = cdp_timeline_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp_timeline_agg(timestamptz, text) IS
    'The timeline of the group''s rows, which come in any order; a row without time or event is skipped, null if there is no other. Events are known by name. At most 16,777,216 events, and 1 GB before they are packed.';

CREATE AGGREGATE cdp_timeline_agg(ts timestamptz, event text, begins_session boolean) (
    SFUNC = cdp_timeline_transition,
    STYPE = bytea,
    SSPACE = 256,
    FINALFUNC = cdp_timeline_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = cdp_timeline_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp_timeline_agg(timestamptz, text, boolean) IS
    'The same with which events begin a session; null is false.';

CREATE AGGREGATE cdp_timeline_agg(ts timestamptz, event integer) (
    SFUNC = cdp_timeline_transition,
    STYPE = bytea,
    SSPACE = 256,
    FINALFUNC = cdp_timeline_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = cdp_timeline_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp_timeline_agg(timestamptz, integer) IS
    'The timeline of the group''s rows, which come in any order; a row without time or event is skipped, null if there is no other. Events are known by number, 0 or more. At most 16,777,216 events, and 1 GB before they are packed.';

CREATE AGGREGATE cdp_timeline_agg(ts timestamptz, event integer, begins_session boolean) (
    SFUNC = cdp_timeline_transition,
    STYPE = bytea,
    SSPACE = 256,
    FINALFUNC = cdp_timeline_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = cdp_timeline_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp_timeline_agg(timestamptz, integer, boolean) IS
    'The same with which events begin a session; null is false.';

CREATE AGGREGATE cdp_timeline_merge_agg(timeline cdp_timeline) (
    SFUNC = cdp_timeline_merge_transition,
    STYPE = bytea,
    SSPACE = 256,
    FINALFUNC = cdp_timeline_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = cdp_timeline_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE cdp_timeline_merge_agg(cdp_timeline) IS
    'The events of all timelines of the group; null if there is none. Error 22023 where some know events by name and some by number.';
