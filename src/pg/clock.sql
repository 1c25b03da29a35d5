CREATE FUNCTION cdp_now() RETURNS timestamptz
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION cdp_now() IS
    'The present instant as cdp takes it: the start of the transaction, or the setting cdp.now where that is set.';
