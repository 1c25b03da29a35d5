-- Segments without a rule: lists of users, bitmaps, queries; what names them follows. Paused segments.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET cdp.now = '2025-03-01T10:00:00Z';
CREATE VIEW segments AS SELECT name, kind, rule, status, size, computed_at FROM cdp.segment ORDER BY name;
CREATE VIEW changes AS
    SELECT coalesce(p.user_id, 'nobody') AS who, segment, change, effective_at, reason
    FROM cdp.segment_change AS c LEFT JOIN cdp.profile AS p USING (user_no) ORDER BY segment, change, p.user_id;
-- What must always be so: sizes, bitmaps, memberships, rules and the record of changes agree.
CREATE VIEW wrong AS
    SELECT name FROM cdp.segment AS s
    WHERE size <> rb_cardinality(cdp_segment(name))
       OR rb_to_array(cdp_segment(name)) <> ARRAY(SELECT user_no::integer FROM cdp.membership WHERE s.segment_no = ANY (cdp_segment_numbers(segments)) ORDER BY 1)
       OR cdp_segment(name) <> cdp_users(('in segment "' || name || '"')::cdp_rule)
       OR rb_to_array(cdp_segment(name)) <> ARRAY(SELECT user_no::integer FROM cdp.profile WHERE cdp_match(coalesce(user_id, 'a1'), ('in segment "' || name || '"')::cdp_rule) ORDER BY 1)
       OR status <> 'paused' AND cdp_segment(name) <> cdp_users(rule)
       OR status <> 'paused' AND rb_to_array(cdp_segment(name)) <> ARRAY(
            SELECT user_no::integer FROM cdp.segment_change AS c WHERE c.segment = name GROUP BY user_no HAVING sum(CASE change WHEN 'entered' THEN 1 ELSE -1 END) = 1 ORDER BY 1)
    ORDER BY name;
SELECT cdp_track('u' || u, 'buy', jsonb_build_object('price', u), ts => '2025-02-20 00:00Z') FROM generate_series(1, 9) AS u \g /dev/null
SELECT cdp_track(NULL, 'look', ts => '2025-02-20 00:00Z', anonymous_id => 'a1');
SELECT cdp_process();

---- Lists: ids of both kinds, unknown ones, nulls and repetitions; replaced by calling again.
INSERT INTO cdp.segment (name, rule) VALUES ('dear', 'sum(buy.price in last 30 days) >= 5');
SELECT cdp_segment_from_users('vip', '{u1,u6,u7,u7,a1,ghost,NULL}');
INSERT INTO cdp.segment (name, rule) VALUES ('dear vip', 'in segment vip and in segment dear'), ('other', 'not in segment vip'), ('nested', 'in segment "dear vip"');
SELECT * FROM segments;
SELECT cdp_segment_users('vip') AS vip;
SELECT cdp_segment_users('nested') AS nested;
SELECT cdp_in_segment('u1', 'vip'), cdp_in_segment('a1', 'vip'), cdp_in_segment('u2', 'vip'), cdp_segments('u6');
SELECT * FROM changes WHERE segment = 'vip';
SELECT * FROM wrong;
TRUNCATE cdp.segment_change;
SET cdp.now = '2025-03-01T11:00:00Z';
SELECT cdp_segment_from_users('vip', '{u6,u8,u1}');
SELECT * FROM changes;
SELECT cdp_segment_users('nested') AS nested;
SELECT cdp_explain('u6', 'in segment "dear vip" and not in segment vip');
-- As members change, so do those of the segments that name the list, each at its time.
SELECT cdp_track('u1', 'buy', '{"price": 10}') \g /dev/null
SELECT cdp_process();
SELECT cdp_segment_users('nested') AS nested;
SET cdp.now = '2025-03-22T00:00:00Z';
SELECT cdp_process();
SELECT cdp_segment_users('nested') AS nested;
SELECT who, segment, change, effective_at, reason FROM changes WHERE segment IN ('nested', 'vip') ORDER BY effective_at, who, segment;
TRUNCATE cdp.segment CASCADE;

