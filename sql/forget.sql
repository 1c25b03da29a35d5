-- cdp_forget: of a person who is erased nothing is left in any table, and all that is of others is as it was.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
INSERT INTO cdp.segment (name, rule) VALUES ('buyers', 'did(buy)'), ('lately', 'did(view in last 2 hours)'), ('young', 'age < 30'), ('gone by', 'did(buy)');
INSERT INTO cdp.content_type (name) VALUES ('banner');
INSERT INTO cdp.placement (name, content_type) VALUES ('home', 'banner');
INSERT INTO cdp.creative (name, content_type) VALUES ('summer', 'banner');
INSERT INTO cdp.event_schema (event, schema, on_violation) VALUES ('buy', '{"properties": {"price": {"type": "number"}}}', 'warn');
-- All that a person may leave: ids of both kinds, another person merged in, one who was merged into that one, a device that
-- went to someone else and one that came from someone, a refusal, traits, events with ids and conflicts, sessions, decisions, segments.
CREATE FUNCTION pg_temp.live(who text) RETURNS bigint LANGUAGE sql AS $$
    SELECT cdp_rank('home', who);
    SELECT cdp_track(NULL, 'view', ts => '2025-01-02 10:00Z', anonymous_id => who || ' first device'), cdp_track(who || ' old', 'view', ts => '2025-01-01 10:00Z');
    SELECT cdp_track(who || ' old', 'buy', '{"price": 5}', '2025-01-03 10:00Z', who || ' order'), cdp_track(who || ' older', 'buy', '{"price": 5}', '2025-01-04 10:00Z');
    SELECT cdp_identify(who, '{"age": 20}');
    SELECT cdp_process()$$;
CREATE FUNCTION pg_temp.live_on(who text) RETURNS bigint LANGUAGE sql AS $$
    SELECT cdp_alias(who || ' older', who || ' old'), cdp_identify(who, '{"city": "Oslo"}', who || ' first device');
    SELECT cdp_process();
    SELECT cdp_alias(who || ' old', who), cdp_track('other', 'view', anonymous_id => who || ' shared'), cdp_track(who, 'view', anonymous_id => who || ' shared');
    SELECT cdp_track(who, 'view', anonymous_id => reverse(who) || ' given away'), cdp_track('other', 'view', anonymous_id => reverse(who) || ' given away');
    SELECT cdp_track(who, 'buy', jsonb_build_object('price', 'of ' || who), now(), who || ' broken'), cdp_track(who, 'buy', '{"price": 7}', '2025-01-03 10:00Z', who || ' order');
    SELECT cdp_process();
    SELECT cdp_rank('home', who), cdp_track(who, 'impression', '{"placement": "home", "creative": "summer"}'), cdp_track(who, 'session_end', context => '{"page": {"url": "/bye"}}');
    SELECT cdp_process()$$;
-- Where these numbers and texts stand: in any table but the inbox, also in one that is added later.
CREATE FUNCTION pg_temp.traces(numbers bigint[], mark text) RETURNS TABLE (place text, rows_found bigint) LANGUAGE plpgsql AS $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT attrelid::regclass::text AS rel, attname, format_type(atttypid, NULL) AS type FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
             WHERE relnamespace = 'cdp'::regnamespace AND relkind = 'r' AND attnum > 0 AND (attname ~ 'user_no$' OR format_type(atttypid, NULL) = 'roaringbitmap') ORDER BY 1, 2 LOOP
        place := c.rel || '.' || c.attname;
        IF c.type = 'roaringbitmap' THEN EXECUTE format('SELECT count(*) FROM %s WHERE %I && rb_build($1::integer[])', c.rel, c.attname) INTO rows_found USING numbers;
        ELSE EXECUTE format('SELECT count(*) FROM %s WHERE %I = ANY ($1)', c.rel, c.attname) INTO rows_found USING numbers; END IF;
        IF rows_found > 0 THEN RETURN NEXT; END IF;
    END LOOP;
    FOR place IN SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'cdp'::regnamespace AND relkind = 'r' AND relname !~ '^inbox_' ORDER BY 1 LOOP
        EXECUTE format('SELECT count(*) FROM %s AS t WHERE strpos(t::text, $1) > 0', place) INTO rows_found USING mark;
        IF rows_found > 0 THEN place := place || ' (text)'; RETURN NEXT; END IF;
    END LOOP;
END $$;
CREATE FUNCTION pg_temp.numbers_of(who text) RETURNS bigint[] LANGUAGE sql AS $$
    WITH RECURSIVE n AS (SELECT user_no, 1 AS depth FROM cdp.profile WHERE user_id = who UNION ALL SELECT from_user_no, depth + 1 FROM n JOIN cdp.identity_log USING (user_no) WHERE change = 'merged') SELECT array_agg(user_no ORDER BY depth, user_no) FROM n$$;
