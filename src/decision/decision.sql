-- What may be shown where: plain rows that any tool can write.

CREATE TABLE cdp.content_type (
    name text PRIMARY KEY CONSTRAINT content_type_name_is_not_empty CHECK (name <> ''),
    description text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT @extschema@.cdp_now()
);
COMMENT ON TABLE cdp.content_type IS 'Kinds of content, for example banner or article: a placement shows the creatives of one content type.';
COMMENT ON COLUMN cdp.content_type.name IS 'The name that placements and creatives refer to.';
COMMENT ON COLUMN cdp.content_type.description IS 'For people.';
COMMENT ON COLUMN cdp.content_type.created_at IS 'When the row was made.';

CREATE TABLE cdp.placement (
    name text PRIMARY KEY CONSTRAINT placement_name_is_not_empty CHECK (name <> ''),
    content_type text NOT NULL REFERENCES cdp.content_type ON UPDATE CASCADE,
    description text NOT NULL DEFAULT '',
    strategy text NOT NULL DEFAULT 'bandit'
        CONSTRAINT placement_strategy_is_random_latest_or_bandit CHECK (strategy IN ('random', 'latest', 'bandit')),
    max_results integer NOT NULL DEFAULT 1
        CONSTRAINT placement_max_results_is_from_1_to_1000 CHECK (max_results BETWEEN 1 AND 1000),
    enabled boolean NOT NULL DEFAULT true,
    impression_event text NOT NULL DEFAULT 'impression'
        CONSTRAINT placement_impression_event_is_not_empty CHECK (impression_event <> ''),
    click_event text NOT NULL DEFAULT 'click'
        CONSTRAINT placement_click_event_is_not_empty CHECK (click_event <> ''),
    attribution_window interval NOT NULL DEFAULT interval '1 day'
        CONSTRAINT placement_attribution_window_is_positive_and_without_months
            CHECK (attribution_window > interval '0'
                AND extract(year FROM attribution_window) = 0 AND extract(month FROM attribution_window) = 0),
    created_at timestamptz NOT NULL DEFAULT @extschema@.cdp_now(),
    CONSTRAINT placement_impression_event_and_click_event_differ CHECK (impression_event <> click_event)
);
COMMENT ON TABLE cdp.placement IS 'Places in an application that show something: cdp_rank(name, user_id) answers what.';
COMMENT ON COLUMN cdp.placement.name IS 'The name that the application asks by.';
COMMENT ON COLUMN cdp.placement.content_type IS 'Creatives of this content type are the candidates.';
COMMENT ON COLUMN cdp.placement.description IS 'For people.';
COMMENT ON COLUMN cdp.placement.strategy IS 'How candidates are ordered: random; latest, the newest creative first; bandit, by Thompson sampling of the click rates seen in this placement.';
COMMENT ON COLUMN cdp.placement.max_results IS 'How many creatives an answer has at most, where the call does not say.';
COMMENT ON COLUMN cdp.placement.enabled IS 'A placement that is not enabled shows nothing.';
COMMENT ON COLUMN cdp.placement.impression_event IS 'The event that says a creative was seen.';
COMMENT ON COLUMN cdp.placement.click_event IS 'The event that says a creative was clicked.';
COMMENT ON COLUMN cdp.placement.attribution_window IS 'A click counts for the last impression of that user and creative if it comes within this time; days have 24 hours.';
COMMENT ON COLUMN cdp.placement.created_at IS 'When the row was made.';

CREATE TABLE cdp.campaign (
    name text PRIMARY KEY CONSTRAINT campaign_name_is_not_empty CHECK (name <> ''),
    description text NOT NULL DEFAULT '',
    enabled boolean NOT NULL DEFAULT true,
    starts_at timestamptz,
    ends_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT @extschema@.cdp_now(),
    CONSTRAINT campaign_starts_before_it_ends CHECK (starts_at < ends_at)
);
COMMENT ON TABLE cdp.campaign IS 'Groups of ad groups that are switched and scheduled together.';
COMMENT ON COLUMN cdp.campaign.name IS 'The name that ad groups refer to.';
COMMENT ON COLUMN cdp.campaign.description IS 'For people.';
COMMENT ON COLUMN cdp.campaign.enabled IS 'Nothing of a campaign that is not enabled is shown.';
COMMENT ON COLUMN cdp.campaign.starts_at IS 'First instant at which it may be shown; null: always was.';
COMMENT ON COLUMN cdp.campaign.ends_at IS 'First instant at which it may no longer be shown; null: never.';
COMMENT ON COLUMN cdp.campaign.created_at IS 'When the row was made.';

