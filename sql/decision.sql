SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;
\set VERBOSITY terse

-- Few columns make a placement with candidates.
INSERT INTO cdp.content_type (name) VALUES ('banner'), ('article');
INSERT INTO cdp.placement (name, content_type) VALUES ('home', 'banner');
INSERT INTO cdp.placement (name, content_type, strategy, max_results) VALUES ('news', 'article', 'latest', 2);
INSERT INTO cdp.creative (name, content_type, content)
    VALUES ('red', 'banner', '{"text": "Red"}'), ('green', 'banner', '{"text": "Green"}'), ('blue', 'banner', '{"text": "Blue"}');
INSERT INTO cdp.creative (name, content_type, created_at)
    SELECT 'article ' || day, 'article', timestamptz '2024-01-01 00:00Z' + day * interval '1 day' FROM generate_series(1, 4) day;

-- Mistakes are refused with the rule that they break.
INSERT INTO cdp.placement (name, content_type, strategy) VALUES ('x', 'banner', 'best');
INSERT INTO cdp.placement (name, content_type, max_results) VALUES ('x', 'banner', 0);
INSERT INTO cdp.placement (name, content_type, click_event) VALUES ('x', 'banner', 'impression');
INSERT INTO cdp.placement (name, content_type, attribution_window) VALUES ('x', 'banner', '1 month');
INSERT INTO cdp.placement (name, content_type) VALUES ('x', 'film');
INSERT INTO cdp.campaign (name, starts_at, ends_at) VALUES ('x', '2024-02-01', '2024-01-01');
INSERT INTO cdp.ad_group (name, campaign) VALUES ('x', 'none');
INSERT INTO cdp.creative (name, content_type, content) VALUES ('', 'banner', '{}');

-- Calls that cannot be answered.
\set VERBOSITY default
SELECT * FROM cdp_rank('nowhere', 'u1');
\set SHOW_CONTEXT never
SELECT * FROM cdp_rank(NULL, 'u1');
SELECT * FROM cdp_rank('home', 'u1', max_results => 0);
SELECT * FROM cdp_rank('home', 'u1', '[]');
SELECT * FROM cdp_rank_explain('nowhere', 'u1');
\set VERBOSITY terse

-- Latest: the newest first.
SELECT position, creative, score, propensity FROM cdp_rank('news', 'u1');
SELECT position, creative FROM cdp_rank('news', 'u1', max_results => 10);
SELECT creative, reason, propensity FROM cdp_rank_explain('news', 'u1');

-- Random: each as often, with its propensity.
INSERT INTO cdp.placement (name, content_type, strategy) VALUES ('dice', 'banner', 'random');
SET cdp.seed = 42;
SELECT creative, count(*) BETWEEN 250 AND 350 AS is_a_third, min(propensity) = 1.0 / 3 AS has_propensity
    FROM generate_series(1, 900) n, cdp_rank('dice', 'u' || n) GROUP BY creative ORDER BY creative;
SELECT position, round(propensity::numeric, 6) FROM cdp_rank('dice', 'u1', max_results => 5);

-- Bandit: nothing is known, so everything is as likely.
SELECT creative, is_eligible, reason, detail, impressions, clicks, score, round(propensity::numeric, 6) AS propensity
    FROM cdp_rank_explain('home', 'u1');
SELECT content, round(propensity::numeric, 6), decision_id IS NOT NULL AS is_logged FROM cdp_rank('home', 'u1', max_results => 3)
    ORDER BY content::text;

-- A seed makes the answers of a connection repeatable; without one they vary.
SET cdp.seed = 7;
SELECT array_agg(creative ORDER BY n) AS first FROM generate_series(1, 30) n, cdp_rank('home', 'u' || n) \gset
SET cdp.seed = 7;
SELECT array_agg(creative ORDER BY n) = :'first'::text[] AS is_same FROM generate_series(1, 30) n, cdp_rank('home', 'u' || n);
SET cdp.seed = 0;
SELECT array_agg(creative ORDER BY n) = :'first'::text[] AS is_same FROM generate_series(1, 30) n, cdp_rank('home', 'u' || n);

