CREATE TABLE cdp.segment_call (
    call_no      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    function     text COLLATE "C" NOT NULL UNIQUE,
    run_as       text NOT NULL,
    search_path  text NOT NULL,
    refreshed_at timestamptz,
    failed_at    timestamptz,
    error        text
);
COMMENT ON TABLE cdp.segment_call IS 'Functions that rules of segments call; a row is made when the first such segment is defined, and goes with the last';
COMMENT ON COLUMN cdp.segment_call.call_no IS 'Number of the function, never reused';
COMMENT ON COLUMN cdp.segment_call.function IS 'Its schema and name, as SQL quotes them; it takes one cdp.profile';
COMMENT ON COLUMN cdp.segment_call.run_as IS 'The role with whose rights it is called: who defined the first such segment. To change it or the function, one must be able to become that role, and the one it is changed to';
COMMENT ON COLUMN cdp.segment_call.search_path IS 'The setting search_path of the session that defined that segment';
COMMENT ON COLUMN cdp.segment_call.refreshed_at IS 'When it was last called for everyone with success; cdp.call_refresh later it is called again';
COMMENT ON COLUMN cdp.segment_call.failed_at IS 'When the worker or cdp_process() last failed to call it; null if they did not since';
COMMENT ON COLUMN cdp.segment_call.error IS 'Why';
SELECT pg_catalog.pg_extension_config_dump('cdp.segment_call', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.segment_call_call_no_seq', '');

CREATE TABLE cdp.segment_call_value (
    call_no integer NOT NULL,
    user_no bigint NOT NULL,
    value   jsonb NOT NULL,
    PRIMARY KEY (user_no, call_no)
) WITH (fillfactor = 80);
COMMENT ON TABLE cdp.segment_call_value IS 'What functions that rules of segments call gave when they were last called for everyone; no row where that was null';
COMMENT ON COLUMN cdp.segment_call_value.call_no IS 'cdp.segment_call.call_no';
COMMENT ON COLUMN cdp.segment_call_value.user_no IS 'cdp.profile.user_no';
COMMENT ON COLUMN cdp.segment_call_value.value IS 'The result, as to_jsonb() has it';
SELECT pg_catalog.pg_extension_config_dump('cdp.segment_call_value', '');

CREATE FUNCTION cdp_segment_call_check() RETURNS trigger AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_segment_call_check() IS 'Trigger of cdp.segment_call: nobody makes a role call a function who cannot become that role.';
REVOKE ALL ON FUNCTION cdp_segment_call_check() FROM PUBLIC;

CREATE TRIGGER segment_call_check BEFORE INSERT OR UPDATE OF call_no, function, run_as, search_path ON cdp.segment_call
    FOR EACH ROW EXECUTE FUNCTION cdp_segment_call_check();
COMMENT ON TRIGGER segment_call_check ON cdp.segment_call IS 'Nobody makes a role call a function who cannot become that role';
