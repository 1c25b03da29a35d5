-- The type cdp_timeline: its functions held against plain SQL over the rows it was made of.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;
SET timezone = 'UTC';
CREATE FUNCTION error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text; message text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', code, message, nullif(detail, ''), nullif(hint, ''));
END $$;

-- A small one, by hand.
SELECT cdp_timeline_agg(ts, event, starts) AS ada
FROM (VALUES (timestamptz '2024-03-01 10:05:00.25', 'cart', NULL), ('2024-03-01 10:00', 'view', true),
             ('2024-03-04 09:00', 'view', true), ('2024-03-01 11:00', 'purchase', false), (NULL, 'view', true),
             ('2024-03-01 12:00', NULL, true)) AS row(ts, event, starts) \gset
SELECT :'ada'::cdp_timeline AS timeline;
SELECT * FROM cdp_timeline_unpack(:'ada');
SELECT * FROM cdp_timeline_events(:'ada');
SELECT cdp_timeline_count(t), cdp_timeline_count(t, 'view') AS views, cdp_timeline_count(t, 'none') AS none,
       cdp_timeline_first(t), cdp_timeline_last(t), cdp_timeline_first(t, 'cart') AS cart, cdp_timeline_last(t, 'view') AS view,
       cdp_timeline_first(t, 'none') AS none, cdp_timeline_last(t, 'none') AS none, cdp_timeline_sessions(t)
FROM (VALUES (:'ada'::cdp_timeline)) AS v(t);
SELECT t ? 'cart' AS cart, t ? 'none' AS none, t ? '' AS empty, cdp_timeline_has(t, 'view') AS view FROM (VALUES (:'ada'::cdp_timeline)) AS v(t);
SELECT cdp_timeline_slice(:'ada', '2024-03-01 10:05:00.25', '2024-03-04 09:00');
SELECT cdp_timeline_filter(:'ada', ARRAY['purchase', 'cart', NULL, 'none']);
SELECT :'ada'::cdp_timeline || '{"ts": "2024-03-01T11:00:00Z", "event": "purchase again"}' AS merged;

-- By number, and the empty timeline, which is of both kinds.
SELECT cdp_timeline_agg(timestamptz '2024-01-01' + n * interval '1 day', n % 3) AS numbered FROM generate_series(1, 5) AS n \gset
SELECT :'numbered'::cdp_timeline AS timeline;
SELECT * FROM cdp_timeline_unpack(:'numbered');
SELECT * FROM cdp_timeline_events(:'numbered');
SELECT cdp_timeline_count(t, 2), cdp_timeline_count(t, 7), cdp_timeline_first(t, 2), cdp_timeline_last(t, 2), t ? 0 AS zero, t ? 3 AS three,
       cdp_timeline_has(t, -1), cdp_timeline_sessions(t), cdp_timeline_filter(t, ARRAY[2, NULL, 5])
FROM (VALUES (:'numbered'::cdp_timeline)) AS v(t);
SELECT cdp_timeline_count(t), cdp_timeline_count(t, 'a'), cdp_timeline_count(t, 1), cdp_timeline_first(t), cdp_timeline_last(t), cdp_timeline_last(t, 1),
       t ? 'a' AS has, cdp_timeline_sessions(t), t || :'ada' = :'ada' AS left, :'numbered' || t = :'numbered' AS right,
       cdp_timeline_slice(t, NULL, NULL) = t AS slice, cdp_timeline_filter(t, ARRAY[1]) = t AS filter, t::text AS text
FROM (VALUES (''::cdp_timeline)) AS v(t);
SELECT * FROM cdp_timeline_unpack('');
SELECT * FROM cdp_timeline_events('');
SELECT cdp_timeline_agg(ts, event) IS NULL AS no_row FROM (VALUES (timestamptz '2024-01-01', 'a')) AS row(ts, event) WHERE false;
SELECT cdp_timeline_agg(NULL, 'a') IS NULL AS no_time, cdp_timeline_agg(now(), NULL::text) IS NULL AS no_event,
       cdp_timeline_merge_agg(NULL) IS NULL AS no_timeline, cdp_timeline_merge_agg('') = '' AS empty;

