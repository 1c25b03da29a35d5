-- A placement with three banners, one of them only for the members of a segment; then 300 visitors each see the
-- two others and 1 in 20 clicks on the first, 1 in 5 on the second. Kept in demo.ranked: the chances of each
-- banner for a member and for another user, before and after.
INSERT INTO cdp.content_type (name) VALUES ('banner');
INSERT INTO cdp.placement (name, content_type, strategy) VALUES ('home_banner', 'banner', 'bandit');
INSERT INTO cdp.campaign (name) VALUES ('spring');
INSERT INTO cdp.ad_group (name, campaign) VALUES ('for_everyone', 'spring'), ('for_members', 'spring');
INSERT INTO cdp.ad_group_segment (ad_group, segment) VALUES ('for_members', :'segment');
INSERT INTO cdp.creative (name, content_type, ad_group, content) VALUES
    ('new_arrivals', 'banner', 'for_everyone', '{"text": "Just in"}'),
    ('bestsellers', 'banner', 'for_everyone', '{"text": "What others like"}'),
    ('members_preview', 'banner', 'for_members', '{"text": "You see it first"}');

CREATE TABLE demo.visitor AS
    (SELECT user_id, 'in ' || :'segment' AS kind FROM cdp.profile
     WHERE user_id IS NOT NULL AND cdp_in_segment(user_id, :'segment') ORDER BY user_no LIMIT 1)
    UNION ALL
    (SELECT user_id, 'not in ' || :'segment' FROM cdp.profile
     WHERE user_id IS NOT NULL AND NOT cdp_in_segment(user_id, :'segment') ORDER BY user_no LIMIT 1);
CREATE TABLE demo.ranked AS
    SELECT false AS is_after, user_id, kind, e.* FROM demo.visitor, cdp_rank_explain('home_banner', user_id) AS e;

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
INSERT INTO demo.ranked
    SELECT true AS is_after, user_id, kind, e.* FROM demo.visitor, cdp_rank_explain('home_banner', user_id) AS e;
