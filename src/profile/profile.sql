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
COMMENT ON COLUMN cdp.profile.trait_times IS 'When each trait was set or removed, in microseconds since 2000-01-01 UTC';
COMMENT ON COLUMN cdp.profile.first_seen IS 'Earliest time of a message of this person';
COMMENT ON COLUMN cdp.profile.last_seen IS 'Latest time of a message of this person';
SELECT pg_catalog.pg_extension_config_dump('cdp.profile', '');

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

CREATE TABLE cdp.user_counter (
    is_single    boolean PRIMARY KEY DEFAULT true CHECK (is_single),
    last_user_no bigint NOT NULL
);
COMMENT ON TABLE cdp.user_counter IS 'The last user_no given out; no row before the first';
COMMENT ON COLUMN cdp.user_counter.is_single IS 'Keeps this table at one row';
COMMENT ON COLUMN cdp.user_counter.last_user_no IS 'The last user_no given out';
SELECT pg_catalog.pg_extension_config_dump('cdp.user_counter', '');
