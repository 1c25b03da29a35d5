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
    retry_at            timestamptz,
    packing_fails_since timestamptz,
    packing_error       text,
    packing_error_at    timestamptz
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
COMMENT ON COLUMN cdp.worker.packing_fails_since IS 'Since when packing fails; null if it did not the last time';
COMMENT ON COLUMN cdp.worker.packing_error IS 'Message of its last failure';
COMMENT ON COLUMN cdp.worker.packing_error_at IS 'When that was';
INSERT INTO cdp.worker DEFAULT VALUES;

CREATE TABLE cdp.worker_period (
    slot     smallint PRIMARY KEY CHECK (slot OPERATOR(pg_catalog.>=) 0 AND slot OPERATOR(pg_catalog.<) 7),
    began_at timestamptz NOT NULL,
    messages bigint NOT NULL,
    stage_us jsonb NOT NULL
) WITH (fillfactor = 10);
COMMENT ON TABLE cdp.worker_period IS 'What the worker did in the last periods of ten seconds in which it did anything: a row for each of at most seven. Read cdp.worker_status instead. Not dumped';
COMMENT ON COLUMN cdp.worker_period.slot IS 'Rows are used in turn: seconds since 1970 divided by ten, modulo seven';
COMMENT ON COLUMN cdp.worker_period.began_at IS 'Beginning of the ten seconds; a row older than a minute tells of the past';
COMMENT ON COLUMN cdp.worker_period.messages IS 'Messages of the batches that ended in them';
COMMENT ON COLUMN cdp.worker_period.stage_us IS 'How long each stage of those batches took, and all of them (total), in microseconds';

-- What a round has left: the rows behind the one it has reached, and the chunks that it comes to after that one, in turn up
-- to the one that takes new messages.
CREATE VIEW cdp.inbox_waiting AS
    SELECT inbox.source, inbox.received_at, inbox.chunk
    FROM cdp.inbox, cdp.inbox_cursor
    WHERE inbox.home OPERATOR(pg_catalog.<>) inbox_cursor.home
       OR NOT pg_catalog.pg_visible_in_snapshot(inbox.xid, inbox_cursor.done::pg_catalog.pg_snapshot)
          AND (inbox_cursor.target IS NULL
               OR NOT pg_catalog.pg_visible_in_snapshot(inbox.xid, inbox_cursor.target::pg_catalog.pg_snapshot)
               OR inbox.chunk OPERATOR(pg_catalog.=) inbox_cursor.read_chunk
                  AND (inbox.ctid OPERATOR(pg_catalog.>) inbox_cursor.read_tid::pg_catalog.tid
                       OR inbox.ctid OPERATOR(pg_catalog.=) ANY (inbox_cursor.held::pg_catalog.tid[]))
               OR inbox.chunk OPERATOR(pg_catalog.<>) inbox_cursor.read_chunk
                  AND ((inbox.chunk OPERATOR(pg_catalog.-) inbox_cursor.read_chunk OPERATOR(pg_catalog.+) 3)
                       OPERATOR(pg_catalog.%) 3)
                      OPERATOR(pg_catalog.<=)
                      ((inbox_cursor.write_chunk OPERATOR(pg_catalog.-) inbox_cursor.read_chunk
                        OPERATOR(pg_catalog.+) 3) OPERATOR(pg_catalog.%) 3));
COMMENT ON VIEW cdp.inbox_waiting IS 'Committed messages that wait to be taken. A pass over the inbox';
COMMENT ON COLUMN cdp.inbox_waiting.source IS 'cdp.inbox.source';
COMMENT ON COLUMN cdp.inbox_waiting.received_at IS 'When it was received';
COMMENT ON COLUMN cdp.inbox_waiting.chunk IS 'Which of the inbox''s chunks holds it';

