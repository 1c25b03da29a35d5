CREATE TABLE cdp.segment (
    segment_no  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL UNIQUE CHECK (name <> '' AND octet_length(name) <= 255),
    kind        text NOT NULL DEFAULT 'rule' CHECK (kind IN ('rule', 'list', 'query')),
    rule        @extschema@.cdp_rule CONSTRAINT segment_rule_for_kind CHECK ((rule IS NOT NULL) = (kind = 'rule')),
    description text,
    status      text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'ready', 'paused')),
    size        bigint NOT NULL DEFAULT 0,
    computed_at timestamptz,
    created_at  timestamptz NOT NULL DEFAULT @extschema@.cdp_now(),
    progress    real,
    members_no  integer,
    next_no     integer,
    next_users  bigint,
    CONSTRAINT segment_next CHECK ((next_no IS NULL) = (next_users IS NULL))
) WITH (fillfactor = 50);
COMMENT ON TABLE cdp.segment IS 'Segments: INSERT name and rule; members follow every event and the passing of time';
COMMENT ON COLUMN cdp.segment.segment_no IS 'Number of the segment, never reused';
COMMENT ON COLUMN cdp.segment.name IS 'What functions and other rules call it';
COMMENT ON COLUMN cdp.segment.kind IS 'What says who is a member: rule; list (cdp_segment_from_users, cdp_segment_from_bitmap); query (cdp_segment_from_query)';
COMMENT ON COLUMN cdp.segment.rule IS 'Who is a member; an UPDATE recomputes the members. Null for lists and queries';
COMMENT ON COLUMN cdp.segment.description IS 'Free text';
COMMENT ON COLUMN cdp.segment.status IS 'ready: members follow events and time; pending: members are still to be computed, which cdp_process() and the worker do (progress tells how far); until then they stay as they are; paused, by UPDATE: members stay as they are until it is set to ready, which recomputes them';
COMMENT ON COLUMN cdp.segment.size IS 'How many members it has; under load up to a second old';
COMMENT ON COLUMN cdp.segment.computed_at IS 'When its members were last computed from scratch';
COMMENT ON COLUMN cdp.segment.created_at IS 'When it was defined';
COMMENT ON COLUMN cdp.segment.progress IS 'Which share of all people its new members are computed of in the background, from 0 to 1; null if they are not';
COMMENT ON COLUMN cdp.segment.members_no IS 'Under which number cdp.membership, cdp.segment_chunk and cdp.segment_edit have its members; null: segment_no, which it is until they were computed in the background';
COMMENT ON COLUMN cdp.segment.next_no IS 'Under which number they have its new members, while these are computed in the background';
COMMENT ON COLUMN cdp.segment.next_users IS 'Up to which user_no that has been done; new members of these users follow events and time already';
SELECT pg_catalog.pg_extension_config_dump('cdp.segment', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.segment_segment_no_seq', '');

CREATE TABLE cdp.segment_query (
    segment_no   integer PRIMARY KEY REFERENCES cdp.segment ON DELETE CASCADE,
    query        text NOT NULL,
    refresh      interval CHECK (refresh >= interval '1 second'),
    run_as       text NOT NULL,
    search_path  text NOT NULL,
    refreshed_at timestamptz,
    failed_at    timestamptz,
    error        text
);
COMMENT ON TABLE cdp.segment_query IS 'Queries of the segments of kind query; made by cdp_segment_from_query';
COMMENT ON COLUMN cdp.segment_query.segment_no IS 'cdp.segment.segment_no';
COMMENT ON COLUMN cdp.segment_query.query IS 'Gives the user ids of the members; run with the rights of run_as';
COMMENT ON COLUMN cdp.segment_query.refresh IS 'How long after a refresh the worker and cdp_process() run it again; null: only cdp_refresh_segment() does';
COMMENT ON COLUMN cdp.segment_query.run_as IS 'The role that defined it. To set it or the query, one must be able to become that role';
COMMENT ON COLUMN cdp.segment_query.search_path IS 'The setting search_path of the session that defined it';
COMMENT ON COLUMN cdp.segment_query.refreshed_at IS 'When it was last run with success';
COMMENT ON COLUMN cdp.segment_query.failed_at IS 'When the worker or cdp_process() last failed to run it; null if they did not since';
COMMENT ON COLUMN cdp.segment_query.error IS 'Why';
SELECT pg_catalog.pg_extension_config_dump('cdp.segment_query', '');

CREATE TABLE cdp.segment_chunk (
    segment_no integer NOT NULL,
    chunk      integer NOT NULL,
    users      @extschema@.roaringbitmap NOT NULL,
    PRIMARY KEY (segment_no, chunk)
) WITH (fillfactor = 70);
COMMENT ON TABLE cdp.segment_chunk IS 'Members of segments, 65,536 user numbers a chunk, but for cdp.segment_edit; cdp_segment() gives a whole segment';
COMMENT ON COLUMN cdp.segment_chunk.segment_no IS 'cdp.segment.members_no, or segment_no where that is null';
COMMENT ON COLUMN cdp.segment_chunk.chunk IS 'user_no divided by 65536';
COMMENT ON COLUMN cdp.segment_chunk.users IS 'Numbers of the members of this chunk';
SELECT pg_catalog.pg_extension_config_dump('cdp.segment_chunk', '');

CREATE TABLE cdp.segment_edit (
    segment_no integer NOT NULL,
    batch      bigint NOT NULL,
    user_no    bigint NOT NULL,
    is_member  boolean NOT NULL,
    PRIMARY KEY (segment_no, batch, user_no)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
COMMENT ON TABLE cdp.segment_edit IS 'Members that came and went since cdp.segment_chunk was written: some hundreds of a segment, then they go there';
COMMENT ON COLUMN cdp.segment_edit.segment_no IS 'As cdp.segment_chunk.segment_no';
COMMENT ON COLUMN cdp.segment_edit.batch IS 'Of edits of one user the highest one counts';
COMMENT ON COLUMN cdp.segment_edit.user_no IS 'cdp.profile.user_no';
COMMENT ON COLUMN cdp.segment_edit.is_member IS 'Whether the user is a member since';
SELECT pg_catalog.pg_extension_config_dump('cdp.segment_edit', '');

-- A row a batch: with one for each of its segments it would be thousands a second, and whoever adds them up would pass over
-- those that vacuum has not come to yet.
CREATE TABLE cdp.segment_growth (
    segment_nos integer[] NOT NULL,
    amounts     bigint[] NOT NULL CHECK (pg_catalog.cardinality(amounts) OPERATOR(pg_catalog.=) pg_catalog.cardinality(segment_nos))
);
COMMENT ON TABLE cdp.segment_growth IS 'By how much cdp.segment.size is behind: for up to a second under load, and where someone held the segment''s row while members changed; usually empty';
COMMENT ON COLUMN cdp.segment_growth.segment_nos IS 'cdp.segment.segment_no of those that a batch changed; null where the size has been set otherwise since';
COMMENT ON COLUMN cdp.segment_growth.amounts IS 'To be added to the cdp.segment.size of each';
SELECT pg_catalog.pg_extension_config_dump('cdp.segment_growth', '');

CREATE TABLE cdp.membership (
    user_no      bigint PRIMARY KEY,
    segments     bytea NOT NULL,
    evaluated_at timestamptz NOT NULL,
    next_due     timestamptz NOT NULL DEFAULT 'infinity'
) WITH (fillfactor = 85);
COMMENT ON TABLE cdp.membership IS 'Segments of each user, and when time alone may change them';
COMMENT ON COLUMN cdp.membership.user_no IS 'cdp.profile.user_no';
COMMENT ON COLUMN cdp.membership.segments IS 'Numbers of the segments the user is in (as cdp.segment_chunk.segment_no), packed (cdp_segment_numbers() reads it); numbers of deleted segments may be left';
COMMENT ON COLUMN cdp.membership.evaluated_at IS 'The latest instant for which rules were evaluated';
COMMENT ON COLUMN cdp.membership.next_due IS 'First instant at which a rule may change its truth without an event; cdp.segment_due names the user at that instant or earlier';
SELECT pg_catalog.pg_extension_config_dump('cdp.membership', '');

CREATE TABLE cdp.segment_due (
    due_at  timestamptz NOT NULL,
    user_no bigint,
    users   @extschema@.roaringbitmap,
    CHECK ((user_no IS NULL) <> (users IS NULL))
);
COMMENT ON TABLE cdp.segment_due IS 'Hints whom to look at when, some too early: cdp.membership.next_due is the truth';
COMMENT ON COLUMN cdp.segment_due.due_at IS 'When';
COMMENT ON COLUMN cdp.segment_due.user_no IS 'Whom: cdp.profile.user_no';
COMMENT ON COLUMN cdp.segment_due.users IS 'Or which users, who are due in one minute, or in one hour of a later day: they are told apart shortly before it begins';
-- Apart, so that whoever looks for the few shared ones does not go through all of those that are due.
CREATE INDEX segment_due_at ON cdp.segment_due (due_at) WHERE users IS NULL;
COMMENT ON INDEX cdp.segment_due_at IS 'Finds the users of their own row who are due';
CREATE INDEX segment_due_together ON cdp.segment_due (due_at) WHERE users IS NOT NULL;
COMMENT ON INDEX cdp.segment_due_together IS 'Finds the rows of several users who are to be told apart';
SELECT pg_catalog.pg_extension_config_dump('cdp.segment_due', '');

CREATE TABLE cdp.segment_change (
    change_no    bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    user_no      bigint NOT NULL,
    segment_no   integer NOT NULL,
    segment      text NOT NULL,
    change       text NOT NULL CHECK (change IN ('entered', 'exited')),
    effective_at timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    reason       text NOT NULL CHECK (reason IN ('event', 'time', 'rule', 'merge', 'trait', 'correction'))
);
COMMENT ON TABLE cdp.segment_change IS 'Who entered and left which segment, when and why';
COMMENT ON COLUMN cdp.segment_change.change_no IS 'Ascending in the order of recording';
COMMENT ON COLUMN cdp.segment_change.user_no IS 'cdp.profile.user_no';
COMMENT ON COLUMN cdp.segment_change.segment_no IS 'cdp.segment.segment_no';
COMMENT ON COLUMN cdp.segment_change.segment IS 'cdp.segment.name at that time';
COMMENT ON COLUMN cdp.segment_change.change IS 'entered or exited';
COMMENT ON COLUMN cdp.segment_change.effective_at IS 'Since when it is so: the event''s time, the exact instant at which a window ran out, or when it became known';
COMMENT ON COLUMN cdp.segment_change.recorded_at IS 'When it was recorded';
COMMENT ON COLUMN cdp.segment_change.reason IS 'event; time (a window ran out); trait (or a user id, for samples, or what a function gave, for call); merge; rule (defined or edited); correction (an event older than what was evaluated before)';
CREATE INDEX segment_change_user ON cdp.segment_change (user_no);
COMMENT ON INDEX cdp.segment_change_user IS 'The changes of one user';
CREATE INDEX segment_change_recorded ON cdp.segment_change USING brin (recorded_at);
COMMENT ON INDEX cdp.segment_change_recorded IS 'The changes since an instant';
SELECT pg_catalog.pg_extension_config_dump('cdp.segment_change', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.segment_change_change_no_seq', '');

CREATE TABLE cdp.segment_change_kept (
    is_single boolean PRIMARY KEY DEFAULT true CHECK (is_single),
    since     timestamptz NOT NULL
);
COMMENT ON TABLE cdp.segment_change_kept IS 'How far cdp.segment_change reaches back, once older rows were removed (cdp.segment_change_keep); no row before';
COMMENT ON COLUMN cdp.segment_change_kept.is_single IS 'Keeps this table at one row';
COMMENT ON COLUMN cdp.segment_change_kept.since IS 'All that was recorded since then is there';
SELECT pg_catalog.pg_extension_config_dump('cdp.segment_change_kept', '');

CREATE FUNCTION cdp_segment_lock() RETURNS trigger AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_segment_lock() IS 'Trigger of cdp.segment: waits for a batch under way.';
REVOKE ALL ON FUNCTION cdp_segment_lock() FROM PUBLIC;

CREATE FUNCTION cdp_segment_change_row() RETURNS trigger AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_segment_change_row() IS 'Trigger of cdp.segment: a new or changed rule is to be computed.';
REVOKE ALL ON FUNCTION cdp_segment_change_row() FROM PUBLIC;

CREATE FUNCTION cdp_segment_follow() RETURNS trigger AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_segment_follow() IS 'Trigger of cdp.segment: checks the rules and computes the members.';
REVOKE ALL ON FUNCTION cdp_segment_follow() FROM PUBLIC;

CREATE FUNCTION cdp_segment_query_check() RETURNS trigger AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_segment_query_check() IS 'Trigger of cdp.segment_query: nobody makes a role run a query who cannot become that role.';
REVOKE ALL ON FUNCTION cdp_segment_query_check() FROM PUBLIC;

CREATE TRIGGER segment_query_check BEFORE INSERT OR UPDATE OF segment_no, query, run_as, search_path ON cdp.segment_query
    FOR EACH ROW EXECUTE FUNCTION cdp_segment_query_check();
COMMENT ON TRIGGER segment_query_check ON cdp.segment_query IS 'Nobody makes a role run a query who cannot become that role';

CREATE TRIGGER segment_lock BEFORE INSERT OR DELETE OR TRUNCATE OR UPDATE OF segment_no, name, kind, rule, status ON cdp.segment
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_segment_lock();
COMMENT ON TRIGGER segment_lock ON cdp.segment IS 'Waits for a batch under way';
CREATE TRIGGER segment_change_row BEFORE INSERT OR UPDATE OF segment_no, name, kind, rule, status ON cdp.segment
    FOR EACH ROW EXECUTE FUNCTION cdp_segment_change_row();
COMMENT ON TRIGGER segment_change_row ON cdp.segment IS 'A new or changed rule is to be computed';
CREATE TRIGGER segment_follow AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF segment_no, name, kind, rule, status ON cdp.segment
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_segment_follow();
COMMENT ON TRIGGER segment_follow ON cdp.segment IS 'Checks the rules and computes the members';
