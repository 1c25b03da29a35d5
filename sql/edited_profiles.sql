-- Profiles that are written by statements instead of messages: segments follow as they do for cdp_identify.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET cdp.now = '2025-06-01 12:00Z';
SELECT cdp_identify('u' || n, jsonb_build_object('plan', (ARRAY['free', 'pro'])[1 + n % 2], 'age', 20 + n)) FROM generate_series(1, 6) AS n \g /dev/null
SELECT cdp_process();
INSERT INTO cdp.segment (name, rule) VALUES ('pro', $$plan = 'pro'$$), ('long pro', $$plan = 'pro' for 3 days$$), ('old', 'age >= 25'), ('half', 'sample(50 percent, ''x'')');
CREATE VIEW members AS SELECT s.name, string_agg(u, ' ' ORDER BY u) AS members FROM cdp.segment AS s LEFT JOIN LATERAL cdp_segment_users(s.name) AS u ON true GROUP BY s.name;
CREATE VIEW changes AS SELECT p.user_id, c.segment, c.change, c.reason, c.effective_at FROM cdp.segment_change AS c JOIN cdp.profile AS p USING (user_no) WHERE c.reason <> 'rule' ORDER BY c.change_no;
SELECT * FROM members WHERE name <> 'half' ORDER BY name;
SET cdp.now = '2025-06-02 12:00Z';
UPDATE cdp.profile SET traits = traits || '{"plan": "pro"}' WHERE user_id IN ('u2', 'u3');
SELECT count(*) FROM cdp.edited_profile;
SELECT cdp_process();
SELECT count(*) FROM cdp.edited_profile;
SELECT * FROM members WHERE name <> 'half' ORDER BY name;
SELECT * FROM changes;
-- Since when: u1 and u3 since they were identified, u2 since the statement.
SET cdp.now = '2025-06-04 12:00Z';
SELECT cdp_process();
SELECT * FROM members WHERE name = 'long pro';
SET cdp.now = '2025-06-05 12:00Z';
SELECT cdp_process();
SELECT * FROM members WHERE name = 'long pro';
SELECT user_id, trait_times = jsonb_build_object('age', s.n, 'plan', CASE user_id WHEN 'u2' THEN e.n ELSE s.n END) AS is_right FROM cdp.profile,
    (SELECT (extract(epoch FROM timestamptz '2025-06-01 12:00Z' - '2000-01-01 00:00Z') * 1000000)::bigint AS n) AS s,
    (SELECT (extract(epoch FROM timestamptz '2025-06-02 12:00Z' - '2000-01-01 00:00Z') * 1000000)::bigint AS n) AS e WHERE user_id IN ('u1', 'u2', 'u3') ORDER BY 1;
-- An older message does not undo it, a newer one does. What is removed is gone as of now as well.
UPDATE cdp.profile SET traits = traits - 'age' WHERE user_id = 'u6';
SELECT cdp_identify('u6', '{"age": 70}', ts => '2025-06-05 11:00Z'), cdp_identify('u2', '{"plan": "free"}', ts => '2025-06-02 11:59Z');
SELECT cdp_process();
SELECT * FROM members WHERE name IN ('old', 'pro') ORDER BY name;
SELECT cdp_identify('u6', '{"age": 70}', ts => '2025-06-05 12:00Z'), cdp_identify('u2', '{"plan": "free"}', ts => '2025-06-05 12:00Z');
SELECT cdp_process();
SELECT * FROM members WHERE name IN ('old', 'pro') ORDER BY name;
-- A statement that changes nothing notes nothing; one that is rolled back leaves nothing. Somebody made by hand, who is new to all rules when first changed.
UPDATE cdp.profile SET traits = traits, last_seen = last_seen;
BEGIN;
UPDATE cdp.profile SET traits = '{}';
ROLLBACK;
SELECT count(*) FROM cdp.edited_profile;
INSERT INTO cdp.profile (user_no, user_id, traits, first_seen, last_seen) VALUES (1000, 'hand', '{"age": 99, "plan": "pro"}', now(), now());
UPDATE cdp.profile SET traits = traits || '{"age": 98}' WHERE user_no = 1000;
SELECT cdp_process();
SELECT name, 'hand' IN (SELECT cdp_segment_users(name)) AS is_in FROM cdp.segment WHERE name <> 'half' ORDER BY 1;
-- Another user id, which samples ask for.
UPDATE cdp.profile SET user_id = 'v' || user_no WHERE user_no <= 6;
SELECT cdp_process();
SELECT rb_to_array(cdp_segment('half')) = rb_to_array(cdp_users('sample(50 percent, ''x'')')) AS is_same;
-- Who may write profiles needs no other right for it.
CREATE ROLE regress_cdp_editor;
GRANT USAGE ON SCHEMA cdp TO regress_cdp_editor;
GRANT SELECT, UPDATE ON cdp.profile TO regress_cdp_editor;
SET ROLE regress_cdp_editor;
UPDATE cdp.profile SET traits = '{"age": 1}' WHERE user_no = 1000;
RESET ROLE;
SELECT cdp_process();
SELECT * FROM changes WHERE user_id = 'hand';
UPDATE cdp.profile SET traits = '{"age": 90}' WHERE user_no = 1;
SELECT cdp_forget('u1');
SELECT count(*) FROM cdp.edited_profile;
DROP OWNED BY regress_cdp_editor;
DROP ROLE regress_cdp_editor;