CREATE VIEW cdp.worker_status AS
    SELECT holder.pid,
           CASE WHEN holder.pid IS NOT NULL AND worker.retry_at IS NOT NULL THEN 'backing off'
                WHEN holder.pid IS NOT NULL AND activity.state OPERATOR(pg_catalog.=) 'active' THEN 'running'
                WHEN holder.pid IS NOT NULL THEN 'idle'
                WHEN worker.stopped_at OPERATOR(pg_catalog.>) pg_catalog.pg_postmaster_start_time() THEN 'stopped'
                ELSE 'not started' END AS state,
           worker.started_at, worker.last_batch_at, worker.last_batch_messages, worker.messages_total,
           worker.errors_total, worker.last_error, worker.last_error_at, worker.retry_at,
           (SELECT pg_catalog.count(*) FROM cdp.inbox_waiting) AS pending_messages,
           (SELECT GREATEST(0, EXTRACT(epoch FROM pg_catalog.statement_timestamp()
                                                  OPERATOR(pg_catalog.-) pg_catalog.min(received_at)))::float8
              FROM cdp.inbox_waiting HAVING pg_catalog.min(received_at) IS NOT NULL) AS lag_seconds,
           -- Whole periods of the last minute, and the one under way: 50 to 60 seconds.
           (SELECT COALESCE(pg_catalog.sum(period.messages), 0)::float8 OPERATOR(pg_catalog./)
                   EXTRACT(epoch FROM pg_catalog.statement_timestamp() OPERATOR(pg_catalog.-) minute.began_at)::float8
              FROM (SELECT pg_catalog.to_timestamp(pg_catalog.ceil(
                               (EXTRACT(epoch FROM pg_catalog.statement_timestamp())::float8
                                OPERATOR(pg_catalog.-) 60::float8) OPERATOR(pg_catalog./) 10::float8)
                           OPERATOR(pg_catalog.*) 10::float8) AS began_at) AS minute
              LEFT JOIN cdp.worker_period AS period
                     ON period.began_at OPERATOR(pg_catalog.>=) minute.began_at
                    AND period.began_at OPERATOR(pg_catalog.<=) pg_catalog.statement_timestamp()
             GROUP BY minute.began_at) AS messages_per_second,
           (SELECT pg_catalog.jsonb_object_agg(stage.name, stage.us_per_message)
              FROM (SELECT part.key AS name,
                           pg_catalog.round(pg_catalog.sum(part.value::bigint) OPERATOR(pg_catalog./)
                                            pg_catalog.sum(period.messages), 1) AS us_per_message
                      FROM cdp.worker_period AS period
                           CROSS JOIN LATERAL pg_catalog.jsonb_each_text(period.stage_us) AS part
                     WHERE period.began_at OPERATOR(pg_catalog.>)
                           (SELECT pg_catalog.max(latest.began_at) OPERATOR(pg_catalog.-) '1 minute'::interval
                              FROM cdp.worker_period AS latest)
                     GROUP BY part.key) AS stage) AS stage_us
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
COMMENT ON COLUMN cdp.worker_status.lag_seconds IS 'Seconds since the oldest of them was received; null if none waits. A dead letter put back keeps the time at which it was received. Costs the same';
COMMENT ON COLUMN cdp.worker_status.messages_per_second IS 'How many the worker took, mean of the last 50 to 60 seconds; 0 after a minute of rest';
COMMENT ON COLUMN cdp.worker_status.stage_us IS 'Microseconds a message by stage of the work (take, read, deduplicate, identify, store, sessions, feedback, follow, time) and in total, mean of the minute before the end of the last batch; null before the first';

CREATE VIEW cdp.packing_status AS
    SELECT CASE WHEN packing.packed_until OPERATOR(pg_catalog.<) 9223372036854775807 THEN 'packing'
                WHEN packing.done_xid IS NOT NULL THEN 'emptying'
                ELSE 'gathering' END AS state,
           packing.opened_at, 'recent_event_' OPERATOR(pg_catalog.||) (1 OPERATOR(pg_catalog.-) packing.slot)::text AS closed_table,
           packing.done_xid,
           worker.packing_fails_since AS fails_since, worker.packing_error AS last_error,
           worker.packing_error_at AS last_error_at
    FROM cdp.worker LEFT JOIN cdp.packing ON true;
COMMENT ON VIEW cdp.packing_status IS 'Where the packing of recent events stands, and whether it fails';
COMMENT ON COLUMN cdp.packing_status.state IS 'gathering (nothing is left to be packed but what comes now), packing, emptying (all that was closed is packed; its table is emptied when no transaction is open that may look at what was before)';
COMMENT ON COLUMN cdp.packing_status.opened_at IS 'Since when events gather that are packed next; null before anything was packed';
COMMENT ON COLUMN cdp.packing_status.closed_table IS 'The table of schema cdp that is being packed, emptied, or empty';
COMMENT ON COLUMN cdp.packing_status.done_xid IS 'While emptying: the transaction that packed the last of it. Those that are open and as old keep the table';
COMMENT ON COLUMN cdp.packing_status.fails_since IS 'Since when the worker''s packing fails; null if it did not the last time';
COMMENT ON COLUMN cdp.packing_status.last_error IS 'Message of its last failure';
COMMENT ON COLUMN cdp.packing_status.last_error_at IS 'When that was';

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