---- Bitmaps, and numbers that are nobody's.
SELECT cdp_segment_from_bitmap('even', rb_build_agg(user_no::integer)) FROM cdp.profile WHERE user_no % 2 = 0;
SELECT cdp_segment_from_bitmap('even', cdp_segment('even') | rb_build('{1000,4000000}'));
SELECT cdp_segment_from_bitmap('none', '{}'), cdp_segment_from_users('none too', '{}'), cdp_segment_from_users(NULL, '{}') IS NULL AS nothing;
SELECT rb_to_array(cdp_segment('even')), cdp_count('in segment even and did(buy)'), cdp_count('in segment none or in segment even');
INSERT INTO cdp.segment (name, kind) VALUES ('by hand', 'list');
SELECT * FROM wrong;
SELECT * FROM segments;

---- Queries: run when they are asked to, or when their time has come.
CREATE TABLE customer (id integer, score integer, since date);
INSERT INTO customer SELECT n, n * 10, '2025-01-01' FROM generate_series(1, 12) AS n;
SELECT cdp_segment_from_query('scored', $$SELECT 'u' || id FROM customer WHERE score > 50$$);
SELECT cdp_segment_from_query('hourly', $$SELECT 'u' || id FROM public.customer WHERE score > 80;$$, '1 hour');
INSERT INTO cdp.segment (name, rule) VALUES ('both', 'in segment scored and in segment hourly');
SELECT name, refresh, run_as = current_user AS is_mine, search_path, refreshed_at, failed_at FROM cdp.segment_query JOIN cdp.segment USING (segment_no) ORDER BY 1;
UPDATE customer SET score = 100 - score WHERE id <= 9;
SELECT cdp_process(), cdp_segment_size('scored'), cdp_segment_size('hourly');
SELECT cdp_refresh_segment('scored');
SELECT cdp_segment_users('scored');
SELECT * FROM wrong;
SET cdp.now = '2025-03-22T00:59:59.999999Z';
SELECT cdp_process();
SELECT cdp_segment_users('hourly');
SET cdp.now = '2025-03-22T01:00:00Z';
SELECT cdp_process();
SELECT ARRAY(SELECT cdp_segment_users('hourly')) AS hourly, ARRAY(SELECT cdp_segment_users('both')) AS both;
SELECT * FROM changes WHERE effective_at = '2025-03-22 01:00Z';
SELECT * FROM wrong;
-- The search path is that of the definition.
SET search_path = pg_catalog;
SELECT public.cdp_refresh_segment('scored');
RESET search_path;
-- One that fails is told, and keeps its members; it is tried again when its time comes.
ALTER TABLE customer RENAME TO client;
SET cdp.now = '2025-03-22T02:00:00Z';
SELECT cdp_process();
SELECT name, refreshed_at, failed_at, error, cdp_segment_size(name) AS size FROM cdp.segment_query JOIN cdp.segment USING (segment_no) ORDER BY 1;
SELECT status, detail, remedy FROM cdp_health() WHERE check_name = 'segments';
SELECT cdp_process();
SELECT cdp_refresh_segment('hourly');
ALTER TABLE client RENAME TO customer;
SET cdp.now = '2025-03-22T03:00:00Z';
SELECT cdp_process();
SELECT name, refreshed_at, failed_at, error FROM cdp.segment_query JOIN cdp.segment USING (segment_no) WHERE name = 'hourly';
SELECT status, detail, remedy FROM cdp_health() WHERE check_name = 'segments';
-- What is no query, gives something else, or changes something.
\set VERBOSITY terse
SELECT cdp_segment_from_query('bad', 'SELEC');
SELECT cdp_segment_from_query('bad', 'SELECT id, score FROM customer');
SELECT cdp_segment_from_query('bad', 'SELECT 1; SELECT 2');
SELECT cdp_segment_from_query('bad', 'DELETE FROM customer');
SELECT cdp_segment_from_query('bad', 'DELETE FROM customer RETURNING id');
SELECT cdp_segment_from_query('bad', 'SELECT id FROM customer', '0 seconds');
SELECT cdp_segment_from_query('bad', NULL);
SELECT cdp_segment_from_query('even', 'SELECT id FROM customer'), cdp_segment_from_users('hourly', '{u1}');
SELECT cdp_segment_from_users('both', '{u1}');
INSERT INTO cdp.segment (name, kind, rule) VALUES ('bad', 'list', 'true');
INSERT INTO cdp.segment (name) VALUES ('bad');
SELECT count(*) AS customers, (SELECT count(*) FROM cdp.segment WHERE name = 'bad') AS bad FROM customer;
DELETE FROM cdp.segment WHERE name = 'hourly';
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT cdp_segment_from_users('even', '{u1}');
ROLLBACK;
\set VERBOSITY default
-- Another query for the same segment; a list may become a rule, and a rule a list.
SELECT cdp_segment_from_query('hourly', 'SELECT ''u1''', '2 hours');
SELECT refresh, query, ARRAY(SELECT cdp_segment_users('hourly')) AS users FROM cdp.segment_query JOIN cdp.segment USING (segment_no) WHERE name = 'hourly';
UPDATE cdp.segment SET kind = 'rule', rule = 'did(look)' WHERE name = 'by hand';
UPDATE cdp.segment SET kind = 'list', rule = NULL WHERE name = 'both';
SELECT name, kind, rule, status, size FROM segments WHERE name IN ('by hand', 'both');
DELETE FROM cdp.segment WHERE name = 'hourly';
SELECT count(*) AS queries FROM cdp.segment_query;

