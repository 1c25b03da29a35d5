-- Repeated messages: within a batch, within the horizon and beyond it; ids used again for something else.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SHOW cdp.deduplication_horizon;
CREATE FUNCTION pg_temp.send(id text, user_id text, amount int, ts timestamptz DEFAULT '2025-01-01 00:00Z', source text DEFAULT 'segment') RETURNS bigint LANGUAGE sql AS
    $$SELECT cdp_ingest(jsonb_build_object('type', 'track', 'userId', user_id, 'event', 'buy', 'messageId', id, 'timestamp', ts, 'properties', jsonb_build_object('amount', amount)), source)$$;
CREATE VIEW bought AS SELECT user_id, insert_id AS id, source, properties ->> 'amount' AS amount FROM cdp.event WHERE event = 'buy' ORDER BY user_id, insert_id, source, amount;

-- Three times in one batch, again in another, by another source, without an id.
SELECT sum(pg_temp.send('m1', 'ada', 60)) FROM generate_series(1, 3) AS n;
SELECT cdp_process();
SELECT pg_temp.send('m1', 'ada', 60), pg_temp.send('m1', 'ada', 60, source => 'sql'), pg_temp.send(NULL, 'ada', 5), pg_temp.send(NULL, 'ada', 5);
SELECT cdp_process();
TABLE bought;
-- The order of members, the way numbers are written, and the context make no other message of it.
SELECT cdp_ingest('{"type": "track", "userId": "bob", "event": "buy", "messageId": "m2", "timestamp": "2025-01-01T00:00:00Z", "properties": {"amount": 1.50, "sku": "A"}, "context": {"ip": "1"}}');
SELECT cdp_process();
SELECT cdp_ingest('{"type": "track", "userId": "bob", "event": "buy", "messageId": "m2", "timestamp": "2025-01-01T00:00:00Z", "properties": {"sku": "A", "amount": 1.5}, "context": {"ip": "2"}}');
SELECT cdp_process();
SELECT count(*) FROM cdp.insert_id_conflict;
-- Something else under a known id: the first stays, the others are recorded.
SELECT pg_temp.send('m1', 'ada', 80), pg_temp.send('m1', 'eve', 60), pg_temp.send('m3', 'ada', 1), pg_temp.send('m3', 'ada', 2);
SELECT cdp_process();
SELECT pg_temp.send('m1', 'ada', 90);
SELECT cdp_process();
SELECT source, insert_id, times, first_at < last_at AS is_later, event, content FROM cdp.insert_id_conflict ORDER BY source, insert_id;
SELECT user_id, amount FROM bought WHERE id IN ('m1', 'm3') AND source = 'segment';
SELECT cdp_ingest('{"type": "identify", "userId": "ada", "messageId": "m4", "traits": {"plan": "pro"}}');
SELECT cdp_ingest('{"type": "identify", "userId": "ada", "messageId": "m4", "traits": {"plan": "free"}}');
SELECT cdp_process();
SELECT traits FROM cdp.profile WHERE user_id = 'ada';
SELECT event, content FROM cdp.insert_id_conflict WHERE insert_id = 'm4';

-- Ids that only share their hash with another are other ids.
INSERT INTO cdp.insert_id (key, content, received_at, source, insert_id) SELECT key, 0, received_at, source, 'not ' || insert_id FROM cdp.insert_id WHERE insert_id = 'm2';
SELECT pg_temp.send('m2', 'bob', 7), pg_temp.send('m5', 'bob', 7);
UPDATE cdp.insert_id SET insert_id = 'm6' WHERE insert_id = 'm2';
SELECT cdp_process();
SELECT pg_temp.send('m2', 'bob', 8);
SELECT cdp_process();
SELECT id, amount FROM bought WHERE user_id = 'bob';

