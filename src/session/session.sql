CREATE TABLE cdp.session_boundary (
    event text COLLATE "C" PRIMARY KEY CHECK (event <> '' AND octet_length(event) <= 255),
    kind  text NOT NULL CHECK (kind IN ('start', 'end'))
);
COMMENT ON TABLE cdp.session_boundary IS 'Events that begin or end a session, where the caller''s session ids do not say so. For events processed from then on';
COMMENT ON COLUMN cdp.session_boundary.event IS 'Name of the event';
COMMENT ON COLUMN cdp.session_boundary.kind IS 'start: the event is the first of a session; end: it is the last of one';
INSERT INTO cdp.session_boundary (event, kind) VALUES
    ('session_start', 'start'), ('session_end', 'end'),
    ('Session Started', 'start'), ('Session Ended', 'end'),
    ('$session_start', 'start'), ('$session_end', 'end');
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cdp.session_boundary
    FOR EACH STATEMENT EXECUTE FUNCTION cdp_configuration_changed();
COMMENT ON TRIGGER changed ON cdp.session_boundary IS 'Makes every connection read it anew';
SELECT pg_catalog.pg_extension_config_dump('cdp.session_boundary', $$WHERE event NOT IN ('session_start', 'session_end', 'Session Started', 'Session Ended', '$session_start', '$session_end')$$);

CREATE TABLE cdp.session_span (
    user_no          bigint NOT NULL,
    started_at       timestamptz NOT NULL,
    first_arrival    bigint NOT NULL,
    ended_at         timestamptz NOT NULL,
    events           bigint NOT NULL CHECK (events > 0),
    is_over          boolean NOT NULL,
    landing_event_no integer NOT NULL,
    exit_event_no    integer NOT NULL,
    session_id       text,
    landing_page     text,
    landing_page_at  timestamptz,
    exit_page        text,
    exit_page_at     timestamptz,
    referrer         text,
    utm_source       text,
    utm_medium       text,
    utm_campaign     text,
    utm_term         text,
    utm_content      text,
    origin_at        timestamptz,
    PRIMARY KEY (user_no, started_at, first_arrival)
) WITH (fillfactor = 80);
COMMENT ON TABLE cdp.session_span IS 'Sessions as they are kept; read the view cdp.session';
COMMENT ON COLUMN cdp.session_span.user_no IS 'Whose: cdp.profile.user_no';
COMMENT ON COLUMN cdp.session_span.started_at IS 'Time of its first event';
COMMENT ON COLUMN cdp.session_span.first_arrival IS 'cdp.recent_event.arrival_no of its first event';
COMMENT ON COLUMN cdp.session_span.ended_at IS 'Time of its last event';
COMMENT ON COLUMN cdp.session_span.events IS 'How many events it has';
COMMENT ON COLUMN cdp.session_span.is_over IS 'Whether its last event is one that ends a session';
COMMENT ON COLUMN cdp.session_span.landing_event_no IS 'First event: cdp.event_name.event_no';
COMMENT ON COLUMN cdp.session_span.exit_event_no IS 'Last event: cdp.event_name.event_no';
COMMENT ON COLUMN cdp.session_span.session_id IS 'The caller''s id of it: of its first event that has one';
COMMENT ON COLUMN cdp.session_span.landing_page IS 'Url of its first event that has one';
COMMENT ON COLUMN cdp.session_span.landing_page_at IS 'Time of that event';
COMMENT ON COLUMN cdp.session_span.exit_page IS 'Url of its last event that has one';
COMMENT ON COLUMN cdp.session_span.exit_page_at IS 'Time of that event';
COMMENT ON COLUMN cdp.session_span.referrer IS 'Of its first event with a url, a referrer or a campaign, as the five that follow';
COMMENT ON COLUMN cdp.session_span.utm_source IS 'Campaign: where the visitor came from';
COMMENT ON COLUMN cdp.session_span.utm_medium IS 'Campaign: by what kind of link';
COMMENT ON COLUMN cdp.session_span.utm_campaign IS 'Campaign: its name';
COMMENT ON COLUMN cdp.session_span.utm_term IS 'Campaign: the keyword';
COMMENT ON COLUMN cdp.session_span.utm_content IS 'Campaign: which of its links';
COMMENT ON COLUMN cdp.session_span.origin_at IS 'Time of that event';
SELECT pg_catalog.pg_extension_config_dump('cdp.session_span', '');

