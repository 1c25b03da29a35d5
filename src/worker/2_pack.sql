CREATE FUNCTION cdp_pack(max_events integer DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_pack(integer) IS
    'Pack recent events into cdp.timeline now, in this transaction, as the worker does every cdp.pack_interval: all of them, or, from max_events on, no further user''s (the next call goes on). How many were packed; fewer than there are while a transaction that began before the last packing ended is still open.';
REVOKE ALL ON FUNCTION cdp_pack(integer) FROM PUBLIC;
