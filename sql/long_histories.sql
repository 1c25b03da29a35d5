-- Histories are kept in memory between batches, here everyone's: whatever happens to them, members are what plain SQL says.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET cdp.now = '2025-06-01 00:00Z';
SET cdp.keep_history_from = 1;
-- Each further event of a kind, and each price, makes another segment true; the rest of what is counted does not matter.
INSERT INTO cdp.segment (name, rule) SELECT 'a ' || n, format('count(a) = %s', n)::cdp_rule FROM generate_series(4000, 4040) AS n;
INSERT INTO cdp.segment (name, rule) SELECT 'paid ' || n, format('sum(b.price) >= %s and sum(b.price) < %s', n, n + 10)::cdp_rule FROM generate_series(0, 400, 10) AS n;
INSERT INTO cdp.segment (name, rule) VALUES ('c', 'did(c) and not did(a where kind = ''x'')'), ('late', 'did(b where kind = ''late'')');
CREATE FUNCTION pg_temp.wrong() RETURNS TABLE (number bigint, name text) LANGUAGE sql AS $$
    WITH e AS (SELECT p.user_no, e.event, e.ts, e.properties FROM cdp.profile AS p JOIN cdp.event AS e USING (user_no)),
    counted AS (SELECT user_no, count(*) FILTER (WHERE event = 'a') AS a, coalesce(sum((properties ->> 'price')::numeric) FILTER (WHERE event = 'b'), 0) AS paid, bool_or(event = 'c') AS c,
                    bool_or(event = 'a' AND properties ->> 'kind' = 'x') IS TRUE AS x, bool_or(event = 'b' AND properties ->> 'kind' = 'late') AS late FROM e GROUP BY user_no),
    expected AS (SELECT user_no, 'a ' || a AS name FROM counted WHERE a BETWEEN 4000 AND 4040 UNION ALL
        SELECT user_no, 'paid ' || floor(paid / 10) * 10 FROM counted WHERE paid > 0 AND paid < 410 UNION ALL
        SELECT user_no, 'c' FROM counted WHERE c AND NOT x UNION ALL SELECT user_no, 'late' FROM counted WHERE late),
    members AS (SELECT user_no, s AS name FROM cdp.profile, cdp_segments(user_id) AS segments, unnest(segments) AS s)
    (TABLE expected EXCEPT TABLE members) UNION ALL (TABLE members EXCEPT TABLE expected)
