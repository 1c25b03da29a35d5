CREATE FUNCTION cdp_forget(user_id text) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_forget(text) IS
    'Erase a person (by user id, or else anonymous id): profile, ids, events, sessions, memberships and their history, decisions. False if there is none. Messages that wait are not touched, and make a new person when they are taken. Error 55000 in a transaction of level repeatable read or serializable.';
REVOKE ALL ON FUNCTION cdp_forget(text) FROM PUBLIC;