-- What must not change: all that is not of the person. And what must be so: answers agree with each other.
CREATE FUNCTION pg_temp.others(who text) RETURNS TABLE (what text, answer text) LANGUAGE sql AS $$
    SELECT 'events', count(*) || md5(string_agg(e::text, ',' ORDER BY e::text)) FROM cdp.event AS e WHERE user_id <> who
    UNION ALL SELECT 'sessions', count(*) || md5(string_agg(s::text, ',' ORDER BY s::text)) FROM cdp.session AS s JOIN cdp.profile USING (user_no) WHERE user_id <> who
    UNION ALL SELECT 'profiles', string_agg(p::text, ',' ORDER BY user_no) FROM cdp.profile AS p WHERE user_id <> who
    UNION ALL SELECT 'ids', string_agg(i::text, ',' ORDER BY i::text) FROM cdp.identity AS i JOIN cdp.profile USING (user_no) WHERE user_id <> who
    UNION ALL SELECT 'members', string_agg(name || u, ',' ORDER BY name, u) FROM cdp.segment, cdp_segment_users(name) AS u WHERE u <> who
    UNION ALL SELECT 'changes', count(*) || md5(string_agg(c::text, ',' ORDER BY change_no)) FROM cdp.segment_change AS c JOIN cdp.profile USING (user_no) WHERE user_id <> who
    UNION ALL SELECT 'decisions', count(*)::text FROM cdp.decision WHERE user_id <> who
    UNION ALL SELECT 'impressions', count(*)::text FROM cdp.impression JOIN cdp.profile USING (user_no) WHERE user_id <> who
    UNION ALL SELECT 'counts', string_agg(c::text, ',') FROM cdp.creative_count AS c
    UNION ALL SELECT 'insert ids', string_agg(insert_id, ',' ORDER BY insert_id) FROM cdp.insert_id WHERE strpos(insert_id, who) = 0
    UNION ALL SELECT 'conflicts', string_agg(insert_id, ',' ORDER BY insert_id) FROM cdp.insert_id_conflict WHERE strpos(insert_id, who) = 0$$;
CREATE VIEW agreement AS
    SELECT (SELECT count(*) FROM cdp.segment AS s WHERE size <> rb_cardinality(cdp_segment(name)) OR size <> cdp_count(rule) OR cdp_segment(name) <> cdp_users(rule)) AS wrong_segments,
           (SELECT count(*) FROM cdp.membership AS m WHERE NOT EXISTS (SELECT FROM cdp.profile AS p WHERE p.user_no = m.user_no)) AS strays,
           (SELECT count(*) FROM (SELECT event, (ts AT TIME ZONE 'UTC')::date, array_agg(DISTINCT user_no::integer ORDER BY user_no::integer) FROM cdp.event GROUP BY 1, 2
                EXCEPT ALL SELECT event, day, rb_to_array(users) FROM cdp.event_day) AS d)
           + (SELECT count(*) FROM (SELECT event, day, rb_to_array(users) FROM cdp.event_day
                EXCEPT ALL SELECT event, (ts AT TIME ZONE 'UTC')::date, array_agg(DISTINCT user_no::integer ORDER BY user_no::integer) FROM cdp.event GROUP BY 1, 2) AS d) AS wrong_days;

-- One whose events are all recent; one whose are packed and still lie in the closed table; one with packed, closed and recent ones.
UPDATE cdp.identity_kind SET max_per_user = 4 WHERE kind = 'anonymous_id';
SELECT pg_temp.live('bob'), pg_temp.live_on('bob'), cdp_track('other', 'buy', '{"price": 1}', '2025-01-03 11:00Z', 'order of other');
SELECT pg_temp.live('x_eve'), pg_temp.live('x_ada');
SELECT cdp_track('x_ada', 'alone', ts => '2025-02-01Z'), cdp_process(), cdp_pack() > 0 AS packs;
SELECT cdp_pack();
SELECT pg_temp.live_on('x_ada'), cdp_pack() > 0 AS packs;
SELECT pg_temp.live('x_cid'), pg_temp.live_on('x_cid'), cdp_process();
SELECT pg_temp.live_on('x_eve');
-- Refused: too many devices, and a device that nobody had.
SELECT count(cdp_identify(who, anonymous_id => who || ' device ' || n)) FROM generate_series(1, 6) AS n, (VALUES ('x_ada'), ('bob')) AS w (who);
SELECT cdp_process();
DELETE FROM cdp.segment WHERE name = 'gone by';
TABLE agreement;
SELECT change, count(*) FROM cdp.identity_log GROUP BY change ORDER BY change;
-- Members of one segment are in its chunks, of others still beside them.
SELECT cdp_refresh_segment('buyers') > 0 AS is_refreshed;
SELECT place FROM pg_temp.traces(pg_temp.numbers_of('x_ada'), 'x_ada');
SELECT count(*) FROM unnest(pg_temp.numbers_of('x_ada')) AS numbers;

