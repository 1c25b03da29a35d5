-- Who is who: merges, shared devices, aliases, limits, blocked ids, and a person shown whole.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET synchronous_commit = off;

-- People by their ids, anonymous ones with ~ before them.
CREATE VIEW people AS
    SELECT p.user_no, p.user_id,
           (SELECT string_agg(CASE i.kind WHEN 'user_id' THEN i.value ELSE '~' || i.value END, ' ' ORDER BY i.kind DESC, i.value)
            FROM cdp.identity AS i WHERE i.user_no = p.user_no) AS known_by
    FROM cdp.profile AS p ORDER BY p.user_no;
CREATE VIEW log AS
    SELECT change, user_no AS no, user_id AS id, from_user_no AS from_no, from_user_id AS from_id, kind, value,
           reason, limit_kind, times
    FROM cdp.identity_log ORDER BY log_no;

---- An anonymous id becomes a known user's: everything moves, the newest trait counts, the earliest and latest sight.
COPY cdp.inbox (payload) FROM STDIN;
{"type": "track", "anonymousId": "a1", "event": "look", "timestamp": "2025-01-01T09:00:00Z"}
{"type": "track", "anonymousId": "a1", "event": "look", "timestamp": "2025-01-01T09:40:00Z"}
{"type": "track", "anonymousId": "a1", "event": "buy", "timestamp": "2025-01-01T13:00:00Z"}
{"type": "identify", "anonymousId": "a1", "traits": {"newer": "a1", "older": "a1", "same": "a1", "only": "a1", "removed": null}, "timestamp": "2025-01-01T11:00:00Z"}
{"type": "identify", "userId": "u1", "traits": {"newer": "u1", "removed": "u1"}, "timestamp": "2025-01-01T10:00:00Z"}
{"type": "identify", "userId": "u1", "traits": {"same": "u1"}, "timestamp": "2025-01-01T11:00:00Z"}
{"type": "identify", "userId": "u1", "traits": {"older": "u1"}, "timestamp": "2025-01-01T12:00:00Z"}
{"type": "track", "userId": "u1", "event": "look", "timestamp": "2025-01-01T09:20:00Z"}
\.
SELECT cdp_process() AS messages;
SELECT * FROM people;
SELECT user_no, session_no, started_at, ended_at, events FROM cdp.session ORDER BY 1, 2;
COPY cdp.inbox (payload) FROM STDIN;
{"type": "identify", "userId": "u1", "anonymousId": "a1", "messageId": "m1", "timestamp": "2025-01-01T12:30:00Z"}
\.
SELECT cdp_process() AS messages;
SELECT * FROM people;
SELECT traits, first_seen, last_seen FROM cdp.profile;
-- The two sessions of a1 and the one of u1 that lay between are one.
SELECT user_no, session_no, started_at, ended_at, events FROM cdp.session ORDER BY 1, 2;
SELECT user_no, event, count(*) FROM cdp.event GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM log;
SELECT ts, source, insert_id, now() - recorded_at < interval '1 minute' AS is_recorded_now FROM cdp.identity_log;
-- What comes later of either is the same person's; said again, it changes nothing.
SELECT cdp_track(NULL, 'later', ts => '2025-01-02', anonymous_id => 'a1'), cdp_identify('u1', anonymous_id => 'a1', ts => '2025-01-02');
SELECT cdp_process() AS messages;
SELECT user_id FROM cdp.event WHERE event = 'later';
SELECT count(*) AS log_rows FROM cdp.identity_log;

---- The anonymous person becomes a user who is new: nothing moves, and that is in the log, too.
SELECT cdp_track(NULL, 'look', ts => '2025-01-02', anonymous_id => 'a2');
SELECT cdp_process() AS messages;
SELECT cdp_track('u2', 'look', ts => '2025-01-02', insert_id => 'm2', anonymous_id => 'a2');
SELECT cdp_process() AS messages;
SELECT * FROM people WHERE user_id = 'u2';
SELECT change, no = (SELECT user_no FROM cdp.profile WHERE user_id = 'u2') AS is_u2, id, from_no, from_id, kind, value, reason FROM log OFFSET 1;
SELECT source, insert_id FROM cdp.identity_log OFFSET 1;