-- Switches and schedules, seen at once by the connection that sets them.
INSERT INTO cdp.campaign (name) VALUES ('spring');
INSERT INTO cdp.ad_group (name, campaign) VALUES ('spring fans', 'spring');
UPDATE cdp.creative SET ad_group = 'spring fans' WHERE name IN ('red', 'green');
UPDATE cdp.campaign SET enabled = false;
SELECT creative, reason, round(propensity::numeric, 6) AS propensity FROM cdp_rank_explain('home', 'u1');
SELECT creative, propensity FROM cdp_rank('home', 'u1', max_results => 3);
UPDATE cdp.campaign SET enabled = true, ends_at = '2024-06-01 00:00Z';
UPDATE cdp.creative SET starts_at = '2124-06-01 00:00Z' WHERE name = 'blue';
SELECT creative, reason, detail FROM cdp_rank_explain('home', 'u1');
SELECT count(*) FROM cdp_rank('home', 'u1');
BEGIN;
UPDATE cdp.campaign SET ends_at = NULL;
SELECT creative, reason FROM cdp_rank_explain('home', 'u1');
SAVEPOINT s;
UPDATE cdp.ad_group SET enabled = false;
SELECT creative, reason FROM cdp_rank_explain('home', 'u1');
ROLLBACK TO s;
SELECT creative, reason FROM cdp_rank_explain('home', 'u1');
ROLLBACK;
SELECT creative, reason FROM cdp_rank_explain('home', 'u1');
UPDATE cdp.campaign SET ends_at = NULL;
UPDATE cdp.creative SET starts_at = NULL;
UPDATE cdp.placement SET enabled = false WHERE name = 'home';
SELECT count(*) FROM cdp_rank('home', 'u1');
SELECT DISTINCT reason FROM cdp_rank_explain('home', 'u1');
UPDATE cdp.placement SET enabled = true WHERE name = 'home';

-- Audiences: any of the included segments, none of the excluded.
INSERT INTO cdp.segment (name, rule) VALUES ('decision_fans', 'fan = true'), ('decision_staff', 'staff = true');
INSERT INTO cdp.ad_group_segment (ad_group, segment) VALUES ('spring fans', 'decision_fans');
INSERT INTO cdp.ad_group_segment (ad_group, segment, is_excluded) VALUES ('spring fans', 'decision_staff', true);
SELECT cdp_identify('decision-fan', '{"fan": true}');
SELECT cdp_identify('decision-boss', '{"fan": true, "staff": true}');
SELECT cdp_identify('decision-other', '{"fan": false}');
SELECT cdp_process() > 0 AS is_processed;
SELECT u, creative, reason, detail
    FROM unnest('{decision-fan,decision-boss,decision-other,decision-unknown}'::text[]) WITH ORDINALITY AS users(u, n), cdp_rank_explain('home', u)
    WHERE creative <> 'green' ORDER BY n, creative;
SELECT DISTINCT creative FROM generate_series(1, 20) n, cdp_rank('home', 'decision-unknown-' || n);
SELECT creative, propensity FROM cdp_rank('home', NULL);
DELETE FROM cdp.segment WHERE name = 'decision_fans';
UPDATE cdp.segment SET name = 'decision_lovers' WHERE name = 'decision_fans';
SELECT DISTINCT detail FROM cdp_rank_explain('home', 'decision-other') WHERE reason = 'not_in_included_segment';

-- Feedback: events name the decision, or the creative and its placement, or the creative alone.
SELECT decision_id AS d, creative AS c FROM cdp_rank('home', 'decision-fan', max_results => 3) WHERE creative = 'red' \gset
SELECT user_id, user_no IS NOT NULL AS is_known, placement, creative, strategy FROM cdp.decision WHERE decision_id = :d;
SELECT cdp_track('decision-fan', 'impression', jsonb_build_object('decision_id', :d), '2024-05-01 10:00Z');
SELECT cdp_track('decision-fan', 'click', jsonb_build_object('decision_id', :d), '2024-05-01 10:01Z');
SELECT cdp_track('decision-fan', 'click', jsonb_build_object('decision_id', :d), '2024-05-01 10:02Z');
SELECT cdp_track('decision-fan', 'impression', '{"creative": "green", "placement": "home"}', '2024-05-01 10:00Z');
SELECT cdp_track('decision-boss', 'click', '{"creative": "green", "placement": "home"}', '2024-05-01 10:01Z');
SELECT cdp_track('decision-boss', 'impression', '{"creative": "blue", "placement": "dice"}', '2024-05-01 10:00Z');
SELECT cdp_track('decision-boss', 'click', '{"creative": "blue", "placement": "dice"}', '2024-05-02 10:00:01Z');
SELECT cdp_track('decision-fan', 'impression', '{"creative": "article 1"}', '2024-05-01 10:00Z');
SELECT cdp_track('decision-fan', 'click', '{"creative": "article 1"}', '2024-05-02 10:00Z');
SELECT cdp_track('decision-boss', 'impression', properties, '2024-05-01 10:00Z')
    FROM unnest('{"{\"decision_id\": -1}","{\"decision_id\": \"x\"}","{\"creative\": 5}","{\"creative\": \"none\"}",
                  "{\"creative\": \"red\", \"placement\": \"news\"}","{}"}'::jsonb[]) properties;