-- What is refused.
SELECT error_of(format('SELECT %L::cdp_timeline', text))
FROM unnest(ARRAY['1', '{}', '{"ts": 1, "event": "a"}', '{"ts": "yesterday", "event": "a"}', '{"ts": "2024-01-01"}', '{"ts": "2024-01-01", "event": -1}',
                  '{"ts": "2024-01-01", "event": "a", "session": "yes"}', '{"ts": "2024-01-01", "event": "a", "user": 1}', '{"ts": "2024-01-01"',
                  E'{"ts": "2024-01-01", "event": "a"}\n\n{"ts": "2024-01-01", "event": 1}', '{"ts": "300000-01-01T00:00:00Z", "event": "a"}']) AS text;
SELECT error_of($$SELECT cdp_timeline_agg('infinity', 'a')$$);
SELECT error_of($$SELECT cdp_timeline_agg('-infinity', 1)$$);
SELECT error_of($$SELECT cdp_timeline_agg(now(), -1)$$);
SELECT error_of(format('SELECT %L::cdp_timeline || %L', :'ada', :'numbered'));
SELECT error_of(format('SELECT cdp_timeline_merge_agg(t::cdp_timeline) FROM (VALUES (%L), (%L)) AS v(t)', :'ada', :'numbered'));
SELECT error_of(format('SELECT %s(%L, 1)', function, :'ada')), error_of(format('SELECT %s(%L, ''a''::text)', function, :'numbered'))
FROM unnest(ARRAY['cdp_timeline_count', 'cdp_timeline_first', 'cdp_timeline_last', 'cdp_timeline_has']) AS function;
SELECT error_of(format('SELECT cdp_timeline_filter(%L, ARRAY[1])', :'ada'));
SELECT error_of(format('SELECT cdp_timeline_filter(%L, ARRAY[''a''])', :'numbered'));
SELECT error_of($$SELECT cdp_timeline_transition(NULL, now(), 'a')$$);
SELECT error_of($$SELECT cdp_timeline_transition(NULL, now(), 1, true)$$);
SELECT error_of($$SELECT cdp_timeline_merge_transition(NULL, '')$$);
SELECT error_of($$SELECT cdp_timeline_combine(NULL, NULL)$$);
SELECT error_of($$SELECT cdp_timeline_final(NULL)$$);

