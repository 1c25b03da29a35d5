CREATE TABLE cdp.property_name (
    property_no integer PRIMARY KEY,
    place       text COLLATE "C" NOT NULL CHECK (place IN ('properties', 'context')),
    name        text COLLATE "C" NOT NULL,
    UNIQUE (place, name)
);
COMMENT ON TABLE cdp.property_name IS 'Dictionary of the names of properties in packed events';
COMMENT ON COLUMN cdp.property_name.property_no IS 'Number by which packed events name it, from 1';
COMMENT ON COLUMN cdp.property_name.place IS 'Where it stands: in an event''s properties or in its context';
COMMENT ON COLUMN cdp.property_name.name IS 'Its name as sent';
SELECT pg_catalog.pg_extension_config_dump('cdp.property_name', '');

CREATE TABLE cdp.timeline (
    user_no    bigint NOT NULL,
    first_ts   timestamptz NOT NULL,
    chunk      bigint NOT NULL,
    last_ts    timestamptz NOT NULL,
    n          integer NOT NULL,
    timeline   cdp_timeline NOT NULL,
    properties bytea NOT NULL,
    PRIMARY KEY (user_no, first_ts, chunk)
);
ALTER TABLE cdp.timeline ALTER COLUMN timeline SET STORAGE EXTERNAL, ALTER COLUMN properties SET STORAGE EXTERNAL;
COMMENT ON TABLE cdp.timeline IS 'Packed events, some hundreds of one user in a row; the chunks of a user follow each other in time. Read the view cdp.event';
COMMENT ON COLUMN cdp.timeline.user_no IS 'Whose events: cdp.profile.user_no';
COMMENT ON COLUMN cdp.timeline.first_ts IS 'Time of the first event';
COMMENT ON COLUMN cdp.timeline.chunk IS 'Arrival number of the first event; parts chunks that begin at the same time';
COMMENT ON COLUMN cdp.timeline.last_ts IS 'Time of the last event';
COMMENT ON COLUMN cdp.timeline.n IS 'How many events';
COMMENT ON COLUMN cdp.timeline.timeline IS 'When, which (cdp.event_name.event_no), and where sessions begin; a late event that moves a beginning does so here when it is packed';
COMMENT ON COLUMN cdp.timeline.properties IS 'All else of the events, by columns: properties, context, insert id, source, arrival (cdp_timeline_details)';
SELECT pg_catalog.pg_extension_config_dump('cdp.timeline', '');

CREATE FUNCTION cdp_timeline_details(timeline cdp_timeline, properties bytea)
    RETURNS TABLE (ts timestamptz, arrival_no bigint, event_no integer, begins_session boolean, insert_id text, source text,
                   properties jsonb, context jsonb, received_at timestamptz)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 100 COST 1000;
COMMENT ON FUNCTION cdp_timeline_details(cdp_timeline, bytea) IS 'The events of a row of cdp.timeline in their order, with all that was stored of them';

CREATE FUNCTION cdp_known_between_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_known_between_support(internal) IS 'Tells the planner what conditions on a time mean for its bounds.';

CREATE FUNCTION cdp_known_between(ts timestamptz, first timestamptz, last timestamptz) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SUPPORT cdp_known_between_support
    RETURN ts >= first AND ts <= last;
COMMENT ON FUNCTION cdp_known_between(timestamptz, timestamptz, timestamptz) IS
    'first <= ts <= last, told to the planner as a fact: of a condition ts >= x that a query has besides it makes last >= x, and so on; without any it compares nothing. The view cdp.event uses it. Where it is not so, answers are wrong.';

CREATE FUNCTION cdp_events(user_id text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, event text DEFAULT NULL,
                           most integer DEFAULT NULL)
    RETURNS TABLE (ts timestamptz, event text, properties jsonb, context jsonb, insert_id text, source text, received_at timestamptz)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE ROWS 100 COST 1000;
COMMENT ON FUNCTION cdp_events(text, timestamptz, timestamptz, text, integer) IS
    'The events of a user (by user id, or else anonymous id), the latest first: since <= ts < until, of one name, at most so many; null: no such limit. Reads no more than these and the rest of their chunks. No row for an unknown user.';