CREATE TABLE cdp.open_session (
    user_no       bigint NOT NULL,
    started_at    timestamptz NOT NULL,
    first_arrival bigint NOT NULL
);
COMMENT ON TABLE cdp.open_session IS 'Keys of sessions that were open when they were written; some are over by now. Read cdp_live_sessions()';
COMMENT ON COLUMN cdp.open_session.user_no IS 'cdp.session_span.user_no';
COMMENT ON COLUMN cdp.open_session.started_at IS 'cdp.session_span.started_at';
COMMENT ON COLUMN cdp.open_session.first_arrival IS 'cdp.session_span.first_arrival';
SELECT pg_catalog.pg_extension_config_dump('cdp.open_session', '');

CREATE VIEW cdp.session AS
    SELECT s.user_no,
           pg_catalog.row_number() OVER (PARTITION BY s.user_no ORDER BY s.started_at, s.first_arrival) AS session_no,
           s.started_at, s.ended_at, s.ended_at - s.started_at AS duration, s.events, s.events = 1 AS bounce,
           l.name AS landing_event, e.name AS exit_event, s.landing_page, s.exit_page, s.referrer,
           s.utm_source, s.utm_medium, s.utm_campaign, s.utm_term, s.utm_content, s.session_id
    FROM cdp.session_span AS s
    LEFT JOIN cdp.event_name AS l ON l.event_no = s.landing_event_no
    LEFT JOIN cdp.event_name AS e ON e.event_no = s.exit_event_no;
COMMENT ON VIEW cdp.session IS 'Sessions: events of a user without a gap longer than cdp.session_timeout (30 minutes), or as the caller''s session ids and the events of cdp.session_boundary say';
COMMENT ON COLUMN cdp.session.user_no IS 'Whose: cdp.profile.user_no';
COMMENT ON COLUMN cdp.session.session_no IS 'The user''s first session is 1; a late event may renumber later ones';
COMMENT ON COLUMN cdp.session.started_at IS 'Time of its first event';
COMMENT ON COLUMN cdp.session.ended_at IS 'Time of its last event';
COMMENT ON COLUMN cdp.session.duration IS 'From its first event to its last';
COMMENT ON COLUMN cdp.session.events IS 'How many events it has';
COMMENT ON COLUMN cdp.session.bounce IS 'Whether it has a single event';
COMMENT ON COLUMN cdp.session.landing_event IS 'Name of its first event';
COMMENT ON COLUMN cdp.session.exit_event IS 'Name of its last event';
COMMENT ON COLUMN cdp.session.landing_page IS 'Url of its first event that has one; null if none has';
COMMENT ON COLUMN cdp.session.exit_page IS 'Url of its last event that has one; null if none has';
COMMENT ON COLUMN cdp.session.referrer IS 'Where it came from: as its first event with a url, a referrer or a campaign says; null for nowhere, or unknown';
COMMENT ON COLUMN cdp.session.utm_source IS 'Campaign, by the same event: where from (google, newsletter)';
COMMENT ON COLUMN cdp.session.utm_medium IS 'Campaign: by what kind of link (cpc, email)';
COMMENT ON COLUMN cdp.session.utm_campaign IS 'Campaign: its name';
COMMENT ON COLUMN cdp.session.utm_term IS 'Campaign: the keyword';
COMMENT ON COLUMN cdp.session.utm_content IS 'Campaign: which of its links';
COMMENT ON COLUMN cdp.session.session_id IS 'The caller''s id of it, if its events have one';

CREATE FUNCTION cdp_session_timeout() RETURNS interval
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cdp_session_timeout() IS 'The setting cdp.session_timeout.';

