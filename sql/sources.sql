-- Sources: the shipped ones, one's own, mappings that cannot work, limits, and how long dead letters are kept.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE VIEW taken AS
    SELECT user_id, event, ts, insert_id AS id, properties, context FROM cdp.event ORDER BY received_at, user_no, ts;
CREATE VIEW people AS
    SELECT p.user_id, p.traits,
           (SELECT string_agg(i.kind || ' ' || i.value, ', ' ORDER BY i.kind, i.value)
            FROM cdp.identity AS i WHERE i.user_no = p.user_no) AS known_by
    FROM cdp.profile AS p ORDER BY p.user_no;
CREATE VIEW refused AS SELECT source, code, reason FROM cdp.dead_letter ORDER BY dead_letter_no;

---- What ships, and stays out of a dump.
SELECT name FROM cdp.source ORDER BY name;
SELECT extcondition[i] AS dumped FROM pg_extension, generate_subscripts(extconfig, 1) AS i
WHERE extname = 'cdp' AND extconfig[i] = 'cdp.source'::regclass;
-- Every shipped mapping passes its own check.
UPDATE cdp.source SET mapping = mapping;

---- Each of them: a single message, an array, a batch.
SELECT cdp_ingest('{"type": "track", "userId": "ann", "event": "Order Completed", "messageId": "s-1", "timestamp": "2025-03-01T14:05:00Z",
    "properties": {"revenue": 25}, "context": {"ip": "::1", "page": {"url": "/pay"}, "device": {"type": "ios"}, "sessionId": "s1"}}');
SELECT cdp_ingest('{"batch": [{"type": "page", "userId": "ann", "category": "docs", "name": "Start", "timestamp": "2025-03-01T14:06:00Z"}]}');
SELECT cdp_ingest('{"event": "Signed Up", "properties": {"distinct_id": "bob", "$device_id": "d-1", "$insert_id": "m-1", "time": 1740837900,
    "$current_url": "https://example.com/", "plan": "pro"}}', 'mixpanel');
SELECT cdp_ingest('[{"event": "Looked", "properties": {"distinct_id": "$device:d-2", "time": 1740837901}},
    {"event": "$identify", "properties": {"$identified_id": "bea", "$anon_distinct_id": "$device:d-2", "time": 1740837902}},
    {"event": "$create_alias", "properties": {"distinct_id": "bob", "alias": "robert", "time": 1740837903}},
    {"$distinct_id": "bea", "$set": {"city": "Oslo"}, "$time": 1740837904}]', 'mixpanel');
SELECT cdp_ingest('{"event_name": "add_to_cart", "user_id": "cat", "time": 1740837900123, "session_id": "c-9", "device": "phone",
    "default_properties": {"os": "ios", "v": 1}, "custom_properties": {"sku": "A-1", "v": 2}}', 'cep');
SELECT cdp_ingest('{"batch": [{"event_id": 42, "device_id": "d-3", "time": 1740837900000}]}', 'cep');
SELECT cdp_ingest('[{"id": "dan", "id_type": "user_id", "payload": {"activity_type": "play", "song": 7}, "created_at": "2025-03-01T14:05:00Z"},
    {"id": "d-4", "id_type": "device_id", "payload": {"activity_type": "skip", "url": "/s"}, "created_at": "2025-03-01 14:05:01"}]', 'uss');
SELECT cdp_ingest('[{"who": "eve", "what": "visit", "which": "home", "when": "2025-03-01T14:05:00Z", "props": {"page": "/"}}]', 'who_what');
SELECT cdp_track('fay', 'look', ts => '2025-03-01 14:05', context => '{"session_id": "own", "url": "/x"}');
SELECT cdp_process() AS messages;
SELECT * FROM taken;
SELECT * FROM people;
SELECT * FROM refused;

---- One's own: constants, conditions, translations, merged objects, a format of time.
INSERT INTO cdp.source (name, mapping) VALUES ('till', '{
    "type": {"pointer": "/op", "values": {"C": "identify"}, "default": "track"},
    "event": [{"constant": "refund", "when": {"/amount/sign": "-"}}, {"constant": "sale"}],
    "user_id": {"pointer": "/card", "unless": {"/card": ["CASH*", {"pointer": "/till"}]}}, "anonymous_id": "/till",
    "time": "/at", "time_format": ["%d.%m.%Y %H:%M", "iso"], "category": {"constant": "store"}, "device": "/till",
    "properties": {"merge": ["/amount", "/extra"]}, "traits": "/extra", "more_properties": {"shop": {"constant": "Oslo"}}}');
SELECT cdp_ingest('[{"card": "c1", "till": "t1", "at": "1.3.2025 09:30", "amount": {"sign": "+", "sum": 5}, "extra": {"sum": 6, "tip": 1}},
    {"card": "cash-7", "till": "t1", "at": "2025-03-01T09:31:00+01:00", "amount": {"sign": "-"}},
    {"card": "t1", "till": "t1", "at": "03/01/2025"},
    {"op": "C", "card": "c1", "till": "t1", "at": "1.3.2025 09:32", "extra": {"level": "gold"}}]', 'till');
