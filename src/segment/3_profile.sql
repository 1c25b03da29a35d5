CREATE FUNCTION cdp_profile(id text) RETURNS jsonb
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC
        WITH RECURSIVE person AS (
            SELECT p.* FROM cdp.profile AS p
            WHERE p.user_no = (SELECT i.user_no FROM cdp.identity AS i WHERE i.value = cdp_profile.id
                               ORDER BY i.kind DESC LIMIT 1)
        ), merge AS (
            -- Who was merged into those who were merged into the person belongs to them, too.
            SELECT l.* FROM cdp.identity_log AS l
            WHERE l.user_no = (SELECT person.user_no FROM person) AND l.change = 'merged'
            UNION ALL
            SELECT l.* FROM merge JOIN cdp.identity_log AS l ON l.user_no = merge.from_user_no
            WHERE l.change = 'merged'
        )
        SELECT jsonb_build_object(
            'user_no', p.user_no,
            'user_id', p.user_id,
            'traits', p.traits,
            'trait_times', (
                SELECT coalesce(jsonb_object_agg(t.key, timestamptz '2000-01-01 00:00:00+00'
                                                            + coalesce(t.value -> 0, t.value)::bigint * interval '1 microsecond'), '{}')
                FROM jsonb_each(p.trait_times) AS t),
            'first_seen', p.first_seen,
            'last_seen', p.last_seen,
            'identities', (
                SELECT coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'value', i.value)
                                          ORDER BY i.kind DESC, i.value), '[]')
                FROM cdp.identity AS i WHERE i.user_no = p.user_no),
            'segments', (
                SELECT coalesce(jsonb_agg(s.name ORDER BY s.name), '[]')
                FROM cdp.membership AS m JOIN cdp.segment AS s ON coalesce(s.members_no, s.segment_no) = ANY (@extschema@.cdp_segment_numbers(m.segments))
                WHERE m.user_no = p.user_no),
            'events', (
                SELECT coalesce(jsonb_object_agg(e.event, jsonb_build_object('count', e.count, 'first', e.first,
                                                                             'last', e.last)), '{}')
                FROM (SELECT e.event, count(*) AS count, min(e.ts) AS first, max(e.ts) AS last
                      FROM cdp.event AS e WHERE e.user_no = p.user_no GROUP BY e.event) AS e),
            'sessions', (SELECT count(*) FROM cdp.session AS s WHERE s.user_no = p.user_no),
            'last_session', (
                SELECT to_jsonb(s) - 'user_no' FROM cdp.session AS s WHERE s.user_no = p.user_no
                ORDER BY s.started_at DESC LIMIT 1),
            'merged', (
                SELECT coalesce(jsonb_agg(jsonb_build_object(
                                    'user_no', l.from_user_no, 'user_id', l.from_user_id, 'into', l.user_no,
                                    'kind', l.kind, 'value', l.value, 'reason', l.reason, 'at', l.ts,
                                    'recorded_at', l.recorded_at, 'source', l.source, 'insert_id', l.insert_id)
                                    ORDER BY l.log_no), '[]')
                FROM merge AS l))
        FROM person AS p;
    END;
COMMENT ON FUNCTION cdp_profile(text) IS
    'All that is known of the person with this user id, or else this anonymous id; null if there is none. Traits and when each was set or removed, ids, segments, events by name, sessions and the last one, who was merged into the person. Reads all events of the person.';