---- Scripts: messages to be played from nothing in batches of a given size. 't u a' is an event, 'i u a' an identify of
---- user id and anonymous id (- for none), 'a p u' an alias of p to u.
CREATE FUNCTION play(script text, batch integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM cdp.recent_event; DELETE FROM cdp.session_span; DELETE FROM cdp.profile; DELETE FROM cdp.identity;
    DELETE FROM cdp.identity_log; DELETE FROM cdp.user_counter;
    INSERT INTO cdp.inbox (payload, received_at)
    SELECT jsonb_strip_nulls(jsonb_build_object(
               'type', CASE w[1] WHEN 't' THEN 'track' WHEN 'i' THEN 'identify' ELSE 'alias' END, 'event', 'e',
               'userId', CASE WHEN w[1] = 'a' THEN w[3] ELSE nullif(w[2], '-') END,
               'anonymousId', CASE WHEN w[1] <> 'a' THEN nullif(w[3], '-') END,
               'previousId', CASE WHEN w[1] = 'a' THEN w[2] END,
               'timestamp', to_char(timestamp '2025-01-01' + n * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))),
           timestamptz '2025-01-01' + n * interval '1 minute'
    FROM (SELECT string_to_array(trim(m), ' ') AS w, n FROM string_to_table(script, ',') WITH ORDINALITY AS s (m, n)) AS s
    ORDER BY n;
    WHILE cdp_process(batch) > 0 LOOP END LOOP;
    IF EXISTS (SELECT FROM cdp.dead_letter) THEN RAISE EXCEPTION 'dead letters: %', (SELECT reason FROM cdp.dead_letter LIMIT 1); END IF;
END $$;
CREATE FUNCTION persons() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(coalesce(user_id, '') || ': ' || known_by, ', ' ORDER BY user_no) FROM people
$$;
CREATE FUNCTION played(script text, batch integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM play(script, batch);
    RETURN persons() || E'\n' || coalesce((SELECT string_agg(concat_ws(' ', change, no, id, from_no, from_id, kind, value, reason, limit_kind, times), E'\n') FROM log), '')
        || E'\n' || coalesce((SELECT string_agg(user_no || ' ' || ts, E'\n' ORDER BY ts) FROM cdp.recent_event), '');
END $$;

-- A device shared by two: each keeps what was, the second takes what comes.
SELECT play('t - a, t u1 a, t - a, t u2 a, t - a', 100);
SELECT * FROM people;
SELECT user_id, array_agg(extract(minute FROM ts)::integer ORDER BY ts) AS minutes FROM cdp.event GROUP BY user_id ORDER BY user_id;
SELECT * FROM log;
-- It may go back and forth.
SELECT play('t u1 a, t u2 a, t u1 a, t - a', 1);
SELECT * FROM people;
SELECT user_id, array_agg(extract(minute FROM ts)::integer ORDER BY ts) AS minutes FROM cdp.event GROUP BY user_id ORDER BY user_id;
SELECT * FROM log;
-- Alias: one way, both ways, a chain, circles, to itself; all with one survivor that has every event.
CREATE FUNCTION aliased(script text) RETURNS TABLE (batch integer, people text, owners bigint, events bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOREACH batch IN ARRAY ARRAY[1, 100] LOOP
        PERFORM play(script, batch);
        RETURN QUERY SELECT aliased.batch, persons(), count(DISTINCT e.user_no), count(*) FROM cdp.recent_event AS e;
    END LOOP;
END $$;
SELECT * FROM aliased('t u1 -, t u2 -, a u1 u2');
SELECT * FROM log;
SELECT * FROM aliased('t u1 -, t u2 -, a u1 u2, a u2 u1, a u1 u2, t u1 -');
SELECT * FROM aliased('t u1 -, t u2 -, t u3 -, t u4 -, a u1 u2, a u2 u3, a u3 u4, t u1 -');
SELECT * FROM log;
SELECT * FROM aliased('t u1 -, t u2 -, t u3 -, a u1 u2, a u2 u3, a u3 u1, t u1 -, t u2 -');
SELECT * FROM aliased('a u1 u2, a u2 u3, a u3 u1, t u1 -, t u2 -, t u3 -');
SELECT * FROM aliased('a u1 u1, t u1 -, a u1 u1');
-- To itself it ties no device of that name.
SELECT * FROM aliased('a x x, t - x');
SELECT * FROM aliased('t - x, t x -, a x x');
-- Of an id that nobody knew: whatever it turns out to be, it is theirs. Neither known: both.
SELECT * FROM aliased('t u1 -, a old u1, t old -, t - old');
SELECT * FROM aliased('a old new, t - old, t new -');
-- An anonymous id that is aliased, to someone known and to someone new; a user who changes ids.
SELECT * FROM aliased('t - a, t u1 -, a a u1');
SELECT * FROM log;
SELECT * FROM aliased('t - a, a a u1');
SELECT * FROM log;
SELECT * FROM aliased('t u1 -, a u1 u9');
SELECT * FROM log;

---- Limits. Beyond one the tie is not made, the message is its user's, and the other id stays whose it was.
SELECT * FROM cdp.identity_kind ORDER BY kind;
UPDATE cdp.identity_kind SET max_per_user = 0 WHERE kind = 'user_id';
INSERT INTO cdp.identity_kind VALUES ('email', 3);
INSERT INTO cdp.identity_kind VALUES (NULL, 3);
UPDATE cdp.identity_kind SET max_per_user = 2;
SELECT * FROM aliased('t u1 a1, t u1 a2, t u1 a3, t u1 a4, t - a3');
SELECT * FROM log;
-- A merge: a3 has been seen and stays someone else.
SELECT * FROM aliased('t u1 a1, t u1 a2, t - a3, i u1 a3, i u1 a3, t - a3');
SELECT * FROM log;
-- A device of another user stays theirs. One that leaves makes room.
SELECT * FROM aliased('t u1 a1, t u1 a2, t u2 a3, t u1 a3, t - a3');
SELECT * FROM log;
SELECT * FROM aliased('t u1 a1, t u1 a2, t u2 a1, t u1 a3');
SELECT * FROM log;
-- Aliases: of someone with too many, of a new id, to a new id.
SELECT * FROM aliased('t u1 -, t u2 -, t u3 -, a u1 u2, a u2 u3');
SELECT * FROM log;
SELECT * FROM aliased('t u1 a1, t u1 a2, a old u1, t old -');
SELECT * FROM log;
SELECT * FROM aliased('t u1 -, t u2 -, a u1 u2, a u2 u3');
SELECT * FROM log;
-- No row: what ships. Null: no limit, which 1,001 devices prove.
DELETE FROM cdp.identity_kind;
SELECT play((SELECT string_agg('t u1 a' || n, ',' ORDER BY n) FROM generate_series(1, 1002) AS n), 400);
SELECT kind, count(*) FROM cdp.identity GROUP BY kind ORDER BY kind;
SELECT * FROM log;
INSERT INTO cdp.identity_kind VALUES ('anonymous_id', NULL);
SELECT play((SELECT string_agg('t u1 a' || n, ',' ORDER BY n) FROM generate_series(1, 1002) AS n), 400);
SELECT kind, count(*) FROM cdp.identity GROUP BY kind ORDER BY kind;
SELECT count(*) AS log_rows FROM log;
-- An INSERT replaces the row.
INSERT INTO cdp.identity_kind VALUES ('anonymous_id', 1000), ('user_id', 100);
SELECT * FROM cdp.identity_kind ORDER BY kind;

---- At random, against a model in plain SQL; and the same however the messages are cut into batches.
CREATE TABLE model_id (kind text, value text, person integer, PRIMARY KEY (kind, value));
CREATE TABLE model_person (person integer PRIMARY KEY, user_id text);
CREATE FUNCTION model_fits(for_person integer, u bigint, a bigint, most integer) RETURNS boolean LANGUAGE sql AS $$
    SELECT (u = 0 OR u + count(*) FILTER (WHERE kind = 'u') <= most) AND (a = 0 OR a + count(*) FILTER (WHERE kind = 'a') <= most)
    FROM model_id WHERE person = for_person
$$;
CREATE FUNCTION model(script text, most integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    w text[]; u integer; o integer; is_known boolean; made integer := 0;
BEGIN
    DELETE FROM model_id; DELETE FROM model_person;
    FOR w IN SELECT string_to_array(trim(m), ' ') FROM string_to_table(script, ',') WITH ORDINALITY AS s (m, n) ORDER BY n LOOP
        IF w[1] = 'a' THEN
            CONTINUE WHEN w[2] = w[3] AND EXISTS (SELECT FROM model_id WHERE kind = 'u' AND value = w[3]);
            u := (SELECT person FROM model_id WHERE kind = 'u' AND value = w[3]);
            o := (SELECT person FROM model_id WHERE value = w[2] AND w[2] <> w[3] ORDER BY kind DESC LIMIT 1);
            IF u IS NULL AND o IS NOT NULL AND model_fits(o, 1, 0, most) THEN
                INSERT INTO model_id VALUES ('u', w[3], o);
                UPDATE model_person SET user_id = w[3] WHERE person = o;
                CONTINUE;
            END IF;
        ELSE
            u := (SELECT person FROM model_id WHERE kind = 'u' AND value = w[2]);
            o := (SELECT person FROM model_id WHERE kind = 'a' AND value = w[3]);
            IF w[2] <> '-' AND u IS NULL AND (SELECT user_id IS NULL FROM model_person WHERE person = o) THEN
                INSERT INTO model_id VALUES ('u', w[2], o);
                UPDATE model_person SET user_id = w[2] WHERE person = o;
                CONTINUE;
            END IF;
            CONTINUE WHEN w[2] = '-' AND o IS NOT NULL;
        END IF;
        -- Someone who was not there.
        IF u IS NULL THEN
            made := made + 1;
            u := made;
            INSERT INTO model_person VALUES (u, CASE w[1] WHEN 'a' THEN w[3] ELSE nullif(w[2], '-') END);
            INSERT INTO model_id SELECT 'u', user_id, u FROM model_person WHERE person = u AND user_id IS NOT NULL;
        END IF;
        CONTINUE WHEN u = o OR (w[1] = 'a' AND w[2] = w[3]) OR (w[1] <> 'a' AND w[3] = '-');
        IF o IS NULL THEN
            CONTINUE WHEN NOT model_fits(u, CASE w[1] WHEN 'a' THEN 1 ELSE 0 END, 1, most);
            INSERT INTO model_id SELECT k, CASE w[1] WHEN 'a' THEN w[2] ELSE w[3] END, u FROM unnest(ARRAY['u', 'a']) AS k
                WHERE k = 'a' OR w[1] = 'a';
        ELSIF w[1] = 'a' OR (SELECT user_id IS NULL FROM model_person WHERE person = o) THEN
            CONTINUE WHEN NOT model_fits(u, (SELECT count(*) FROM model_id WHERE person = o AND kind = 'u'),
                                            (SELECT count(*) FROM model_id WHERE person = o AND kind = 'a'), most);
            UPDATE model_id SET person = u WHERE person = o;
            DELETE FROM model_person WHERE person = o;
        ELSE
            -- With what an alias made of the same id.
            CONTINUE WHEN NOT model_fits(u, (SELECT count(*) FROM model_id JOIN model_person USING (person) WHERE kind = 'u' AND value = w[3] AND person = o AND user_id <> w[3]), 1, most);
            UPDATE model_id SET person = u WHERE value = w[3] AND person = o AND (kind = 'a' OR value <> (SELECT user_id FROM model_person WHERE person = o));
        END IF;
    END LOOP;
    RETURN (SELECT string_agg(coalesce(user_id, '') || ': ' || coalesce((
                SELECT string_agg(CASE kind WHEN 'u' THEN value ELSE '~' || value END, ' ' ORDER BY kind DESC, value COLLATE "C")
                FROM model_id AS i WHERE i.person = p.person), ''), ', ' ORDER BY person) FROM model_person AS p);
END $$;
CREATE TABLE script AS
    SELECT s AS no, 2 + s % 4 AS most, (
        SELECT string_agg(CASE WHEN r < 0.35 THEN concat_ws(' ', 'a', CASE WHEN r < 0.1 THEN 'a' ELSE 'u' END || v, 'u' || u)
                               WHEN r < 0.5 THEN 't - a' || v
                               WHEN r < 0.6 THEN 't u' || u || ' -'
                               ELSE concat_ws(' ', CASE WHEN r < 0.8 THEN 't' ELSE 'i' END, 'u' || u, 'a' || v) END, ',' ORDER BY n)
        FROM (SELECT n, ('x' || substr(h, 1, 6))::bit(24)::integer / 16777216.0 AS r,
                     1 + ('x' || substr(h, 7, 4))::bit(16)::integer % 6 AS u, 1 + ('x' || substr(h, 11, 4))::bit(16)::integer % 6 AS v
              FROM generate_series(1, 24) AS n, md5(format('%s %s', s, n)) AS h) AS m) AS messages
    FROM generate_series(1, 150) AS s;
CREATE FUNCTION is_right(script script) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    whole text;
BEGIN
    UPDATE cdp.identity_kind SET max_per_user = nullif(script.most, 5);
    whole := played(script.messages, 1000);
    IF persons() IS DISTINCT FROM model(script.messages, coalesce(nullif(script.most, 5), 1000)) THEN
        RAISE WARNING 'script % (%): % instead of %', script.no, script.messages, persons(), model(script.messages, script.most);
        RETURN false;
    END IF;
    IF played(script.messages, 1) <> whole OR played(script.messages, 5) <> whole THEN
        RAISE WARNING 'script %: batches matter', script.no;
        RETURN false;
    END IF;
    RETURN true;
END $$;
SELECT count(*) AS scripts, count(*) FILTER (WHERE is_right(script)) AS are_right FROM script;
UPDATE cdp.identity_kind SET max_per_user = CASE kind WHEN 'user_id' THEN 100 ELSE 1000 END;

---- Blocked values are nobody's ids, in any case of letters, from the next message on.
SELECT cdp_track('k1', 'e', anonymous_id => 'Test-Device'), cdp_track('k2', 'e', anonymous_id => 'test-device');
SELECT cdp_process() AS messages;
INSERT INTO cdp.blocked_id (value, description) VALUES ('test-device', 'the kiosk'), ('12345', 'a placeholder');
\set VERBOSITY terse
INSERT INTO cdp.blocked_id (value) VALUES ('');
\set VERBOSITY default
COPY cdp.inbox (payload) FROM STDIN;
{"type": "track", "event": "e", "userId": "b1", "anonymousId": "TEST-device"}
{"type": "track", "event": "e", "userId": "b2", "anonymousId": "test-device"}
{"type": "track", "event": "e", "userId": 12345, "anonymousId": "b3"}
{"type": "track", "event": "e", "anonymousId": "test-device"}
{"type": "identify", "userId": "12345", "traits": {"a": 1}}
{"type": "alias", "previousId": "test-device", "userId": "b1"}
{"type": "alias", "previousId": "b1", "userId": "12345"}
{"type": "track", "event": "e", "userId": "test-devices", "messageId": "12345"}
\.
SELECT cdp_process() AS messages;
SELECT user_id, known_by FROM people WHERE known_by ~ '\m(b\d|test-devices)\M';
SELECT code, reason, payload FROM cdp.dead_letter ORDER BY dead_letter_no;
SELECT count(*) AS with_that_insert_id FROM cdp.event WHERE insert_id = '12345';
-- What was tied before is left as it is.
SELECT known_by FROM people WHERE user_id IN ('k1', 'k2');
DELETE FROM cdp.blocked_id;
SELECT cdp_retry_dead_letters('no_user');
SELECT cdp_process() AS messages;
SELECT count(*) AS dead_letters FROM cdp.dead_letter;

---- Segments. A merge: u1 enters once with all four; the other's bit is gone everywhere.
DROP EXTENSION cdp CASCADE;
CREATE EXTENSION cdp;
INSERT INTO cdp.segment (name, rule) VALUES ('buyers', 'did(purchase)'), ('often', 'count(purchase in last 30 days) >= 3');
SELECT cdp_track(NULL, 'purchase', ts => now() - n * interval '1 day', anonymous_id => 'a1'), cdp_track('u1', 'purchase', ts => now() - n * interval '1 hour')
FROM generate_series(1, 2) AS n \g /dev/null
SELECT cdp_process() AS messages;
SELECT name, rb_to_array(cdp_segment(name)) AS numbers FROM cdp.segment ORDER BY name;
SELECT cdp_identify('u1', anonymous_id => 'a1');
SELECT cdp_process() AS messages;
SELECT name, cdp_segment_size(name) AS size, rb_to_array(cdp_segment(name)) = ARRAY[p.user_no::integer] AS is_u1_alone
FROM cdp.segment, cdp.profile AS p ORDER BY name;
SELECT change, reason, effective_at BETWEEN recorded_at - interval '1 minute' AND recorded_at AS is_at_the_merge FROM cdp.segment_change WHERE segment = 'often';
SELECT cdp_segments('u1'), cdp_segments('a1'), (SELECT count(*) FROM cdp.membership) AS memberships, (SELECT count(*) FROM cdp.event) AS events;
-- With one insert id in common it is three.
SELECT cdp_track(NULL, 'purchase', ts => now() - n * interval '1 day', insert_id => 'p' || n, anonymous_id => 'a2'),
       cdp_track('u2', 'purchase', ts => now() - n * interval '1 day', insert_id => 'p' || n + 1)
FROM generate_series(1, 2) AS n \g /dev/null
SELECT cdp_process() AS messages;
SELECT cdp_segments('a2'), cdp_segments('u2');
SELECT cdp_identify('u2', anonymous_id => 'a2');
SELECT cdp_process() AS messages;
SELECT cdp_segments('u2'), (SELECT count(*) FROM cdp.event WHERE user_id = 'u2') AS events;
SELECT name, cdp_segment_size(name) AS size, cdp_segment_users(name) AS who FROM cdp.segment ORDER BY name, who;
-- A shared device: u3 and u4 stay two, later events are u4's; then both aliases at once leave one.
SELECT cdp_track('u3', 'purchase', anonymous_id => 'a3');
SELECT cdp_process() AS messages;
SELECT cdp_track('u4', 'look', anonymous_id => 'a3'), cdp_track(NULL, 'purchase', anonymous_id => 'a3'), cdp_track(NULL, 'purchase', anonymous_id => 'a3');
SELECT cdp_process() AS messages;
SELECT user_id, count(*) FROM cdp.event WHERE user_id IN ('u3', 'u4') GROUP BY 1 ORDER BY 1;
SELECT cdp_segments('u3'), cdp_segments('u4'), cdp_segments('a3');
SELECT cdp_alias('u3', 'u4'), cdp_alias('u4', 'u3');
SELECT cdp_process() AS messages;
SELECT user_id, count(*) FROM cdp.event WHERE user_id IN ('u3', 'u4') GROUP BY 1 ORDER BY 1;
SELECT cdp_segments('u3'), cdp_segments('u4'), cdp_segments('a3');
SELECT s.name, cdp_segment_size(s.name) AS size, rb_to_array(cdp_segment(s.name)) <@ array_agg(p.user_no::integer) AS are_all_people
FROM cdp.segment AS s, cdp.profile AS p GROUP BY s.name ORDER BY s.name;

---- A person whole.
COPY cdp.inbox (payload) FROM STDIN;
{"type": "track", "anonymousId": "w1", "event": "look", "timestamp": "2025-01-01T09:00:00Z"}
{"type": "track", "anonymousId": "w2", "event": "look", "timestamp": "2025-01-01T09:10:00Z"}
{"type": "track", "userId": "who", "event": "purchase", "timestamp": "2025-01-01T12:00:00.5Z"}
{"type": "identify", "userId": "who", "traits": {"plan": "pro", "gone": null}, "timestamp": "2025-01-01T08:00:00Z"}
\.
SELECT cdp_process() AS messages;
COPY cdp.inbox (payload) FROM STDIN;
{"type": "identify", "userId": "who", "anonymousId": "w1", "messageId": "i1", "timestamp": "2025-01-01T12:10:00Z"}
{"type": "track", "event": "look", "userId": "old", "anonymousId": "w3", "timestamp": "2025-01-01T12:20:00.123456Z"}
{"type": "alias", "previousId": "w2", "userId": "old", "timestamp": "2025-01-01T12:30:00Z"}
{"type": "alias", "previousId": "old", "userId": "who", "timestamp": "2025-01-01T12:40:00Z"}
\.
SELECT cdp_process() AS messages;
SELECT jsonb_pretty(jsonb_set(cdp_profile('who') - 'user_no' - 'merged' - 'last_session', '{sessions}', cdp_profile('who') -> 'sessions'));
SELECT m ->> 'user_id' AS user_id, (m -> 'into') = cdp_profile('who') -> 'user_no' AS is_into_who, m ->> 'kind' AS kind, m ->> 'value' AS value,
       m ->> 'reason' AS reason, m ->> 'at' AS at, m ->> 'source' AS source, m ->> 'insert_id' AS insert_id
FROM jsonb_array_elements(cdp_profile('who') -> 'merged') WITH ORDINALITY AS l (m, n) ORDER BY n;
SELECT cdp_profile('who') -> 'last_session' ->> 'started_at' AS started_at, cdp_profile('who') -> 'last_session' ->> 'ended_at' AS ended_at;
SELECT cdp_profile(id) = cdp_profile('who') AS is_the_same FROM unnest(ARRAY['old', 'w1', 'w2', 'w3']) AS id;
SELECT cdp_profile('nobody') IS NULL AS is_null, cdp_profile(NULL) IS NULL AS null_is_null;
-- A user id comes before an anonymous id of that name.
SELECT cdp_track('both', 'e'), cdp_track(NULL, 'e', anonymous_id => 'both'), cdp_track(NULL, 'e', anonymous_id => 'bare');
SELECT cdp_process() AS messages;
SELECT cdp_profile('both') ->> 'user_id' AS user_id, cdp_profile('bare') -> 'user_id' AS no_user_id;
SELECT provolatile, proparallel, proisstrict FROM pg_proc WHERE proname = 'cdp_profile';

DROP FUNCTION play, played, aliased, persons, model, model_fits, is_right;
DROP TABLE model_id, model_person, script;
SET client_min_messages = warning;
DROP EXTENSION cdp CASCADE;
CREATE EXTENSION cdp;