-- Beyond the horizon an id is forgotten, but the user's events know those that happened before it.
UPDATE cdp.insert_id SET received_at = received_at - interval '7 days 1 second';
SELECT pg_temp.send('m1', 'ada', 60, now() - interval '1 hour');
SELECT cdp_process();
SELECT count(*) FROM bought WHERE id = 'm1' AND source = 'segment';
SELECT pg_temp.send('m5', 'bob', 7), pg_temp.send('m5', 'bob', 7, source => 'sql'), pg_temp.send('m5', 'ada', 7);
SELECT cdp_process();
SELECT user_id, source, amount FROM bought WHERE id = 'm5';
-- … also where the person was merged into another since, in the same batch.
UPDATE cdp.insert_id SET received_at = received_at - interval '7 days 1 second';
SELECT cdp_alias('bob', 'robert');
SELECT pg_temp.send('m5', 'robert', 7), pg_temp.send('m7', 'robert', 7);
SELECT cdp_process();
SELECT user_id, id FROM bought WHERE user_id IN ('bob', 'robert') AND source = 'segment';
-- A shorter horizon.
SET cdp.deduplication_horizon = '1min';
UPDATE cdp.insert_id SET received_at = received_at - interval '2 minutes' WHERE insert_id = 'm7';
SELECT pg_temp.send('m7', 'robert', 8, now());
SELECT cdp_process();
SELECT amount FROM bought WHERE id = 'm7';
DO $$ BEGIN SET cdp.deduplication_horizon = '10s'; EXCEPTION WHEN invalid_parameter_value THEN RAISE NOTICE 'ten seconds are refused'; END $$;
RESET cdp.deduplication_horizon;

-- Ids are stored first and looked up only where the index says that they may be known; where many of the batch before
-- were, the other way round; likewise where the table has an index of the user's. Batches without, with some and with many
-- repetitions, against plain SQL over what was sent.
CREATE TABLE sent (batch int, id text, amount int, n int GENERATED ALWAYS AS IDENTITY);
CREATE PROCEDURE pg_temp.send_batches(first_batch int) LANGUAGE plpgsql AS $$ BEGIN
    FOR b IN first_batch .. first_batch + 11 LOOP
        INSERT INTO sent (batch, id, amount) SELECT b, format('r%s', CASE WHEN m <= (ARRAY[0, 2, 20, 2])[b % 4 + 1] THEN (b * 7 + m) % (b * 40 + 1) ELSE b * 40 + m END), m % 2
            FROM generate_series(1, 40) AS m;
        PERFORM pg_temp.send(id, 'ron', amount, now()) FROM sent WHERE batch = b ORDER BY n;
        PERFORM cdp_process();
    END LOOP;
END $$;
CREATE VIEW once AS SELECT DISTINCT ON (id) id, amount FROM sent ORDER BY id, n;
CREATE VIEW stored AS SELECT (SELECT count(*) FROM once), (SELECT count(*) FROM once JOIN bought AS b ON b.id = once.id AND b.amount::int = once.amount WHERE b.user_id = 'ron') AS events,
    (SELECT count(*) FROM bought WHERE user_id = 'ron') AS all_events, (SELECT count(*) FROM cdp.insert_id WHERE insert_id LIKE 'r%') AS ids,
    (SELECT sum(times) FROM cdp.insert_id_conflict WHERE insert_id LIKE 'r%') = (SELECT count(*) FROM sent JOIN once USING (id) WHERE sent.amount <> once.amount) AS has_conflicts;
CALL pg_temp.send_batches(1);
SELECT *, count = events AND count = all_events AND count = ids AS is_exact FROM stored;
CREATE INDEX of_users ON cdp.insert_id (insert_id);
CALL pg_temp.send_batches(13);
SELECT *, count = events AND count = all_events AND count = ids AS is_exact FROM stored;
DROP INDEX cdp.of_users;
DROP VIEW stored, once;
DROP TABLE sent;
DELETE FROM cdp.insert_id WHERE insert_id LIKE 'r%';

-- What is beyond the horizon goes, a few pages a batch, and nothing else does.
INSERT INTO cdp.insert_id SELECT n, 0, now() - interval '8 days', 'segment', 'old' || n FROM generate_series(1, 20000) AS n;
DO $$ BEGIN
    FOR n IN 1 .. 200 LOOP
        PERFORM cdp_ingest(jsonb_build_object('type', 'identify', 'userId', 'eve', 'messageId', format('new%s %s', n, m))) FROM generate_series(1, 64) AS m;
        PERFORM cdp_process();
    END LOOP;
