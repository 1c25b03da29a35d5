CREATE TABLE cdp.source (
    name    text PRIMARY KEY,
    mapping jsonb NOT NULL
);
COMMENT ON TABLE cdp.source IS 'Where the messages of each source keep what every event has. Shipped sources may be changed; add your own by INSERT.';
COMMENT ON COLUMN cdp.source.name IS 'What COPY cdp.inbox and cdp_ingest call it';
COMMENT ON COLUMN cdp.source.mapping IS 'Object from field (type, event, user_id, anonymous_id, previous_id, insert_id, time, original_time, sent_at, properties, traits, context) to a JSON pointer, an array of pointers, or {"pointer": …, "default": …}; more_properties maps further properties so; time_unit is auto, s, ms or us';

CREATE FUNCTION cdp_source_check() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_source_check() IS 'Trigger of cdp.source: refuses a mapping that cannot work.';
REVOKE ALL ON FUNCTION cdp_source_check() FROM PUBLIC;

CREATE TRIGGER source_check BEFORE INSERT OR UPDATE ON cdp.source
    FOR EACH ROW EXECUTE FUNCTION cdp_source_check();
COMMENT ON TRIGGER source_check ON cdp.source IS 'Refuses a mapping that cannot work';

INSERT INTO cdp.source (name, mapping) VALUES
    ('segment', '{"type": "/type", "event": "/event", "user_id": "/userId", "anonymous_id": "/anonymousId",
                  "previous_id": "/previousId", "insert_id": "/messageId", "time": "/timestamp",
                  "original_time": "/originalTimestamp", "sent_at": "/sentAt", "properties": "/properties",
                  "traits": "/traits", "context": "/context", "more_properties": {"name": "/name", "category": "/category"}}'),
    ('sql',     '{"type": "/type", "event": "/event", "user_id": "/userId", "anonymous_id": "/anonymousId",
                  "previous_id": "/previousId", "insert_id": "/messageId", "time": "/timestamp",
                  "properties": "/properties", "traits": "/traits", "context": "/context"}'),
    ('who_what', '{"event": "/what", "user_id": "/who", "time": "/when", "properties": "/props",
                   "more_properties": {"which": "/which"}}');
SELECT pg_catalog.pg_extension_config_dump('cdp.source', $$WHERE name NOT IN ('segment', 'sql', 'who_what')$$);

CREATE TABLE cdp.event_name (
    event_no integer PRIMARY KEY,
    name     text NOT NULL UNIQUE
);
COMMENT ON TABLE cdp.event_name IS 'Dictionary of event names';
COMMENT ON COLUMN cdp.event_name.event_no IS 'Number by which stored events name it, from 1';
COMMENT ON COLUMN cdp.event_name.name IS 'The name as sent, at most 255 bytes';
SELECT pg_catalog.pg_extension_config_dump('cdp.event_name', '');

CREATE SEQUENCE cdp.recent_event_no;
COMMENT ON SEQUENCE cdp.recent_event_no IS 'Order of arrival of events';
SELECT pg_catalog.pg_extension_config_dump('cdp.recent_event_no', '');

CREATE TABLE cdp.recent_event (
    user_no     bigint NOT NULL,
    ts          timestamptz NOT NULL,
    arrival_no  bigint NOT NULL,
    event_no    integer NOT NULL,
    insert_id   text,
    source      text NOT NULL,
    properties  jsonb NOT NULL,
    context     jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (user_no, ts, arrival_no)
);
COMMENT ON TABLE cdp.recent_event IS 'Stored events, one row each, in the order of their users'' histories; read the view cdp.event';
COMMENT ON COLUMN cdp.recent_event.user_no IS 'Whose event: cdp.profile.user_no';
COMMENT ON COLUMN cdp.recent_event.ts IS 'When it happened';
COMMENT ON COLUMN cdp.recent_event.arrival_no IS 'Order of arrival; parts events of equal time';
COMMENT ON COLUMN cdp.recent_event.event_no IS 'cdp.event_name.event_no';
COMMENT ON COLUMN cdp.recent_event.insert_id IS 'The caller''s id of this event, if it gave one';
COMMENT ON COLUMN cdp.recent_event.source IS 'cdp.source.name it came by';
COMMENT ON COLUMN cdp.recent_event.properties IS 'The event''s properties as sent';
COMMENT ON COLUMN cdp.recent_event.context IS 'The message''s context as sent';
COMMENT ON COLUMN cdp.recent_event.received_at IS 'When it was queued';
SELECT pg_catalog.pg_extension_config_dump('cdp.recent_event', '');

