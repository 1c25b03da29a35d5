CREATE FUNCTION cdp_segment(name text) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cdp_segment(text) IS
    'Numbers (cdp.profile.user_no) of a segment''s members. Error 42704 for an unknown segment.';

CREATE FUNCTION cdp_segment_size(name text) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cdp_segment_size(text) IS 'How many members a segment has. Error 42704 for an unknown segment.';

CREATE FUNCTION cdp_segment_users(name text) RETURNS SETOF text
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION cdp_segment_users(text) IS
    'User ids of a segment''s members, by user_no; of those without one an anonymous id. Error 42704 for an unknown segment.';

CREATE FUNCTION cdp_in_segment(user_id text, segment text) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cdp_in_segment(text, text) IS
    'Is the user a member of the segment? False for an unknown user; error 42704 for an unknown segment. Two index look-ups.';

CREATE FUNCTION cdp_segments(user_id text) RETURNS text[]
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION cdp_segments(text) IS
    'Names of the segments that the user is in, in order of name; empty for an unknown user.';

CREATE FUNCTION cdp_segment_numbers(segments bytea) RETURNS integer[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_segment_numbers(bytea) IS
    'The numbers of segments (cdp.segment.members_no, or segment_no where that is null) that cdp.membership.segments packs, ascending. Error XX001 for other bytes.';

CREATE FUNCTION cdp_match(user_id text, rule cdp_rule, at timestamptz DEFAULT @extschema@.cdp_now()) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION cdp_match(text, cdp_rule, timestamptz) IS
    'Does the rule hold for the user, as of that instant from what is known now? False for an unknown user.';

CREATE FUNCTION cdp_users(rule cdp_rule, at timestamptz DEFAULT @extschema@.cdp_now()) RETURNS roaringbitmap
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION cdp_users(cdp_rule, timestamptz) IS
    'Numbers of the users for whom the rule holds, as of that instant from what is known now.';

CREATE FUNCTION cdp_count(rule cdp_rule, at timestamptz DEFAULT @extschema@.cdp_now()) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION cdp_count(cdp_rule, timestamptz) IS
    'How many users the rule holds for, as of that instant from what is known now.';

CREATE FUNCTION cdp_explain(user_id text, rule cdp_rule, at timestamptz DEFAULT @extschema@.cdp_now()) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION cdp_explain(text, cdp_rule, timestamptz) IS
    'Each condition of the rule for the user at that instant: its value, its truth, until when it holds, and the latest events that count for it. Error 42704 for an unknown user.';

CREATE FUNCTION cdp_segment_from_users(name text, user_ids text[]) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_segment_from_users(text, text[]) IS
    'Define a segment of these users (user ids, or else anonymous ids), or replace the members of such a list; returns how many. A notice tells how many ids are not known; they are left out. Error 42710 if the segment has a rule or a query.';
REVOKE ALL ON FUNCTION cdp_segment_from_users(text, text[]) FROM PUBLIC;

CREATE FUNCTION cdp_segment_from_bitmap(name text, users roaringbitmap) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_segment_from_bitmap(text, roaringbitmap) IS
    'As cdp_segment_from_users, of users by number (cdp.profile.user_no).';
REVOKE ALL ON FUNCTION cdp_segment_from_bitmap(text, roaringbitmap) FROM PUBLIC;

CREATE FUNCTION cdp_segment_from_query(name text, query text, refresh interval DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_segment_from_query(text, text, interval) IS
    'Define a segment of the users whose ids a query gives in its only column, or replace the query of such a segment; returns how many. The query is run again by cdp_refresh_segment() and, if refresh is given, that long after each time, always with the rights of who defined it. Error 42710 if the segment has a rule or is a list.';
REVOKE ALL ON FUNCTION cdp_segment_from_query(text, text, interval) FROM PUBLIC;

CREATE FUNCTION cdp_explain_rule(rule cdp_rule, at timestamptz DEFAULT @extschema@.cdp_now()) RETURNS jsonb
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION cdp_explain_rule(cdp_rule, timestamptz) IS
    'What cdp_count and cdp_users read for the rule: for each condition an index, profiles, or histories of which events and since when; of how many users; and about how many users the rule holds for. Looks at 200 users where indexes do not tell.';

CREATE FUNCTION cdp_refresh_segment(name text) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION cdp_refresh_segment(text) IS
    'Compute a segment''s members from scratch now, from its rule or query; functions that the rule calls are called for everyone first. Returns how many. Error 42704 for an unknown segment, 55000 for one that is paused.';
REVOKE ALL ON FUNCTION cdp_refresh_segment(text) FROM PUBLIC;
