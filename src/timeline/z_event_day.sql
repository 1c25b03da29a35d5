CREATE TABLE cdp.event_day_packed (
    event_no integer NOT NULL,
    day      date NOT NULL,
    users    @extschema@.roaringbitmap NOT NULL,
    PRIMARY KEY (event_no, day)
);
ALTER TABLE cdp.event_day_packed ALTER COLUMN users SET STORAGE EXTERNAL;
COMMENT ON TABLE cdp.event_day_packed IS 'Which users did which event on which day, of packed events; also users that are gone: cdp.gone_user. Read the view cdp.event_day';
COMMENT ON COLUMN cdp.event_day_packed.event_no IS 'cdp.event_name.event_no';
COMMENT ON COLUMN cdp.event_day_packed.day IS 'Day in UTC';
COMMENT ON COLUMN cdp.event_day_packed.users IS 'Numbers of the users: cdp.profile.user_no';
SELECT pg_catalog.pg_extension_config_dump('cdp.event_day_packed', '');

CREATE TABLE cdp.gone_user (
    part  integer PRIMARY KEY,
    users @extschema@.roaringbitmap NOT NULL
);
COMMENT ON TABLE cdp.gone_user IS 'Numbers of users who had packed events and are no more: they count no longer where cdp.event_day_packed and the closed table of recent events still have them';
COMMENT ON COLUMN cdp.gone_user.part IS 'user_no divided by 65536';
COMMENT ON COLUMN cdp.gone_user.users IS 'The numbers of this part';
SELECT pg_catalog.pg_extension_config_dump('cdp.gone_user', '');

CREATE VIEW cdp.event_day AS
    -- Of a closed table that is being packed all rows, also those of users who are packed already: event_day_packed gets their
    -- bits with the last ones. Twice the same does no harm.
    WITH recent AS MATERIALIZED (
        SELECT g.event_no, (g.day_start AT TIME ZONE 'UTC')::date AS day, g.users
        FROM (SELECT r.event_no, date_bin('1 day', r.ts, '2000-01-01 00:00Z') AS day_start,
                     -- As the signed integers that elements are.
                     @extschema@.rb_build_agg((r.user_no - (r.user_no >> 31 << 32))::integer) AS users
              FROM (SELECT r.event_no, r.ts, r.user_no FROM cdp.recent_event_0 AS r
                    WHERE NOT EXISTS (SELECT FROM cdp.packing AS p WHERE p.slot = 1 AND p.packed_until = 9223372036854775807)
                    UNION ALL
                    SELECT r.event_no, r.ts, r.user_no FROM cdp.recent_event_1 AS r
                    WHERE NOT EXISTS (SELECT FROM cdp.packing AS p WHERE p.slot = 0 AND p.packed_until = 9223372036854775807)) AS r
              GROUP BY 1, 2) AS g
    ), gone AS MATERIALIZED (
        SELECT @extschema@.rb_or_agg(g.users) AS users FROM cdp.gone_user AS g
    )
    -- No stored row is of gone users alone: to whomever they were merged did the same on that day.
    SELECT n.name AS event, s.day,
           CASE WHEN r.users IS NULL AND g.users IS NULL THEN s.users
                WHEN g.users IS NULL THEN @extschema@.rb_or(s.users, r.users)
                WHEN r.users IS NULL THEN @extschema@.rb_andnot(s.users, g.users)
                ELSE @extschema@.rb_andnot(@extschema@.rb_or(s.users, r.users), g.users) END AS users
    FROM cdp.event_day_packed AS s
    JOIN cdp.event_name AS n ON n.event_no = s.event_no
    LEFT JOIN recent AS r ON r.event_no = s.event_no AND r.day = s.day
    CROSS JOIN gone AS g
    UNION ALL
    SELECT n.name, r.day, CASE WHEN g.users IS NULL THEN r.users ELSE @extschema@.rb_andnot(r.users, g.users) END
    FROM recent AS r
    JOIN cdp.event_name AS n ON n.event_no = r.event_no
    CROSS JOIN gone AS g
    -- No join, which the planner might do by reading all of the table: it takes recent days for many.
    WHERE (SELECT s.day FROM cdp.event_day_packed AS s WHERE s.event_no = r.event_no AND s.day = r.day) IS NULL;
COMMENT ON VIEW cdp.event_day IS 'Which users did which event on which day (in UTC): a row for each event and day on which it happened. Recent events are read one by one, packed ones as sets';
COMMENT ON COLUMN cdp.event_day.event IS 'Name of the event';
COMMENT ON COLUMN cdp.event_day.day IS 'Day in UTC, by the time at which the event happened';
COMMENT ON COLUMN cdp.event_day.users IS 'Numbers of the users: cdp.profile.user_no';
