CREATE TABLE cdp.event_schema (
    event        text NOT NULL CHECK (event <> ''),
    schema       jsonb NOT NULL,
    on_violation text NOT NULL DEFAULT 'reject' CHECK (on_violation IN ('reject', 'drop_property', 'warn')),
    source       text REFERENCES cdp.source (name) ON UPDATE CASCADE ON DELETE CASCADE,
    UNIQUE NULLS NOT DISTINCT (event, source)
);
COMMENT ON TABLE cdp.event_schema IS 'What the properties of events must be like. Of two rows for an event, the one of its source counts; changes hold from the next message on';
COMMENT ON COLUMN cdp.event_schema.event IS 'Name of the event; page and screen for messages of those types';
COMMENT ON COLUMN cdp.event_schema.schema IS 'JSON Schema, draft 7, of the event''s properties; a wrong one is refused';
COMMENT ON COLUMN cdp.event_schema.on_violation IS 'reject: the message becomes a dead letter of code schema. drop_property: the properties at fault are removed from the event. warn: the event is kept as it is. The last two are counted in cdp.schema_violation';
COMMENT ON COLUMN cdp.event_schema.source IS 'cdp.source.name it holds for; null for every source';
SELECT pg_catalog.pg_extension_config_dump('cdp.event_schema', '');

CREATE TABLE cdp.event_requirement (
    category text PRIMARY KEY CHECK (category <> ''),
    fields   text[] NOT NULL
);
COMMENT ON TABLE cdp.event_requirement IS 'Fields that every event of a category must have; a message without one becomes a dead letter of code missing_field';
COMMENT ON COLUMN cdp.event_requirement.category IS 'What the source of such events gives as their category, else the text in properties.category';
COMMENT ON COLUMN cdp.event_requirement.fields IS 'Any of user_id, anonymous_id, insert_id, time (given by the sender), session_id, url, properties.NAME, context.NAME (a.b goes inwards)';
SELECT pg_catalog.pg_extension_config_dump('cdp.event_requirement', '');

CREATE TABLE cdp.schema_violation (
    event    text NOT NULL,
    source   text NOT NULL,
    pointer  text NOT NULL,
    keyword  text NOT NULL,
    action   text NOT NULL,
    count    bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at  timestamptz NOT NULL,
    reason   text NOT NULL,
    user_id  text,
    sample   text NOT NULL,
    PRIMARY KEY (event, source, pointer, keyword)
);
COMMENT ON TABLE cdp.schema_violation IS 'Events that did not follow their schema and were kept: one row a kind of violation, however often it occurs. May be emptied at any time';
COMMENT ON COLUMN cdp.schema_violation.event IS 'Name of the event';
COMMENT ON COLUMN cdp.schema_violation.source IS 'cdp.source.name it came by';
COMMENT ON COLUMN cdp.schema_violation.pointer IS 'JSON pointer into the properties, with * for indexes of arrays and names that the schema does not have; empty for the properties as a whole';
COMMENT ON COLUMN cdp.schema_violation.keyword IS 'Keyword of the schema that did not hold; limit where checking took too long';
COMMENT ON COLUMN cdp.schema_violation.action IS 'What was done at last: dropped (the property), or kept';
COMMENT ON COLUMN cdp.schema_violation.count IS 'How often';
COMMENT ON COLUMN cdp.schema_violation.first_at IS 'When the first such message was received';
COMMENT ON COLUMN cdp.schema_violation.last_at IS 'When the last such message was received';
COMMENT ON COLUMN cdp.schema_violation.reason IS 'What was wrong with the last one';
COMMENT ON COLUMN cdp.schema_violation.user_id IS 'User id, or anonymous id, of the last one';
COMMENT ON COLUMN cdp.schema_violation.sample IS 'Properties of the last one as they came, cut after 4,000 bytes';
SELECT pg_catalog.pg_extension_config_dump('cdp.schema_violation', '');

CREATE FUNCTION cdp_event_schema_check() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_event_schema_check() IS 'Trigger of cdp.event_schema: refuses a wrong schema (22023), naming where.';
REVOKE ALL ON FUNCTION cdp_event_schema_check() FROM PUBLIC;

CREATE FUNCTION cdp_event_requirement_check() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_event_requirement_check() IS 'Trigger of cdp.event_requirement: refuses what is no field (22023).';
REVOKE ALL ON FUNCTION cdp_event_requirement_check() FROM PUBLIC;

CREATE TRIGGER event_schema_check BEFORE INSERT OR UPDATE ON cdp.event_schema
    FOR EACH ROW EXECUTE FUNCTION cdp_event_schema_check();
COMMENT ON TRIGGER event_schema_check ON cdp.event_schema IS 'Refuses a wrong schema';
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cdp.event_schema
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_configuration_changed();
COMMENT ON TRIGGER changed ON cdp.event_schema IS 'Makes every connection read it anew';
CREATE TRIGGER event_requirement_check BEFORE INSERT OR UPDATE ON cdp.event_requirement
    FOR EACH ROW EXECUTE FUNCTION cdp_event_requirement_check();
COMMENT ON TRIGGER event_requirement_check ON cdp.event_requirement IS 'Refuses what is no field';
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cdp.event_requirement
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_configuration_changed();
COMMENT ON TRIGGER changed ON cdp.event_requirement IS 'Makes every connection read it anew';
