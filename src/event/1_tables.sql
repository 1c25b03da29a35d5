CREATE TABLE cdp.source (
    name    text PRIMARY KEY,
    mapping jsonb NOT NULL
);
COMMENT ON TABLE cdp.source IS 'Where the messages of each source keep what every event has. Shipped sources may be changed; add your own by INSERT.';
COMMENT ON COLUMN cdp.source.name IS 'What COPY cdp.inbox and cdp_ingest call it';
COMMENT ON COLUMN cdp.source.mapping IS 'Object from field (type, event, user_id, anonymous_id, previous_id, insert_id, time, original_time, sent_at, session_id, category, url, ip, device, properties, traits, context) to a JSON pointer, an array of pointers, {"pointer": …, "default": …}, {"constant": …} or, for objects, {"merge": [pointers]}; "when" and "unless" restrict a pointer, "values" translates what stands there; more_properties maps further properties so; time_unit is auto, s, ms or us, time_format iso or a pattern such as %d/%m/%Y %H:%M';

CREATE FUNCTION cdp_source_check() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_source_check() IS 'Trigger of cdp.source: refuses a mapping that cannot work.';
REVOKE ALL ON FUNCTION cdp_source_check() FROM PUBLIC;

CREATE TRIGGER source_check BEFORE INSERT OR UPDATE ON cdp.source
    FOR EACH ROW EXECUTE FUNCTION cdp_source_check();
COMMENT ON TRIGGER source_check ON cdp.source IS 'Refuses a mapping that cannot work';
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cdp.source
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_configuration_changed();
COMMENT ON TRIGGER changed ON cdp.source IS 'Makes every connection read it anew';

INSERT INTO cdp.source (name, mapping) VALUES
    ('segment', '{"type": "/type", "event": "/event", "user_id": "/userId", "anonymous_id": "/anonymousId",
                  "previous_id": "/previousId", "insert_id": "/messageId", "time": "/timestamp",
                  "original_time": "/originalTimestamp", "sent_at": "/sentAt", "session_id": ["/context/sessionId", "/context/session_id"],
                  "category": "/category", "url": ["/context/page/url", "/properties/url"], "ip": "/context/ip",
                  "device": ["/context/device/type", "/context/device/model", "/context/device"],
                  "properties": "/properties", "traits": "/traits", "context": "/context",
                  "more_properties": {"name": "/name", "category": "/category"}}'),
    ('sql',     '{"type": "/type", "event": "/event", "user_id": "/userId", "anonymous_id": "/anonymousId",
                  "previous_id": "/previousId", "insert_id": "/messageId", "time": "/timestamp",
                  "session_id": ["/context/session_id", "/context/sessionId"], "category": "/context/category",
                  "url": ["/context/url", "/context/page/url"], "ip": "/context/ip",
                  "device": ["/context/device/type", "/context/device/model", "/context/device"],
                  "properties": "/properties", "traits": "/traits", "context": "/context"}'),
    -- A distinct_id is a user's, but for those that say by their form or by $device_id that they are a device's.
    -- A message with $set and no event is an update of a profile.
    ('mixpanel', '{"type": [{"pointer": "/event", "values": {"$identify": "identify", "$create_alias": "alias", "$merge": "alias"}},
                            {"constant": "identify", "when": {"/$set": "*"}, "unless": {"/event": "*"}}],
                   "event": "/event",
                   "user_id": [{"pointer": "/properties/alias", "when": {"/event": "$create_alias"}},
                               {"pointer": "/properties/$distinct_ids/1", "when": {"/event": "$merge"}},
                               {"pointer": "/properties/$identified_id", "when": {"/event": "$identify"}},
                               "/properties/$user_id",
                               {"pointer": "/properties/distinct_id",
                                "unless": {"/properties/distinct_id": ["$device:*", {"pointer": "/properties/$device_id"}]}},
                               "/$distinct_id"],
                   "anonymous_id": [{"pointer": ["/properties/$anon_distinct_id", "/properties/$anon_id"], "when": {"/event": "$identify"}},
                                    "/properties/$device_id",
                                    {"pointer": "/properties/distinct_id", "when": {"/properties/distinct_id": "$device:*"}}],
                   "previous_id": [{"pointer": "/properties/distinct_id", "when": {"/event": "$create_alias"}},
                                   {"pointer": "/properties/$distinct_ids/0", "when": {"/event": "$merge"}}],
                   "insert_id": "/properties/$insert_id", "time": ["/properties/time", "/$time"],
                   "url": "/properties/$current_url", "ip": ["/properties/ip", "/$ip"],
                   "device": ["/properties/$device", "/properties/$model"],
                   "properties": "/properties", "traits": "/$set"}'),
    ('cep',     '{"event": {"pointer": ["/event_name", "/event_id"], "text": true},
                  "user_id": ["/user_id", "/customer_id", "/default_properties/user_id", "/default_properties/customer_id"],
                  "anonymous_id": ["/anonymous_id", "/device_id", "/default_properties/anonymous_id", "/default_properties/device_id"],
                  "insert_id": ["/insert_id", "/message_id"], "time": "/time", "time_unit": "ms",
                  "session_id": ["/session_id", "/default_properties/session_id"],
                  "category": ["/category", "/default_properties/category"], "url": ["/url", "/default_properties/url"],
                  "ip": ["/ip", "/default_properties/ip"], "device": ["/device", "/default_properties/device"],
                  "properties": {"merge": ["/default_properties", "/custom_properties"]}, "context": "/context"}'),
    ('uss',     '{"event": "/payload/activity_type",
                  "user_id": {"pointer": "/id", "unless": {"/id_type": ["anon*", "device*", "cookie*", "visitor*", "guest*"]}},
                  "anonymous_id": {"pointer": "/id", "when": {"/id_type": ["anon*", "device*", "cookie*", "visitor*", "guest*"]}},
                  "insert_id": "/insert_id", "time": "/created_at", "session_id": ["/session_id", "/payload/session_id"],
                  "category": "/payload/category", "url": "/payload/url", "ip": "/payload/ip", "device": "/payload/device",
                  "properties": "/payload", "context": "/context"}'),
    ('who_what', '{"event": "/what", "user_id": "/who", "time": "/when", "properties": "/props",
                   "more_properties": {"which": "/which"}}');