---- Merges take members along, and who is forgotten is gone.
TRUNCATE cdp.segment CASCADE;
TRUNCATE cdp.segment_change;
SELECT cdp_segment_from_users('vip', '{a1,u2,u3}'), cdp_segment_from_query('q', $$VALUES ('u4'), ('a1')$$);
INSERT INTO cdp.segment (name, rule) VALUES ('lookers of vip', 'in segment vip and did(look)'), ('no vip', 'not in segment vip');
SET cdp.now = '2025-03-22T04:00:00Z';
SELECT cdp_count('in segment vip');
SELECT cdp_identify('u1', anonymous_id => 'a1', ts => '2025-03-22 03:58Z') \g /dev/null
SELECT cdp_alias('u2', 'u3') \g /dev/null
SELECT cdp_process();
SELECT * FROM changes WHERE effective_at >= '2025-03-22 03:58Z';
SELECT cdp_match('u1', 'in segment vip'), cdp_count('in segment vip');
SELECT ARRAY(SELECT cdp_segment_users('vip')) AS vip, ARRAY(SELECT cdp_segment_users('q')) AS q, ARRAY(SELECT cdp_segment_users('lookers of vip')) AS lookers;
SELECT name, size, rb_cardinality(cdp_segment(name)) FROM cdp.segment ORDER BY name;
SELECT cdp_forget('u1');
SELECT ARRAY(SELECT cdp_segment_users('vip')) AS vip, ARRAY(SELECT cdp_segment_users('q')) AS q, ARRAY(SELECT cdp_segment_users('lookers of vip')) AS lookers;
SELECT name, size, rb_cardinality(cdp_segment(name)) FROM cdp.segment ORDER BY name;
-- Rolled back: as it was.
BEGIN;
SELECT cdp_segment_from_users('vip', '{u5}');
SELECT cdp_count('in segment vip'), cdp_match('u5', 'in segment vip');
ROLLBACK;
SELECT cdp_count('in segment vip'), cdp_match('u5', 'in segment vip'), ARRAY(SELECT cdp_segment_users('vip')) AS vip;

---- Many: the segments that name the list are computed at once, or user by user, and are the same.
TRUNCATE cdp.segment CASCADE;
TRUNCATE cdp.segment_change;
SELECT cdp_track('m' || u, CASE WHEN u % 3 = 0 THEN 'buy' ELSE 'look' END, ts => '2025-03-22 04:00Z') FROM generate_series(1, 12000) AS u \g /dev/null
SELECT cdp_process();
SELECT cdp_segment_from_query('m', $$SELECT 'm' || u FROM generate_series(1, 12000) AS u WHERE u % 7 < current_setting('cdp_test.below')::integer$$) FROM set_config('cdp_test.below', '1', false);
INSERT INTO cdp.segment (name, rule) VALUES ('buyers of m', 'in segment m and did(buy in last 1 day)'), ('not of m', 'not in segment m and did(buy)');
CREATE FUNCTION pg_temp.refresh(below text, OUT members bigint, OUT buyers bigint, OUT expected bigint, OUT others bigint, OUT wrong bigint) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cdp_test.below', below, false);
    members := cdp_refresh_segment('m');
    buyers := cdp_segment_size('buyers of m');
    others := cdp_segment_size('not of m');
    expected := (SELECT count(*) FROM generate_series(1, 12000) AS u WHERE u % 7 < below::integer AND u % 3 = 0);
    wrong := (SELECT count(*) FROM cdp.segment AS s WHERE cdp_segment(name) <> cdp_users(('in segment "' || name || '"')::cdp_rule) OR cdp_segment(name) <> cdp_users(rule)
                  OR size <> (SELECT count(*) FROM cdp.membership AS m WHERE s.segment_no = ANY (cdp_segment_numbers(m.segments))));
