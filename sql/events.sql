-- Messages on their way in: taken, refused, repeated, and whose they are.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- What is asked of the events below.
CREATE VIEW taken AS
    SELECT user_id, event, ts, session_no AS session, insert_id AS id, source, properties FROM cdp.event
    ORDER BY user_no, ts, properties::text;
CREATE VIEW refused AS
    SELECT code, CASE code WHEN 'bad_json' THEN split_part(reason, ' - ', 1) ELSE reason END AS reason, left(payload, 60) AS payload, source FROM cdp.dead_letter ORDER BY dead_letter_no;
CREATE VIEW people AS
    SELECT p.user_no, p.user_id, p.traits, first_seen, last_seen,
           (SELECT string_agg(i.kind || ' ' || i.value, ', ' ORDER BY i.kind, i.value)
            FROM cdp.identity AS i WHERE i.user_no = p.user_no) AS known_by
    FROM cdp.profile AS p ORDER BY p.user_no;

---- By function.
SELECT cdp_process() AS nothing;
SELECT cdp_track('ann', 'look', '{"page": "/a"}', '2025-01-01 10:00', 'm1', 'phone', '{"ip": "::1"}');
SELECT cdp_track('ann', 'look', ts => '2025-01-01 10:10');
SELECT cdp_track(NULL, 'look', ts => '2025-01-01 10:20', anonymous_id => 'tablet');
SELECT cdp_identify('ann', '{"plan": "pro", "age": 41, "gone": 1}', ts => '2025-01-01 10:05');
SELECT cdp_identify('ann', '{"plan": "free", "city": "Oslo"}', ts => '2025-01-01 09:00');
SELECT cdp_identify('ann', '{"gone": null}', ts => '2025-01-01 10:06');
SELECT count(*) AS seen_before_processing FROM cdp.event;
SELECT cdp_process() AS messages;
SELECT cdp_process() AS nothing_is_left;
SELECT * FROM taken;
SELECT context, now() - received_at < interval '1 minute' AS is_received_now FROM cdp.event WHERE insert_id = 'm1';
SELECT * FROM people;

-- Bad arguments are refused at once, and nothing is queued.
SELECT cdp_track(NULL, 'look');
SELECT cdp_track('undefined', 'look', anonymous_id => '000-000');
SELECT cdp_track('ann', NULL);
SELECT cdp_track('ann', '  ');
SELECT cdp_track('ann', 'look', ts => 'infinity');
SELECT cdp_identify('', '{"a": 1}');
SELECT cdp_alias('tablet', 'null');
SELECT cdp_alias(NULL, 'ann');
SELECT cdp_ingest(NULL);
SELECT cdp_ingest('{}', NULL);
SELECT cdp_ingest('{"userId": "ann", "event": "look"}', 'nowhere');
SELECT cdp_ingest(jsonb_build_object('userId', 'ann', 'event', 'look', 'properties', jsonb_build_object('x', repeat('x', 1048576))));
SELECT cdp_process(0);
SELECT cdp_process() AS nothing;

---- By the JSON of a source.
SELECT cdp_ingest('{"type": "track", "userId": "bob", "event": "buy", "messageId": "s1", "timestamp": "2025-01-02T10:00:00+02:00",
    "properties": {"total": 12345678901234567890.10}}');
SELECT cdp_ingest('[{"type": "page", "userId": "bob", "name": "Home", "timestamp": "2025-01-02T08:01:00Z"},
    {"type": "screen", "userId": "bob", "properties": {"name": "kept"}, "name": "Menu", "timestamp": "2025-01-02T08:02:00Z"}]');
SELECT cdp_ingest('{"batch": [{"type": "identify", "userId": "bob", "traits": {"age": 30}, "timestamp": "2025-01-02T08:00:00Z"},
    {"type": "track", "userId": 17, "event": "buy", "timestamp": "2025-01-02T08:03:00Z"}]}');