CREATE TABLE cdp.insert_id (
    key         bigint NOT NULL,
    content     bigint NOT NULL,
    received_at timestamptz NOT NULL,
    source      text COLLATE "C" NOT NULL,
    insert_id   text COLLATE "C" NOT NULL
);
COMMENT ON TABLE cdp.insert_id IS 'Insert ids seen within cdp.deduplication_horizon: a message whose id and source stand here is a repetition and is dropped';
COMMENT ON COLUMN cdp.insert_id.key IS 'Hash of source and insert id; the ids themselves decide';
COMMENT ON COLUMN cdp.insert_id.content IS 'Hash of what the first of its messages said: another one is a conflict';
COMMENT ON COLUMN cdp.insert_id.received_at IS 'When the first of its messages was queued';
COMMENT ON COLUMN cdp.insert_id.source IS 'cdp.source.name it came by';
COMMENT ON COLUMN cdp.insert_id.insert_id IS 'The caller''s id of the message';
CREATE INDEX insert_id_key ON cdp.insert_id (key);
COMMENT ON INDEX cdp.insert_id_key IS 'Finds an id by its hash';
SELECT pg_catalog.pg_extension_config_dump('cdp.insert_id', '');

CREATE TABLE cdp.insert_id_conflict (
    source    text COLLATE "C" NOT NULL,
    insert_id text COLLATE "C" NOT NULL,
    times     bigint NOT NULL,
    first_at  timestamptz NOT NULL,
    last_at   timestamptz NOT NULL,
    event     text NOT NULL,
    content   jsonb NOT NULL,
    PRIMARY KEY (source, insert_id)
);
COMMENT ON TABLE cdp.insert_id_conflict IS 'Insert ids that came again with something else to say. The first message was kept, the others were dropped';
COMMENT ON COLUMN cdp.insert_id_conflict.source IS 'cdp.source.name they came by';
COMMENT ON COLUMN cdp.insert_id_conflict.insert_id IS 'The caller''s id of the messages';
COMMENT ON COLUMN cdp.insert_id_conflict.times IS 'How many were dropped';
COMMENT ON COLUMN cdp.insert_id_conflict.first_at IS 'When the first of those was queued';
COMMENT ON COLUMN cdp.insert_id_conflict.last_at IS 'When the last of those was queued';
COMMENT ON COLUMN cdp.insert_id_conflict.event IS 'Event name of the last one, empty for identify and alias';
COMMENT ON COLUMN cdp.insert_id_conflict.content IS 'Properties of the last one, or its traits';
SELECT pg_catalog.pg_extension_config_dump('cdp.insert_id_conflict', '');

CREATE TABLE cdp.dead_letter (
    dead_letter_no bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    code           text NOT NULL,
    reason         text NOT NULL,
    payload        text,
    source         text NOT NULL,
    received_at    timestamptz NOT NULL,
    at             timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE cdp.dead_letter IS 'Messages that could not be taken, with why; cdp_retry_dead_letters puts them back';
COMMENT ON COLUMN cdp.dead_letter.dead_letter_no IS 'Number of the letter, in order of arrival';
COMMENT ON COLUMN cdp.dead_letter.code IS 'bad_json, bad_message, bad_type, no_user, no_event, bad_time, future_time, too_long, too_large, unknown_source, or failed (the database refused it)';
COMMENT ON COLUMN cdp.dead_letter.reason IS 'What is wrong and where';
COMMENT ON COLUMN cdp.dead_letter.payload IS 'The message as it came';
COMMENT ON COLUMN cdp.dead_letter.source IS 'The source it came by';
COMMENT ON COLUMN cdp.dead_letter.received_at IS 'When it was queued';
COMMENT ON COLUMN cdp.dead_letter.at IS 'When it was refused';
SELECT pg_catalog.pg_extension_config_dump('cdp.dead_letter', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.dead_letter_dead_letter_no_seq', '');