END $$;
SELECT below, r.* FROM unnest('{7,5,4,0,1}'::text[]) AS below, pg_temp.refresh(below) AS r;
-- How far it is, pg_stat_activity tells until the end.
CREATE FUNCTION pg_temp.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '%', (SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid());
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT ON cdp.segment_change FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.note();
UPDATE cdp.segment SET rule = 'in segment m' WHERE name = 'buyers of m';
DROP TRIGGER note ON cdp.segment_change;
SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();

---- Paused: members stay, whatever happens; set to ready they are computed anew.
TRUNCATE cdp.segment CASCADE;
TRUNCATE cdp.segment_change;
SET cdp.now = '2025-03-22T05:00:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('lately', 'did(pay in last 1 hour)'), ('not lately', 'not in segment lately and did(pay)'), ('payers', 'did(pay)');
SELECT cdp_track('u5', 'pay'), cdp_track('u6', 'pay') \g /dev/null
SELECT cdp_process();
UPDATE cdp.segment SET status = 'paused' WHERE name = 'lately';
SET cdp.now = '2025-03-22T07:00:00Z';
SELECT cdp_track('u7', 'pay') \g /dev/null
SELECT cdp_process();
SELECT name, status, size, ARRAY(SELECT cdp_segment_users(name)) AS users FROM segments;
SELECT cdp_in_segment('u5', 'lately'), cdp_count('in segment lately'), cdp_count('did(pay in last 1 hour)');
SELECT * FROM wrong;
SELECT cdp_refresh_segment('lately');
UPDATE cdp.segment SET rule = 'did(pay in last 3 hours)' WHERE name = 'lately';
SELECT name, status, size FROM segments WHERE name = 'lately';
SELECT cdp_alias('u5', 'u6') \g /dev/null
SELECT cdp_process();
SELECT name, size, ARRAY(SELECT cdp_segment_users(name)) AS users FROM segments;
UPDATE cdp.segment SET status = 'ready' WHERE name = 'lately';
SELECT name, status, size, computed_at, ARRAY(SELECT cdp_segment_users(name)) AS users FROM segments;
SELECT * FROM wrong;
SELECT * FROM changes WHERE segment <> 'payers';
-- Back in time as well; ready is not said by hand of what is still to be computed.
SET cdp.now = '2025-03-22T08:00:00.000001Z';
SELECT cdp_process();
SELECT name, ARRAY(SELECT cdp_segment_users(name)) AS users FROM segments;
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE cdp.segment SET rule = 'did(pay)' WHERE name = 'lately';
UPDATE cdp.segment SET status = 'ready' WHERE name = 'lately';
SELECT name, status FROM segments WHERE name = 'lately';
COMMIT;
SELECT cdp_process();
SELECT name, status, size FROM segments WHERE name = 'lately';
INSERT INTO cdp.segment (name, rule, status) VALUES ('asleep', 'did(pay)', 'paused');
SELECT name, status, size FROM segments WHERE name = 'asleep';
UPDATE cdp.segment SET status = 'ready', name = 'awake' WHERE name = 'asleep';
SELECT name, status, size FROM segments WHERE name = 'awake';
-- A paused list can be replaced, and stays paused.
SELECT cdp_segment_from_users('listed', '{u5}');
UPDATE cdp.segment SET status = 'paused' WHERE name = 'listed';
SELECT cdp_segment_from_users('listed', '{u6,u7}');
SELECT name, status, size FROM segments WHERE name = 'listed';
-- A paused query waits, too.
SELECT cdp_segment_from_query('q', $$VALUES ('u5')$$, '1 minute');
UPDATE cdp.segment SET status = 'paused' WHERE name = 'q';
SET cdp.now = '2025-03-22T09:00:00Z';
SELECT cdp_process();
SELECT refreshed_at FROM cdp.segment_query;
UPDATE cdp.segment SET status = 'ready' WHERE name = 'q';
SELECT cdp_process();
SELECT refreshed_at, size, status FROM cdp.segment_query JOIN cdp.segment USING (segment_no);

