-- What was decided, and what came of it.

CREATE SEQUENCE cdp.decision_id AS bigint CACHE 32;
COMMENT ON SEQUENCE cdp.decision_id IS 'Numbers of decisions. Each connection takes 32 at a time: order decisions by decided_at.';

CREATE TABLE cdp.decision (
    decision_id bigint PRIMARY KEY DEFAULT nextval('cdp.decision_id'),
    user_no bigint,
    user_id text,
    placement text NOT NULL,
    creative text NOT NULL,
    position integer NOT NULL,
    strategy text NOT NULL,
    score double precision NOT NULL,
    propensity double precision NOT NULL,
    context jsonb,
    decided_at timestamptz NOT NULL DEFAULT @extschema@.cdp_now()
);
-- No CHECK and no partial index here: the server would read their expressions anew for every row.
ALTER SEQUENCE cdp.decision_id OWNED BY cdp.decision.decision_id;
CREATE INDEX decision_user_creative ON cdp.decision (user_no, creative, decided_at);
COMMENT ON TABLE cdp.decision IS 'The log of what cdp_rank answered, one row a position (setting cdp.log_decisions). Names are kept as they were. Delete old rows as you like once their clicks are in.';
COMMENT ON COLUMN cdp.decision.decision_id IS 'Let the impression and click events carry it as property decision_id.';
COMMENT ON COLUMN cdp.decision.user_no IS 'The user; null for one who was not known yet.';
COMMENT ON COLUMN cdp.decision.user_id IS 'The user id that was asked for.';
COMMENT ON COLUMN cdp.decision.placement IS 'Where it was to be shown.';
COMMENT ON COLUMN cdp.decision.creative IS 'What was to be shown.';
COMMENT ON COLUMN cdp.decision.position IS 'Its place in the answer, from 1.';
COMMENT ON COLUMN cdp.decision.strategy IS 'The strategy that ordered the answer.';
COMMENT ON COLUMN cdp.decision.score IS 'What the strategy ranked it by; for a bandit the drawn click rate.';
COMMENT ON COLUMN cdp.decision.propensity IS 'The probability with which this creative stood here, given those above it and who was eligible: exact, for off-policy evaluation.';
COMMENT ON COLUMN cdp.decision.context IS 'The context of the call; null if it was empty.';
COMMENT ON COLUMN cdp.decision.decided_at IS 'When it was decided.';

CREATE TABLE cdp.impression (
    user_no bigint NOT NULL,
    placement text NOT NULL,
    creative text NOT NULL,
    shown_at timestamptz NOT NULL,
    is_clicked boolean NOT NULL DEFAULT false,
    PRIMARY KEY (user_no, placement, creative)
) WITH (fillfactor = 90);
COMMENT ON TABLE cdp.impression IS 'The last impression of each user, placement and creative: what a click is attributed to.';
COMMENT ON COLUMN cdp.impression.user_no IS 'Who saw it.';
COMMENT ON COLUMN cdp.impression.placement IS 'Where.';
COMMENT ON COLUMN cdp.impression.creative IS 'What.';
COMMENT ON COLUMN cdp.impression.shown_at IS 'Time of the impression event.';
COMMENT ON COLUMN cdp.impression.is_clicked IS 'Has a click been counted for it? A second one does not count.';

CREATE TABLE cdp.creative_count (
    placement text NOT NULL REFERENCES cdp.placement ON UPDATE CASCADE ON DELETE CASCADE,
    creative text NOT NULL REFERENCES cdp.creative ON UPDATE CASCADE ON DELETE CASCADE,
    impressions bigint NOT NULL DEFAULT 0,
    clicks bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT @extschema@.cdp_now(),
    PRIMARY KEY (placement, creative),
    CONSTRAINT creative_count_clicks_are_at_most_impressions CHECK (clicks >= 0 AND clicks <= impressions)
) WITH (fillfactor = 50);
CREATE INDEX creative_count_creative ON cdp.creative_count (creative);
COMMENT ON TABLE cdp.creative_count IS 'Impressions and clicks of each creative in each placement: what a bandit learns from. Deleting a row makes the bandit forget; see view cdp.creative_statistics to read.';
COMMENT ON COLUMN cdp.creative_count.placement IS 'Where it was shown.';
COMMENT ON COLUMN cdp.creative_count.creative IS 'What was shown.';
COMMENT ON COLUMN cdp.creative_count.impressions IS 'How many impression events.';
COMMENT ON COLUMN cdp.creative_count.clicks IS 'How many of the impressions were clicked in time.';
COMMENT ON COLUMN cdp.creative_count.updated_at IS 'When the counts changed last.';

CREATE VIEW cdp.creative_statistics AS
    SELECT p.name AS placement, c.name AS creative,
           coalesce(n.impressions, 0) AS impressions,
           coalesce(n.clicks, 0) AS clicks,
           n.clicks::double precision / nullif(n.impressions, 0) AS click_rate,
           n.updated_at
    FROM cdp.placement p
        JOIN cdp.creative c USING (content_type)
        LEFT JOIN cdp.creative_count n ON n.placement = p.name AND n.creative = c.name;
COMMENT ON VIEW cdp.creative_statistics IS 'Impressions, clicks and click rate of every candidate of every placement, also of those not shown yet.';
COMMENT ON COLUMN cdp.creative_statistics.placement IS 'Where it is shown.';
COMMENT ON COLUMN cdp.creative_statistics.creative IS 'What is shown.';
COMMENT ON COLUMN cdp.creative_statistics.impressions IS 'How many impression events.';
COMMENT ON COLUMN cdp.creative_statistics.clicks IS 'How many of the impressions were clicked in time.';
COMMENT ON COLUMN cdp.creative_statistics.click_rate IS 'Clicks over impressions; null without impressions.';
COMMENT ON COLUMN cdp.creative_statistics.updated_at IS 'When the counts changed last; null if never.';

SELECT pg_catalog.pg_extension_config_dump('cdp.content_type', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.placement', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.campaign', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.ad_group', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.ad_group_segment', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.creative', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.decision', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.decision_id', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.impression', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.creative_count', '');
