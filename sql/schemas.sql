-- What events must be like: schemas, unknown events, required fields.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';

CREATE VIEW refused AS SELECT code, reason, source FROM cdp.dead_letter ORDER BY dead_letter_no;
CREATE VIEW taken AS SELECT event, source, properties FROM cdp.event ORDER BY received_at, ts, event, properties::text;
CREATE VIEW violations AS
    SELECT event, source, pointer, keyword, action, count, reason, user_id, sample FROM cdp.schema_violation
    ORDER BY event, source, pointer, keyword;

---- A wrong schema is refused, with where.
\set VERBOSITY sqlstate
INSERT INTO cdp.event_schema (event, schema) VALUES ('purchase', '{"properties": {"total": {"type": "numbr"}}}');
\set VERBOSITY default
INSERT INTO cdp.event_schema (event, schema) VALUES ('purchase', '{"properties": {"total": {"type": "numbr"}}}');
INSERT INTO cdp.event_schema (event, schema) VALUES ('purchase', '[]');
INSERT INTO cdp.event_schema (event, schema) VALUES ('purchase', '{"required": "total"}');
INSERT INTO cdp.event_schema (event, schema) VALUES ('purchase', '{"properties": {"sku": {"pattern": "[A-Z"}}}');
INSERT INTO cdp.event_schema (event, schema) VALUES ('purchase', '{"properties": {"sku": {"pattern": "(?=A)"}}}');
INSERT INTO cdp.event_schema (event, schema) VALUES ('purchase', '{"$ref": "http://example.com/purchase.json"}');
INSERT INTO cdp.event_schema (event, schema) VALUES ('purchase', '{"allOf": [{"$ref": "#"}]}');
INSERT INTO cdp.event_schema (event, schema) VALUES ('purchase', '{"$schema": "https://json-schema.org/draft/2020-12/schema"}');
INSERT INTO cdp.event_schema (event, schema)
SELECT 'purchase', jsonb_build_object('enum', array_agg(repeat('x', 1000))) FROM generate_series(1, 300);
INSERT INTO cdp.event_schema (event, schema) VALUES ('purchase', NULL);
INSERT INTO cdp.event_schema (event, schema) VALUES ('', '{}');
INSERT INTO cdp.event_schema (event, schema, on_violation) VALUES ('purchase', '{}', 'ignore');
INSERT INTO cdp.event_schema (event, schema, source) VALUES ('purchase', '{}', 'nowhere');
SELECT count(*) AS none FROM cdp.event_schema;

---- Reject.
INSERT INTO cdp.event_schema (event, schema) VALUES ('purchase', '{
    "required": ["total"],
    "properties": {"total": {"type": "number", "minimum": 0.01, "multipleOf": 0.01}, "currency": {"enum": ["EUR", "NOK"]},
                   "items": {"type": "array", "items": {"required": ["sku"]}}},
    "additionalProperties": false}');
INSERT INTO cdp.event_schema (event, schema) VALUES ('purchase', '{}');
UPDATE cdp.event_schema SET schema = '{"type": 1}';
SELECT cdp_track('ann', 'purchase', '{"total": 19.99, "currency": "EUR", "items": [{"sku": 1}]}', '2025-01-01 10:00');
SELECT cdp_track('ann', 'purchase', '{"currency": "EUR"}', '2025-01-01 10:01');
SELECT cdp_track('ann', 'purchase', '{"total": 19.999}', '2025-01-01 10:02');
SELECT cdp_track('ann', 'purchase', '{"total": "1", "currency": "USD", "items": [{"sku": 1}, {}], "note": "x"}', '2025-01-01 10:03');
SELECT cdp_track('ann', 'look', '{"total": "1"}', '2025-01-01 10:04');
SELECT cdp_identify('ann', '{"total": "1"}', ts => '2025-01-01 10:05');
-- One of an array costs only itself.
SELECT cdp_ingest('[{"userId": "bob", "event": "purchase", "timestamp": "2025-01-01T10:06:00Z", "properties": {"total": 0}},
    {"userId": "bob", "event": "purchase", "timestamp": "2025-01-01T10:07:00Z", "properties": {"total": 1}}]');
SELECT cdp_process() AS messages;
SELECT * FROM refused;
SELECT * FROM taken;
SELECT user_id, traits FROM cdp.profile ORDER BY 1;
SELECT count(*) AS none FROM cdp.schema_violation;