-- An aggregate of one's own may begin with any bytes: they are refused, or what comes out is a timeline.
CREATE FUNCTION begun_with(state bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE AGGREGATE forged(timestamptz, text) (SFUNC = cdp_timeline_transition, STYPE = bytea, FINALFUNC = cdp_timeline_final, INITCOND = %L)', state);
    EXECUTE 'SELECT cdp_timeline_send(forged(NULL, NULL))' INTO STRICT state;
    EXECUTE 'DROP AGGREGATE forged(timestamptz, text)';
    RETURN 'taken: ' || coalesce(state::text, 'null');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT begun_with(state) FROM unnest(ARRAY['\x', '\x0200000000000000', '\x0103000000000000', '\x010100000d000000', '\x010100000d00000000', '\x0101000000000000',
    '\x010100000e000000' || repeat('00', 8) || '04000000ff61', '\x010100000e000000' || repeat('00', 8) || '06000000ff61',
    '\x010200000c000000ffffffffffffff7f04000000']::bytea[]) AS state;
SELECT count(*) AS tried, count(*) FILTER (WHERE outcome !~ '^(XX001|22003|22P03|taken)') AS other
FROM generate_series(0, 300) AS n, LATERAL (SELECT begun_with('\x0101000010000000' || decode(md5(n::text), 'hex')) AS outcome) AS tried;

-- Many users: aggregates, functions, text and binary forms against the rows.
CREATE TABLE timeline_event AS
SELECT n AS id, r % 40 AS user_no,
       timestamptz '2024-01-01' + r % 977 * CASE r % 40 % 3 WHEN 0 THEN interval '1 day' WHEN 1 THEN interval '1.501 s' ELSE interval '1 us' END AS ts,
       timestamptz '2024-01-01' + n * 7919 % 6007 * interval '1 ms' AS own_ts, -- no two are equal
       'event ' || r % 7 * (r % 40) AS event, r % 7 * (r % 40) AS event_no, r % 11 = 0 AND r % 40 % 4 > 0 AS starts
FROM generate_series(1, 6000) AS n, LATERAL (SELECT (n::bigint * n * n * 131 + n * 17) % 100003 AS r) AS random;
ALTER TABLE timeline_event ALTER event_no TYPE integer;
ANALYZE timeline_event;
CREATE TABLE timeline_user AS
SELECT user_no, cdp_timeline_agg(ts, event, starts ORDER BY id) AS named, cdp_timeline_agg(ts, event_no, starts ORDER BY id) AS numbered
FROM timeline_event GROUP BY user_no;
SELECT count(*) AS users, sum(cdp_timeline_count(named)) AS events FROM timeline_user;
-- The events, in order.
SELECT count(*) FILTER (WHERE (e.ts, e.event, NULL::integer, e.starts) IS DISTINCT FROM (n.ts, n.event, n.event_no, n.begins_session)) AS wrong_named,
       count(*) FILTER (WHERE (e.ts, NULL, e.event_no, e.starts) IS DISTINCT FROM (m.ts, m.event, m.event_no, m.begins_session)) AS wrong_numbered, count(*) AS rows
FROM (SELECT *, row_number() OVER (PARTITION BY user_no ORDER BY ts, id) AS place FROM timeline_event) AS e
FULL JOIN (SELECT user_no, u.* FROM timeline_user, cdp_timeline_unpack(named) WITH ORDINALITY AS u(ts, event, event_no, begins_session, place)) AS n USING (user_no, place)
FULL JOIN (SELECT user_no, u.* FROM timeline_user, cdp_timeline_unpack(numbered) WITH ORDINALITY AS u(ts, event, event_no, begins_session, place)) AS m USING (user_no, place);
-- The index, in order.
SELECT count(*) AS rows,
       count(*) FILTER (WHERE (e.event, e.count, e.first_at, e.last_at) IS DISTINCT FROM (i.event, i.count, i.first_at, i.last_at)) AS wrong
FROM (SELECT user_no, event, count(*), min(ts) AS first_at, max(ts) AS last_at,
             row_number() OVER (PARTITION BY user_no ORDER BY event COLLATE "C") AS place FROM timeline_event GROUP BY user_no, event) AS e
FULL JOIN (SELECT user_no, i.* FROM timeline_user, cdp_timeline_events(named) WITH ORDINALITY AS i(event, event_no, count, first_at, last_at, place)) AS i USING (user_no, place);
SELECT count(*) AS rows,
       count(*) FILTER (WHERE (e.event_no, e.count, e.first_at, e.last_at) IS DISTINCT FROM (i.event_no, i.count, i.first_at, i.last_at)) AS wrong
FROM (SELECT user_no, event_no, count(*), min(ts) AS first_at, max(ts) AS last_at,
             row_number() OVER (PARTITION BY user_no ORDER BY event_no) AS place FROM timeline_event GROUP BY user_no, event_no) AS e
FULL JOIN (SELECT user_no, i.* FROM timeline_user, cdp_timeline_events(numbered) WITH ORDINALITY AS i(event, event_no, count, first_at, last_at, place)) AS i USING (user_no, place);
-- Counts and bounds.
SELECT count(*) AS users,
       count(*) FILTER (WHERE e.count <> cdp_timeline_count(named) OR e.first <> cdp_timeline_first(named) OR e.last <> cdp_timeline_last(named)
                           OR e.sessions <> cdp_timeline_sessions(named)) AS wrong
FROM timeline_user JOIN (SELECT user_no, count(*), min(ts) AS first, max(ts) AS last, count(*) FILTER (WHERE starts) AS sessions
                         FROM timeline_event GROUP BY user_no) AS e USING (user_no);
SELECT count(*) AS asked, count(*) FILTER (WHERE e.count > 0) AS there,
       count(*) FILTER (WHERE (e.count, e.first, e.last, e.count > 0) IS DISTINCT FROM
           (cdp_timeline_count(named, 'event ' || number), cdp_timeline_first(named, 'event ' || number), cdp_timeline_last(named, 'event ' || number), named ? ('event ' || number))) AS wrong_named,
       count(*) FILTER (WHERE (e.count, e.first, e.last, e.count > 0) IS DISTINCT FROM
           (cdp_timeline_count(numbered, number), cdp_timeline_first(numbered, number), cdp_timeline_last(numbered, number), numbered ? number)) AS wrong_numbered
FROM timeline_user, generate_series(0, 60) AS number,
     LATERAL (SELECT count(*), min(ts) AS first, max(ts) AS last FROM timeline_event AS e WHERE e.user_no = timeline_user.user_no AND e.event_no = number) AS e;
-- Slices and filters: the timeline of those rows, or an empty one.
SELECT count(*) AS slices, count(*) FILTER (WHERE cdp_timeline_slice(named, since, until) <> coalesce(expected, '')) AS wrong, count(expected) AS with_events
FROM timeline_user, (VALUES (NULL, NULL), (NULL::timestamptz, timestamptz '2024-01-01 00:05'), ('2024-01-01 00:05', NULL), ('2024-01-11', '2024-02-01'),
                            ('2024-02-01', '2024-01-11'), ('2024-01-01', '2024-01-01'), ('-infinity', 'infinity'), ('2024-01-01 00:00:00.0001', '2024-01-01 00:00:00.0002')) AS bounds(since, until),
     LATERAL (SELECT cdp_timeline_agg(ts, event, starts ORDER BY id) AS expected FROM timeline_event AS e
              WHERE e.user_no = timeline_user.user_no AND (since IS NULL OR ts >= since) AND (until IS NULL OR ts < until)) AS e;
SELECT count(*) AS filters, count(expected) AS with_events, count(*) FILTER (WHERE cdp_timeline_filter(named, names) <> coalesce(expected, '')) AS wrong_named,
       count(*) FILTER (WHERE cdp_timeline_filter(numbered, numbers) <> coalesce(expected_numbered, '')) AS wrong_numbered
FROM timeline_user, (VALUES ('{}'::integer[]), ('{0}'), ('{5,10,12,5}'), ('{0,5,10,12,20,30}')) AS asked(numbers),
     LATERAL (SELECT ARRAY(SELECT 'event ' || number FROM unnest(numbers) AS number) AS names) AS a,
     LATERAL (SELECT cdp_timeline_agg(ts, event, starts ORDER BY id) AS expected, cdp_timeline_agg(ts, event_no, starts ORDER BY id) AS expected_numbered
              FROM timeline_event AS e WHERE e.user_no = timeline_user.user_no AND e.event_no = ANY (numbers)) AS e;
-- Merging: parts put together are the whole; of equal times those of the first come first.
SELECT count(*) AS users, count(*) FILTER (WHERE early || late <> whole) AS wrong, count(*) FILTER (WHERE late || early <> whole) AS other_order
FROM (SELECT cdp_timeline_agg(ts, event, starts ORDER BY id) FILTER (WHERE id <= 2000) AS early,
             cdp_timeline_agg(ts, event, starts ORDER BY id) FILTER (WHERE id > 2000) AS late,
             cdp_timeline_agg(ts, event, starts ORDER BY id) AS whole
      FROM timeline_event GROUP BY user_no) AS parts;
SELECT count(*) AS users, count(*) FILTER (WHERE merged <> named) AS wrong
FROM (SELECT user_no, cdp_timeline_merge_agg(part ORDER BY number) AS merged
      FROM (SELECT user_no, id / 500 AS number, cdp_timeline_agg(ts, event, starts ORDER BY id) AS part FROM timeline_event GROUP BY user_no, id / 500) AS parts
      GROUP BY user_no) AS m JOIN timeline_user USING (user_no);
-- The order of rows matters among equal times alone.
SELECT count(*) AS users, count(*) FILTER (WHERE up <> as_is) AS wrong
FROM (SELECT cdp_timeline_agg(own_ts, event ORDER BY md5(id::text)) AS as_is, cdp_timeline_agg(own_ts, event ORDER BY id) AS up
      FROM timeline_event GROUP BY user_no) AS t;

-- Text and binary forms.
SELECT count(*) AS users, count(*) FILTER (WHERE named::text::cdp_timeline <> named OR numbered::text::cdp_timeline <> numbered) AS wrong FROM timeline_user;
SELECT count(*) FILTER (WHERE ((line->>'ts')::timestamptz, line->>'event', coalesce((line->'session')::boolean, false)) IS DISTINCT FROM (u.ts, u.event, u.begins_session)) AS wrong, count(*) AS lines
FROM timeline_user, ROWS FROM (cdp_timeline_unpack(named), regexp_split_to_table(named::text, '\n')) AS u(ts, event, event_no, begins_session, text), LATERAL (SELECT text::jsonb AS line) AS l;
CREATE TEMP TABLE copied (LIKE timeline_user);
\copy timeline_user TO PROGRAM 'cat > "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
\copy copied FROM PROGRAM 'cat "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
SELECT count(*) AS users, count(*) FILTER (WHERE c.named <> u.named OR c.numbered <> u.numbered) AS wrong FROM copied AS c JOIN timeline_user AS u USING (user_no);
TRUNCATE copied;
\copy timeline_user TO PROGRAM 'cat > "${TMPDIR:-/tmp}/cdp_timeline_$PPID"'
\copy copied FROM PROGRAM 'cat "${TMPDIR:-/tmp}/cdp_timeline_$PPID"'
SELECT count(*) AS users, count(*) FILTER (WHERE c.named <> u.named OR c.numbered <> u.numbered) AS wrong FROM copied AS c JOIN timeline_user AS u USING (user_no);
-- Times that timestamptz just holds, and what its text is.
SELECT error_of(format('SELECT %L::timestamptz', ts)) AS as_time, cdp_timeline_first(format('{"ts": "%s", "event": 1}', ts)::cdp_timeline) = ts::timestamptz AS is_equal,
       cdp_timeline_agg(ts::timestamptz, 1)::text AS text
FROM unnest(ARRAY['4714-11-24T00:00:00Z BC', '0044-03-15T12:00:00.5Z BC', '0001-01-01T00:00:00Z BC', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z',
                  '10000-02-29T00:00:00Z', '294276-12-31T23:59:59.999999Z']) AS ts GROUP BY ts ORDER BY ts::timestamptz;
SELECT cdp_timeline_count(t), cdp_timeline_first(t), cdp_timeline_last(t), t::text::cdp_timeline = t AS is_equal
FROM (SELECT cdp_timeline_agg(ts, 'a') AS t FROM (VALUES (timestamptz '4714-11-24 00:00:00+00 BC'), ('294276-12-31 23:59:59.999999+00')) AS v(ts)) AS e;

-- Binary input takes what sending gives and nothing else.
CREATE TEMP TABLE raw (bytes bytea);
CREATE TEMP TABLE received (timeline cdp_timeline);
INSERT INTO raw SELECT cdp_timeline_send(named) FROM timeline_user;
\copy raw TO PROGRAM 'cat > "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
\copy received FROM PROGRAM 'cat "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
SELECT count(*) FROM received JOIN timeline_user ON timeline = named;
-- Bytes of another version; truncated; with a name that is no text; in another unit than the largest.
TRUNCATE raw;
INSERT INTO raw VALUES ('\x02cda14e76080102010d0009706167655f766965770000');
\copy raw TO PROGRAM 'cat > "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
\copy received FROM PROGRAM 'cat "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
UPDATE raw SET bytes = '\x01cda14e76080102010d0009706167655f7669657700';
\copy raw TO PROGRAM 'cat > "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
\copy received FROM PROGRAM 'cat "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
UPDATE raw SET bytes = '\x012fda91490c01000106000261ff0000';
\copy raw TO PROGRAM 'cat > "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
\copy received FROM PROGRAM 'cat "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
UPDATE raw SET bytes = '\x013abd49bf08010001050001610000';
\copy raw TO PROGRAM 'cat > "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
\copy received FROM PROGRAM 'cat "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
UPDATE raw SET bytes = '\x01cda14e76080102010d0009706167655f766965770000';
\copy raw TO PROGRAM 'cat > "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
TRUNCATE received;
\copy received FROM PROGRAM 'cat "${TMPDIR:-/tmp}/cdp_timeline_$PPID"' (FORMAT binary)
\! rm -f "${TMPDIR:-/tmp}/cdp_timeline_$PPID"
SELECT * FROM received;

-- A damaged stored value is found by whoever reads it.
CREATE TABLE damaged (timeline bytea);
INSERT INTO damaged SELECT set_byte(bytes, 12, get_byte(bytes, 12) # 1) FROM raw;
UPDATE pg_attribute SET atttypid = 'cdp_timeline'::regtype WHERE attrelid = 'damaged'::regclass AND attname = 'timeline';
SELECT error_of(statement) FROM unnest(ARRAY['SELECT cdp_timeline_count(timeline) FROM damaged', 'SELECT timeline::text FROM damaged', 'SELECT timeline ? ''a'' FROM damaged',
                                             'SELECT cdp_timeline_send(timeline) FROM damaged', 'SELECT timeline || timeline FROM damaged', 'SELECT cdp_timeline_merge_agg(timeline) FROM damaged']) AS statement;
DROP TABLE damaged;

-- Equality, hashes, order.
SELECT count(DISTINCT a.t) AS distinct, bool_and((a.t = b.t) = (a.t::text = b.t::text) AND (a.t <> b.t) = (a.t::text <> b.t::text)) AS equal,
       bool_and((a.t < b.t) = (cdp_timeline_send(a.t) < cdp_timeline_send(b.t)) AND (a.t <= b.t) = (NOT a.t > b.t) AND (a.t >= b.t) = (NOT a.t < b.t)) AS ordered
FROM (SELECT named AS t FROM timeline_user UNION ALL SELECT named FROM timeline_user UNION ALL SELECT numbered FROM timeline_user UNION ALL SELECT '') AS a,
     LATERAL (SELECT named AS t FROM timeline_user WHERE user_no < 5) AS b;
SET enable_hashagg = off;
SELECT count(*) FROM (SELECT DISTINCT named FROM (SELECT named FROM timeline_user UNION ALL SELECT named FROM timeline_user) AS t) AS d;
SET enable_sort = off;
RESET enable_hashagg;
SELECT count(*) FROM (SELECT DISTINCT named FROM (SELECT named FROM timeline_user UNION ALL SELECT named FROM timeline_user) AS t) AS d;
RESET enable_sort;
CREATE UNIQUE INDEX ON timeline_user USING btree (cdp_timeline_slice(named, '2024-01-01', '2024-01-02'), user_no);
CREATE INDEX ON timeline_user USING hash (named);
ANALYZE timeline_user;

-- Parallel plans give what serial ones give.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT user_no, cdp_timeline_agg(ts, event) FROM timeline_event GROUP BY user_no;
SELECT count(*) AS users, count(*) FILTER (WHERE p.named <> s.named OR p.numbered <> s.numbered) AS wrong
FROM (SELECT user_no, cdp_timeline_agg(own_ts, event, starts) AS named, cdp_timeline_agg(own_ts, event_no) AS numbered
      FROM timeline_event GROUP BY user_no) AS p
JOIN (SELECT user_no, cdp_timeline_agg(own_ts, event, starts ORDER BY id) AS named, cdp_timeline_agg(own_ts, event_no ORDER BY id) AS numbered
      FROM timeline_event GROUP BY user_no) AS s USING (user_no);
EXPLAIN (COSTS OFF) SELECT cdp_timeline_merge_agg(numbered) FROM timeline_user;
SELECT cdp_timeline_count(cdp_timeline_merge_agg(numbered)) AS merged FROM timeline_user;
SELECT cdp_timeline_agg(ts, event) IS NULL AS none FROM timeline_event WHERE id < 0;
-- Those of one process stay in their order: a count of equal times shows that none is lost or doubled.
SELECT count(*) AS users, count(*) FILTER (WHERE p.events <> s.events) AS wrong
FROM (SELECT user_no, (SELECT array_agg((u.ts, u.event) ORDER BY u.ts, u.event) FROM cdp_timeline_unpack(timeline) AS u) AS events
      FROM (SELECT user_no, cdp_timeline_agg(ts, event) AS timeline FROM timeline_event GROUP BY user_no) AS t) AS p
JOIN (SELECT user_no, array_agg((ts, event) ORDER BY ts, event) AS events FROM timeline_event GROUP BY user_no) AS s USING (user_no);
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
RESET enable_sort;

-- Windows ask the state again and again.
SELECT n, cdp_timeline_count(cdp_timeline_agg(ts, n) OVER (ORDER BY n)) AS so_far, cdp_timeline_first(cdp_timeline_agg(ts, n) OVER (ORDER BY n ROWS 1 PRECEDING)) AS first
FROM (SELECT n, timestamptz '2024-01-01' + n * n % 5 * interval '1 day' AS ts FROM generate_series(1, 5) AS n) AS e;
-- One of many events, out of line, and grouping that spills to disk.
CREATE TABLE timeline_large AS
SELECT cdp_timeline_agg(timestamptz '2024-01-01' + n * 7919 % 300007 * interval '1 ms', 'event ' || n % 70000) AS timeline FROM generate_series(1::bigint, 300006) AS n;
SELECT cdp_timeline_count(timeline), cdp_timeline_count(timeline, 'event 0'), cdp_timeline_first(timeline), cdp_timeline_last(timeline), (SELECT count(*) FROM cdp_timeline_events(timeline)) AS distinct,
       (SELECT count(*) FROM generate_series(1::bigint, 300006) AS n JOIN cdp_timeline_unpack(timeline) WITH ORDINALITY AS u(ts, event, event_no, begins_session, place)
            ON place = n * 7919 % 300007 AND event = 'event ' || n % 70000 AND ts = timestamptz '2024-01-01' + place * interval '1 ms') AS right
FROM timeline_large;
SET work_mem = '64kB';
SET enable_sort = off;
SELECT count(*) AS users, sum(cdp_timeline_count(t)) AS events FROM (SELECT cdp_timeline_agg(ts, event) AS t FROM timeline_event GROUP BY user_no, id % 50) AS g;
RESET work_mem;
RESET enable_sort;

-- What a user of 25 and one of 500 events takes in a row, length word included: in bursts of 5 to 300 s, days apart.
SELECT size AS events, round(avg(pg_column_size(timeline)::numeric / size), 1) < CASE size WHEN 25 THEN 7.2 ELSE 3.7 END AS is_small
FROM unnest(ARRAY[25, 500]) AS size, generate_series(1, 20) AS user_no,
     LATERAL (SELECT cdp_timeline_agg(timestamptz '2024-01-01' + gap_sum * interval '1 ms', event::integer, starts) AS timeline
              FROM (SELECT n, event, starts, sum(CASE WHEN starts THEN r * 7000 + 86400000 ELSE 5000 + r * 7 % 295000 END) OVER (ORDER BY n) AS gap_sum
                    FROM (SELECT n, r, r % 8 + 1 AS event, r % 8 = 0 AS starts
                          FROM generate_series(1, size) AS n, LATERAL (SELECT ((n + user_no * 1000)::bigint * (n + user_no) * 131071 + n * 8191) % 99991 AS r) AS random) AS e) AS s) AS t
GROUP BY size ORDER BY size;

-- Every object of the room says what it is.
SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.proname ~ '^cdp_timeline' AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT o.oid::regoperator FROM pg_operator AS o WHERE 'cdp_timeline'::regtype IN (o.oprleft, o.oprright) AND obj_description(o.oid, 'pg_operator') IS NULL;
SELECT c.opcname FROM pg_opclass AS c WHERE c.opcintype = 'cdp_timeline'::regtype AND (obj_description(c.oid, 'pg_opclass') IS NULL OR obj_description(c.opcfamily, 'pg_opfamily') IS NULL);
SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.proname ~ '^cdp_timeline' AND p.proname <> 'cdp_timeline_details' AND (p.provolatile <> 'i' OR p.proparallel <> 's');

DROP TABLE timeline_event, timeline_user, timeline_large, copied, raw, received;
DROP FUNCTION error_of(text), begun_with(bytea);
RESET timezone;