SELECT cdp_process() > 0 AS is_processed;
SELECT placement, creative, impressions, clicks, click_rate FROM cdp.creative_statistics
    WHERE impressions > 0 ORDER BY placement, creative;
SELECT creative, impressions, clicks, round(score::numeric, 6) AS score, round(propensity::numeric, 6) AS propensity
    FROM cdp_rank_explain('home', 'decision-fan');

-- The creative alone, in one of two placements: that of the user's latest decision for it.
SELECT count(*) FROM cdp_rank('dice', 'decision-fan', max_results => 3);
SELECT cdp_track('decision-fan', 'impression', '{"creative": "green"}');
SELECT cdp_track('decision-boss', 'impression', '{"creative": "green"}');
SELECT cdp_process() > 0 AS is_processed;
SELECT placement, impressions, clicks FROM cdp.creative_statistics WHERE creative = 'green' ORDER BY placement;

-- One of the candidates is first.
SELECT round(sum(propensity)::numeric, 6) AS total FROM cdp_rank_explain('home', 'decision-fan');

-- Renaming keeps what was learned; deleting what is shown takes its counts along.
UPDATE cdp.creative SET name = 'crimson' WHERE name = 'red';
SELECT creative, impressions, clicks FROM cdp_rank_explain('home', 'decision-fan');
DELETE FROM cdp.creative WHERE name = 'crimson';
SELECT creative, impressions, clicks FROM cdp_rank_explain('home', 'decision-fan');

-- What is not logged has no decision_id.
SET cdp.log_decisions = off;
SELECT decision_id FROM cdp_rank('news', 'u1', max_results => 1);
RESET cdp.log_decisions;
BEGIN READ ONLY;
SELECT decision_id FROM cdp_rank('news', 'u1', max_results => 1);
COMMIT;
SELECT decision_id AS d FROM cdp_rank('news', 'u1', '{"page": "start"}', 1) \gset
SELECT context, position, propensity FROM cdp.decision WHERE decision_id = :d;

-- A transaction of nothing but decisions commits without waiting for the disk; after any other write it waits.
SET synchronous_commit = on;
CREATE TABLE decision_other_write (n integer);
DO $$
DECLARE
    written pg_lsn;
    waited integer[] := '{0,0,0}';
BEGIN
    FOR kind IN 1..3 LOOP
        FOR attempt IN 1..50 LOOP
            IF kind = 2 THEN INSERT INTO decision_other_write VALUES (attempt); END IF;
            PERFORM cdp_rank('news', 'u1');
            IF kind = 3 THEN INSERT INTO decision_other_write VALUES (attempt); END IF;
            written := pg_current_wal_insert_lsn();
            COMMIT;
            IF pg_current_wal_flush_lsn() >= written THEN waited[kind] := waited[kind] + 1; END IF;
        END LOOP;
    END LOOP;
    RAISE NOTICE 'decisions alone always waited: %, after a write: %, before a write: %',
        waited[1] = 50, waited[2] = 50, waited[3] = 50;
END $$;
DROP TABLE decision_other_write;
SHOW synchronous_commit;
RESET synchronous_commit;

DELETE FROM cdp.ad_group_segment;
DELETE FROM cdp.creative;
DELETE FROM cdp.ad_group;
DELETE FROM cdp.campaign;
DELETE FROM cdp.placement;
DELETE FROM cdp.content_type;
DELETE FROM cdp.decision;
DELETE FROM cdp.impression;
DELETE FROM cdp.segment WHERE name LIKE 'decision%';
SELECT count(*) FROM cdp.creative_count;