---- A change holds from the next message on: within one session,
UPDATE cdp.event_schema SET schema = '{"required": ["note"]}' WHERE event = 'purchase';
SELECT cdp_retry_dead_letters('schema');
SELECT cdp_process() AS messages;
SELECT * FROM refused;
-- within one transaction, also one that rolls back,
BEGIN;
DELETE FROM cdp.event_schema;
SELECT cdp_retry_dead_letters('schema');
SELECT cdp_process() AS messages;
SELECT count(*) AS none FROM refused;
ROLLBACK;
SELECT cdp_retry_dead_letters('schema');
SELECT cdp_process() AS messages;
SELECT count(*) AS still FROM refused;
-- and in a new session.
\c -
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT cdp_retry_dead_letters('schema');
SELECT cdp_process() AS messages;
SELECT count(*) AS still FROM refused;
TRUNCATE cdp.event_schema;
SELECT cdp_retry_dead_letters('schema');
SELECT cdp_process() AS messages;
SELECT count(*) AS none FROM refused;

---- drop_property and warn.
INSERT INTO cdp.event_schema (event, schema, on_violation) VALUES
    ('drop', '{"required": ["id"], "properties": {"id": {"type": "integer"}, "place": {"properties": {"zip": {"pattern": "^[0-9]{4}$"}}},
        "tags": {"items": {"type": "string"}}}, "additionalProperties": false}', 'drop_property'),
    ('warn', '{"required": ["id"], "properties": {"id": {"type": "integer"}}}', 'warn');
SELECT cdp_track('cat', 'drop', '{"id": 1, "place": {"zip": "0150"}, "tags": ["a"]}', '2025-01-02 10:00');
SELECT cdp_track('cat', 'drop', '{"id": 2, "place": {"zip": "150", "street": "x"}, "tags": ["a", "b", 3, 4], "odd/name": 1}', '2025-01-02 10:01');
SELECT cdp_track('cat', 'drop', '{"tags": []}', '2025-01-02 10:02');
SELECT cdp_track('cat', 'drop', '{"id": "x"}', '2025-01-02 10:03');
SELECT cdp_track('cat', 'warn', '{"id": "x"}', '2025-01-02 10:04'), cdp_track(NULL, 'warn', '{}', '2025-01-02 10:05', anonymous_id => 'device');
SELECT cdp_process() AS messages;
SELECT * FROM taken WHERE event IN ('drop', 'warn');
SELECT * FROM violations;
SELECT count(*) AS none FROM refused;
-- However many events, and however many names senders think of, one row a kind of violation.
SELECT cdp_track('dan', 'drop', jsonb_build_object('id', n, 'name_' || n, repeat('é', 3000)), '2025-01-02 11:00') FROM generate_series(1, 1000) AS n \g /dev/null
SELECT cdp_track('dan', 'warn', jsonb_build_object('id', n + 0.5), '2025-01-02 11:00') FROM generate_series(1, 1000) AS n \g /dev/null
SELECT cdp_process() AS messages;
SELECT event, pointer, keyword, action, count, first_at < last_at AS has_span, octet_length(sample) AS bytes FROM cdp.schema_violation ORDER BY 1, 2, 3;
SELECT count(*) AS events, count(DISTINCT properties -> 'id') AS ids FROM cdp.event WHERE user_id = 'dan' AND event = 'drop' AND properties - 'id' = '{}';
-- More properties at fault than are listed at once, and beyond all patience.
SELECT cdp_track('dan', 'drop', (SELECT jsonb_object_agg('x' || n, n) || '{"id": 7}' FROM generate_series(1, 100) AS n), '2025-01-02 12:00');
SELECT cdp_track('dan', 'drop', (SELECT jsonb_object_agg('x' || n, n) || '{"id": 7}' FROM generate_series(1, 900) AS n), '2025-01-02 12:01');
SELECT cdp_process() AS messages;
SELECT event, properties FROM taken WHERE properties @> '{"id": 7}' AND event = 'drop' AND properties = '{"id": 7}';
SELECT code, left(reason, 120) AS reason FROM refused;
SELECT count FROM cdp.schema_violation WHERE event = 'drop' AND pointer = '/*';
DELETE FROM cdp.dead_letter;
DELETE FROM cdp.schema_violation;

---- The row of the source goes before the general one.
INSERT INTO cdp.event_schema (event, schema, on_violation, source) VALUES
    ('visit', '{"required": ["page"]}', 'reject', NULL),
    ('visit', '{"required": ["which"]}', 'warn', 'who_what');
INSERT INTO cdp.event_schema (event, schema, source) VALUES ('visit', '{}', 'who_what');
SELECT cdp_ingest('{"who": "eve", "what": "visit", "when": "2025-01-03T10:00:00Z", "props": {}}', 'who_what');
SELECT cdp_ingest('{"who": "eve", "what": "visit", "when": "2025-01-03T10:01:00Z", "which": "home"}', 'who_what');
SELECT cdp_ingest('{"userId": "eve", "event": "visit", "timestamp": "2025-01-03T10:02:00Z"}');
SELECT cdp_process() AS messages;
SELECT * FROM taken WHERE event = 'visit';
SELECT * FROM violations;
SELECT * FROM refused;
DELETE FROM cdp.dead_letter;