SELECT cdp_ingest('[]') AS none;
SELECT cdp_ingest('{"who": "cat", "what": "view", "which": "shoe", "when": 1735804800, "props": {"size": 38}}', 'who_what');
-- One's own, with defaults, alternatives, escaped names and further properties.
INSERT INTO cdp.source (name, mapping) VALUES ('till', '{
    "event": {"pointer": "/kind", "default": "sale"}, "user_id": ["/card/no", "/customer"], "insert_id": "/receipt~1no",
    "time": "/at", "time_unit": "ms", "properties": "/basket", "more_properties": {"shop": "/shop", "sum": "/sum/0"}}');
SELECT cdp_ingest('[{"customer": "dan", "receipt/no": 1, "at": 1735804800000, "shop": "Oslo", "sum": [1.50]},
    {"card": {"no": "c9"}, "customer": "dan", "kind": "return", "at": 1735804800123, "basket": {"shop": "own"}}]', 'till');
SELECT cdp_process() AS messages;
SELECT * FROM taken WHERE ts >= '2025-01-02';
SELECT user_id, traits FROM people WHERE user_id IN ('bob', '17', 'cat', 'dan', 'c9');
-- Digits beyond what a double holds stay.
SELECT properties ->> 'total' AS total FROM cdp.event WHERE insert_id = 's1';

-- Mappings that cannot work.
INSERT INTO cdp.source VALUES ('bad', '[]');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e"}');
INSERT INTO cdp.source VALUES ('bad', '{"user_id": "/u"}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "e", "user_id": "/u"}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e~2", "user_id": "/u"}');
INSERT INTO cdp.source VALUES ('bad', '{"event": 1, "user_id": "/u"}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "evnt": "/e"}');
INSERT INTO cdp.source VALUES ('bad', '{"event": {"pointer": "/e", "fallback": 1}, "user_id": "/u"}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "time_unit": "h"}');
INSERT INTO cdp.source VALUES ('bad', '{"event": "/e", "user_id": "/u", "more_properties": "/p"}');
UPDATE cdp.source SET mapping = '{"event": "/e"}' WHERE name = 'till';
SELECT name FROM cdp.source WHERE name IN ('bad', 'till');

