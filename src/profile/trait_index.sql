CREATE TABLE cdp.trait_index (
    trait         text COLLATE "C" PRIMARY KEY CHECK (octet_length(trait) <= 1000),
    index_no      bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    path          text[] NOT NULL DEFAULT '{}',
    status        text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'ready', 'too_many_values')),
    texts         bigint NOT NULL DEFAULT 0,
    numbers       bigint NOT NULL DEFAULT 0,
    lists_numbers boolean NOT NULL DEFAULT true,
    built_at      timestamptz,
    created_at    timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE cdp.trait_index IS 'Traits of which bitmaps of users are kept, so that rules about them read no profiles: INSERT builds the index of a trait, DELETE drops it';
COMMENT ON COLUMN cdp.trait_index.trait IS 'The trait as rules write it: country, address.city, "Home Town"';
COMMENT ON COLUMN cdp.trait_index.index_no IS 'Number of the index, never reused';
COMMENT ON COLUMN cdp.trait_index.path IS 'The names that lead to the value; follows from the trait';
COMMENT ON COLUMN cdp.trait_index.status IS 'ready: rules use it. pending: still to be built, which cdp_process() and the worker do; UPDATE to pending builds it anew. too_many_values: the trait has come to have more than 10,000 different texts and elements of arrays, and its index was dropped';
COMMENT ON COLUMN cdp.trait_index.texts IS 'How many different texts, booleans and elements of arrays it has, at most 10,000';
COMMENT ON COLUMN cdp.trait_index.numbers IS 'How many different numbers it lists; 0 where lists_numbers is false';
COMMENT ON COLUMN cdp.trait_index.lists_numbers IS 'Has each number a bitmap of its own, besides the bit slices? So as long as there are at most 1,000 different ones';
COMMENT ON COLUMN cdp.trait_index.built_at IS 'When it was last built from all profiles; changes are folded in since';
COMMENT ON COLUMN cdp.trait_index.created_at IS 'When it was defined';
SELECT pg_catalog.pg_extension_config_dump('cdp.trait_index', '');
SELECT pg_catalog.pg_extension_config_dump('cdp.trait_index_index_no_seq', '');

CREATE TABLE cdp.trait_value (
    index_no   bigint NOT NULL,
    value_no   bigint NOT NULL,
    is_element boolean NOT NULL,
    value      jsonb NOT NULL,
    hash       bigint NOT NULL,
    chunks     bigint NOT NULL,
    PRIMARY KEY (index_no, value_no)
);
COMMENT ON TABLE cdp.trait_value IS 'The different values of indexed traits';
COMMENT ON COLUMN cdp.trait_value.index_no IS 'cdp.trait_index.index_no';
COMMENT ON COLUMN cdp.trait_value.value_no IS 'Number of the value within its index, from 1';
COMMENT ON COLUMN cdp.trait_value.is_element IS 'true: an element of an array; false: the whole value';
COMMENT ON COLUMN cdp.trait_value.value IS 'A text, a number or a boolean';
COMMENT ON COLUMN cdp.trait_value.hash IS 'Hash of the value';
COMMENT ON COLUMN cdp.trait_value.chunks IS 'How many rows of cdp.trait_chunk it has';
CREATE INDEX trait_value_hash ON cdp.trait_value (index_no, hash);
COMMENT ON INDEX cdp.trait_value_hash IS 'Finds a value';
SELECT pg_catalog.pg_extension_config_dump('cdp.trait_value', '');

CREATE TABLE cdp.trait_chunk (
    index_no bigint NOT NULL,
    value_no bigint NOT NULL,
    chunk    bigint NOT NULL,
    users    @extschema@.roaringbitmap NOT NULL,
    PRIMARY KEY (index_no, value_no, chunk)
) WITH (fillfactor = 80, toast_tuple_target = 8160);
ALTER TABLE cdp.trait_chunk ALTER COLUMN users SET STORAGE EXTERNAL;
COMMENT ON TABLE cdp.trait_chunk IS 'Which users have which value of an indexed trait, 65,536 user numbers a chunk, but for those in cdp.changed_profile';
COMMENT ON COLUMN cdp.trait_chunk.index_no IS 'cdp.trait_index.index_no; 0: all users';
COMMENT ON COLUMN cdp.trait_chunk.value_no IS 'cdp.trait_value.value_no; 0: users with any value but null';
COMMENT ON COLUMN cdp.trait_chunk.chunk IS 'user_no divided by 65536';
COMMENT ON COLUMN cdp.trait_chunk.users IS 'Numbers of the users: cdp.profile.user_no';
SELECT pg_catalog.pg_extension_config_dump('cdp.trait_chunk', '');

CREATE TABLE cdp.trait_number (
    index_no bigint NOT NULL,
    chunk    bigint NOT NULL,
    scale    integer NOT NULL,
    numbers  @extschema@.rb_bsi NOT NULL,
    others   jsonb NOT NULL,
    PRIMARY KEY (index_no, chunk)
);
ALTER TABLE cdp.trait_number ALTER COLUMN numbers SET STORAGE EXTERNAL;
COMMENT ON TABLE cdp.trait_number IS 'The numbers of indexed traits, 65,536 user numbers a chunk, but for those of users in cdp.changed_profile';
COMMENT ON COLUMN cdp.trait_number.index_no IS 'cdp.trait_index.index_no';
COMMENT ON COLUMN cdp.trait_number.chunk IS 'user_no divided by 65536';
COMMENT ON COLUMN cdp.trait_number.scale IS 'How many digits after the point the numbers have';
COMMENT ON COLUMN cdp.trait_number.numbers IS 'User numbers and their values, times 10 to the power of scale';
COMMENT ON COLUMN cdp.trait_number.others IS 'User numbers and values that 64 bits do not hold at this scale';
SELECT pg_catalog.pg_extension_config_dump('cdp.trait_number', '');

CREATE TABLE cdp.changed_profile (
    user_no bigint NOT NULL CHECK (user_no BETWEEN 1 AND 4294967295)
);
COMMENT ON TABLE cdp.changed_profile IS 'Users whose indexed traits changed, who came or went since the trait indexes took them in: rules read their profiles. Empty where no trait is indexed';
COMMENT ON COLUMN cdp.changed_profile.user_no IS 'cdp.profile.user_no; may repeat, and be of a profile that is gone';
CREATE INDEX changed_profile_user_no ON cdp.changed_profile (user_no);
COMMENT ON INDEX cdp.changed_profile_user_no IS 'Users of one chunk';
SELECT pg_catalog.pg_extension_config_dump('cdp.changed_profile', '');

CREATE FUNCTION cdp_has_trait_indexes() RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION cdp_has_trait_indexes() IS 'Is any trait index in use? For the triggers of cdp.profile.';

CREATE FUNCTION cdp_profile_changed() RETURNS trigger AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_profile_changed() IS 'Trigger of cdp.profile: notes the users whose indexed traits a statement changes.';
REVOKE ALL ON FUNCTION cdp_profile_changed() FROM PUBLIC;

CREATE TRIGGER profile_changed_by_others AFTER INSERT OR UPDATE OR DELETE ON cdp.profile
    FOR EACH ROW WHEN (cdp_has_trait_indexes()) EXECUTE FUNCTION cdp_profile_changed();
COMMENT ON TRIGGER profile_changed_by_others ON cdp.profile IS 'Notes the users whose indexed traits a statement changes; batches of messages note theirs without it';

CREATE TRIGGER trait_index_changed AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF trait, status ON cdp.trait_index
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_configuration_changed();
COMMENT ON TRIGGER trait_index_changed ON cdp.trait_index IS 'Lets every connection know';
