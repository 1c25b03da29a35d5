CREATE VIEW cdp.event AS
    SELECT p.user_no, p.user_id, r.ts, n.name AS event,
           (SELECT count(*) FROM cdp.session_span AS s
            WHERE s.user_no = p.user_no AND (s.started_at, s.first_arrival) <= (r.ts, r.arrival_no))
               AS session_no,
           r.insert_id, r.source, r.properties, r.context, r.received_at
    -- User by user, so that a condition on one goes to the indexes of all places where events lie: the planner hands no join down
    -- into a UNION, so each part has the condition of its own. What a query demands of ts it does hand down.
    FROM cdp.profile AS p
    CROSS JOIN LATERAL (
        SELECT u.ts, u.arrival_no, u.event_no, u.insert_id, u.source, u.properties, u.context, u.received_at
        FROM cdp.unpacked_event AS u
        WHERE u.user_no = p.user_no
        UNION ALL
        SELECT d.ts, d.arrival_no, d.event_no, d.insert_id, d.source, d.properties, d.context, d.received_at
        FROM cdp.timeline AS t, cdp_timeline_details(t.timeline, t.properties) AS d
        WHERE t.user_no = p.user_no AND cdp_known_between(d.ts, t.first_ts, t.last_ts)) AS r
    LEFT JOIN cdp.event_name AS n USING (event_no)
    WHERE cdp_known_between(r.ts, p.first_seen, p.last_seen);
COMMENT ON VIEW cdp.event IS 'Every event ever accepted';
COMMENT ON COLUMN cdp.event.user_no IS 'Whose: cdp.profile.user_no';
COMMENT ON COLUMN cdp.event.user_id IS 'The caller''s id of that user; null while anonymous';
COMMENT ON COLUMN cdp.event.ts IS 'When it happened';
COMMENT ON COLUMN cdp.event.event IS 'Its name';
COMMENT ON COLUMN cdp.event.session_no IS 'In which of the user''s sessions: cdp.session.session_no';
COMMENT ON COLUMN cdp.event.insert_id IS 'The caller''s id of this event, if it gave one';
COMMENT ON COLUMN cdp.event.source IS 'cdp.source.name it came by';
COMMENT ON COLUMN cdp.event.properties IS 'Its properties as sent';
COMMENT ON COLUMN cdp.event.context IS 'The message''s context as sent';
COMMENT ON COLUMN cdp.event.received_at IS 'When it was queued';