-- Rolled back it changes nothing.
CREATE TABLE numbers AS SELECT who, pg_temp.numbers_of(who) AS numbers FROM (VALUES ('x_ada'), ('x_cid'), ('x_eve')) AS w (who);
CREATE TABLE before AS SELECT * FROM pg_temp.traces((SELECT numbers FROM numbers WHERE who = 'x_ada'), 'x_ada');
CREATE FUNCTION pg_temp.trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% on %', TG_OP, TG_TABLE_NAME; RETURN NULL; END $$;
CREATE TRIGGER told AFTER DELETE ON cdp.profile FOR EACH ROW EXECUTE FUNCTION pg_temp.trigger();
BEGIN;
SELECT cdp_forget('x_ada');
SELECT * FROM pg_temp.traces((SELECT numbers FROM numbers WHERE who = 'x_ada'), 'x_ada');
ROLLBACK;
SELECT count(*) FROM (SELECT * FROM pg_temp.traces((SELECT numbers FROM numbers WHERE who = 'x_ada'), 'x_ada') EXCEPT TABLE before) AS changed;
TABLE agreement;

-- Each of them, by a user id, an earlier one, a device. An id that has the same hash as one of hers stays.
INSERT INTO cdp.insert_id SELECT key, content, received_at, source, 'of the same hash' FROM cdp.insert_id WHERE insert_id = 'x_ada order';
CREATE TABLE others AS SELECT * FROM pg_temp.others('x_ada');
SELECT cdp_forget('x_ada');
SELECT * FROM pg_temp.traces((SELECT numbers FROM numbers WHERE who = 'x_ada'), 'x_ada');
SELECT what FROM (TABLE others EXCEPT SELECT * FROM pg_temp.others('x_ada')) AS changed;
TABLE agreement;
TRUNCATE others;
INSERT INTO others SELECT * FROM pg_temp.others('x_cid');
SELECT cdp_forget('x_cid older');
SELECT * FROM pg_temp.traces((SELECT numbers FROM numbers WHERE who = 'x_cid'), 'x_cid');
SELECT what FROM (TABLE others EXCEPT SELECT * FROM pg_temp.others('x_cid')) AS changed;
TABLE agreement;
TRUNCATE others;
INSERT INTO others SELECT * FROM pg_temp.others('x_eve');
SELECT cdp_forget('x_eve first device');
SELECT * FROM pg_temp.traces((SELECT numbers FROM numbers WHERE who = 'x_eve'), 'x_eve');
SELECT what FROM (TABLE others EXCEPT SELECT * FROM pg_temp.others('x_eve')) AS changed;
TABLE agreement;
SELECT cdp_pack() > 0 AS packs;
SELECT cdp_pack();
TABLE agreement;
SELECT who, t.* FROM numbers, pg_temp.traces(numbers, who) AS t;
SELECT event, count(*) FROM cdp.event_day WHERE event IN ('alone', 'buy') GROUP BY event;
-- Who was merged after packing has rows left in the closed table under numbers that are gone.
SELECT pg_temp.live('x_dan'), cdp_pack() > 0 AS packs, pg_temp.live_on('x_dan');
INSERT INTO numbers SELECT 'x_dan', pg_temp.numbers_of('x_dan');
SELECT count(*) > 0 AS are_left FROM cdp.recent_event JOIN numbers ON user_no = ANY (numbers[2:]) WHERE who = 'x_dan';
TRUNCATE others;
INSERT INTO others SELECT * FROM pg_temp.others('x_dan');
SELECT cdp_forget('x_dan');
SELECT * FROM pg_temp.traces((SELECT numbers FROM numbers WHERE who = 'x_dan'), 'x_dan');
SELECT what FROM (TABLE others EXCEPT SELECT * FROM pg_temp.others('x_dan')) AS changed;
TABLE agreement;
-- Nobody, and again.
SELECT cdp_forget('nobody'), cdp_forget('x_ada'), cdp_forget(NULL);
-- Who comes back is someone else, also for a message that waited.
SELECT cdp_track('x_eve', 'view', ts => '2025-01-03 10:00Z', insert_id => 'x_eve order');
SELECT cdp_forget('x_eve'), cdp_process();
SELECT user_id, user_no > ALL (SELECT unnest(numbers) FROM numbers) AS is_new, cdp_profile('x_eve') -> 'events' AS events FROM cdp.profile WHERE user_id = 'x_eve';
TABLE agreement;
-- Who stayed goes on.
SELECT cdp_track('bob', 'view', ts => '2025-05-05Z'), cdp_process(), cdp_pack() > 0 AS packs;
TABLE agreement;
SELECT count(*) FROM cdp_events('bob');
\set VERBOSITY sqlstate
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT cdp_forget('bob');
ROLLBACK;
\set VERBOSITY default
SET ROLE pg_monitor;
SELECT cdp_forget('bob');
RESET ROLE;
DROP TABLE numbers, before, others;
DROP VIEW agreement;
