-- Whom to look at when: users of one minute or hour share a row, are told apart before it begins, and change at their exact instants.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE FUNCTION pg_temp.process(at timestamptz) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cdp.now', at::text, false);
    RETURN cdp_process();
END $$;
CREATE VIEW hints AS
    SELECT due_at, (SELECT array_agg(p.user_id ORDER BY p.user_no) FROM cdp.profile AS p WHERE p.user_no = d.user_no OR p.user_no = ANY(rb_to_array(d.users))) AS who,
           users IS NOT NULL AS is_shared FROM cdp.segment_due AS d ORDER BY due_at, 2;
-- Who would be missed: there is no hint for them at the instant at which they are due, or earlier.
CREATE VIEW missed AS SELECT user_no FROM cdp.membership AS m WHERE next_due < 'infinity'
    AND NOT EXISTS (SELECT FROM cdp.segment_due AS d WHERE d.due_at <= m.next_due AND (d.user_no = m.user_no OR rb_contains(d.users, m.user_no::integer)));
CREATE VIEW changes AS SELECT p.user_id, c.segment, c.change, c.effective_at, c.recorded_at FROM cdp.segment_change AS c JOIN cdp.profile AS p USING (user_no)
    WHERE c.reason = 'time' ORDER BY c.change_no;

SET cdp.now = '2025-01-01 01:00Z';
INSERT INTO cdp.segment (name, rule) VALUES ('minutes', 'did(a in last 5 minutes)'), ('hours', 'did(b in last 2 hours)'), ('days', 'did(c in last 3 days)');
SELECT cdp_track('a' || n, 'a', '{}', timestamptz '2025-01-01 00:57Z' + n * interval '1 second'), cdp_track('b' || n, 'b', '{}', timestamptz '2025-01-01 00:00Z' + n * interval '10 seconds'),
       cdp_track('c' || n, 'c', '{}', timestamptz '2025-01-01 00:00Z' + n * interval '9 minutes') FROM generate_series(0, 4) AS n \g /dev/null
-- Three are too few for a row.
SELECT cdp_track('d' || n, 'b', '{}', timestamptz '2025-01-01 00:30Z' + n * interval '1 second') FROM generate_series(0, 2) AS n \g /dev/null
SELECT cdp_process();
SELECT * FROM hints;
SELECT * FROM missed;
-- Who is due later than was hinted keeps the hint.
SELECT cdp_track('b0', 'b', '{}', '2025-01-01 01:00Z') \g /dev/null
SELECT cdp_process();
SELECT * FROM hints WHERE 'b0' = ANY(who);
-- Who is forgotten is not named any more.
SELECT cdp_forget('b3'), cdp_forget('c4') \g /dev/null
SELECT * FROM hints WHERE is_shared;
SELECT * FROM missed;
-- Ten seconds before the minute they are told apart, each at its own instant.
SELECT pg_temp.process('2025-01-01 01:59:49.999999Z');
SELECT * FROM hints WHERE 'b1' = ANY(who);
SELECT pg_temp.process('2025-01-01 01:59:50Z');
SELECT * FROM hints WHERE who::text ~ 'b';
SELECT * FROM missed;
TRUNCATE cdp.segment_change;
SELECT pg_temp.process('2025-01-01 02:00:19.999999Z');
SELECT * FROM changes;
SELECT pg_temp.process('2025-01-01 02:00:20Z');
SELECT * FROM changes OFFSET 1;
SELECT * FROM hints WHERE who::text ~ 'b';
-- Those of an hour are told apart ten minutes before it: who is due soon by himself, others by the minute. A clock that jumps changes nothing of that.
SELECT pg_temp.process('2025-01-03 23:49:59Z');
SELECT * FROM hints;
SELECT pg_temp.process('2025-01-03 23:50Z');
SELECT * FROM hints;
SELECT * FROM missed;
TRUNCATE cdp.segment_change;
SELECT pg_temp.process('2025-01-04 12:00Z');
SELECT * FROM changes;
SELECT * FROM hints;
-- Rows are of a thousand users at most; whatever the hour, each changes when it must.
TRUNCATE cdp.segment_change;
SET cdp.now = '2025-02-01 00:00Z';
SELECT cdp_track('e' || n, 'c', '{}', timestamptz '2025-01-31 22:00Z' + n * interval '1 second') FROM generate_series(1, 5000) AS n \g /dev/null
SELECT cdp_process();
SELECT count(*) AS shared, sum(cardinality(who)) AS users, max(cardinality(who)) AS most FROM hints WHERE is_shared;
SELECT sum(pg_temp.process(timestamptz '2025-02-03 21:45Z' + n * interval '77 seconds')) FROM generate_series(1, 30) AS n;
SELECT * FROM missed;
SELECT cdp_segment_size('days') AS size, count(*) AS changes FROM changes;
SELECT sum(pg_temp.process(timestamptz '2025-02-03 22:23:30Z' + n * interval '777 seconds')) FROM generate_series(1, 10) AS n;
SELECT count(*) AS changes, count(*) FILTER (WHERE effective_at <> timestamptz '2025-02-03 22:00Z' + substr(user_id, 2)::integer * interval '1 second') AS wrong,
       max(recorded_at - effective_at) < '777 seconds' AS is_prompt FROM changes;
SELECT * FROM hints;
-- With the segments go the hints.
SELECT cdp_track('f', 'a') \g /dev/null
SELECT cdp_process();
SELECT who FROM hints;
TRUNCATE cdp.segment CASCADE;
SELECT count(*) FROM hints;

SET client_min_messages = warning;
DROP VIEW hints, missed, changes;
DROP EXTENSION cdp CASCADE;
CREATE EXTENSION cdp;
