CREATE FUNCTION cdp_funnel_report(steps text[], within interval, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE (step integer, event text, users bigint, conversion double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 5 COST 1000000;
COMMENT ON FUNCTION cdp_funnel_report(text[], interval, timestamptz, timestamptz) IS
    'How many users reached each step of a funnel: events that follow each other, the last at most `within` after the first, anything between. A step is the name of an event or `name where condition`, as in rules. Events since <= ts < until count; conversion is the share of those who reached the first step.';
