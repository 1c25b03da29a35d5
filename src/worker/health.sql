CREATE FUNCTION cdp_health(OUT check_name text, OUT status text, OUT detail text, OUT remedy text) RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION cdp_health() IS
    'What keeps this database''s events from being taken, or soon will: one row a check (version, preload, standby, template, worker, worker_slots, inbox, inbox_size, packing, segments, clock, autovacuum). status is ok, warning (something is missing or near its limit), error (events are not taken as they should) or unknown (not visible to you); remedy is what to do, null where that is nothing. For every role.';