---- Unknown events.
SET cdp.unknown_events = 'reject';
SELECT cdp_track('fay', 'unheard_of', ts => '2025-01-04 10:00'), cdp_track('fay', 'visit', '{"page": "/"}', '2025-01-04 10:01');
SELECT cdp_identify('fay', '{"age": 3}', ts => '2025-01-04 10:02'), cdp_alias('fay_old', 'fay');
SELECT cdp_ingest('[{"type": "page", "userId": "fay", "timestamp": "2025-01-04T10:03:00Z"},
                    {"type": "screen", "userId": "fay", "timestamp": "2025-01-04T10:04:00Z"}]');
SELECT cdp_process() AS messages;
SELECT event FROM cdp.event WHERE user_id = 'fay' ORDER BY ts;
SELECT * FROM refused;
-- Pages are checked where a schema names them, and then they are not of that kind any more.
INSERT INTO cdp.event_schema (event, schema) VALUES ('page', '{"required": ["url"]}');
SELECT cdp_ingest('{"type": "page", "userId": "fay", "timestamp": "2025-01-04T10:05:00Z"}');
SELECT cdp_process() AS messages;
SELECT * FROM refused;
SET cdp.unknown_events = 'perhaps';
RESET cdp.unknown_events;
SELECT cdp_retry_dead_letters('unknown_event');
SELECT cdp_process() AS messages;
SELECT count(*) AS taken FROM cdp.event WHERE event = 'unheard_of';
DELETE FROM cdp.dead_letter;
SELECT context, setting FROM pg_settings WHERE name = 'cdp.unknown_events';

---- Fields that a category requires.
INSERT INTO cdp.event_requirement VALUES ('order', '{user_id,insert_id,properties.colour.}');
INSERT INTO cdp.event_requirement VALUES ('order', '{user_id,mail}');
INSERT INTO cdp.event_requirement VALUES ('order', '{user_id,NULL}');
INSERT INTO cdp.event_requirement VALUES ('order', '{user_id,insert_id,time,session_id,url,properties.shop.name,context.app}');
SELECT cdp_ingest(jsonb_build_object('event', 'buy', 'anonymousId', 'd1', 'properties', '{"category": "order"}'::jsonb) || more)
FROM unnest(ARRAY['{}', '{"userId": "gus"}', '{"userId": "gus", "messageId": "m1"}',
    '{"userId": "gus", "messageId": "m1", "timestamp": "2025-01-05T10:00:00Z"}',
    '{"userId": "gus", "messageId": "m1", "timestamp": "2025-01-05T10:00:00Z", "context": {"session_id": 5}}',
    '{"userId": "gus", "messageId": "m1", "timestamp": "2025-01-05T10:00:00Z", "context": {"session_id": 5, "page": {"url": "/"}}}',
    '{"userId": "gus", "messageId": "m1", "timestamp": "2025-01-05T10:00:00Z", "context": {"session_id": 5, "app": ""},
      "properties": {"url": "/", "category": "order", "shop": {"name": "Oslo"}}}',
    '{"userId": "gus", "messageId": "m1", "timestamp": "2025-01-05T10:00:00Z", "context": {"session_id": 5, "app": "web"},
      "properties": {"url": "/", "category": "order", "shop": {"name": "Oslo"}}}',
    '{"properties": {"category": "other"}}', '{"properties": {"category": 5}}', '{"properties": {}}']::jsonb[]) AS more \g /dev/null
SELECT cdp_process() AS messages;
SELECT * FROM refused;
SELECT count(*) AS taken FROM cdp.event WHERE event = 'buy';
DELETE FROM cdp.event_requirement;
SELECT cdp_retry_dead_letters('missing_field');
SELECT cdp_process() AS messages;
SELECT count(*) AS none FROM refused;

---- What a dump keeps, and who may.
SELECT array_agg(c::regclass::text ORDER BY c::regclass::text) AS dumped
FROM pg_extension, unnest(extconfig) AS c WHERE extname = 'cdp' AND c::regclass::text ~ 'event_schema|event_requirement|schema_violation';
SELECT count(*) AS granted_to_others FROM pg_class, aclexplode(relacl) AS a
WHERE relname IN ('event_schema', 'event_requirement', 'schema_violation') AND a.grantee <> relowner;
CREATE ROLE regress_cdp_schemas;
SET ROLE regress_cdp_schemas;
SET cdp.unknown_events = 'reject';
RESET ROLE;
DROP ROLE regress_cdp_schemas;

DROP VIEW refused, taken, violations;
SET client_min_messages = warning;
DROP EXTENSION cdp CASCADE;
CREATE EXTENSION cdp;