---- Who defines a query runs it: no more rights, whoever refreshes it, and nobody else's.
CREATE ROLE regress_cdp_owner;
CREATE ROLE regress_cdp_writer;
GRANT USAGE ON SCHEMA cdp, public TO regress_cdp_owner, regress_cdp_writer;
GRANT ALL ON ALL TABLES IN SCHEMA cdp TO regress_cdp_owner, regress_cdp_writer;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA cdp TO regress_cdp_owner;
CREATE TABLE open_to_owner AS SELECT 'u7' AS id;
CREATE TABLE secret AS SELECT 'u8' AS id;
GRANT SELECT ON open_to_owner TO regress_cdp_owner;
\set VERBOSITY terse
SET ROLE regress_cdp_owner;
SELECT cdp_segment_from_query('mine', 'SELECT id FROM open_to_owner');
RESET ROLE;
GRANT EXECUTE ON FUNCTION cdp_segment_from_query(text, text, interval), cdp_segment_from_users(text, text[]) TO regress_cdp_owner;
SET ROLE regress_cdp_owner;
SELECT cdp_segment_from_query('mine', 'SELECT id FROM secret');
SELECT cdp_segment_from_query('mine', 'SELECT id FROM open_to_owner', '1 minute');
-- Whom it runs as is nobody's to say who is not that role.
UPDATE cdp.segment_query SET run_as = session_user, query = 'SELECT id FROM secret' WHERE query ~ 'open';
INSERT INTO cdp.segment_query SELECT segment_no, 'SELECT id FROM secret', NULL, session_user, '' FROM cdp.segment WHERE name = 'lately';
SET ROLE regress_cdp_writer;
UPDATE cdp.segment_query SET query = 'SELECT id FROM secret' WHERE query ~ 'open';
UPDATE cdp.segment_query SET search_path = 'elsewhere' WHERE query ~ 'open';
UPDATE cdp.segment_query SET refresh = '2 minutes' WHERE query ~ 'open';
RESET ROLE;
SELECT run_as, query, refresh FROM cdp.segment_query WHERE query ~ 'open';
-- Refreshed by a superuser it still is the owner's: what it may no longer read, and what it may not do.
SELECT cdp_refresh_segment('mine');
SELECT cdp_segment_users('mine');
REVOKE SELECT ON open_to_owner FROM regress_cdp_owner;
SELECT cdp_refresh_segment('mine');
GRANT SELECT ON open_to_owner TO regress_cdp_owner;
CREATE FUNCTION climb() RETURNS text LANGUAGE plpgsql AS $$BEGIN EXECUTE 'RESET ROLE'; RETURN current_user; END$$;
CREATE FUNCTION who() RETURNS text LANGUAGE sql AS $$SELECT current_user::text$$;
SET ROLE regress_cdp_owner;
SELECT cdp_segment_from_query('mine', 'SELECT climb()');
SELECT cdp_segment_from_query('mine', 'SELECT id FROM open_to_owner WHERE who() = ''regress_cdp_owner''');
RESET ROLE;
SELECT cdp_refresh_segment('mine'), current_user = session_user AS is_me_again, current_setting('search_path');
UPDATE cdp.segment_query SET run_as = 'regress_cdp_gone' WHERE query ~ 'open';
SELECT cdp_refresh_segment('mine');
\set VERBOSITY default
SET ROLE regress_cdp_writer;
SELECT cdp_segment_from_users('mine too', '{u1}');
RESET ROLE;

SET client_min_messages = warning;
DROP TABLE customer, open_to_owner, secret;
DROP FUNCTION climb, who;
REVOKE ALL ON ALL TABLES IN SCHEMA cdp FROM regress_cdp_owner, regress_cdp_writer;
DROP VIEW segments, changes, wrong;
DROP EXTENSION cdp CASCADE;
REVOKE ALL ON SCHEMA public FROM regress_cdp_owner, regress_cdp_writer;
DROP ROLE regress_cdp_owner, regress_cdp_writer;
CREATE EXTENSION cdp;
