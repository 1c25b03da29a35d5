CREATE TABLE cdp.session_span (
    user_no    bigint NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at   timestamptz NOT NULL,
    events     bigint NOT NULL CHECK (events > 0),
    PRIMARY KEY (user_no, started_at)
) WITH (fillfactor = 80);
COMMENT ON TABLE cdp.session_span IS 'Sessions as spans of time, without a gap longer than the timeout; read the view cdp.session';
COMMENT ON COLUMN cdp.session_span.user_no IS 'Whose: cdp.profile.user_no';
COMMENT ON COLUMN cdp.session_span.started_at IS 'Time of its first event';
COMMENT ON COLUMN cdp.session_span.ended_at IS 'Time of its last event';
COMMENT ON COLUMN cdp.session_span.events IS 'How many events it has';
SELECT pg_catalog.pg_extension_config_dump('cdp.session_span', '');

CREATE VIEW cdp.session AS
    SELECT user_no, row_number() OVER (PARTITION BY user_no ORDER BY started_at) AS session_no, started_at, ended_at,
           events
    FROM cdp.session_span;
COMMENT ON VIEW cdp.session IS 'Sessions: events of a user without a gap longer than cdp.session_timeout (30 minutes)';
COMMENT ON COLUMN cdp.session.user_no IS 'Whose: cdp.profile.user_no';
COMMENT ON COLUMN cdp.session.session_no IS 'The user''s first session is 1; a late event may renumber later ones';
COMMENT ON COLUMN cdp.session.started_at IS 'Time of its first event';
COMMENT ON COLUMN cdp.session.ended_at IS 'Time of its last event';
COMMENT ON COLUMN cdp.session.events IS 'How many events it has';
