CREATE FUNCTION cdp_pack() RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_pack() IS
    'Pack all recent events into cdp.timeline now, in this transaction, as the worker does every cdp.pack_interval. How many were packed; fewer than there are while a transaction that began before the last packing ended is still open.';
REVOKE ALL ON FUNCTION cdp_pack() FROM PUBLIC;
