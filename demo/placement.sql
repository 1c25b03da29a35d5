-- A placement with three banners, one of them only for the members of a segment. Then, in a transaction that is
-- rolled back so that the events stay as they were, 300 visitors each see the two others, and 1 in 20 clicks on the
-- first, 1 in 5 on the second.
INSERT INTO cdp.content_type (name) VALUES ('banner') ON CONFLICT DO NOTHING;
INSERT INTO cdp.placement (name, content_type, strategy) VALUES ('home_banner', 'banner', 'bandit') ON CONFLICT DO NOTHING;
INSERT INTO cdp.campaign (name) VALUES ('spring') ON CONFLICT DO NOTHING;
INSERT INTO cdp.ad_group (name, campaign) VALUES ('for_everyone', 'spring'), ('for_members', 'spring') ON CONFLICT DO NOTHING;
INSERT INTO cdp.ad_group_segment (ad_group, segment) VALUES ('for_members', :'segment') ON CONFLICT DO NOTHING;
INSERT INTO cdp.creative (name, content_type, ad_group, content) VALUES
    ('new_arrivals', 'banner', 'for_everyone', '{"text": "Just in"}'),
    ('bestsellers', 'banner', 'for_everyone', '{"text": "What others like"}'),
    ('members_preview', 'banner', 'for_members', '{"text": "You see it first"}') ON CONFLICT DO NOTHING;

BEGIN;
CREATE TEMPORARY TABLE visitor ON COMMIT DROP AS
    (SELECT user_id, 'in ' || :'segment' AS kind FROM cdp.profile
     WHERE user_id IS NOT NULL AND cdp_in_segment(user_id, :'segment') ORDER BY user_no LIMIT 1)
    UNION ALL
    (SELECT user_id, 'not in ' || :'segment' FROM cdp.profile
     WHERE user_id IS NOT NULL AND NOT cdp_in_segment(user_id, :'segment') ORDER BY user_no LIMIT 1);
CREATE TEMPORARY TABLE ranked ON COMMIT DROP AS
    SELECT false AS is_after, user_id, kind, e.* FROM visitor, cdp_rank_explain('home_banner', user_id) AS e;

WITH seen AS (
    SELECT user_id, row_number() OVER (ORDER BY user_no) AS number
    FROM cdp.profile WHERE user_id IS NOT NULL ORDER BY user_no LIMIT 300
), feedback AS (
    SELECT user_id, 'impression' AS event, creative, now() - interval '10 minutes' AS ts
    FROM seen, unnest(ARRAY['new_arrivals', 'bestsellers']) AS creative
    UNION ALL
    SELECT user_id, 'click', 'new_arrivals', now() - interval '9 minutes' FROM seen WHERE number % 20 = 0
    UNION ALL
    SELECT user_id, 'click', 'bestsellers', now() - interval '9 minutes' FROM seen WHERE number % 5 = 0
)
SELECT count(cdp_track(user_id, event, jsonb_build_object('placement', 'home_banner', 'creative', creative), ts)) AS queued
FROM feedback \gset
SELECT cdp_process() AS processed \gset
INSERT INTO ranked
    SELECT true AS is_after, user_id, kind, e.* FROM visitor, cdp_rank_explain('home_banner', user_id) AS e;

SELECT b.kind AS "user", b.user_id, creative AS banner,
       CASE WHEN b.is_eligible THEN to_char(100 * b.propensity, 'FM990.0 %') ELSE b.reason END AS before,
       a.impressions, a.clicks,
       CASE WHEN a.is_eligible THEN to_char(100 * a.propensity, 'FM990.0 %') ELSE a.reason END AS after
FROM ranked AS b JOIN ranked AS a USING (user_id, creative)
WHERE a.is_after AND NOT b.is_after
ORDER BY b.kind, creative;
\echo 'What the application asks: SELECT … FROM cdp_rank(''home_banner'', user)'
SELECT visitor.user_id AS "user", r.position, r.creative, r.content, round(r.propensity::numeric, 3) AS propensity
FROM visitor, cdp_rank('home_banner', user_id, max_results => 3) AS r
ORDER BY visitor.kind, r.position;
ROLLBACK;
