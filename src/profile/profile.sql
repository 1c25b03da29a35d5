CREATE TABLE cdp.profile (
    user_no     bigint PRIMARY KEY CHECK (user_no BETWEEN 1 AND 4294967295),
    user_id     text,
    traits      jsonb NOT NULL DEFAULT '{}',
    trait_times jsonb NOT NULL DEFAULT '{}',
    first_seen  timestamptz NOT NULL,
    last_seen   timestamptz NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE cdp.profile IS 'Who is known: one row a person';
COMMENT ON COLUMN cdp.profile.user_no IS 'Dense number from 1, never reused; the element of bitmaps';
COMMENT ON COLUMN cdp.profile.user_id IS 'The caller''s id; null while only anonymous ids are known';
COMMENT ON COLUMN cdp.profile.traits IS 'What is known of the person, newest value by event time';
COMMENT ON COLUMN cdp.profile.trait_times IS 'When each trait was set or removed, in microseconds since 2000-01-01 UTC; where newer messages repeated a value, an array of the time of the last and that since when it has been so';
COMMENT ON COLUMN cdp.profile.first_seen IS 'Earliest time of a message of this person; cdp.event relies on it';
COMMENT ON COLUMN cdp.profile.last_seen IS 'Latest time of a message of this person; cdp.event relies on it';
CREATE INDEX profile_user_id ON cdp.profile (user_id) WHERE user_id IS NOT NULL;
COMMENT ON INDEX cdp.profile_user_id IS 'Finds a person by the caller''s id';
SELECT pg_catalog.pg_extension_config_dump('cdp.profile', '');

CREATE TABLE cdp.edited_profile (
    user_no   bigint NOT NULL,
    edited_at timestamptz NOT NULL
);
COMMENT ON TABLE cdp.edited_profile IS 'Profiles that statements of yours changed, whose segments the next batch brings up to date';
COMMENT ON COLUMN cdp.edited_profile.user_no IS 'cdp.profile.user_no';
COMMENT ON COLUMN cdp.edited_profile.edited_at IS 'When';
SELECT pg_catalog.pg_extension_config_dump('cdp.edited_profile', '');

CREATE FUNCTION cdp_profile_edit() RETURNS trigger AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_profile_edit() IS 'Trigger of cdp.profile: traits that a statement sets or removes bear the time at which it does.';
REVOKE ALL ON FUNCTION cdp_profile_edit() FROM PUBLIC;

CREATE FUNCTION cdp_profile_edited() RETURNS trigger AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_profile_edited() IS 'Trigger of cdp.profile: notes the profiles that a statement changes, so that segments follow.';
REVOKE ALL ON FUNCTION cdp_profile_edited() FROM PUBLIC;

-- Messages are written without statements and pass over triggers of such names.
CREATE TRIGGER profile_edit_by_others BEFORE UPDATE OF traits ON cdp.profile
    FOR EACH ROW WHEN (OLD.traits IS DISTINCT FROM NEW.traits) EXECUTE FUNCTION cdp_profile_edit();
COMMENT ON TRIGGER profile_edit_by_others ON cdp.profile IS 'Traits that a statement sets or removes bear the time at which it does';
CREATE TRIGGER profile_edited_by_others AFTER UPDATE ON cdp.profile
    REFERENCING NEW TABLE AS after OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION cdp_profile_edited();
COMMENT ON TRIGGER profile_edited_by_others ON cdp.profile IS 'Notes the profiles whose traits or user id a statement changes, so that segments follow';

CREATE TABLE cdp.identity (
    kind    text COLLATE "C" NOT NULL CHECK (kind IN ('user_id', 'anonymous_id')),
    value   text COLLATE "C" NOT NULL,
    user_no bigint NOT NULL,
    PRIMARY KEY (value, kind)
);
COMMENT ON TABLE cdp.identity IS 'Ids by which people are known';
COMMENT ON COLUMN cdp.identity.kind IS 'user_id or anonymous_id';
COMMENT ON COLUMN cdp.identity.value IS 'The id, at most 255 bytes';
COMMENT ON COLUMN cdp.identity.user_no IS 'Whose it is: cdp.profile.user_no';
CREATE INDEX identity_user_no ON cdp.identity (user_no);
COMMENT ON INDEX cdp.identity_user_no IS 'The ids of a person';
SELECT pg_catalog.pg_extension_config_dump('cdp.identity', '');

CREATE TABLE cdp.identity_kind (
    kind         text COLLATE "C" PRIMARY KEY CHECK (kind IN ('user_id', 'anonymous_id')),
    max_per_user bigint CHECK (max_per_user >= 1)
);
COMMENT ON TABLE cdp.identity_kind IS 'How many ids of a kind one person may have. What would lead beyond is refused and recorded in cdp.identity_log; changes hold from the next batch on. INSERT of a kind replaces its row; a kind without a row has the limit that ships';
COMMENT ON COLUMN cdp.identity_kind.kind IS 'user_id or anonymous_id, as in cdp.identity';
COMMENT ON COLUMN cdp.identity_kind.max_per_user IS 'At most so many, by default 100 user ids and 1,000 anonymous ids; null: any number';
INSERT INTO cdp.identity_kind (kind, max_per_user) VALUES ('user_id', 100), ('anonymous_id', 1000);

CREATE FUNCTION cdp_identity_kind_replace() RETURNS trigger
    AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_identity_kind_replace() IS
    'Trigger of cdp.identity_kind: a new row replaces the one of its kind, so that a dump can be loaded over the rows that ship.';
REVOKE ALL ON FUNCTION cdp_identity_kind_replace() FROM PUBLIC;
CREATE TRIGGER identity_kind_replace BEFORE INSERT ON cdp.identity_kind
    FOR EACH ROW EXECUTE FUNCTION cdp_identity_kind_replace();
COMMENT ON TRIGGER identity_kind_replace ON cdp.identity_kind IS 'A new row replaces the one of its kind';
SELECT pg_catalog.pg_extension_config_dump('cdp.identity_kind',
    $$WHERE max_per_user IS DISTINCT FROM CASE kind WHEN 'user_id' THEN 100 ELSE 1000 END$$);

CREATE TABLE cdp.identity_log (
    log_no       bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    change       text NOT NULL CHECK (change IN ('merged', 'named', 'handed_over', 'refused')),
    user_no      bigint NOT NULL,
    user_id      text,
    from_user_no bigint,
    from_user_id text,
    kind         text COLLATE "C" NOT NULL CHECK (kind IN ('user_id', 'anonymous_id')),
    value        text COLLATE "C" NOT NULL,
    limit_kind   text COLLATE "C" CHECK ((limit_kind IS NOT NULL) = (change = 'refused')),
    times        bigint NOT NULL DEFAULT 1,
    reason       text NOT NULL CHECK (reason IN ('track', 'identify', 'alias')),
    ts           timestamptz NOT NULL,
    source       text NOT NULL,
    insert_id    text,
    recorded_at  timestamptz NOT NULL
);
COMMENT ON TABLE cdp.identity_log IS 'Changes of who is who: one row each, with people''s numbers and ids as they were then. Old rows may be deleted; cdp_profile then no longer tells of them';
COMMENT ON COLUMN cdp.identity_log.log_no IS 'Ascending in the order of the changes';
COMMENT ON COLUMN cdp.identity_log.change IS 'merged: from_user_no became part of user_no and is gone. named: the profile user_no, anonymous until then or known by from_user_id, got user_id. handed_over: an anonymous id of from_user_no is user_no''s for what comes later. refused: none of it was done, since user_no would have had too many ids; one row for the two people and limit_kind';
COMMENT ON COLUMN cdp.identity_log.user_no IS 'Who gained by it, or would have: cdp.profile.user_no at that time';
COMMENT ON COLUMN cdp.identity_log.user_id IS 'The user id of user_no; null while anonymous';
COMMENT ON COLUMN cdp.identity_log.from_user_no IS 'Whose it was before; null if nobody''s, or user_no''s own';
COMMENT ON COLUMN cdp.identity_log.from_user_id IS 'The user id of from_user_no, or the one that a new user_id took the place of; null if none';
COMMENT ON COLUMN cdp.identity_log.kind IS 'Kind of the id that led to it';
COMMENT ON COLUMN cdp.identity_log.value IS 'The id that led to it: the anonymous id, or an alias''s previous id';
COMMENT ON COLUMN cdp.identity_log.limit_kind IS 'The kind of which user_no would have had more than cdp.identity_kind.max_per_user';
COMMENT ON COLUMN cdp.identity_log.times IS 'How many messages asked for it; more than 1 only where it was refused, and the other columns are about the last one';
COMMENT ON COLUMN cdp.identity_log.reason IS 'The type of the message: track (page and screen, too), identify or alias';
COMMENT ON COLUMN cdp.identity_log.ts IS 'Time of the message';
COMMENT ON COLUMN cdp.identity_log.source IS 'cdp.source.name it came by';
COMMENT ON COLUMN cdp.identity_log.insert_id IS 'The caller''s id of the message, if it gave one';
COMMENT ON COLUMN cdp.identity_log.recorded_at IS 'When it was recorded';
CREATE INDEX identity_log_user_no ON cdp.identity_log (user_no);
COMMENT ON INDEX cdp.identity_log_user_no IS 'What people gained';
CREATE INDEX identity_log_from_user_no ON cdp.identity_log (from_user_no);
COMMENT ON INDEX cdp.identity_log_from_user_no IS 'What became of people';
CREATE UNIQUE INDEX identity_log_refused ON cdp.identity_log (user_no, from_user_no, limit_kind) NULLS NOT DISTINCT
    WHERE change = 'refused';
COMMENT ON INDEX cdp.identity_log_refused IS 'Keeps repeated refusals at one row';
SELECT pg_catalog.pg_extension_config_dump('cdp.identity_log', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.identity_log_log_no_seq', '');

CREATE TABLE cdp.user_counter (
    is_single    boolean PRIMARY KEY DEFAULT true CHECK (is_single),
    last_user_no bigint NOT NULL
);
COMMENT ON TABLE cdp.user_counter IS 'The last user_no given out; no row before the first';
COMMENT ON COLUMN cdp.user_counter.is_single IS 'Keeps this table at one row';
COMMENT ON COLUMN cdp.user_counter.last_user_no IS 'The last user_no given out';
SELECT pg_catalog.pg_extension_config_dump('cdp.user_counter', '');