SELECT cdp_process() AS messages;
SELECT * FROM taken WHERE ts < '2025-03-01 10:00';
SELECT * FROM people WHERE known_by LIKE '%t1%';
SELECT * FROM refused;

---- Mappings that cannot work.
INSERT INTO cdp.source VALUES ('bad', '{"event": {"constant": ""}, "user_id": "/u"}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": {"constant": "anonymous"}}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "type": {"constant": "group"}}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "type": {"pointer": "/t", "values": {"T": "tracked"}}}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "time": {"default": "soon"}}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "url": {"constant": {}}}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": {"constant": "all", "pointer": "/u"}}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": {"pointer": "/u", "when": {"kind": "x"}}}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": {"pointer": "/u", "unless": {"/kind": null}}}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": {"merge": ["/a", "/b"]}}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "properties": {"merge": "/a"}}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": {"pointer": "/u", "text": true}}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "time_format": "%d/%m"}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "time_format": "%Y-%m-%d %Q"}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "time_format": ["%Y-%m-%d %I:%M"]}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "time_format": "%Y-%m-%d %b"}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "time_format": []}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "session": "/s"}');
SELECT count(*) AS taken FROM cdp.source WHERE name = 'bad';

---- Limits: depth, names, numbers of members, size.
DELETE FROM cdp.dead_letter;
INSERT INTO cdp.inbox (payload)
SELECT '{"userId": "gus", "event": "deep", "properties": ' || repeat('{"a":', n) || '{}' || repeat('}', n) || '}' FROM unnest('{62, 63}'::int[]) AS n;
INSERT INTO cdp.inbox (payload)
SELECT jsonb_build_object('userId', 'gus', 'event', 'long', 'properties', jsonb_build_object(repeat('n', n), 1)) FROM unnest('{255, 256}'::int[]) AS n;
INSERT INTO cdp.inbox (payload)
SELECT jsonb_build_object('userId', 'gus', 'event', 'many', 'properties', (SELECT jsonb_object_agg(i, i) FROM generate_series(1, n) AS i)) FROM unnest('{1000, 1001}'::int[]) AS n;
INSERT INTO cdp.inbox (payload) VALUES (repeat('[', 100000)), (repeat(' ', 1048577));
SELECT cdp_process() AS messages;
SELECT event, count(*) FROM cdp.event WHERE user_id = 'gus' GROUP BY event ORDER BY event;
SELECT source, code, left(reason, 100) AS reason FROM refused;
-- One too deep of several costs only itself, also by cdp_ingest.
SELECT cdp_ingest(('[{"userId": "gus", "event": "beside"}, {"userId": "gus", "event": "deep", "properties": ' || repeat('{"a":', 100) || '1' || repeat('}', 100) || '}]')::jsonb);
SELECT cdp_process() AS messages;
SELECT count(*) AS beside FROM cdp.event WHERE event = 'beside';

---- Putting letters back: code and since, by position and by name.
SELECT count(*) AS letters FROM cdp.dead_letter;
SELECT cdp_retry_dead_letters('too_deep', now() + interval '1 hour') AS none, cdp_retry_dead_letters(since => now() + interval '1 hour') AS none_by_name;
SELECT cdp_retry_dead_letters('too_long', '-infinity') AS by_position, cdp_retry_dead_letters(code => 'too_many') AS by_name;
SELECT cdp_process() AS messages;
SELECT count(*) AS letters FROM cdp.dead_letter;

---- Letters are kept for as long as is set, counted from when they were refused.
SHOW cdp.dead_letter_retention;
SET cdp.dead_letter_retention = -1;
UPDATE cdp.dead_letter SET at = now() - interval '31 days' WHERE code = 'too_many';
UPDATE cdp.dead_letter SET at = now() - interval '29 days' WHERE code = 'too_long';
-- A session looks at most once a minute, so each of these is a new one. Without a message there is no batch.
\c -
SELECT cdp_process() AS nothing;
SELECT code, count(*) FROM cdp.dead_letter GROUP BY code ORDER BY code;
SET cdp.dead_letter_retention = 0;
SELECT cdp_track('hal', 'n', ts => '2025-03-02'), cdp_process() AS messages;
SELECT code, count(*) FROM cdp.dead_letter GROUP BY code ORDER BY code;
RESET cdp.dead_letter_retention;
SELECT cdp_track('hal', 'n', ts => '2025-03-02'), cdp_process() AS messages;
SELECT code, count(*) FROM cdp.dead_letter GROUP BY code ORDER BY code;
-- Within the same minute not again.
SET cdp.dead_letter_retention = 1;
SELECT cdp_track('hal', 'n', ts => '2025-03-02'), cdp_process() AS messages;
SELECT count(*) AS too_long FROM cdp.dead_letter WHERE code = 'too_long';
\c -
SET cdp.dead_letter_retention = 1;
SELECT cdp_track('hal', 'n', ts => '2025-03-02'), cdp_process() AS messages;
SELECT code, count(*) FROM cdp.dead_letter GROUP BY code ORDER BY code;

DROP VIEW taken, people, refused;
DROP EXTENSION cdp CASCADE;
