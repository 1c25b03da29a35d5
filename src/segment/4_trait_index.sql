CREATE FUNCTION cdp_trait_index_row() RETURNS trigger AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_trait_index_row() IS 'Trigger of cdp.trait_index: reads the trait; a new or changed one is to be built.';
REVOKE ALL ON FUNCTION cdp_trait_index_row() FROM PUBLIC;

CREATE FUNCTION cdp_trait_index_follow() RETURNS trigger AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_trait_index_follow() IS 'Trigger of cdp.trait_index: builds what is to be built and removes what was dropped.';
REVOKE ALL ON FUNCTION cdp_trait_index_follow() FROM PUBLIC;

CREATE FUNCTION cdp_profiles_emptied() RETURNS trigger AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cdp_profiles_emptied() IS 'Trigger of cdp.profile: empties the trait indexes.';
REVOKE ALL ON FUNCTION cdp_profiles_emptied() FROM PUBLIC;

CREATE TRIGGER trait_index_lock BEFORE INSERT OR DELETE OR TRUNCATE OR UPDATE OF trait, index_no, status ON cdp.trait_index
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_segment_lock();
COMMENT ON TRIGGER trait_index_lock ON cdp.trait_index IS 'Waits for a batch under way';
CREATE TRIGGER trait_index_row BEFORE INSERT OR UPDATE OF trait, path, index_no, status ON cdp.trait_index
    FOR EACH ROW EXECUTE FUNCTION cdp_trait_index_row();
COMMENT ON TRIGGER trait_index_row ON cdp.trait_index IS 'Reads the trait; a new or changed one is to be built';
CREATE TRIGGER trait_index_follow AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF trait, index_no, status ON cdp.trait_index
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_trait_index_follow();
COMMENT ON TRIGGER trait_index_follow ON cdp.trait_index IS 'Builds what is to be built and removes what was dropped';
CREATE TRIGGER profile_emptied_by_others AFTER TRUNCATE ON cdp.profile
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_profiles_emptied();
COMMENT ON TRIGGER profile_emptied_by_others ON cdp.profile IS 'Empties the trait indexes';

CREATE FUNCTION cdp_fold_traits(max_users integer DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_fold_traits(integer) IS
    'Fold what changed of profiles (cdp.changed_profile) into the trait indexes now, in this transaction, as the worker does when it is idle: all of it, or that of about max_users users. Of how many users it was. Answers are the same before and after. Error 55000 in a transaction of level repeatable read or serializable.';
REVOKE ALL ON FUNCTION cdp_fold_traits(integer) FROM PUBLIC;