CREATE FUNCTION cdp_live_sessions()
    RETURNS TABLE (user_no bigint, user_id text, started_at timestamptz, last_event_at timestamptz, events bigint,
                   landing_event text, last_event text, landing_page text, last_page text, referrer text,
                   utm_source text, utm_medium text, utm_campaign text, session_id text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT s.user_no, p.user_id, s.started_at, s.ended_at, s.events, l.name, e.name, s.landing_page, s.exit_page,
           s.referrer, s.utm_source, s.utm_medium, s.utm_campaign, s.session_id
    FROM (SELECT DISTINCT o.user_no, o.started_at, o.first_arrival FROM cdp.open_session AS o) AS o
    JOIN cdp.session_span AS s USING (user_no, started_at, first_arrival)
    LEFT JOIN cdp.profile AS p ON p.user_no = s.user_no
    LEFT JOIN cdp.event_name AS l ON l.event_no = s.landing_event_no
    LEFT JOIN cdp.event_name AS e ON e.event_no = s.exit_event_no
    WHERE NOT s.is_over
      AND s.ended_at >= cdp_now() - cdp_session_timeout()
    ORDER BY s.ended_at DESC, s.user_no;
END;
COMMENT ON FUNCTION cdp_live_sessions() IS 'Sessions that are open now: with an event within cdp.session_timeout and none that ends them. The latest event first.';

CREATE FUNCTION cdp_session(user_id text, session_no bigint DEFAULT NULL)
    RETURNS TABLE (session_no bigint, ts timestamptz, event text, properties jsonb, context jsonb, insert_id text,
                   source text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
    SELECT s.session_no, r.ts, n.name, r.properties, r.context, r.insert_id, r.source
    FROM (SELECT pg_catalog.row_number() OVER (ORDER BY b.started_at, b.first_arrival) AS session_no,
                 pg_catalog.count(*) OVER () AS last_no, b.user_no, b.started_at, b.first_arrival,
                 pg_catalog.lead(b.started_at) OVER (ORDER BY b.started_at, b.first_arrival) AS next_at,
                 pg_catalog.lead(b.first_arrival) OVER (ORDER BY b.started_at, b.first_arrival) AS next_arrival
          FROM cdp.session_span AS b
          WHERE b.user_no = (SELECT i.user_no FROM cdp.identity AS i WHERE i.value = cdp_session.user_id
                             ORDER BY i.kind DESC LIMIT 1)) AS s
    CROSS JOIN LATERAL (
        SELECT u.ts, u.arrival_no, u.event_no, u.insert_id, u.source, u.properties, u.context
        FROM cdp.unpacked_event AS u
        WHERE u.user_no = s.user_no AND (u.ts, u.arrival_no) >= (s.started_at, s.first_arrival)
          AND (s.next_at IS NULL OR (u.ts, u.arrival_no) < (s.next_at, s.next_arrival))
        UNION ALL
        SELECT d.ts, d.arrival_no, d.event_no, d.insert_id, d.source, d.properties, d.context
        FROM cdp.timeline AS t, cdp_timeline_details(t.timeline, t.properties) AS d
        WHERE t.user_no = s.user_no AND t.last_ts >= s.started_at AND (s.next_at IS NULL OR t.first_ts <= s.next_at)
          AND (d.ts, d.arrival_no) >= (s.started_at, s.first_arrival)
          AND (s.next_at IS NULL OR (d.ts, d.arrival_no) < (s.next_at, s.next_arrival))) AS r
    LEFT JOIN cdp.event_name AS n ON n.event_no = r.event_no
    WHERE s.session_no = coalesce(cdp_session.session_no, s.last_no)
    ORDER BY r.ts, r.arrival_no;
END;
COMMENT ON FUNCTION cdp_session(text, bigint) IS 'Events of one session of a user (by user id, or else anonymous id) in their order: of its latest one, or of that number (cdp.session.session_no). No row for an unknown user or session.';
