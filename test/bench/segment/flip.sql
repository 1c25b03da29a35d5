-- Events of :flips users an hour before the minute that begins 40 s from now, spread evenly over it.
INSERT INTO cdp.inbox (payload)
SELECT format('{"type":"track","userId":"u%s","event":"flip","timestamp":"%s"}', n, to_char((now() AT TIME ZONE 'UTC') - interval '1 hour' + interval '40 s' + n * interval '1 minute' / :flips,
    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) FROM generate_series(1, :flips) AS n;
CREATE TABLE IF NOT EXISTS began (at timestamptz);
TRUNCATE began;
INSERT INTO began VALUES (now() + interval '40 s');
