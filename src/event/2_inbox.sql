CREATE TABLE cdp.inbox_cursor (
    is_single   boolean PRIMARY KEY DEFAULT true CHECK (is_single),
    home        integer NOT NULL,
    write_chunk smallint NOT NULL,
    done        text NOT NULL,
    target      text,
    read_chunk  smallint,
    read_tid    text,
    clock       timestamptz NOT NULL,
    held        text NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE cdp.inbox_cursor IS 'How far the inbox is read: one row, changed in the transaction of each batch';
COMMENT ON COLUMN cdp.inbox_cursor.is_single IS 'Keeps this table at one row';
COMMENT ON COLUMN cdp.inbox_cursor.home IS 'Random number of this installation; rows restored from another one bear another';
COMMENT ON COLUMN cdp.inbox_cursor.write_chunk IS 'Which chunk takes new messages';
COMMENT ON COLUMN cdp.inbox_cursor.done IS 'Snapshot: messages of the transactions it sees are processed';
COMMENT ON COLUMN cdp.inbox_cursor.target IS 'Snapshot of the round under way, null between rounds';
COMMENT ON COLUMN cdp.inbox_cursor.read_chunk IS 'Chunk that the round has reached';
COMMENT ON COLUMN cdp.inbox_cursor.read_tid IS 'Row of that chunk up to which the round has read';
COMMENT ON COLUMN cdp.inbox_cursor.held IS 'Rows among those read that wait, since others were queued before them: text of a tid[]';
COMMENT ON COLUMN cdp.inbox_cursor.clock IS 'The instant of the last batch; never goes back';
INSERT INTO cdp.inbox_cursor (home, write_chunk, done, clock)
    VALUES ((pg_catalog.random() * 2147483646)::integer, 0, '1:1:', '-infinity');
GRANT SELECT ON cdp.inbox_cursor TO PUBLIC;

CREATE FUNCTION cdp_inbox_chunk() RETURNS smallint
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_inbox_chunk() IS
    'Chunk of cdp.inbox that takes new messages; wakes the worker when this transaction commits.';

CREATE FUNCTION cdp_inbox_home() RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_inbox_home() IS 'Number of this installation, as rows of cdp.inbox bear it.';

CREATE SEQUENCE cdp.inbox_no;
COMMENT ON SEQUENCE cdp.inbox_no IS 'Blocks of 64 numbers for cdp.inbox.queue_no';
SELECT pg_catalog.pg_extension_config_dump('cdp.inbox_no', '');

CREATE FUNCTION cdp_inbox_no() RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_inbox_no() IS 'The next number in the order of queueing, for cdp.inbox.queue_no.';

CREATE TABLE cdp.inbox (
    source      text NOT NULL DEFAULT 'segment',
    payload     text,
    received_at timestamptz NOT NULL DEFAULT @extschema@.cdp_now(),
    xid         xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    home        integer NOT NULL DEFAULT @extschema@.cdp_inbox_home(),
    chunk       smallint NOT NULL DEFAULT @extschema@.cdp_inbox_chunk(),
    queue_no    bigint NOT NULL DEFAULT @extschema@.cdp_inbox_no()
) PARTITION BY LIST (chunk);
COMMENT ON TABLE cdp.inbox IS 'Messages waiting to be processed. COPY cdp.inbox (source, payload) FROM …; leave the other columns to their defaults';
COMMENT ON COLUMN cdp.inbox.source IS 'cdp.source.name: says how to read the payload; segment by default';
COMMENT ON COLUMN cdp.inbox.payload IS 'One JSON message, an array of them, or {"batch": [...]}; as text, so that a broken one becomes a dead letter';
COMMENT ON COLUMN cdp.inbox.received_at IS 'When it was queued';
COMMENT ON COLUMN cdp.inbox.xid IS 'The transaction that queued it';
COMMENT ON COLUMN cdp.inbox.home IS 'The installation that queued it';
COMMENT ON COLUMN cdp.inbox.chunk IS 'Which of the chunks in rotation holds it';
COMMENT ON COLUMN cdp.inbox.queue_no IS 'In which order it was queued';

CREATE TABLE cdp.inbox_0 PARTITION OF cdp.inbox FOR VALUES IN (0);
CREATE TABLE cdp.inbox_1 PARTITION OF cdp.inbox FOR VALUES IN (1);
CREATE TABLE cdp.inbox_2 PARTITION OF cdp.inbox FOR VALUES IN (2);
COMMENT ON TABLE cdp.inbox_0 IS 'A chunk of cdp.inbox, emptied when all of it is processed';
COMMENT ON TABLE cdp.inbox_1 IS 'A chunk of cdp.inbox, emptied when all of it is processed';
COMMENT ON TABLE cdp.inbox_2 IS 'A chunk of cdp.inbox, emptied when all of it is processed';
SELECT pg_catalog.pg_extension_config_dump('cdp.inbox_0',
    'WHERE NOT pg_catalog.pg_visible_in_snapshot(xid, (SELECT done::pg_catalog.pg_snapshot FROM cdp.inbox_cursor))');
SELECT pg_catalog.pg_extension_config_dump('cdp.inbox_1',
    'WHERE NOT pg_catalog.pg_visible_in_snapshot(xid, (SELECT done::pg_catalog.pg_snapshot FROM cdp.inbox_cursor))');
SELECT pg_catalog.pg_extension_config_dump('cdp.inbox_2',
    'WHERE NOT pg_catalog.pg_visible_in_snapshot(xid, (SELECT done::pg_catalog.pg_snapshot FROM cdp.inbox_cursor))');

CREATE FUNCTION cdp_track(user_id text, event text, properties jsonb DEFAULT '{}',
                          ts timestamptz DEFAULT @extschema@.cdp_now(), insert_id text DEFAULT NULL,
                          anonymous_id text DEFAULT NULL, context jsonb DEFAULT '{}') RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_track(text, text, jsonb, timestamptz, text, text, jsonb) IS
    'Queue one event of a user (or, with user_id null, of an anonymous id). Events of one insert_id are taken once. Error 22023 without any id or event name. Needs INSERT on cdp.inbox.';

CREATE FUNCTION cdp_identify(user_id text, traits jsonb DEFAULT '{}', anonymous_id text DEFAULT NULL,
                             ts timestamptz DEFAULT @extschema@.cdp_now()) RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_identify(text, jsonb, text, timestamptz) IS
    'Queue traits of a user; a trait set to null is removed, an older ts never overwrites a newer one. An anonymous_id is tied to the user: what it did becomes the user''s. Needs INSERT on cdp.inbox.';

CREATE FUNCTION cdp_alias(previous_id text, user_id text) RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_alias(text, text) IS
    'Queue the merge of two ids: what previous_id did becomes user_id''s. Needs INSERT on cdp.inbox.';

CREATE FUNCTION cdp_ingest(payload jsonb, source text DEFAULT 'segment') RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_ingest(jsonb, text) IS
    'Queue one message, an array of them or {"batch": [...]}, in the JSON of a source; how many were queued. Error 42704 for an unknown source. Needs INSERT on cdp.inbox and SELECT on cdp.source.';

CREATE FUNCTION cdp_retry_dead_letters(code text DEFAULT NULL, since timestamptz DEFAULT '-infinity') RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC
        WITH taken AS (
            DELETE FROM cdp.dead_letter AS d
            WHERE (cdp_retry_dead_letters.code IS NULL OR d.code = cdp_retry_dead_letters.code)
              AND d.at >= cdp_retry_dead_letters.since
            RETURNING d.dead_letter_no, d.source, d.payload,
                      CASE WHEN d.code = 'future_time' THEN @extschema@.cdp_now() ELSE d.received_at END AS received_at
        ), queued AS (
            INSERT INTO cdp.inbox (source, payload, received_at)
            SELECT taken.source, taken.payload, taken.received_at FROM taken ORDER BY taken.dead_letter_no
            RETURNING 1
        )
        SELECT count(*) FROM queued;
    END;
COMMENT ON FUNCTION cdp_retry_dead_letters(text, timestamptz) IS
    'Put dead letters of a code (null: of every code) refused since an instant back into the inbox; how many. They keep when they were received, but for future_time, which is about nothing else.';
REVOKE ALL ON FUNCTION cdp_retry_dead_letters(text, timestamptz) FROM PUBLIC;
