-- Every connection keeps configuration and counts in memory; these triggers tell it of changes at commit.

CREATE FUNCTION cdp_decision_changed() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_decision_changed() IS
    'Trigger: makes every connection read the table anew for its next cdp_rank, once the change is committed.';
REVOKE ALL ON FUNCTION cdp_decision_changed() FROM PUBLIC;

CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cdp.placement
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_decision_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cdp.campaign
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_decision_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cdp.ad_group
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_decision_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cdp.ad_group_segment
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_decision_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cdp.creative
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_decision_changed();
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cdp.creative_count
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_decision_changed();

CREATE FUNCTION cdp_rank(placement text, user_id text, context jsonb DEFAULT '{}', max_results integer DEFAULT NULL)
    RETURNS TABLE ("position" integer, creative text, content jsonb, score double precision,
                   propensity double precision, decision_id bigint)
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION cdp_rank(text, text, jsonb, integer) IS
    'What to show to the user in the placement: its eligible creatives in order, best first, each with the probability that it stands there, and logged in cdp.decision. At most max_results rows (null: the placement''s). No rows if nothing is eligible or the placement is disabled; an unknown user is one in no segments; error 42704 for an unknown placement.';

CREATE FUNCTION cdp_rank_explain(placement text, user_id text, context jsonb DEFAULT '{}')
    RETURNS TABLE (creative text, is_eligible boolean, reason text, detail text, impressions bigint, clicks bigint,
                   score double precision, propensity double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20;
COMMENT ON FUNCTION cdp_rank_explain(text, text, jsonb) IS
    'Every candidate of the placement: whether the user may see it now, else the first rule that keeps it out; if so its expected score and the probability that it is shown first. Draws nothing and logs nothing. Error 42704 for an unknown placement.';