---- In bulk, with what cannot be read among it.
COPY cdp.inbox (payload) FROM STDIN;
{"userId": "eve", "event": "look", "timestamp": "2025-01-03T10:00:00Z"}
{"userId": "eve", "event": "look"
["eve",
"eve"
\N

[{"userId": "eve", "event": "look", "timestamp": "2025-01-03T10:01:00Z"}, 7, {"event": "look"}]
{"type": "group", "userId": "eve"}
{"type": 7, "userId": "eve"}
{"event": "look", "userId": "undefined", "anonymousId": ""}
{"event": "look", "userId": {"id": 1}}
{"userId": "eve"}
{"userId": "eve", "event": " "}
{"userId": "eve", "event": 5}
{"userId": "eve", "event": "look", "timestamp": "yesterday"}
{"userId": "eve", "event": "look", "timestamp": "2025-02-30T00:00:00Z"}
{"userId": "eve", "event": "look", "properties": [1]}
{"type": "alias", "userId": "eve"}
{"userId": "eve", "event": "look", "timestamp": "2025-01-03T10:02:00Z", "properties": {"a": "\\u0000"}}
{"userId": "eve", "event": "look", "timestamp": "2025-01-03T10:03:00Z", "properties": {"a": "\\ud800"}}
\.
COPY cdp.inbox (source, payload) FROM STDIN;
who_what	{"who": "eve", "what": "look", "when": "2025-01-03 10:04:00"}
nowhere	{"who": "eve", "what": "look"}
\.
INSERT INTO cdp.inbox (payload) VALUES
    (jsonb_build_object('userId', repeat('u', 256), 'event', 'look')),
    (jsonb_build_object('userId', 'eve', 'event', repeat('e', 256))),
    (jsonb_build_object('userId', 'eve', 'event', 'look', 'properties', jsonb_build_object('x', repeat('x', 1048576))));
SELECT cdp_process() AS messages;
SELECT * FROM refused;
SELECT code, length(payload) AS length FROM cdp.dead_letter WHERE length(payload) > 200 ORDER BY 2;
SELECT user_id, event, ts FROM taken WHERE user_id = 'eve';
-- Times ahead of the clock: five minutes count as now.
INSERT INTO cdp.inbox (payload, received_at)
SELECT jsonb_build_object('userId', 'fay', 'event', 'look', 'timestamp', t), '2025-01-04 10:00'
FROM unnest(ARRAY['2025-01-04T10:04:59Z', '2025-01-04T10:05:00Z', '2025-01-04T10:05:00.000001Z', '2025-01-06T10:00:00Z']) AS t;
-- The sender's clock is corrected by when it sent (facts of the Segment spec), whatever the numbers.
INSERT INTO cdp.inbox (payload, received_at) VALUES
    ('{"userId": "fay", "event": "skewed", "originalTimestamp": "2025-01-04T12:10:00Z", "sentAt": "2025-01-04T12:11:00Z"}', '2025-01-04 12:01'),
    ('{"batch": [{"userId": "fay", "event": "skewed", "originalTimestamp": "2025-01-04T12:40:00Z"}], "sentAt": "2025-01-04T12:41:00Z"}', '2025-01-04 12:31'),
    ('{"userId": "fay", "event": "skewed", "originalTimestamp": "0001-01-01T00:00:00Z", "sentAt": 9.2e18}', '2025-01-04 12:01');
SELECT cdp_process() AS messages;
SELECT event, ts FROM taken WHERE user_id = 'fay';
SELECT code, reason FROM refused OFFSET 22;

-- Put back, they are refused again until what was wrong is mended.
SELECT count(*) AS letters, count(*) FILTER (WHERE code = 'unknown_source') AS of_unknown_source FROM cdp.dead_letter;
INSERT INTO cdp.source (name, mapping) VALUES ('nowhere', '{"event": "/what", "user_id": "/who"}');
SELECT cdp_retry_dead_letters('unknown_source');
SELECT cdp_retry_dead_letters('no_user', now() + interval '1 hour') AS none_since;
SELECT cdp_retry_dead_letters('no such code') AS none;
SELECT cdp_process() AS messages;
SELECT count(*) AS events, bool_and(ts = received_at) AS are_now FROM cdp.event WHERE source = 'nowhere';
WITH letters AS (SELECT count(*) AS n FROM cdp.dead_letter) SELECT cdp_retry_dead_letters() = n AS all_are_put_back FROM letters;
SELECT count(*) AS meanwhile FROM cdp.dead_letter;
SELECT cdp_process() AS messages;
SELECT count(*) AS letters, count(*) FILTER (WHERE code = 'unknown_source') AS of_unknown_source FROM cdp.dead_letter;

---- What the database refuses costs only itself.
DELETE FROM cdp.dead_letter;
CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.properties ? 'poison' THEN RAISE EXCEPTION 'poisoned: %', NEW.properties; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse_poison BEFORE INSERT ON cdp.recent_event FOR EACH ROW EXECUTE FUNCTION refuse_poison();
SELECT cdp_track('gus', 'n', jsonb_build_object(CASE WHEN n IN (7, 30) THEN 'poison' ELSE 'good' END, n), '2025-01-05 10:00', 'n' || n)
FROM generate_series(1, 40) AS n \g /dev/null
-- Also within one payload of several messages.
COPY cdp.inbox (payload) FROM STDIN;
[{"userId": "gus", "event": "n", "properties": {"good": 41}}, {"userId": "gus", "event": "n", "properties": {"poison": 42}}, {"userId": "gus"}, {"userId": "gus", "event": "n", "properties": {"good": 43}}]
\.
SELECT cdp_process() AS messages;
SELECT count(*) AS events, sum((properties ->> 'good')::integer) AS sum FROM cdp.event WHERE user_id = 'gus';
SELECT code, reason, payload::jsonb -> 'properties' AS properties FROM cdp.dead_letter ORDER BY dead_letter_no;
DROP TRIGGER refuse_poison ON cdp.recent_event;
DROP FUNCTION refuse_poison;
-- Its insert id was not used up.
SELECT cdp_retry_dead_letters('failed');
SELECT cdp_process() AS messages;
SELECT count(*) AS events FROM cdp.event WHERE user_id = 'gus';

---- Repetitions: the first one wins, in one batch and across batches, each source for itself.
SELECT cdp_track('hal', 'paid', '{"n": 1}', '2025-01-06 10:00', 'p1');
SELECT cdp_track('hal', 'paid', '{"n": 2}', '2025-01-06 10:00', 'p1');
SELECT cdp_track('hal', 'paid', '{"n": 3}', '2025-01-06 10:00');
SELECT cdp_track('hal', 'paid', '{"n": 3}', '2025-01-06 10:00');
SELECT cdp_ingest('{"userId": "hal", "event": "paid", "messageId": "p1", "timestamp": "2025-01-06T10:00:00Z", "properties": {"n": 4}}');
SELECT cdp_process() AS messages;
SELECT cdp_track('hal', 'paid', '{"n": 5}', '2025-01-07 11:00', 'p1');
SELECT cdp_track('hal', 'paid', '{"n": 6}', '2025-01-06 10:00', 'p2');
SELECT cdp_process() AS messages;
SELECT properties, id, source FROM taken WHERE user_id = 'hal';

---- At most as many as asked for, from the front.
SELECT cdp_track('ivy', 'n', jsonb_build_object('n', n), '2025-01-08 10:00') FROM generate_series(1, 5) AS n \g /dev/null
SELECT cdp_process(2) AS messages;
SELECT count(*) AS events, max(properties ->> 'n') AS last FROM cdp.event WHERE user_id = 'ivy';
SELECT cdp_process(1) AS messages;
-- What comes during a round comes after it, and is not lost.
SELECT cdp_track('ivy', 'n', '{"n": 6}', '2025-01-08 10:00');
SELECT cdp_process(1), cdp_process(1), cdp_process(1), cdp_process(1);
SELECT string_agg(properties ->> 'n', ' ' ORDER BY ts, properties ->> 'n') AS all FROM cdp.event WHERE user_id = 'ivy';

---- In the same transaction.
BEGIN;
SELECT cdp_track('joe', 'in', ts => '2025-01-09 10:00');
SELECT cdp_process() AS messages;
SELECT cdp_process() AS nothing;
SELECT cdp_track('joe', 'out', ts => '2025-01-09 10:01');
SELECT event FROM taken WHERE user_id = 'joe';
COMMIT;
SELECT cdp_process() AS messages;
SELECT event FROM taken WHERE user_id = 'joe';
BEGIN;
SELECT cdp_track('kim', 'in', ts => '2025-01-09 10:00');
SELECT cdp_process() AS messages;
SELECT count(*) AS profiles FROM cdp.profile WHERE user_id = 'kim';
ROLLBACK;
SELECT cdp_process() AS nothing;
SELECT count(*) AS profiles FROM cdp.profile WHERE user_id = 'kim';
-- A rolled-back batch leaves the messages where they were.
SELECT cdp_track('kim', 'in', ts => '2025-01-09 10:00');
BEGIN;
SELECT cdp_process() AS messages;
ROLLBACK;
SELECT cdp_process() AS messages;
BEGIN;
SAVEPOINT s;
SELECT cdp_track('kim', 'dropped', ts => '2025-01-09 10:00');
ROLLBACK TO s;
SELECT cdp_track('kim', 'kept', ts => '2025-01-09 10:00');
COMMIT;
SELECT cdp_process() AS messages;
SELECT event FROM taken WHERE user_id = 'kim' ORDER BY 1;

---- Sessions: 30 minutes apart is one session, longer is another; a late event joins two.
SELECT cdp_track('lea', 'n', ts => '2025-01-11 00:10');
SELECT cdp_track('lea', 'n', ts => ('2025-01-10 ' || t)::timestamptz)
FROM unnest(ARRAY['10:00', '10:30', '11:00:00.000001', '23:50']) AS t \g /dev/null
SELECT cdp_process() AS messages;
SELECT session_no, started_at, ended_at, events FROM cdp.session WHERE user_no = (SELECT user_no FROM cdp.profile WHERE user_id = 'lea');
SELECT ts, session FROM taken WHERE user_id = 'lea';
SELECT cdp_track('lea', 'n', ts => '2025-01-10 10:45'), cdp_track('lea', 'n', ts => '2025-01-10 08:00');
SELECT cdp_identify('lea', '{"a": 1}', ts => '2025-01-10 12:00');
SELECT cdp_process() AS messages;
SELECT session_no, started_at, ended_at, events FROM cdp.session WHERE user_no = (SELECT user_no FROM cdp.profile WHERE user_id = 'lea');
SELECT first_seen, last_seen FROM people WHERE user_id = 'lea';

---- Whose events they are. Counts of events by person:
CREATE VIEW owners AS
    SELECT p.known_by, count(e.ts) AS events, p.traits, count(DISTINCT e.session_no) AS sessions
    FROM people AS p LEFT JOIN cdp.event AS e USING (user_no) GROUP BY p.user_no, p.known_by, p.traits ORDER BY p.user_no;
-- An anonymous id becomes the user's with all it did; sessions and traits come along (newest by event time).
SELECT cdp_track(NULL, 'buy', ts => t, anonymous_id => 'a1') FROM unnest('{2025-01-11 10:00, 2025-01-11 11:00}'::timestamptz[]) AS t \g /dev/null
SELECT cdp_track('u1', 'buy', ts => t) FROM unnest('{2025-01-11 10:20, 2025-01-11 10:40}'::timestamptz[]) AS t \g /dev/null
SELECT cdp_identify(NULL, '{"lang": "no", "seen": 1}', 'a1', '2025-01-11 10:00'), cdp_identify('u1', '{"lang": "en"}', ts => '2025-01-11 09:00');
SELECT cdp_process() AS messages;
SELECT * FROM owners WHERE known_by ~ '\m(a1|u1)\M';
SELECT cdp_identify('u1', '{}', 'a1', '2025-01-11 12:00');
SELECT cdp_process() AS messages;
SELECT * FROM owners WHERE known_by ~ '\m(a1|u1)\M';
-- A second user of the same device takes what comes later; the two stay two.
SELECT cdp_track(NULL, 'buy', ts => '2025-01-11 12:01', anonymous_id => 'a1');
SELECT cdp_identify('u2', '{}', 'a1', '2025-01-11 12:10');
SELECT cdp_track(NULL, 'buy', ts => '2025-01-11 12:11', anonymous_id => 'a1');
SELECT cdp_process() AS messages;
SELECT * FROM owners WHERE known_by ~ '\m(a1|u1|u2)\M';
-- The same within one batch, and with the event first.
SELECT cdp_track(NULL, 'buy', ts => '2025-01-12 10:00', anonymous_id => 'b1');
SELECT cdp_track('v1', 'buy', ts => '2025-01-12 10:01', anonymous_id => 'b1');
SELECT cdp_track('v2', 'buy', ts => '2025-01-12 10:02', anonymous_id => 'b1');
SELECT cdp_track(NULL, 'buy', ts => '2025-01-12 10:03', anonymous_id => 'b1');
SELECT cdp_process() AS messages;
SELECT * FROM owners WHERE known_by ~ '\m(b1|v1|v2)\M';
-- Alias merges on purpose, both ways round, in a circle, and of ids that nobody knew.
SELECT cdp_alias('v1', 'v2'), cdp_alias('v2', 'v1');
SELECT cdp_alias('u1', 'u2');
SELECT cdp_process() AS messages;
SELECT cdp_alias('u2', 'u1'), cdp_alias('u1', 'u1'), cdp_alias('old', 'new');
SELECT cdp_track('old', 'buy', ts => '2025-01-12 11:00'), cdp_track('new', 'buy', ts => '2025-01-12 11:01');
SELECT cdp_alias('p', 'q'), cdp_alias('q', 'r'), cdp_alias('r', 'p');
SELECT cdp_track(id, 'buy', ts => '2025-01-12 11:00') FROM unnest('{p,q,r}'::text[]) AS id \g /dev/null
SELECT cdp_process() AS messages;
SELECT * FROM owners WHERE known_by ~ '\m(a1|b1|u1|v1|old|p)\M';
-- An anonymous id that was aliased before anything was heard of it.
SELECT cdp_alias('early', 'w1');
SELECT cdp_process() AS messages;
SELECT cdp_track(NULL, 'buy', ts => '2025-01-12 11:00', anonymous_id => 'early');
SELECT cdp_process() AS messages;
SELECT * FROM owners WHERE known_by ~ '\m(early|w1)\M';
-- Words for nobody never tie people together.
SELECT cdp_track('x' || n, 'buy', ts => '2025-01-13 10:00', anonymous_id => nobody)
FROM unnest(ARRAY['', 'null', 'Undefined', 'anonymous', '0', '-1', '00000000-0000-0000-0000-000000000000', 'NaN'])
     WITH ORDINALITY AS n(nobody, n) \g /dev/null
SELECT cdp_process() AS messages;
SELECT count(*) AS people, max(events) AS most_events FROM owners WHERE known_by ~ 'user_id x\d';
-- Everyone has one number, and every id and event belongs to someone.
SELECT count(*) FILTER (WHERE p.user_no IS NULL) AS of_nobody FROM cdp.identity AS i LEFT JOIN cdp.profile AS p USING (user_no);
SELECT count(*) FILTER (WHERE p.user_no IS NULL) AS of_nobody FROM cdp.event AS e LEFT JOIN cdp.profile AS p USING (user_no);
SELECT (SELECT last_user_no FROM cdp.user_counter) >= max(user_no) AS is_counted FROM cdp.profile;

---- What an ordinary role needs.
CREATE ROLE regress_cdp_application;
SET ROLE regress_cdp_application;
SELECT cdp_track('zoe', 'look', ts => '2025-01-14 10:00');
RESET ROLE;
GRANT USAGE ON SCHEMA cdp TO regress_cdp_application;
GRANT INSERT ON cdp.inbox TO regress_cdp_application;
SET ROLE regress_cdp_application;
SELECT cdp_track('zoe', 'look', ts => '2025-01-14 10:00'), cdp_identify('zoe', '{"a": 1}', ts => '2025-01-14 10:00'), cdp_alias('zoey', 'zoe');
COPY cdp.inbox (source, payload) FROM STDIN;
who_what	{"who": "zoe", "what": "look", "when": "2025-01-14 10:01:00"}
\.
SELECT cdp_ingest('{"userId": "zoe", "event": "look"}');
SELECT cdp_process();
SELECT cdp_retry_dead_letters();
SELECT count(*) FROM cdp.inbox;
SELECT count(*) FROM cdp.event;
TRUNCATE cdp.inbox;
RESET ROLE;
SELECT cdp_process() AS messages;
SELECT user_id, event, ts FROM taken WHERE user_id = 'zoe';
REVOKE ALL ON cdp.inbox FROM regress_cdp_application;
REVOKE ALL ON SCHEMA cdp FROM regress_cdp_application;
DROP ROLE regress_cdp_application;

DROP VIEW owners, people, refused, taken;
SET client_min_messages = warning;
DROP EXTENSION cdp CASCADE;
CREATE EXTENSION cdp;
