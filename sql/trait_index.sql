-- Trait indexes: rules answered by them against the same rules user by user, whatever changes and whenever.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET synchronous_commit = off;

-- A number from 0 to n - 1 that looks random, the same every time.
CREATE FUNCTION pick(seed text, n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
$$SELECT (('x' || substr(md5(seed), 1, 7))::bit(28)::integer % n)$$;

-- Traits of all kinds, mixed, missing, null, nested; numbers that 64 bits do not hold.
CREATE FUNCTION traits_of(seed text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
SELECT jsonb_strip_nulls(jsonb_build_object(
    'country', (ARRAY['US', 'NO', 'SE', 'us', '', NULL])[1 + pick(seed || 'a', 6)],
    'age', CASE WHEN pick(seed || 'b', 8) > 0 THEN 18 + pick(seed || 'c', 30) END,
    'score', CASE pick(seed || 'd', 9)
        WHEN 0 THEN NULL
        WHEN 1 THEN to_jsonb(-pick(seed || 'e', 50))
        WHEN 2 THEN to_jsonb(pick(seed || 'e', 50) / 10.0)
        WHEN 3 THEN to_jsonb(pick(seed || 'e', 5) * 1e25)
        WHEN 4 THEN to_jsonb(0.000000000000000000001 * pick(seed || 'e', 5))
        WHEN 5 THEN '2.50'::jsonb WHEN 6 THEN '2.5'::jsonb
        ELSE to_jsonb(pick(seed || 'e', 100000) / 1000.0) END,
    'vip', CASE pick(seed || 'f', 3) WHEN 0 THEN to_jsonb(true) WHEN 1 THEN to_jsonb(false) END,
    'address', CASE WHEN pick(seed || 'g', 3) > 0 THEN jsonb_build_object('city', (ARRAY['Oslo', 'Årdal', 'New York'])[1 + pick(seed || 'h', 3)]) END,
    'interests', CASE pick(seed || 'i', 6)
        WHEN 0 THEN '"IT and sports"'::jsonb WHEN 1 THEN '["IT", "IT", 5, null, {"a": 1}, true]'::jsonb WHEN 2 THEN '["sports", "5"]'::jsonb
        WHEN 3 THEN '[]'::jsonb WHEN 4 THEN '["art", 5.0]'::jsonb END,
    'mixed', (ARRAY['5'::jsonb, '5.0'::jsonb, '"5"'::jsonb, 'true'::jsonb, '{"a": 5}'::jsonb, '[5]'::jsonb, '"abc"'::jsonb, '"ABC"'::jsonb, NULL])[1 + pick(seed || 'j', 9)],
    'plan', (ARRAY['pro', 'free'])[1 + pick(seed || 'k', 2)]))
|| CASE WHEN pick(seed || 'l', 5) = 0 THEN '{"country": null}'::jsonb ELSE '{}' END
$$;

-- Conditions, and trees of them.
CREATE TABLE condition AS SELECT row_number() OVER () - 1 AS n, c FROM unnest(ARRAY[
    $$country = 'US'$$, $$country <> 'US'$$, $$country in ('US', 'SE', 'XX')$$, $$country not in ('US', null)$$, $$country not in ('US', '')$$,
    $$country is null$$, $$country is not null$$, $$exists(country)$$, $$country < 'T'$$, $$country >= 'NO'$$, $$country between 'A' and 'T'$$,
    $$country not between 'A' and 'T'$$, $$country like '%S'$$, $$country not like '%S'$$, $$country ilike 'u_'$$, $$country not ilike 'u_'$$,
    $$country contains 'S'$$, $$country not contains 'S'$$, $$country = null$$, $$country <> null$$, $$country = 5$$, $$country <> 5$$,
    $$age = 30$$, $$age <> 30$$, $$age < 25$$, $$age <= 25$$, $$age > 40.5$$, $$age >= 40.0$$, $$age between 20 and 30$$, $$age not between 20 and 30$$,
    $$age between 'a' and 30$$, $$age between null and 30$$, $$age not between null and 30$$, $$age in (20, 21.0, '22', null)$$, $$age not in (20, 21)$$, $$age like '3%'$$, $$age contains 3$$, $$age is null$$,
    $$score = 2.5$$, $$score <> 2.500$$, $$score < 0$$, $$score <= 0$$, $$score > 2.5$$, $$score >= 2.5$$, $$score between -3 and 4.9999$$,
    $$score > 10000000000000000000000000$$, $$score >= 10000000000000000000000000$$, $$score = 20000000000000000000000000$$, $$score < -1000000000000000000000000000000$$,
    $$score in (0, 0.000000000000000000002, 4.9)$$, $$score not in (0, 4.9)$$, $$score > 0.0000000000000000000015$$, $$score not between 0 and 50$$,
    $$vip$$, $$vip = false$$, $$vip <> true$$, $$vip < true$$, $$vip >= false$$, $$vip is not null$$, $$not vip$$,
    $$address.city = 'Oslo'$$, $$address.city ilike 'åR%'$$, $$address.city is null$$, $$address.city > 'O'$$, $$address is not null$$, $$address = 'Oslo'$$,
    $$interests contains 'IT'$$, $$interests not contains 'IT'$$, $$interests contains 5$$, $$interests contains '5'$$, $$interests contains true$$, $$interests contains null$$,
    $$interests = 'IT and sports'$$, $$interests <> 'IT'$$, $$interests like 'IT%'$$, $$interests is null$$, $$interests not contains null$$,
    $$mixed = 5$$, $$mixed = '5'$$, $$mixed <> 5$$, $$mixed = true$$, $$mixed contains 5$$, $$mixed contains 'b'$$, $$mixed ilike 'aB%'$$, $$mixed in (5, 'abc', true)$$, $$mixed < 6$$, $$mixed < '6'$$, $$mixed >= 'a'$$,
    $$plan = 'pro'$$, $$plan like 'f%'$$, $$sample(30 percent, 'x')$$, $$did(buy)$$, $$not did(buy)$$, $$count(buy in last 30 days) >= 2$$, $$did(look where price > 3)$$, $$in segment buyers$$, $$count(buy) = 0$$]) AS c;
CREATE TABLE rule_asked AS
SELECT c AS rule FROM condition
UNION ALL
SELECT CASE pick('op' || i, 6)
    WHEN 0 THEN format('(%s) and (%s)', a.c, b.c) WHEN 1 THEN format('(%s) or (%s)', a.c, b.c)
    WHEN 2 THEN format('not ((%s) and (%s)) or (%s)', a.c, b.c, d.c) WHEN 3 THEN format('(%s) and not (%s) and (%s)', a.c, b.c, d.c)
    WHEN 4 THEN format('((%s) or (%s)) and ((%s) or not (%s))', a.c, b.c, d.c, e.c) ELSE format('not (%s) and ((%s) or (%s) and (%s))', a.c, b.c, d.c, e.c) END
FROM generate_series(1, 90) AS i
JOIN condition AS a ON a.n = pick('1' || i, (SELECT count(*)::integer FROM condition)) JOIN condition AS b ON b.n = pick('2' || i, (SELECT count(*)::integer FROM condition))
JOIN condition AS d ON d.n = pick('3' || i, (SELECT count(*)::integer FROM condition)) JOIN condition AS e ON e.n = pick('4' || i, (SELECT count(*)::integer FROM condition));

-- Rules of which cdp_users does not say what cdp_match says of each user.
CREATE FUNCTION faults() RETURNS TABLE (rule text, users text, matches text) LANGUAGE sql AS $$
SELECT rule, a.users::text, a.matches::text FROM (
    SELECT r.rule, rb_to_array(cdp_users(r.rule::cdp_rule, '2025-06-01')) AS users,
           -- Elements are signed integers.
           ARRAY(SELECT (p.user_no - (p.user_no >> 31 << 32))::integer FROM cdp.profile AS p WHERE cdp_match(p.user_id, r.rule::cdp_rule, '2025-06-01')
                 ORDER BY p.user_no) AS matches
    FROM rule_asked AS r) AS a
WHERE users IS DISTINCT FROM matches ORDER BY rule $$;
CREATE VIEW state AS SELECT trait, status, texts, numbers, lists_numbers FROM cdp.trait_index ORDER BY index_no;
CREATE VIEW waiting AS SELECT count(*) > 0 AS changes_wait FROM cdp.changed_profile;

INSERT INTO cdp.segment (name, rule) VALUES ('buyers', $$did(buy) and country <> 'NO'$$);
SELECT cdp_identify('u' || u, traits_of('t' || u), ts => '2025-01-01') FROM generate_series(1, 120) AS u \g /dev/null
SELECT cdp_track('u' || pick('u' || i, 120), (ARRAY['buy', 'look'])[1 + pick('e' || i, 2)], jsonb_build_object('price', pick('p' || i, 8)),
                 timestamptz '2025-06-01' - pick('t' || i, 90) * interval '1 day') FROM generate_series(1, 200) AS i \g /dev/null
SELECT cdp_process() \g /dev/null
-- Users of other chunks, made by hand.
CREATE FUNCTION make_user(number bigint, seed text) RETURNS void LANGUAGE sql AS $$
INSERT INTO cdp.profile (user_no, user_id, traits, first_seen, last_seen) VALUES (number, 'n' || number, traits_of(seed), '2025-01-01', '2025-01-01');
INSERT INTO cdp.identity (kind, value, user_no) VALUES ('user_id', 'n' || number, number) $$;
SELECT make_user(n, 'm' || n) FROM unnest(ARRAY[65535, 65536, 65537, 70000, 131072, 4294967295, 4294901760]::bigint[]) AS n \g /dev/null
SELECT make_user(200000 + n, 'm' || n) FROM generate_series(1, 30) AS n \g /dev/null

---- Without indexes, then with some, then with all but one of the traits.
SELECT count(*) AS rules FROM rule_asked;
SELECT * FROM waiting;
SELECT * FROM faults();
INSERT INTO cdp.trait_index (trait) VALUES ('country');
SELECT * FROM faults();
INSERT INTO cdp.trait_index (trait) VALUES ('age'), ('score'), ('"address".city'), ('interests'), ('mixed'), ('vip');
SELECT * FROM state;
SELECT * FROM faults();
SELECT index_no, value FROM cdp.trait_value JOIN cdp.trait_index USING (index_no) WHERE trait = 'interests' AND is_element ORDER BY value::text;
SELECT rb_cardinality(users), chunk FROM cdp.trait_chunk WHERE index_no = 0 ORDER BY chunk;
SELECT * FROM waiting;

---- Changes by messages: traits, new users, merges; read from profiles until they are folded.
SELECT cdp_identify('u' || u, traits_of('s' || u), ts => '2025-02-01') FROM generate_series(1, 40) AS u \g /dev/null
SELECT cdp_identify('new' || u, traits_of('n' || u), ts => '2025-02-01') FROM generate_series(1, 20) AS u \g /dev/null
SELECT cdp_track('bare' || u, 'look', ts => '2025-02-01') FROM generate_series(1, 3) AS u \g /dev/null
SELECT cdp_alias('u' || u, 'u' || u + 20) FROM generate_series(41, 50) AS u \g /dev/null
SELECT cdp_process() \g /dev/null
SELECT * FROM waiting;
SELECT * FROM faults();
SELECT cdp_fold_traits() > 0 AS were_folded;
SELECT * FROM waiting;
SELECT * FROM faults();
-- What changes no indexed trait waits for nothing.
SELECT cdp_identify('u1', '{"plan": "other"}', ts => '2025-02-02'), cdp_track('u2', 'buy', ts => '2025-02-02');
SELECT cdp_identify('u1', (SELECT traits - 'plan' FROM cdp.profile WHERE user_id = 'u1'), ts => '2025-02-03');
UPDATE cdp.profile SET last_seen = last_seen + interval '1 hour', traits = traits || '{"plan": "third"}' WHERE user_id LIKE 'u1%';
SELECT cdp_process();
SELECT * FROM waiting;

---- By hand: UPDATE, DELETE, INSERT, another number; one transaction undone.
UPDATE cdp.profile SET traits = traits_of('h' || user_no) WHERE user_no % 7 = 3;
DELETE FROM cdp.profile WHERE user_no % 31 = 5;
SELECT make_user(300000 + n, 'x' || n) FROM generate_series(1, 5) AS n \g /dev/null
UPDATE cdp.profile SET user_no = 400000 WHERE user_no = 200002;
UPDATE cdp.identity SET user_no = 400000 WHERE user_no = 200002;
SELECT * FROM faults();
-- Folding in steps.
SELECT cdp_fold_traits(3), cdp_fold_traits(2);
SELECT * FROM waiting;
SELECT * FROM faults();
BEGIN;
SELECT cdp_fold_traits() > 0 AS were_folded;
UPDATE cdp.profile SET traits = '{"country": "ZZ", "age": 1000}';
SELECT cdp_count($$country = 'ZZ'$$) = count(*) AS are_all FROM cdp.profile;
SELECT cdp_fold_traits() > 0 AS were_folded;
SELECT cdp_count($$country = 'ZZ'$$) = count(*) AS are_all FROM cdp.profile;
ROLLBACK;
SELECT * FROM faults();
SELECT cdp_fold_traits() > 0 AS were_folded;
SELECT * FROM faults();
-- As if built now: the same values, chunks and numbers.
CREATE TABLE folded AS SELECT i.trait, v.value, v.is_element, c.chunk, c.users::text FROM cdp.trait_chunk AS c
    LEFT JOIN cdp.trait_index AS i USING (index_no) LEFT JOIN cdp.trait_value AS v USING (index_no, value_no);
CREATE TABLE folded_number AS SELECT i.trait, n.chunk, n.scale, n.numbers::text, n.others FROM cdp.trait_number AS n JOIN cdp.trait_index AS i USING (index_no);
CREATE TABLE folded_state AS SELECT * FROM state;
UPDATE cdp.trait_index SET status = 'pending';
SELECT count(*) AS others FROM ((SELECT * FROM folded EXCEPT SELECT i.trait, v.value, v.is_element, c.chunk, c.users::text FROM cdp.trait_chunk AS c
    LEFT JOIN cdp.trait_index AS i USING (index_no) LEFT JOIN cdp.trait_value AS v USING (index_no, value_no))
    UNION ALL (SELECT i.trait, v.value, v.is_element, c.chunk, c.users::text FROM cdp.trait_chunk AS c
    LEFT JOIN cdp.trait_index AS i USING (index_no) LEFT JOIN cdp.trait_value AS v USING (index_no, value_no) EXCEPT SELECT * FROM folded)) AS d;
SELECT count(*) AS others FROM (SELECT i.trait, n.chunk, n.scale, n.numbers::text, n.others FROM cdp.trait_number AS n JOIN cdp.trait_index AS i USING (index_no)
    EXCEPT SELECT * FROM folded_number) AS d;
SELECT * FROM state EXCEPT SELECT * FROM folded_state;

-- A segment that is computed from an index.
INSERT INTO cdp.segment (name, rule) VALUES ('young', $$age < 25 and not country = 'NO'$$);
SELECT cdp_segment('young') = cdp_users($$age < 25 and not country = 'NO'$$) AS is_right, size > 0 AS has_members,
       size = (SELECT count(*) FROM cdp.profile WHERE (traits->>'age')::numeric < 25 AND traits->>'country' IS DISTINCT FROM 'NO') AS is_all
FROM cdp.segment WHERE name = 'young';
UPDATE cdp.profile SET traits = traits || '{"age": 20}' WHERE user_no IN (7, 8);
SELECT cdp_refresh_segment('young') = (SELECT count(*) FROM cdp.profile WHERE (traits->>'age')::numeric < 25 AND traits->>'country' IS DISTINCT FROM 'NO') AS is_all;
DELETE FROM cdp.segment WHERE name = 'young';

---- Someone is forgotten: no value of theirs stays.
SELECT cdp_identify('secret', '{"country": "Nowhere", "interests": ["unheard of"], "age": 77}');
SELECT cdp_process();
SELECT cdp_fold_traits();
SELECT count(*) AS values_of_theirs FROM cdp.trait_value WHERE value IN ('"Nowhere"', '"unheard of"', '77');
SELECT user_no AS secret FROM cdp.profile WHERE user_id = 'secret' \gset
SELECT cdp_forget('secret');
SELECT count(*) AS values_of_theirs FROM cdp.trait_value WHERE value IN ('"Nowhere"', '"unheard of"', '77');
SELECT count(*) AS bits_of_theirs FROM cdp.trait_chunk WHERE rb_contains(users, :secret);
SELECT * FROM waiting;
SELECT cdp_forget('u60'), cdp_forget('u3') \g /dev/null
SELECT * FROM faults();

---- Many different numbers have no bitmaps of their own any longer; slices answer alone.
SELECT make_user(500000 + n, 'y' || n) FROM generate_series(1, 1200) AS n \g /dev/null
UPDATE cdp.profile SET traits = traits || jsonb_build_object('age', user_no / 8.0) WHERE user_no > 500000;
SELECT cdp_fold_traits() > 0 AS were_folded;
SELECT * FROM state WHERE trait IN ('age', 'score');
SELECT count(*) AS listed FROM cdp.trait_value JOIN cdp.trait_index USING (index_no) WHERE trait = 'age';
SELECT r.rule FROM rule_asked AS r WHERE r.rule LIKE 'age%' AND cdp_count(r.rule::cdp_rule) <>
    (SELECT count(*) FROM cdp.profile AS p WHERE cdp_match(p.user_id, r.rule::cdp_rule));
SELECT cdp_count('age > 62600.1 and age <= 62610') AS users, (SELECT count(*) FROM cdp.profile WHERE (traits->>'age')::numeric > 62600.1 AND (traits->>'age')::numeric <= 62610) AS expected;
DELETE FROM cdp.profile WHERE user_no > 500000;
DELETE FROM cdp.identity WHERE user_no > 500000;
SELECT cdp_fold_traits() > 0 AS were_folded;
SELECT * FROM faults();

---- Too many texts: refused where asked, given up where it comes to be.
UPDATE cdp.profile SET traits = traits || jsonb_build_object('long', (SELECT jsonb_agg(user_no || '-' || g) FROM generate_series(1, 200) AS g));
INSERT INTO cdp.trait_index (trait) VALUES ('long');
SELECT count(*) FROM state WHERE trait = 'long';
UPDATE cdp.profile SET traits = traits || jsonb_build_object('mixed', traits->'long') WHERE user_no < 4000000000;
SELECT cdp_count($$mixed contains '7-7'$$);
SELECT cdp_fold_traits() > 0 AS were_folded;
SELECT * FROM state WHERE trait = 'mixed';
SELECT count(*) AS values_left FROM cdp.trait_value JOIN cdp.trait_index USING (index_no) WHERE trait = 'mixed';
SELECT cdp_count($$mixed contains '7-7'$$);
SELECT * FROM faults();
UPDATE cdp.trait_index SET status = 'pending' WHERE trait = 'mixed';
UPDATE cdp.profile SET traits = traits - 'mixed' - 'long';
UPDATE cdp.trait_index SET status = 'pending' WHERE trait = 'mixed';
SELECT * FROM state WHERE trait = 'mixed';
SELECT * FROM faults();

---- What a rule reads.
SELECT jsonb_pretty(cdp_explain_rule($$country = 'US' and (plan = 'pro' or count(buy in last 30 days) >= 2) and age < 30$$, '2025-06-01'));
SELECT cdp_fold_traits() > 0 AS were_folded;
SELECT e->'profiles' AS profiles, e->'histories' AS histories, e->'since' AS since, e->'users' AS users, cdp_count(rule, '2025-06-01') AS count
FROM unnest(ARRAY[$$country = 'US' and age < 30$$, $$country = 'US' or did(buy)$$, $$country = 'US' and did(any) and sample(50 percent, 's')$$,
    $$plan = 'pro' and country = 'XX'$$, $$plan = 'pro' or country is null or country is not null$$]::cdp_rule[]) AS rule, cdp_explain_rule(rule, '2025-06-01') AS e;

---- What is no trait, what is one twice, another name, dropping.
INSERT INTO cdp.trait_index (trait) VALUES ('a = 1 or b');
INSERT INTO cdp.trait_index (trait) VALUES ('');
INSERT INTO cdp.trait_index (trait) VALUES ('not a');
INSERT INTO cdp.trait_index (trait) VALUES ('"country"');
UPDATE cdp.trait_index SET trait = '"Home Town"' WHERE trait = 'vip';
UPDATE cdp.trait_index SET trait = 'plan' WHERE trait = '"Home Town"';
SELECT * FROM state;
SELECT * FROM faults();
DELETE FROM cdp.trait_index WHERE trait IN ('country', 'mixed');
SELECT * FROM faults();
SELECT count(*) AS left_over FROM cdp.trait_chunk WHERE index_no <> 0 AND index_no NOT IN (SELECT index_no FROM cdp.trait_index);
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO cdp.trait_index (trait) VALUES ('country');
SELECT trait, status FROM state WHERE trait = 'country';
SELECT cdp_fold_traits();
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO cdp.trait_index (trait) VALUES ('country');
COMMIT;
SELECT * FROM faults();
SELECT cdp_process();
SELECT trait, status FROM state WHERE trait = 'country';
SELECT * FROM faults();
DELETE FROM cdp.trait_index;
SELECT (SELECT count(*) FROM cdp.trait_chunk) + (SELECT count(*) FROM cdp.trait_value) + (SELECT count(*) FROM cdp.trait_number) + (SELECT count(*) FROM cdp.changed_profile) AS left_over;
UPDATE cdp.profile SET traits = traits || '{"country": "US"}' WHERE user_no < 10;
SELECT * FROM waiting;
INSERT INTO cdp.trait_index (trait) VALUES ('country');
SELECT * FROM faults();
TRUNCATE cdp.profile;
SELECT cdp_count($$country = 'US'$$), cdp_count($$not country = 'US'$$), cdp_count('true');
DROP EXTENSION cdp CASCADE;
