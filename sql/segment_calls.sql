-- Functions of SQL in rules: what call() gives, when it is called anew, and with whose rights.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET cdp.now = '2025-03-01T10:00:00Z';
CREATE VIEW changes AS
    SELECT coalesce(p.user_id, 'nobody') AS who, segment, change, effective_at, reason
    FROM cdp.segment_change AS c LEFT JOIN cdp.profile AS p USING (user_no) ORDER BY effective_at, segment, change, p.user_id;
CREATE VIEW users AS SELECT name, size, ARRAY(SELECT cdp_segment_users(name)) AS users FROM cdp.segment ORDER BY name;
CREATE VIEW calls AS SELECT function, run_as = current_user AS is_mine, search_path, refreshed_at, failed_at, error FROM cdp.segment_call ORDER BY function;
CREATE VIEW stored AS
    SELECT p.user_id, c.function, v.value FROM cdp.segment_call_value AS v JOIN cdp.segment_call AS c USING (call_no) LEFT JOIN cdp.profile AS p USING (user_no) ORDER BY 2, 1;
-- What must always be so: sizes, bitmaps, memberships and the record of changes agree.
CREATE VIEW wrong AS
    SELECT name FROM cdp.segment AS s
    WHERE size <> rb_cardinality(cdp_segment(name))
       OR rb_to_array(cdp_segment(name)) <> ARRAY(SELECT user_no::integer FROM cdp.membership WHERE s.segment_no = ANY (cdp_segment_numbers(segments)) ORDER BY 1)
       OR rb_to_array(cdp_segment(name)) <> ARRAY(
            SELECT user_no::integer FROM cdp.segment_change AS c WHERE c.segment = name GROUP BY user_no HAVING sum(CASE change WHEN 'entered' THEN 1 ELSE -1 END) = 1 ORDER BY 1)
    ORDER BY name;
SELECT cdp_identify('u' || u, jsonb_build_object('spent', u * 10, 'name', 'n' || u, 'due', '2025-03-0' || u)) FROM generate_series(1, 9) AS u \g /dev/null
SELECT cdp_track('u' || u, 'buy') FROM generate_series(1, 5) AS u \g /dev/null
SELECT cdp_process();

CREATE SCHEMA app;
CREATE TABLE app.factor (factor numeric);
INSERT INTO app.factor VALUES (100);
CREATE FUNCTION my_score(p cdp.profile) RETURNS double precision LANGUAGE sql STABLE AS $$ SELECT (p.traits->>'spent')::float / 100 $$;
CREATE FUNCTION app.score(p cdp.profile) RETURNS numeric LANGUAGE sql STABLE AS $$ SELECT (p.traits->>'spent')::numeric / factor FROM app.factor $$;
CREATE FUNCTION app."Name"(cdp.profile) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1.traits->>'name' $$;
CREATE FUNCTION app.tags(p cdp.profile) RETURNS text[] LANGUAGE sql STABLE AS $$ SELECT CASE WHEN (p.traits->>'spent')::int > 50 THEN '{big,"odd one"}'::text[] ELSE '{small}' END $$;
CREATE FUNCTION app.is_even(p cdp.profile) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN nullif(p.user_no % 2 = 0, false); END $$;
CREATE FUNCTION app.due(p cdp.profile) RETURNS date LANGUAGE sql STABLE AS $$ SELECT (p.traits->>'due')::date $$;

---- Asked ad hoc: called now. Plain SQL says the same.
CREATE FUNCTION pg_temp.both(rule text, condition text, OUT users bigint, OUT is_same boolean) LANGUAGE plpgsql AS $$
DECLARE expected bigint[];
BEGIN
    EXECUTE 'SELECT array_agg(user_no ORDER BY user_no) FROM cdp.profile AS p WHERE ' || condition INTO expected;
    users := cdp_count(rule::cdp_rule);
    is_same := rb_to_array(cdp_users(rule::cdp_rule))::bigint[] = coalesce(expected, '{}')
        AND NOT EXISTS (SELECT FROM cdp.profile WHERE cdp_match(user_id, rule::cdp_rule) IS DISTINCT FROM user_no = ANY (coalesce(expected, '{}')));
