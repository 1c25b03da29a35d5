CREATE VIEW cdp.event AS
    SELECT p.user_no, p.user_id, r.ts, n.name AS event,
           (SELECT count(*) FROM cdp.session_span AS s
            WHERE s.user_no = p.user_no AND (s.started_at, s.first_arrival) <= (r.ts, r.arrival_no))
               AS session_no,
           r.insert_id, r.source, r.properties, r.context, r.received_at
    -- User by user, so that a condition on one goes to the indexes of all places where events lie. Without OFFSET the planner
    -- would read everyone's events first: it hands no join down into a UNION.
    FROM cdp.profile AS p
    CROSS JOIN LATERAL (SELECT * FROM cdp.stored_event AS e WHERE e.user_no = p.user_no OFFSET 0) AS r
    LEFT JOIN cdp.event_name AS n USING (event_no);
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