$$;
-- An event of each kind, taken by itself, and what is wrong then.
CREATE FUNCTION pg_temp.go_on(who text) RETURNS TABLE (number bigint, name text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cdp.now', (cdp_now() + interval '1 hour')::text, false);
    PERFORM cdp_track(who, 'a'), cdp_track(who, 'b', '{"price": 10.10, "kind": "prompt"}');
    PERFORM cdp_process();
    RETURN QUERY SELECT * FROM pg_temp.wrong();
END $$;

SELECT cdp_track('ann', CASE n % 100 WHEN 0 THEN 'b' ELSE 'a' END, CASE n % 100 WHEN 0 THEN '{"price": 2.50, "kind": "early"}' ELSE '{}' END::jsonb, timestamptz '2025-03-01Z' + n * interval '10 minutes')
FROM generate_series(1, 4040) AS n \g /dev/null
SELECT cdp_track('bob', 'a', '{"kind": "x"}', timestamptz '2025-03-02Z' + n * interval '1 hour'), cdp_track('bob', 'b', '{"price": 0.1}', timestamptz '2025-03-03Z' + n * interval '1 hour')
FROM generate_series(1, 10) AS n \g /dev/null
SELECT cdp_track('zoe', 'b', '{"price": 0.2}', timestamptz '2025-03-03Z' + n * interval '1 hour') FROM generate_series(1, 10) AS n \g /dev/null
SELECT cdp_process();
SELECT cdp_pack() > 4000 AS are_packed;
SELECT count(*) > 5 AS are_many FROM cdp.timeline AS t JOIN cdp.profile AS p USING (user_no) WHERE user_id = 'ann';
SELECT * FROM pg_temp.wrong();
SELECT * FROM pg_temp.go_on('ann');
SELECT cdp_segments('ann');
SELECT * FROM pg_temp.go_on('ann');
-- Late events, among recent ones and then packed among the others.
SELECT cdp_track('ann', 'b', '{"price": 3, "kind": "late"}', timestamptz '2025-03-20 12:00:01Z') \g /dev/null
SELECT * FROM pg_temp.go_on('ann');
SELECT cdp_pack();
SELECT * FROM pg_temp.go_on('ann');
SELECT * FROM pg_temp.go_on('ann');
-- While others' events are being packed: hers are packed, wait to be, and new, one behind the other or not.
SELECT * FROM pg_temp.go_on('zoe');
SELECT cdp_pack(1) > 0 AS are_some_packed;
SELECT count(*) > 0 AS some_wait FROM cdp.packing WHERE packed_until < 9223372036854775807;
SELECT * FROM pg_temp.go_on('zoe');
SELECT cdp_segments('zoe');
SELECT cdp_track('zoe', 'b', '{"price": 100}', cdp_now() - interval '90 minutes') \g /dev/null
SELECT * FROM pg_temp.go_on('zoe');
SELECT cdp_segments('zoe');
SELECT cdp_pack() > 0 AS are_packed;
SELECT * FROM pg_temp.go_on('zoe');
-- Rows that lie elsewhere.
VACUUM FULL cdp.timeline;
SELECT * FROM pg_temp.go_on('ann');
-- Rules that ask for other events and values.
INSERT INTO cdp.segment (name, rule) VALUES ('new', 'did(d) or count(b where price > 10) = 7');
SELECT cdp_track('ann', 'c') \g /dev/null
SELECT * FROM pg_temp.go_on('ann') AS w WHERE w.name <> 'new';
SELECT count(*) = 7 AS is_member, cdp_in_segment('ann', 'new') FROM cdp.event WHERE user_id = 'ann' AND event = 'b' AND (properties ->> 'price')::numeric > 10;
DELETE FROM cdp.segment WHERE name = 'new';
-- A batch that is rolled back leaves nothing behind.
BEGIN;
SELECT cdp_track('ann', 'a', '{"kind": "x"}', '2025-03-20Z') \g /dev/null
SELECT * FROM pg_temp.go_on('ann');
SELECT cdp_pack() > 0 AS are_packed;
SELECT * FROM pg_temp.go_on('ann');
ROLLBACK;
SELECT * FROM pg_temp.go_on('ann');
BEGIN;
SELECT cdp_track('ann', 'a', '{"kind": "x"}') \g /dev/null
SELECT * FROM pg_temp.go_on('ann');
ROLLBACK;
SELECT set_config('cdp.now', (cdp_now() + interval '1 day')::text, false) \g /dev/null
SELECT * FROM pg_temp.go_on('ann');
-- So does a part of one.
BEGIN;
SELECT * FROM pg_temp.go_on('ann');
SAVEPOINT part;
SELECT cdp_track('ann', 'a', '{"kind": "x"}') \g /dev/null
SELECT * FROM pg_temp.go_on('ann');
ROLLBACK TO part;
SELECT * FROM pg_temp.go_on('ann');
SELECT cdp_segments('ann');
COMMIT;
SELECT * FROM pg_temp.go_on('ann');
-- Late, but only behind recent ones; at the very time of one; and of a user without any.
SELECT cdp_track('ann', 'b', '{"price": 1, "kind": "late"}', cdp_now() - interval '30 minutes') \g /dev/null
SELECT * FROM pg_temp.go_on('ann');
SELECT cdp_track('ann', 'b', '{"price": 1}', max(ts)), cdp_track('ann', 'a', '{}', max(ts) - interval '1 microsecond'), cdp_track('ann', 'c', '{}', max(ts))
FROM cdp.event WHERE user_id = 'ann' \g /dev/null
SELECT * FROM pg_temp.go_on('ann');
SELECT cdp_track('new', 'z') \g /dev/null
SELECT * FROM pg_temp.go_on('new');
-- No more than there is room for, and none at all.
SET cdp.history_cache = '100kB';
SELECT * FROM pg_temp.go_on('ann');
SELECT * FROM pg_temp.go_on('zoe');
SET cdp.history_cache = 0;
SELECT * FROM pg_temp.go_on('zoe');
RESET cdp.history_cache;
SELECT * FROM pg_temp.go_on('zoe');
SELECT * FROM pg_temp.go_on('ann');
-- Somebody is merged into a long history, and it is packed again.
SELECT cdp_alias('bob', 'ann') \g /dev/null
SELECT cdp_process();
SELECT * FROM pg_temp.wrong();
SELECT * FROM pg_temp.go_on('ann');
SELECT cdp_pack() > 0 AS are_packed;
SELECT * FROM pg_temp.go_on('ann');
SELECT cdp_segments('ann');
SELECT cdp_forget('ann') \g /dev/null
SELECT * FROM pg_temp.go_on('ann');
SELECT cdp_segments('ann');

SET client_min_messages = warning;
DROP EXTENSION cdp CASCADE;
CREATE EXTENSION cdp;