END $$;
SELECT rule, b.* FROM (VALUES
    ('call(my_score) > 0.8', 'my_score(p) > 0.8'),
    ('call(app.score) in (0.1, 0.20, 7)', 'app.score(p) IN (0.1, 0.2)'),
    ('call(public.my_score) between 0.3 and 0.5 and did(buy)', 'my_score(p) BETWEEN 0.3 AND 0.5'),
    ('not call(APP.SCORE) < 0.85 or call(app."Name") = ''n1''', 'NOT app.score(p) < 0.85 OR app."Name"(p) = ''n1'''),
    ('call(app."Name") ilike ''N_'' and call(app."Name") matches ''[23]$''', 'app."Name"(p) ~ ''[23]$'''),
    ('call(app.tags) contains ''odd one''', '''odd one'' = ANY (app.tags(p))'),
    ('call(app.is_even)', 'app.is_even(p)'),
    ('exists(call(app.is_even)) or call(app.is_even) = false', 'p.user_no % 2 = 0'),
    ('call(app.is_even) is null', 'p.user_no % 2 = 1'),
    ('call(app.due) in next 3 days', 'app.due(p) > ''2025-03-01 10:00'' AND app.due(p) <= ''2025-03-04 10:00'''),
    ('call(my_score) * 100 - count(buy) > spent - 1 + call(app.score)', 'my_score(p) * 100 - (user_no <= 5)::int > (traits->>''spent'')::int - 1 + app.score(p)')) AS v (rule, condition),
    pg_temp.both(rule, condition) AS b;
SELECT jsonb_pretty(cdp_explain('u4', 'call(my_score) > 0.3 and (call(app.is_even) or call(app.score) * 10 > count(buy)) and did(buy)'));
SELECT cdp_explain_rule('call(my_score) > 0.8 and name = ''n9''');
SELECT 'call(My_Score) > 0.80'::cdp_rule, 'call(app."Name") is null'::cdp_rule::jsonb, '{"call": ["app", "Name"], "op": "=", "value": "x"}'::jsonb::cdp_rule;
-- Many conditions about the profile, and trait indexes, which such a condition never uses.
SELECT cdp_count((string_agg('spent <> ' || n, ' and ') || ' and call(my_score) > 0.5')::cdp_rule) FROM generate_series(101, 170) AS n;
INSERT INTO cdp.trait_index (trait) VALUES ('spent'), ('name');
SELECT cdp_count('spent > 30 and call(my_score) < 0.6'), cdp_count('spent = 30 or call(my_score) > 0.8'), cdp_count('not call(app.is_even)');
SELECT cdp_explain_rule('spent >= 80 and call(my_score) > 0.85');
DELETE FROM cdp.trait_index;
\set VERBOSITY terse
INSERT INTO cdp.trait_index (trait) VALUES ('call(my_score)');