CREATE TABLE cdp.ad_group (
    name text PRIMARY KEY CONSTRAINT ad_group_name_is_not_empty CHECK (name <> ''),
    campaign text NOT NULL REFERENCES cdp.campaign ON UPDATE CASCADE,
    description text NOT NULL DEFAULT '',
    enabled boolean NOT NULL DEFAULT true,
    starts_at timestamptz,
    ends_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT @extschema@.cdp_now(),
    CONSTRAINT ad_group_starts_before_it_ends CHECK (starts_at < ends_at)
);
CREATE INDEX ad_group_campaign ON cdp.ad_group (campaign);
COMMENT ON TABLE cdp.ad_group IS 'Creatives of a campaign with one audience: see cdp.ad_group_segment.';
COMMENT ON COLUMN cdp.ad_group.name IS 'The name that creatives refer to.';
COMMENT ON COLUMN cdp.ad_group.campaign IS 'The campaign it belongs to.';
COMMENT ON COLUMN cdp.ad_group.description IS 'For people.';
COMMENT ON COLUMN cdp.ad_group.enabled IS 'Nothing of an ad group that is not enabled is shown.';
COMMENT ON COLUMN cdp.ad_group.starts_at IS 'First instant at which it may be shown; null: always was.';
COMMENT ON COLUMN cdp.ad_group.ends_at IS 'First instant at which it may no longer be shown; null: never.';
COMMENT ON COLUMN cdp.ad_group.created_at IS 'When the row was made.';

CREATE TABLE cdp.ad_group_segment (
    ad_group text NOT NULL REFERENCES cdp.ad_group ON UPDATE CASCADE ON DELETE CASCADE,
    segment text NOT NULL REFERENCES cdp.segment (name) ON UPDATE CASCADE,
    is_excluded boolean NOT NULL DEFAULT false,
    PRIMARY KEY (ad_group, segment)
);
CREATE INDEX ad_group_segment_segment ON cdp.ad_group_segment (segment);
COMMENT ON TABLE cdp.ad_group_segment IS 'The audience of an ad group: members of any of its included segments (everyone if it includes none) who are in none of its excluded segments. A segment that is named here cannot be deleted.';
COMMENT ON COLUMN cdp.ad_group_segment.ad_group IS 'Whose audience.';
COMMENT ON COLUMN cdp.ad_group_segment.segment IS 'The segment, by its name in cdp.segment.';
COMMENT ON COLUMN cdp.ad_group_segment.is_excluded IS 'True keeps the segment''s members out, false lets them in.';

CREATE TABLE cdp.creative (
    name text PRIMARY KEY CONSTRAINT creative_name_is_not_empty CHECK (name <> ''),
    content_type text NOT NULL REFERENCES cdp.content_type ON UPDATE CASCADE,
    ad_group text REFERENCES cdp.ad_group ON UPDATE CASCADE,
    content jsonb NOT NULL DEFAULT '{}',
    description text NOT NULL DEFAULT '',
    enabled boolean NOT NULL DEFAULT true,
    starts_at timestamptz,
    ends_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT @extschema@.cdp_now(),
    CONSTRAINT creative_starts_before_it_ends CHECK (starts_at < ends_at)
);
CREATE INDEX creative_content_type ON cdp.creative (content_type);
CREATE INDEX creative_ad_group ON cdp.creative (ad_group);
COMMENT ON TABLE cdp.creative IS 'What is shown: the content of one candidate.';
COMMENT ON COLUMN cdp.creative.name IS 'The name that answers and events carry.';
COMMENT ON COLUMN cdp.creative.content_type IS 'Placements of this content type may show it.';
COMMENT ON COLUMN cdp.creative.ad_group IS 'Gives campaign and audience; null: no campaign, for everyone.';
COMMENT ON COLUMN cdp.creative.content IS 'Whatever the application needs to show it: texts, addresses of pictures, links.';
COMMENT ON COLUMN cdp.creative.description IS 'For people.';
COMMENT ON COLUMN cdp.creative.enabled IS 'A creative that is not enabled is not shown.';
COMMENT ON COLUMN cdp.creative.starts_at IS 'First instant at which it may be shown; null: always was.';
COMMENT ON COLUMN cdp.creative.ends_at IS 'First instant at which it may no longer be shown; null: never.';
COMMENT ON COLUMN cdp.creative.created_at IS 'When the row was made; the strategy latest orders by it.';
