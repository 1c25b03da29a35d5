CREATE FUNCTION cdp_process(max_messages integer DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_process(integer) IS
    'Do the worker''s work now, in this transaction: take messages from the inbox (at most max_messages; null: all), with every effect of theirs, and apply what time changed. How many messages were taken, dead letters included.';
REVOKE ALL ON FUNCTION cdp_process(integer) FROM PUBLIC;
