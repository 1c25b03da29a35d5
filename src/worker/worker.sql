CREATE TABLE cdp.worker (
    is_single           boolean PRIMARY KEY DEFAULT true CHECK (is_single),
    pid                 integer,
    started_at          timestamptz,
    stopped_at          timestamptz,
    last_batch_at       timestamptz,
    last_batch_messages bigint,
    messages_total      bigint NOT NULL DEFAULT 0,
    errors_total        bigint NOT NULL DEFAULT 0,
    last_error          text,
    last_error_at       timestamptz,
    retry_at            timestamptz
) WITH (fillfactor = 10);
COMMENT ON TABLE cdp.worker IS 'What the background worker of this database last did: one row. Read cdp.worker_status instead. Not dumped';
COMMENT ON COLUMN cdp.worker.is_single IS 'Keeps this table at one row';
COMMENT ON COLUMN cdp.worker.pid IS 'Process id of the worker that started last; it may be gone';
COMMENT ON COLUMN cdp.worker.started_at IS 'When it started';
COMMENT ON COLUMN cdp.worker.stopped_at IS 'When cdp_worker_stop() was called; null if it was started since';
COMMENT ON COLUMN cdp.worker.last_batch_at IS 'End of the last batch that took messages';
COMMENT ON COLUMN cdp.worker.last_batch_messages IS 'How many messages it took';
COMMENT ON COLUMN cdp.worker.messages_total IS 'Messages that workers took, since CREATE EXTENSION';
COMMENT ON COLUMN cdp.worker.errors_total IS 'Batches that failed and were rolled back, since CREATE EXTENSION';
COMMENT ON COLUMN cdp.worker.last_error IS 'Message of the last failure';
COMMENT ON COLUMN cdp.worker.last_error_at IS 'When that was';
COMMENT ON COLUMN cdp.worker.retry_at IS 'When the failed batch is tried again; null if the last one succeeded';
INSERT INTO cdp.worker DEFAULT VALUES;

CREATE VIEW cdp.worker_status AS
    SELECT holder.pid,
           CASE WHEN holder.pid IS NOT NULL AND worker.retry_at IS NOT NULL THEN 'backing off'
                WHEN holder.pid IS NOT NULL AND activity.state OPERATOR(pg_catalog.=) 'active' THEN 'running'
                WHEN holder.pid IS NOT NULL THEN 'idle'
                WHEN worker.stopped_at OPERATOR(pg_catalog.>) pg_catalog.pg_postmaster_start_time() THEN 'stopped'
                ELSE 'not started' END AS state,
           worker.started_at, worker.last_batch_at, worker.last_batch_messages, worker.messages_total,
           worker.errors_total, worker.last_error, worker.last_error_at, worker.retry_at,
           (SELECT pg_catalog.count(*) FROM cdp.inbox, cdp.inbox_cursor
             WHERE inbox.home OPERATOR(pg_catalog.<>) inbox_cursor.home
                OR NOT pg_catalog.pg_visible_in_snapshot(inbox.xid, inbox_cursor.done::pg_catalog.pg_snapshot)
                   AND (inbox_cursor.target IS NULL
                        OR NOT pg_catalog.pg_visible_in_snapshot(inbox.xid, inbox_cursor.target::pg_catalog.pg_snapshot)
                        OR inbox.chunk OPERATOR(pg_catalog.>) inbox_cursor.read_chunk
                        OR inbox.chunk OPERATOR(pg_catalog.=) inbox_cursor.read_chunk
                           AND inbox.ctid OPERATOR(pg_catalog.>) inbox_cursor.read_tid::pg_catalog.tid))
               AS pending_messages
    FROM cdp.worker
    LEFT JOIN (pg_catalog.pg_locks holder
               JOIN pg_catalog.pg_database database
                 ON database.oid OPERATOR(pg_catalog.=) holder.database
                AND database.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
           ON holder.locktype OPERATOR(pg_catalog.=) 'advisory' AND holder.granted
          AND holder.classid OPERATOR(pg_catalog.=) 1667526656::oid
          AND holder.objid OPERATOR(pg_catalog.=) 0::oid
          AND holder.objsubid OPERATOR(pg_catalog.=) 205::smallint
    LEFT JOIN pg_catalog.pg_stat_activity activity ON activity.pid OPERATOR(pg_catalog.=) holder.pid;
COMMENT ON VIEW cdp.worker_status IS 'The background worker of this database: is there one, what does it do, what did it last do';
COMMENT ON COLUMN cdp.worker_status.pid IS 'Its process id; null if none runs';
COMMENT ON COLUMN cdp.worker_status.state IS 'running, idle, backing off (a batch failed), stopped (by cdp_worker_stop), not started. Who may not read others'' activity sees idle for running';
COMMENT ON COLUMN cdp.worker_status.started_at IS 'When it started';
COMMENT ON COLUMN cdp.worker_status.last_batch_at IS 'End of the last batch that took messages';
COMMENT ON COLUMN cdp.worker_status.last_batch_messages IS 'How many messages it took';
COMMENT ON COLUMN cdp.worker_status.messages_total IS 'Messages that workers took, since CREATE EXTENSION';
COMMENT ON COLUMN cdp.worker_status.errors_total IS 'Batches that failed and were rolled back, since CREATE EXTENSION';
COMMENT ON COLUMN cdp.worker_status.last_error IS 'Message of the last failure';
COMMENT ON COLUMN cdp.worker_status.last_error_at IS 'When that was';
COMMENT ON COLUMN cdp.worker_status.retry_at IS 'When the failed batch is tried again; null if the last one succeeded';
COMMENT ON COLUMN cdp.worker_status.pending_messages IS 'Committed messages that wait. Costs a pass over the inbox; leave the column out where that is too much';

CREATE FUNCTION cdp_worker_start() RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_worker_start() IS
    'Start the background worker of this database when this transaction commits; false if one runs already. Needs no preloading, but without it a server restart ends the worker. A warning says if max_worker_processes leaves no room. Error 55000 on a standby.';
REVOKE ALL ON FUNCTION cdp_worker_start() FROM PUBLIC;

CREATE FUNCTION cdp_worker_stop() RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_worker_stop() IS
    'Stop the background worker of this database and wait until it is gone; its batch under way is rolled back and taken again later. False if none ran. It stays stopped until cdp_worker_start() or the next start of the server.';
REVOKE ALL ON FUNCTION cdp_worker_stop() FROM PUBLIC;

CREATE FUNCTION cdp_worker_start_if_preloaded() RETURNS void
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_worker_start_if_preloaded() IS
    'Called at the end of CREATE EXTENSION: starts the worker at commit if the server preloads the library.';
REVOKE ALL ON FUNCTION cdp_worker_start_if_preloaded() FROM PUBLIC;
SELECT @extschema@.cdp_worker_start_if_preloaded();
