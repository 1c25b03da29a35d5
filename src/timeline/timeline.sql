-- A user's events packed into one value. The functions that ask for an event, or for counts and bounds, read the header
-- and the index of a value and decode nothing.
CREATE TYPE cdp_timeline;

CREATE FUNCTION cdp_timeline_in(cstring) RETURNS cdp_timeline
    AS 'MODULE_PATHNAME', 'cdp_timeline_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_in(cstring) IS
    'Reads one JSON object a line, in any order: {"ts": "2025-01-01T00:00:00Z", "event": "page_view", "session": true}; error 22P02 names the line and what was expected there.';

CREATE FUNCTION cdp_timeline_out(cdp_timeline) RETURNS cstring
    AS 'MODULE_PATHNAME', 'cdp_timeline_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_out(cdp_timeline) IS
    'Prints one JSON object a line, in order of time.';

CREATE FUNCTION cdp_timeline_recv(internal) RETURNS cdp_timeline
    AS 'MODULE_PATHNAME', 'cdp_timeline_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_recv(internal) IS
    'Reads the stored bytes; error 22P03 unless they are exactly what packing their events gives.';

CREATE FUNCTION cdp_timeline_send(cdp_timeline) RETURNS bytea
    AS 'MODULE_PATHNAME', 'cdp_timeline_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_timeline_send(cdp_timeline) IS
    'The stored bytes.';

CREATE TYPE cdp_timeline (
    INTERNALLENGTH = VARIABLE,
    INPUT = cdp_timeline_in,
    OUTPUT = cdp_timeline_out,
    RECEIVE = cdp_timeline_recv,
    SEND = cdp_timeline_send,
    ALIGNMENT = int4,
    STORAGE = extended
);
COMMENT ON TYPE cdp_timeline IS
    'A user''s events in order of time, packed: when each was, which it was (by name or by number, all in the same way), and whether it begins a session. Equal events make equal bytes.';

CREATE FUNCTION cdp_timeline_count(timeline cdp_timeline) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cdp_timeline_count' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION cdp_timeline_count(cdp_timeline) IS
    'How many events the timeline has.';

CREATE FUNCTION cdp_timeline_count(timeline cdp_timeline, event text) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cdp_timeline_count_named' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION cdp_timeline_count(cdp_timeline, text) IS
    'How many times the event occurs, 0 if not at all; error 22023 if the timeline knows its events by number.';

CREATE FUNCTION cdp_timeline_count(timeline cdp_timeline, event integer) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cdp_timeline_count_numbered' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION cdp_timeline_count(cdp_timeline, integer) IS
    'How many times the event occurs, 0 if not at all; error 22023 if the timeline knows its events by name.';

CREATE FUNCTION cdp_timeline_first(timeline cdp_timeline) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'cdp_timeline_first' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION cdp_timeline_first(cdp_timeline) IS
    'Time of the first event; null for an empty timeline.';

CREATE FUNCTION cdp_timeline_first(timeline cdp_timeline, event text) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'cdp_timeline_first_named' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION cdp_timeline_first(cdp_timeline, text) IS
    'When the event occurs for the first time; null if not at all; error 22023 if the timeline knows its events by number.';

CREATE FUNCTION cdp_timeline_first(timeline cdp_timeline, event integer) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'cdp_timeline_first_numbered' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION cdp_timeline_first(cdp_timeline, integer) IS
    'When the event occurs for the first time; null if not at all; error 22023 if the timeline knows its events by name.';

CREATE FUNCTION cdp_timeline_last(timeline cdp_timeline) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'cdp_timeline_last' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION cdp_timeline_last(cdp_timeline) IS
    'Time of the last event; null for an empty timeline.';

CREATE FUNCTION cdp_timeline_last(timeline cdp_timeline, event text) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'cdp_timeline_last_named' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION cdp_timeline_last(cdp_timeline, text) IS
    'When the event occurs for the last time; null if not at all; error 22023 if the timeline knows its events by number.';

CREATE FUNCTION cdp_timeline_last(timeline cdp_timeline, event integer) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'cdp_timeline_last_numbered' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION cdp_timeline_last(cdp_timeline, integer) IS
    'When the event occurs for the last time; null if not at all; error 22023 if the timeline knows its events by name.';