END $$;
SELECT count(*) FILTER (WHERE insert_id LIKE 'old%') < 2000 AS most_are_gone, count(*) FILTER (WHERE insert_id LIKE 'new%') AS others FROM cdp.insert_id;

-- What is written at once obeys triggers and constraints of the user's; a message that one refuses is a dead letter alone.
CREATE TABLE public.audit (event text, ts timestamptz);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.audit SELECT new.insert_id, new.ts; RETURN NULL; END $$;
CREATE FUNCTION judge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.properties ->> 'amount' = '13' THEN RAISE EXCEPTION 'thirteen is refused'; END IF;
    IF new.properties ->> 'amount' = '14' THEN RETURN NULL; END IF;
    new.properties := new.properties || '{"seen": true}';
    RETURN new;
END $$;
CREATE FUNCTION announce() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.audit VALUES (tg_when || ' ' || tg_op); RETURN NULL; END $$;
CREATE TRIGGER a AFTER INSERT ON cdp.recent_event FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER b BEFORE INSERT ON cdp.recent_event FOR EACH ROW EXECUTE FUNCTION judge();
CREATE TRIGGER c BEFORE INSERT ON cdp.recent_event EXECUTE FUNCTION announce();
CREATE FUNCTION count_new() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.audit SELECT count(*) || ' new: ' || string_agg(insert_id, ' ') FROM added; RETURN NULL; END $$;
CREATE TRIGGER d AFTER INSERT ON cdp.recent_event EXECUTE FUNCTION announce();
CREATE TRIGGER e AFTER INSERT ON cdp.recent_event REFERENCING NEW TABLE AS added EXECUTE FUNCTION count_new();
SELECT count(pg_temp.send('t' || n, 'tom', n)) FROM unnest(ARRAY[12, 14, 15]) AS n;
SELECT cdp_process();
SELECT id, (SELECT properties FROM cdp.event AS e WHERE e.insert_id = id) AS properties FROM bought WHERE user_id = 'tom';
SELECT event FROM audit ORDER BY ctid;
SELECT count(pg_temp.send('u' || n, 'tom', n)) FROM unnest(ARRAY[12, 13, 15]) AS n;
SELECT cdp_process();
SELECT id FROM bought WHERE id LIKE 'u%';
SELECT code, reason, payload::jsonb ->> 'messageId' AS id FROM cdp.dead_letter;
DROP TRIGGER a ON cdp.recent_event;
DROP TRIGGER b ON cdp.recent_event;
DROP TRIGGER c ON cdp.recent_event;
DROP TRIGGER d ON cdp.recent_event;
DROP TRIGGER e ON cdp.recent_event;
ALTER TABLE cdp.recent_event ADD CONSTRAINT no_ninety CHECK (properties ->> 'amount' <> '90');
SELECT count(pg_temp.send('v' || n, 'tom', n)) FROM unnest(ARRAY[89, 90]) AS n;
SELECT cdp_process();
SELECT id FROM bought WHERE id LIKE 'v%';
SELECT reason FROM cdp.dead_letter ORDER BY dead_letter_no DESC LIMIT 1;
ALTER TABLE cdp.recent_event DROP CONSTRAINT no_ninety;
-- Numbers and texts arrive as they were sent.
SELECT cdp_track('num', 'numbers', '{"a": 1.50, "b": -0.001, "c": 12345678901234567890.5, "d": 0, "e": -7, "f": 1e5, "g": 0.00, "h": 1e-30, "i": [1, {"x": null, "a": true}], "j": 0.000000000000000001, "k": -9223372036854775808, "é\"": "ü\n", "l": {}, "m": []}');
SELECT cdp_process();
SELECT properties FROM cdp.event WHERE event = 'numbers';
DROP VIEW bought;
DROP TABLE audit;
DROP FUNCTION note, judge, announce, count_new;
SET client_min_messages = warning;
DROP EXTENSION cdp CASCADE;
CREATE EXTENSION cdp;