---- What it takes.
CREATE FUNCTION app.none(p cdp.profile) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION app.many(p cdp.profile) RETURNS SETOF integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.row(p cdp.profile) RETURNS record LANGUAGE sql AS 'SELECT 1, 2';
CREATE FUNCTION app.two(p cdp.profile, n integer DEFAULT 1) RETURNS integer LANGUAGE sql AS 'SELECT n';
CREATE FUNCTION app.one(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n';
CREATE PROCEDURE app.proc(p cdp.profile) LANGUAGE sql AS '';
SELECT cdp_count('call(app.none) = 1');
SELECT cdp_count('call(app.many) = 1');
SELECT cdp_count('call(app.row) = 1');
SELECT cdp_count('call(app.two) = 1');
SELECT cdp_count('call(app.one) = 1');
SELECT cdp_count('call(app.proc) = 1');
SELECT cdp_count('call(app.name) = 1');
SELECT cdp_match('u1', 'call(nowhere.f) = 1');
SELECT cdp_explain('u1', 'call(f) = 1');
SELECT cdp_count('call(my_score) > 1 for 3 days');
SELECT cdp_count('did(buy where call(my_score) > 1)');
INSERT INTO cdp.segment (name, rule) VALUES ('bad', 'call(score) > 1');
INSERT INTO cdp.segment (name, rule) VALUES ('bad', 'call(app.many) > 1');
\set VERBOSITY default
SELECT cdp_count('call(score) = 1');
SELECT cdp_count('call(app.none) = 1');
SELECT cdp_count('call = 1 or call.x = 2');
-- It changes nothing, neither tables nor the role nor what it finds by its search path; its errors are the caller's.
CREATE TABLE app.log (who text);
CREATE FUNCTION app.writes(p cdp.profile) RETURNS text LANGUAGE sql VOLATILE AS $$ INSERT INTO app.log VALUES (p.user_id) RETURNING who $$;
CREATE FUNCTION app.becomes(p cdp.profile) RETURNS text LANGUAGE plpgsql AS $$ BEGIN SET ROLE pg_monitor; RETURN current_user; END $$;
CREATE FUNCTION app.path(p cdp.profile) RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('search_path') $$;
CREATE FUNCTION app.fails(p cdp.profile) RETURNS integer LANGUAGE sql STABLE AS $$ SELECT 1 / (p.user_no - 3)::integer $$;
SELECT cdp_count('call(app.writes) = ''u1''');
SELECT cdp_count('call(app.becomes) = ''u1''');
SELECT cdp_count('call(app.fails) = 1');
SET search_path = app, public;
SELECT cdp_explain('u1', 'call(path) = ''''')->'value' AS path, cdp_count('call(score) > 0.8'), current_setting('transaction_read_only') AS read_only;
RESET search_path;
INSERT INTO app.log VALUES ('free');
DROP TABLE app.log;

---- In a segment: values are stored.
INSERT INTO cdp.segment (name, rule) VALUES ('hot', 'call(my_score) > 0.6 and did(buy)'), ('rich', 'call(my_score) > 0.6'), ('not rich', 'not in segment rich');
SELECT name, rule FROM cdp.segment ORDER BY name;
SELECT * FROM calls;
SELECT * FROM stored;
SELECT * FROM users;
SELECT * FROM changes;
SELECT (SELECT array_agg(user_no ORDER BY user_no) FROM cdp.profile AS p WHERE my_score(p) > 0.6) = rb_to_array(cdp_segment('rich'))::bigint[] AS is_same;
-- Until the refresh neither traits nor new users count; ad hoc they do. Events count at once.
SET cdp.now = '2025-03-01T10:30:00Z';
SELECT cdp_identify('u1', '{"spent": 99}'), cdp_identify('new', '{"spent": 80}'), cdp_track('u8', 'buy'), cdp_track('new', 'buy') \g /dev/null
SELECT cdp_process();
SELECT * FROM users;
SELECT cdp_count('in segment rich'), cdp_segment_size('rich'), cdp_match('u1', 'in segment hot'), cdp_in_segment('u1', 'hot');
SELECT * FROM changes WHERE effective_at > '2025-03-01 10:00Z';
SET cdp.now = '2025-03-01T10:59:59Z';
SELECT cdp_process();
SELECT * FROM stored WHERE user_id IN ('u1', 'new');
SET cdp.now = '2025-03-01T11:00:00Z';
SELECT cdp_process();
SELECT * FROM stored WHERE user_id IN ('u1', 'new');
SELECT * FROM users;
SELECT * FROM changes WHERE effective_at > '2025-03-01 10:30Z';
SELECT * FROM wrong;
-- The period is a setting; only what differs is written.
SHOW cdp.call_refresh;
SET cdp.call_refresh = '10min';
CREATE TEMP TABLE before AS SELECT user_no, xmin AS version FROM cdp.segment_call_value;
SELECT cdp_identify('u2', '{"spent": null}'), cdp_identify('u9', '{"spent": 1}') \g /dev/null
SELECT cdp_process();
SET cdp.now = '2025-03-01T11:10:00Z';
SELECT cdp_process();
SELECT p.user_id, v.value FROM before FULL JOIN cdp.segment_call_value AS v USING (user_no) JOIN cdp.profile AS p USING (user_no) WHERE v.xmin IS DISTINCT FROM before.version ORDER BY 1;
SELECT * FROM changes WHERE effective_at > '2025-03-01 11:00Z';
SELECT * FROM wrong;
\set VERBOSITY sqlstate
SET cdp.call_refresh = 0;
\set VERBOSITY default
RESET cdp.call_refresh;
-- By hand: before the segment is computed. Of a segment that names one that calls it, too.
SELECT cdp_identify('u3', '{"spent": 77}') \g /dev/null
SELECT cdp_process();
SELECT cdp_refresh_segment('not rich');
SELECT * FROM users;
SELECT * FROM changes WHERE who = 'u3';
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT cdp_refresh_segment('rich');
ROLLBACK;
-- Another segment of that function calls it anew, for all of them; other functions beside it.
SET cdp.now = '2025-03-01T11:20:00Z';
SELECT cdp_identify('u4', '{"spent": 66}') \g /dev/null
SELECT cdp_process();
INSERT INTO cdp.segment (name, rule) VALUES ('both', 'call(my_score) + call(app.score) > 1.4');
SELECT * FROM users;
SELECT who, segment, change, reason FROM changes WHERE effective_at = '2025-03-01 11:20Z';
SELECT function, refreshed_at FROM calls;
SELECT * FROM wrong;
-- Paused ones keep their members, and a function that only they call is not called.
UPDATE cdp.segment SET status = 'paused' WHERE name = 'both';
SET cdp.now = '2025-03-01T12:20:00Z';
SELECT cdp_process();
SELECT function, refreshed_at FROM calls;
UPDATE cdp.segment SET status = 'ready' WHERE name = 'both';
SELECT function, refreshed_at FROM calls;
-- A rule that says the same in other words is the same; one that calls no more functions lets go of them.
SET search_path = app, public;
UPDATE cdp.segment SET rule = 'call(my_score) + call(score) > 1.40' WHERE name = 'both';
RESET search_path;
SELECT rule, computed_at FROM cdp.segment WHERE name = 'both';
UPDATE cdp.segment SET rule = 'call(app."Name") like ''n_''' WHERE name = 'both';
SELECT function, refreshed_at FROM calls;
SELECT function, count(*) FROM stored GROUP BY 1 ORDER BY 1;
DELETE FROM cdp.segment WHERE name = 'both';
SELECT function FROM calls;
-- A batch that fails as a whole, or is rolled back, leaves all as it was.
BEGIN;
INSERT INTO cdp.segment (name, rule) VALUES ('rolled back', 'call(app.score) > 0');
SELECT function FROM calls;
ROLLBACK;
SELECT function FROM calls;

---- One that fails is told, and keeps its values; it is tried again when its time comes.
CREATE OR REPLACE FUNCTION my_score(p cdp.profile) RETURNS double precision LANGUAGE sql STABLE AS $$ SELECT 1 / ((p.traits->>'spent')::int - 77) $$;
SET cdp.now = '2025-03-01T13:20:00Z';
SELECT cdp_process();
SELECT * FROM calls;
SELECT status, detail, remedy FROM cdp_health() WHERE check_name = 'segments';
SELECT cdp_process();
SELECT * FROM users;
SELECT cdp_refresh_segment('hot');
INSERT INTO cdp.segment (name, rule) VALUES ('failing', 'call(my_score) > 0');
DROP FUNCTION my_score(cdp.profile);
SET cdp.now = '2025-03-01T14:20:00Z';
SELECT cdp_process();
SELECT failed_at, error FROM calls;
SELECT * FROM users;
SELECT cdp_count('in segment rich');
CREATE FUNCTION my_score(p cdp.profile) RETURNS integer LANGUAGE sql STABLE AS $$ SELECT CASE WHEN p.user_no <= 2 THEN 1 END $$;
SET cdp.now = '2025-03-01T15:20:00Z';
SELECT cdp_process();
SELECT refreshed_at, failed_at, error FROM calls;
SELECT status, detail FROM cdp_health() WHERE check_name = 'segments';
SELECT * FROM stored;
SELECT * FROM users;
SELECT * FROM wrong;

---- Merges and who is forgotten.
CREATE OR REPLACE FUNCTION my_score(p cdp.profile) RETURNS integer LANGUAGE sql STABLE AS $$ SELECT p.user_no::integer $$;
SELECT cdp_refresh_segment('rich');
SELECT cdp_alias('u7', 'u8') \g /dev/null
SELECT cdp_process();
SELECT * FROM stored WHERE coalesce(user_id, '') IN ('', 'u7', 'u8');
SELECT cdp_forget('u6');
SELECT count(*), bool_and(EXISTS (SELECT FROM cdp.profile AS p WHERE p.user_no = v.user_no)) AS all_known FROM cdp.segment_call_value AS v;
SELECT * FROM wrong;

---- Many: the segments are computed at once, or user by user, and are the same.
SELECT cdp_identify('m' || u, jsonb_build_object('spent', u)) FROM generate_series(1, 12000) AS u \g /dev/null
SELECT cdp_process();
CREATE OR REPLACE FUNCTION my_score(p cdp.profile) RETURNS integer LANGUAGE sql STABLE AS $$ SELECT CASE WHEN p.user_id ^@ 'm' THEN (p.traits->>'spent')::integer % 2 END $$;
SET cdp.now = '2025-03-01T16:20:00Z';
SELECT cdp_process();
SELECT cdp_segment_size('rich'), cdp_segment_size('not rich'), cdp_segment_size('hot');
SELECT segment, change, reason, count(*) FROM changes WHERE effective_at = '2025-03-01 16:20Z' GROUP BY 1, 2, 3 ORDER BY 1, 2;
SELECT * FROM wrong;
TRUNCATE cdp.segment CASCADE;
SELECT count(*) AS functions, (SELECT count(*) FROM cdp.segment_call_value) AS "values" FROM cdp.segment_call;

---- Rights.
CREATE ROLE cdp_test_maker;
CREATE ROLE cdp_test_other;
CREATE ROLE cdp_test_asker;
GRANT USAGE ON SCHEMA cdp, app TO cdp_test_maker, cdp_test_other, cdp_test_asker;
GRANT SELECT ON ALL TABLES IN SCHEMA cdp TO cdp_test_maker, cdp_test_other, cdp_test_asker;
GRANT ALL ON ALL TABLES IN SCHEMA cdp TO cdp_test_maker, cdp_test_other;
GRANT ALL ON ALL SEQUENCES IN SCHEMA cdp TO cdp_test_maker, cdp_test_other;
GRANT CREATE ON SCHEMA app TO cdp_test_maker;
GRANT EXECUTE ON FUNCTION cdp_refresh_segment TO cdp_test_other;
SET ROLE cdp_test_maker;
SET search_path = app, public;
CREATE TABLE secret AS SELECT 5 AS least;
CREATE FUNCTION mine(p cdp.profile) RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_user || '/' || current_setting('search_path') || '/' || (p.user_no >= least) FROM secret $$;
REVOKE EXECUTE ON FUNCTION mine FROM PUBLIC;
INSERT INTO cdp.segment (name, rule) VALUES ('mine', 'call(mine) like ''cdp\_test\_maker/app, public/true''');
RESET search_path;
SELECT cdp_segment_size('mine');
RESET ROLE;
-- Whoever refreshes, it runs as its definer.
SET ROLE cdp_test_other;
SELECT cdp_refresh_segment('mine');
RESET ROLE;
SET cdp.now = '2025-03-01T17:20:00Z';
SELECT cdp_process();
SELECT function, run_as, search_path, refreshed_at, error FROM cdp.segment_call;
SELECT DISTINCT value FROM stored ORDER BY 1;
-- Ad hoc it runs as who asks, who needs the right to execute it and what it reads.
SET ROLE cdp_test_asker;
\set VERBOSITY terse
SELECT cdp_count('call(app.mine) is null');
SELECT cdp_count('in segment mine');
SELECT cdp_segment_size('mine');
RESET ROLE;
GRANT EXECUTE ON FUNCTION app.mine TO cdp_test_asker, cdp_test_other;
SET ROLE cdp_test_asker;
SELECT cdp_count('call(app.mine) is null');
SET search_path = app, public;
SELECT cdp_count('call(app.mine) is null');
RESET ROLE;
GRANT SELECT ON app.secret TO cdp_test_asker;
SET ROLE cdp_test_asker;
SELECT public.cdp_explain('u1', 'call(mine) is null')->'value' AS value;
RESET search_path;
-- Another segment of the function is for who can become its role, and may execute it.
RESET ROLE;
SET ROLE cdp_test_other;
INSERT INTO cdp.segment (name, rule) VALUES ('other', 'call(app.mine) is not null');
INSERT INTO cdp.segment (name, rule) VALUES ('other', 'in segment mine');
UPDATE cdp.segment SET rule = 'not call(app.mine) is not null' WHERE name = 'other';
UPDATE cdp.segment_call SET run_as = 'cdp_test_other';
UPDATE cdp.segment_call SET function = 'app.score';
UPDATE cdp.segment_call SET search_path = 'pg_temp';
UPDATE cdp.segment_call SET run_as = 'pg_monitor', function = 'app.score';
INSERT INTO cdp.segment_call (function, run_as, search_path) VALUES ('app.score', 'cdp_test_maker', '');
RESET ROLE;
GRANT cdp_test_maker TO cdp_test_other;
SET ROLE cdp_test_other;
INSERT INTO cdp.segment (name, rule) VALUES ('third', 'call(app.mine) is not null');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION app.mine FROM cdp_test_other, cdp_test_maker;
REVOKE cdp_test_maker FROM cdp_test_other;
SET ROLE cdp_test_maker;
INSERT INTO cdp.segment (name, rule) VALUES ('fourth', 'call(app.mine) is not null');
RESET ROLE;
SET cdp.now = '2025-03-01T18:20:00Z';
SELECT cdp_process();
SELECT run_as, failed_at, error FROM cdp.segment_call;
GRANT EXECUTE ON FUNCTION app.mine TO cdp_test_maker;
-- It changes nothing there either.
SET ROLE cdp_test_maker;
CREATE TABLE app.log (who text);
CREATE OR REPLACE FUNCTION app.mine(p cdp.profile) RETURNS text LANGUAGE sql VOLATILE AS $$ INSERT INTO app.log VALUES (p.user_id) RETURNING who $$;
RESET ROLE;
SET cdp.now = '2025-03-01T19:20:00Z';
SELECT cdp_process();
SELECT failed_at, error FROM cdp.segment_call;
CREATE OR REPLACE FUNCTION app.mine(p cdp.profile) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RESET ROLE; RETURN 'x'; END $$;
SET cdp.now = '2025-03-01T20:20:00Z';
SELECT cdp_process();
SELECT failed_at, error FROM cdp.segment_call;
\set VERBOSITY default
-- A role that is gone.
UPDATE cdp.segment_call SET run_as = 'cdp_test_gone';
SET cdp.now = '2025-03-01T21:20:00Z';
SELECT cdp_process();
SELECT error FROM cdp.segment_call;
TRUNCATE cdp.segment CASCADE;

---- In a transaction of one snapshot the next batch computes it.
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO cdp.segment (name, rule) VALUES ('later', 'call(app.is_even) and name = ''n4''');
COMMIT;
SELECT name, status, size FROM cdp.segment;
SELECT * FROM calls;
SELECT cdp_process();
SELECT name, status, size FROM cdp.segment;
SELECT who, change, reason FROM changes WHERE segment = 'later';
SELECT * FROM calls;

---- Dumps have it all.
SELECT c::regclass, condition FROM pg_extension, unnest(extconfig, extcondition) AS t (c, condition) WHERE extname = 'cdp' AND c::regclass::text LIKE '%call%' ORDER BY 1;
SELECT attrelid::regclass, string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid IN ('cdp.segment_call'::regclass, 'cdp.segment_call_value'::regclass) AND attnum > 0 GROUP BY 1 ORDER BY 1;
-- Restored, a segment brings its members along, and its function need not be there yet.
CREATE TEMP TABLE dumped AS SELECT name, rule, status, size, computed_at FROM cdp.segment;
DELETE FROM cdp.segment;
ALTER FUNCTION app.is_even RENAME TO is_odd;
INSERT INTO cdp.segment (name, rule, status, size, computed_at) SELECT * FROM dumped;
INSERT INTO cdp.segment_call (function, run_as, search_path, refreshed_at) VALUES ('app.is_even', current_user, 'public', '2025-03-01 21:20Z');
SELECT * FROM calls;
SELECT name, rule, status FROM cdp.segment;
SET client_min_messages = warning;
DROP OWNED BY cdp_test_maker, cdp_test_other, cdp_test_asker;
DROP ROLE cdp_test_maker, cdp_test_other, cdp_test_asker;
DROP EXTENSION cdp CASCADE;
DROP SCHEMA app CASCADE;