CREATE FUNCTION cdp_timeline_has(timeline cdp_timeline, event text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'cdp_timeline_has_named' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION cdp_timeline_has(cdp_timeline, text) IS
    'Does the event occur? The operator ?; error 22023 if the timeline knows its events by number.';

CREATE OPERATOR ? (
    LEFTARG = cdp_timeline, RIGHTARG = text, FUNCTION = cdp_timeline_has,
    RESTRICT = matchingsel, JOIN = matchingjoinsel
);
COMMENT ON OPERATOR ? (cdp_timeline, text) IS 'does the event occur?';

CREATE FUNCTION cdp_timeline_has(timeline cdp_timeline, event integer) RETURNS boolean
    AS 'MODULE_PATHNAME', 'cdp_timeline_has_numbered' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION cdp_timeline_has(cdp_timeline, integer) IS
    'Does the event occur? The operator ?; error 22023 if the timeline knows its events by name.';

CREATE OPERATOR ? (
    LEFTARG = cdp_timeline, RIGHTARG = integer, FUNCTION = cdp_timeline_has,
    RESTRICT = matchingsel, JOIN = matchingjoinsel
);
COMMENT ON OPERATOR ? (cdp_timeline, integer) IS 'does the event occur?';

CREATE FUNCTION cdp_timeline_sessions(timeline cdp_timeline) RETURNS bigint
    AS 'MODULE_PATHNAME', 'cdp_timeline_sessions' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION cdp_timeline_sessions(cdp_timeline) IS
    'How many events begin a session.';

CREATE FUNCTION cdp_timeline_merge(a cdp_timeline, b cdp_timeline) RETURNS cdp_timeline
    AS 'MODULE_PATHNAME', 'cdp_timeline_merge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION cdp_timeline_merge(cdp_timeline, cdp_timeline) IS
    'The events of both, those of a first among equal times. The operator ||; error 22023 where one knows events by name and the other by number, unless one is empty.';

CREATE OPERATOR || (
    LEFTARG = cdp_timeline, RIGHTARG = cdp_timeline, FUNCTION = cdp_timeline_merge
);
COMMENT ON OPERATOR || (cdp_timeline, cdp_timeline) IS 'the events of both, in order of time';

CREATE FUNCTION cdp_timeline_slice(timeline cdp_timeline, since timestamptz, until timestamptz) RETURNS cdp_timeline
    AS 'MODULE_PATHNAME', 'cdp_timeline_slice' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION cdp_timeline_slice(cdp_timeline, timestamptz, timestamptz) IS
    'The events at since or later and before until; a null bound leaves that end open.';

CREATE FUNCTION cdp_timeline_filter(timeline cdp_timeline, events text[]) RETURNS cdp_timeline
    AS 'MODULE_PATHNAME', 'cdp_timeline_filter_named' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION cdp_timeline_filter(cdp_timeline, text[]) IS
    'The events of these names; nulls among them are ignored; error 22023 if the timeline knows its events by number.';

CREATE FUNCTION cdp_timeline_filter(timeline cdp_timeline, events integer[]) RETURNS cdp_timeline
    AS 'MODULE_PATHNAME', 'cdp_timeline_filter_numbered' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION cdp_timeline_filter(cdp_timeline, integer[]) IS
    'The events of these numbers; nulls among them are ignored; error 22023 if the timeline knows its events by name.';

CREATE FUNCTION cdp_timeline_unpack(timeline cdp_timeline)
    RETURNS TABLE (ts timestamptz, event text, event_no integer, begins_session boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION cdp_timeline_unpack(cdp_timeline) IS
    'The events as rows, in order; event is null where they are known by number, event_no where by name.';

CREATE FUNCTION cdp_timeline_events(timeline cdp_timeline)
    RETURNS TABLE (event text, event_no integer, count bigint, first_at timestamptz, last_at timestamptz)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 10;
COMMENT ON FUNCTION cdp_timeline_events(cdp_timeline) IS
    'Which events occur, how often, when for the first and the last time, in ascending order of the bytes of the name, or of the number.';