SELECT pg_catalog.pg_extension_config_dump('cdp.source', $$WHERE name NOT IN ('segment', 'sql', 'mixpanel', 'cep', 'uss', 'who_what')$$);

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

CREATE SEQUENCE cdp.event_change_no;
COMMENT ON SEQUENCE cdp.event_change_no IS 'Drawn from with each change of stored events, so that a process which keeps some in memory knows of others'' changes';
SELECT pg_catalog.pg_extension_config_dump('cdp.event_change_no', '');

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
    slot        smallint NOT NULL
) PARTITION BY LIST (slot);
-- Keys of their own: one of the whole table would have to hold the slot, in every entry. With the event, so that of a user's many events
-- only those are read that somebody asks for.
CREATE TABLE cdp.recent_event_0 PARTITION OF cdp.recent_event (PRIMARY KEY (user_no, ts, arrival_no) INCLUDE (event_no)) FOR VALUES IN (0);
CREATE TABLE cdp.recent_event_1 PARTITION OF cdp.recent_event (PRIMARY KEY (user_no, ts, arrival_no) INCLUDE (event_no)) FOR VALUES IN (1);
COMMENT ON TABLE cdp.recent_event IS 'Events that came lately, one row each, in the order of their users'' histories; read the view cdp.event';
COMMENT ON TABLE cdp.recent_event_0 IS 'One of two that take new events in turn; the other is being packed into cdp.timeline, or empty: cdp.packing';
COMMENT ON TABLE cdp.recent_event_1 IS 'One of two that take new events in turn; the other is being packed into cdp.timeline, or empty: cdp.packing';
COMMENT ON COLUMN cdp.recent_event.user_no IS 'Whose event: cdp.profile.user_no';
COMMENT ON COLUMN cdp.recent_event.ts IS 'When it happened';
COMMENT ON COLUMN cdp.recent_event.arrival_no IS 'Order of arrival; parts events of equal time';
COMMENT ON COLUMN cdp.recent_event.event_no IS 'cdp.event_name.event_no';
COMMENT ON COLUMN cdp.recent_event.insert_id IS 'The caller''s id of this event, if it gave one';
COMMENT ON COLUMN cdp.recent_event.source IS 'cdp.source.name it came by';
COMMENT ON COLUMN cdp.recent_event.properties IS 'The event''s properties as sent';
COMMENT ON COLUMN cdp.recent_event.context IS 'The message''s context, and what its source keeps elsewhere of session_id, category, url, ip, device';
COMMENT ON COLUMN cdp.recent_event.received_at IS 'When it was queued';
COMMENT ON COLUMN cdp.recent_event.slot IS 'In which of the two tables it lies';
SELECT pg_catalog.pg_extension_config_dump('cdp.recent_event_0', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.recent_event_1', '');

CREATE TABLE cdp.packing (
    is_single    boolean PRIMARY KEY DEFAULT true CHECK (is_single),
    slot         smallint NOT NULL CHECK (slot IN (0, 1)),
    opened_at    timestamptz NOT NULL,
    packed_until bigint NOT NULL,
    done_xid     xid8
);
COMMENT ON TABLE cdp.packing IS 'Which of the two tables of recent events takes new ones, and how far the other is packed. No row: slot 0 does, and nothing was packed yet';
COMMENT ON COLUMN cdp.packing.is_single IS 'Keeps this table at one row';
COMMENT ON COLUMN cdp.packing.slot IS 'The slot that takes new events';
COMMENT ON COLUMN cdp.packing.opened_at IS 'Since when it does';
COMMENT ON COLUMN cdp.packing.packed_until IS 'The other slot''s events of users up to this number are in cdp.timeline and no longer count where they lie';
COMMENT ON COLUMN cdp.packing.done_xid IS 'The transaction that packed the last of the other slot: it is emptied once nobody looks at what was before; null while it is empty or being packed';
SELECT pg_catalog.pg_extension_config_dump('cdp.packing', '');

CREATE VIEW cdp.unpacked_event AS
    SELECT r.user_no, r.ts, r.arrival_no, r.event_no, r.insert_id, r.source, r.properties, r.context, r.received_at
    FROM cdp.recent_event AS r
    WHERE r.slot = coalesce((SELECT p.slot FROM cdp.packing AS p), 0)
    UNION ALL
    SELECT r.user_no, r.ts, r.arrival_no, r.event_no, r.insert_id, r.source, r.properties, r.context, r.received_at
    FROM cdp.recent_event AS r
    WHERE r.slot = 1 - (SELECT p.slot FROM cdp.packing AS p) AND r.user_no > (SELECT p.packed_until FROM cdp.packing AS p);
COMMENT ON VIEW cdp.unpacked_event IS 'The events of cdp.recent_event that are not in cdp.timeline yet';
COMMENT ON COLUMN cdp.unpacked_event.user_no IS 'Whose event: cdp.profile.user_no';
COMMENT ON COLUMN cdp.unpacked_event.ts IS 'When it happened';
COMMENT ON COLUMN cdp.unpacked_event.arrival_no IS 'Order of arrival; parts events of equal time';
COMMENT ON COLUMN cdp.unpacked_event.event_no IS 'cdp.event_name.event_no';
COMMENT ON COLUMN cdp.unpacked_event.insert_id IS 'The caller''s id of this event, if it gave one';
COMMENT ON COLUMN cdp.unpacked_event.source IS 'cdp.source.name it came by';
COMMENT ON COLUMN cdp.unpacked_event.properties IS 'The event''s properties as sent';
COMMENT ON COLUMN cdp.unpacked_event.context IS 'The message''s context';
COMMENT ON COLUMN cdp.unpacked_event.received_at IS 'When it was queued';

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
    at             timestamptz NOT NULL DEFAULT @extschema@.cdp_now()
);
COMMENT ON TABLE cdp.dead_letter IS 'Messages that could not be taken, with why; cdp_retry_dead_letters puts them back. Kept for cdp.dead_letter_retention days';
COMMENT ON COLUMN cdp.dead_letter.dead_letter_no IS 'Number of the letter, in order of arrival';
COMMENT ON COLUMN cdp.dead_letter.code IS 'bad_json, bad_message, bad_type, no_user, no_event, bad_time, future_time, too_long, too_many, too_large, too_deep, unknown_source, unknown_event, missing_field, schema, or failed (the database refused it)';
COMMENT ON COLUMN cdp.dead_letter.reason IS 'What is wrong and where';
COMMENT ON COLUMN cdp.dead_letter.payload IS 'The message as it came';
COMMENT ON COLUMN cdp.dead_letter.source IS 'The source it came by';
COMMENT ON COLUMN cdp.dead_letter.received_at IS 'When it was queued';
COMMENT ON COLUMN cdp.dead_letter.at IS 'When it was refused';
SELECT pg_catalog.pg_extension_config_dump('cdp.dead_letter', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.dead_letter_dead_letter_no_seq', '');
