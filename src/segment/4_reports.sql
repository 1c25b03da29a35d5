CREATE FUNCTION cdp_segment_overlap(names text[])
    RETURNS TABLE (segment_a text, segment_b text, users bigint, share_of_a double precision, jaccard double precision)
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED ROWS 20
    BEGIN ATOMIC
        WITH s AS MATERIALIZED (
            SELECT n.name, min(n.place) AS place, cdp_segment(n.name) AS users
            FROM unnest(cdp_segment_overlap.names) WITH ORDINALITY AS n (name, place)
            WHERE n.name IS NOT NULL
            GROUP BY n.name
        )
        SELECT a.name, b.name, rb_and_cardinality(a.users, b.users),
               rb_and_cardinality(a.users, b.users)::double precision / nullif(rb_cardinality(a.users), 0),
               rb_and_cardinality(a.users, b.users)::double precision / nullif(rb_or_cardinality(a.users, b.users), 0)
        FROM s AS a JOIN s AS b ON a.place <> b.place
        ORDER BY a.place, b.place;
    END;
COMMENT ON FUNCTION cdp_segment_overlap(text[]) IS
    'For every two of these segments, in both orders: how many users are in both, which share of segment_a they are (null if it is empty), and which of all who are in one or both (null if there are none). Error 42704 for an unknown segment.';

CREATE FUNCTION cdp_segment_history(name text, since timestamptz, until timestamptz DEFAULT @extschema@.cdp_now(),
                                    step interval DEFAULT '1 day')
    RETURNS TABLE (at timestamptz, size bigint)
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED ROWS 100
    BEGIN ATOMIC
        -- What changed since an instant, taken from the present size; the record of changes may begin later than the segment.
        WITH present AS MATERIALIZED (
            SELECT cdp_segment_size(cdp_segment_history.name) AS size
        ), point AS (
            SELECT g.at, 0 AS amount, true AS is_step
            FROM generate_series(cdp_segment_history.since, least(cdp_segment_history.until, cdp_now()),
                                 cdp_segment_history.step) AS g (at)
            UNION ALL
            SELECT c.effective_at, CASE c.change WHEN 'entered' THEN 1 ELSE -1 END, false
            FROM cdp.segment_change AS c
            WHERE c.segment_no = (SELECT s.segment_no FROM cdp.segment AS s WHERE s.name = cdp_segment_history.name)
              AND c.recorded_at > cdp_segment_history.since AND c.effective_at > cdp_segment_history.since
        ), size AS (
            SELECT p.at, p.is_step,
                   present.size - coalesce(sum(p.amount) OVER (ORDER BY p.at DESC GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS size
            FROM point AS p CROSS JOIN present
        )
        SELECT z.at, CASE WHEN z.at >= coalesce((SELECT k.since FROM cdp.segment_change_kept AS k), '-infinity') THEN z.size END
        FROM size AS z WHERE z.is_step ORDER BY z.at;
    END;
COMMENT ON FUNCTION cdp_segment_history(text, timestamptz, timestamptz, interval) IS
    'How many members a segment had at instants from since to until (at most now), each a step after the one before; from the present size and cdp.segment_change. Null where that does not reach back so far (cdp.segment_change_keep). Who was forgotten since is not counted. Error 42704 for an unknown segment.';

CREATE FUNCTION cdp_segment_profile(name text, traits text[])
    RETURNS TABLE (trait text, value text, members bigint, everyone bigint, share double precision, lift double precision)
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED ROWS 100
    BEGIN ATOMIC
        WITH wanted AS (
            SELECT t.trait, min(t.place) AS place
            FROM unnest(cdp_segment_profile.traits) WITH ORDINALITY AS t (trait, place) WHERE t.trait IS NOT NULL
            GROUP BY t.trait
        ), person AS MATERIALIZED (
            SELECT p.traits, coalesce(s.segment_no = ANY (@extschema@.cdp_segment_numbers(m.segments)), false) AS is_member
            FROM cdp.profile AS p
            LEFT JOIN cdp.membership AS m ON m.user_no = p.user_no
            CROSS JOIN (SELECT coalesce(segment.members_no, segment.segment_no) AS segment_no FROM cdp.segment
                        WHERE segment.name = cdp_segment_profile.name) AS s
        ), total AS (
            SELECT count(*) AS everyone, count(*) FILTER (WHERE person.is_member) AS members FROM person
        ), counted AS (
            SELECT w.trait, w.place, v.value, count(*) FILTER (WHERE p.is_member) AS members, count(*) AS everyone
            FROM person AS p CROSS JOIN wanted AS w
            CROSS JOIN LATERAL (SELECT p.traits #> string_to_array(w.trait, '.') AS value) AS j
            CROSS JOIN LATERAL (
                SELECT DISTINCT e.value
                FROM jsonb_array_elements_text(CASE jsonb_typeof(j.value) WHEN 'array' THEN j.value
                                                                          ELSE jsonb_build_array(j.value) END) AS e (value)) AS v
            GROUP BY w.trait, w.place, v.value
        )
        SELECT c.trait, c.value, c.members, c.everyone, c.members::double precision / nullif(t.members, 0),
               (c.members::double precision * t.everyone) / nullif(t.members::double precision * c.everyone, 0)
        FROM counted AS c CROSS JOIN total AS t
        -- Error for an unknown segment.
        WHERE cdp_segment_size(cdp_segment_profile.name) >= 0
        ORDER BY c.place, c.members DESC, c.everyone DESC, c.value COLLATE "C";
    END;
COMMENT ON FUNCTION cdp_segment_profile(text, text[]) IS
    'For each of these traits (address.city for a nested one) and each value that occurs: how many members of the segment and how many people have it, which share of the members that is, and how many times the share of all people (lift). Of an array each element counts; null stands for an absent trait. Reads every profile once. Error 42704 for an unknown segment.';
