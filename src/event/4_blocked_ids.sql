CREATE TABLE cdp.blocked_id (
    value       text COLLATE "C" PRIMARY KEY CHECK (value <> ''),
    description text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT @extschema@.cdp_now()
);
COMMENT ON TABLE cdp.blocked_id IS 'Values that are nobody''s user id or anonymous id, beside those that never are (null, undefined, anonymous, 0 and the like). A message with no other id becomes a dead letter of code no_user; changes hold from the next message on';
COMMENT ON COLUMN cdp.blocked_id.value IS 'The value, in any case: test also blocks TEST';
COMMENT ON COLUMN cdp.blocked_id.description IS 'For people: whence it comes';
COMMENT ON COLUMN cdp.blocked_id.created_at IS 'When the row was made';
SELECT pg_catalog.pg_extension_config_dump('cdp.blocked_id', '');

CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cdp.blocked_id
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_configuration_changed();
COMMENT ON TRIGGER changed ON cdp.blocked_id IS 'Makes every connection read it anew';
