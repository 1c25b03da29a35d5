-- Overlaps, histories and profiles of segments, against plain SQL; notices of changes, and how long these are kept.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
SET cdp.now = '2025-03-01T00:00:00Z';

---- Members come and go for three weeks, by events, time, traits, a merge, an edit and a list; who is in is noted at each noon.
CREATE TABLE noted (name text, at timestamptz, size bigint);
CREATE FUNCTION pg_temp.live(day integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    midnight timestamptz := timestamptz '2025-03-01 00:00Z' + day * interval '1 day';
BEGIN
    PERFORM set_config('cdp.now', (midnight + interval '11 hours')::text, false);
    PERFORM cdp_track('u' || u, (ARRAY['buy', 'look'])[1 + u % 2], ts => midnight + u * interval '7 minutes') FROM generate_series(1, 60) AS u WHERE u * (day + 3) % 11 < 3;
    PERFORM cdp_track(NULL, 'buy', anonymous_id => 'a' || day);
    PERFORM cdp_identify('u' || u, jsonb_build_object('country', (ARRAY['NO', 'SE', 'DK'])[1 + (u + day) % 3], 'tags', to_jsonb((ARRAY['x', 'y', 'z', 'x'])[1 : u % 5]),
                                                      'address', jsonb_build_object('city', CASE WHEN u % 2 = 0 THEN 'Oslo' END)))
    FROM generate_series(1, 40) AS u WHERE (u + day) % 7 = 0;
    IF day % 4 = 2 THEN PERFORM cdp_identify('u' || day, anonymous_id => 'a' || day - 1); END IF;
    PERFORM cdp_process();
    IF day = 5 THEN PERFORM cdp_segment_from_users('list', '{u1,u2,u3,a3}'); END IF;
    IF day = 9 THEN UPDATE cdp.segment SET rule = 'did(buy in last 5 days)' WHERE name = 'buyers'; END IF;
    IF day = 12 THEN PERFORM cdp_segment_from_users('list', '{u3,u4,u5,u6,u7}'); END IF;
    IF day = 13 THEN UPDATE cdp.segment SET name = 'Norse' WHERE name = 'norse'; END IF;
    PERFORM set_config('cdp.now', (midnight + interval '12 hours')::text, false);
    PERFORM cdp_process();
    INSERT INTO noted SELECT lower(name), midnight + interval '12 hours', rb_cardinality(cdp_segment(name)) FROM cdp.segment;
END $$;
INSERT INTO cdp.segment (name, rule) VALUES ('buyers', 'did(buy in last 3 days)'), ('norse', $$country = 'NO'$$), ('nobody', 'did(nothing)');
SELECT count(pg_temp.live(day)) FROM generate_series(0, 20) AS day;
SELECT name, size FROM cdp.segment ORDER BY name;

---- Sizes at every noon are those that were noted; and between, those of the changes.
SELECT count(*) AS compared, count(*) FILTER (WHERE h.size IS DISTINCT FROM n.size) AS wrong, max(h.size) > min(h.size) AS differ
FROM cdp.segment AS s, cdp_segment_history(s.name, '2025-03-01 12:00Z') AS h JOIN noted AS n ON n.at = h.at WHERE n.name = lower(s.name);
SELECT count(*) AS instants, count(*) FILTER (WHERE h.size <> o.size) AS wrong
FROM cdp_segment_history('buyers', '2025-02-28 00:00Z', '2025-03-21 12:00Z', '37 minutes') AS h,
     LATERAL (SELECT coalesce(sum(CASE change WHEN 'entered' THEN 1 ELSE -1 END), 0) AS size FROM cdp.segment_change WHERE segment = 'buyers' AND effective_at <= h.at) AS o;
-- Exactly at a change it counts; nothing is told of what is to come.
SELECT h.at, h.size - lag(h.size) OVER (ORDER BY h.at) AS growth
FROM (SELECT max(effective_at) AS at FROM cdp.segment_change WHERE segment = 'list' AND change = 'entered') AS c,
     cdp_segment_history('list', c.at - interval '1 microsecond', c.at + interval '1 microsecond', '1 microsecond') AS h;
SELECT * FROM cdp_segment_history('list', '2025-03-20 12:00Z', 'infinity', '12 hours');
SELECT * FROM cdp_segment_history('list', '2025-04-01');
SELECT * FROM cdp_segment_history('nowhere', '2025-03-20');
SELECT * FROM cdp_segment_history('list', '2025-03-20', step => '0');

---- Overlaps of any two.
SELECT segment_a, segment_b, users, round(share_of_a::numeric, 4) AS share_of_a, round(jaccard::numeric, 4) AS jaccard FROM cdp_segment_overlap('{list,buyers,nobody,buyers,NULL,Norse}');
SELECT count(*) AS compared, count(*) FILTER (WHERE (o.users, o.share_of_a, o.jaccard) IS DISTINCT FROM (s.both, s.both / nullif(s.a, 0)::float8, s.both / nullif(s.any, 0)::float8)) AS wrong
FROM cdp_segment_overlap(ARRAY(SELECT name FROM cdp.segment)) AS o,
     LATERAL (SELECT count(*) FILTER (WHERE a AND b) AS both, count(*) FILTER (WHERE a) AS a, count(*) FILTER (WHERE a OR b) AS any
              FROM (SELECT segment_a = ANY (cdp_segments(i.value)) AS a, segment_b = ANY (cdp_segments(i.value)) AS b
                    FROM cdp.profile AS p, LATERAL (SELECT value FROM cdp.identity AS i WHERE i.user_no = p.user_no ORDER BY kind DESC, value LIMIT 1) AS i) AS u) AS s;
SELECT * FROM cdp_segment_overlap('{list}');
SELECT * FROM cdp_segment_overlap('{list,nowhere}');

---- What members have more often than others.
SELECT trait, value, members, everyone, round(share::numeric, 4) AS share, round(lift::numeric, 4) AS lift FROM cdp_segment_profile('buyers', '{country,tags,address.city,absent}');
WITH p AS (SELECT user_no, traits, coalesce((SELECT segment_no FROM cdp.segment WHERE name = 'buyers') = ANY (cdp_segment_numbers(segments)), false) AS is_member FROM cdp.profile LEFT JOIN cdp.membership USING (user_no)),
     by_sql AS (SELECT 'country' AS trait, traits ->> 'country' AS value, user_no, is_member FROM p UNION ALL SELECT 'address.city', traits -> 'address' ->> 'city', user_no, is_member FROM p
                UNION ALL SELECT 'tags', t.value, user_no, is_member FROM p LEFT JOIN LATERAL jsonb_array_elements_text(traits -> 'tags') AS t ON true WHERE traits -> 'tags' IS DISTINCT FROM '[]'),
     counted AS (SELECT trait, value, count(DISTINCT user_no) FILTER (WHERE is_member) AS members, count(DISTINCT user_no) AS everyone FROM by_sql GROUP BY 1, 2)
SELECT count(*) AS compared, count(*) FILTER (WHERE (r.members, r.everyone) IS DISTINCT FROM (c.members, c.everyone)
    OR r.share IS DISTINCT FROM c.members / (SELECT count(*) FROM p WHERE is_member)::float8
    OR abs(r.lift - c.members / (SELECT count(*) FROM p WHERE is_member)::float8 * (SELECT count(*) FROM p) / c.everyone) > 1e-9) AS wrong
FROM cdp_segment_profile('buyers', '{country,tags,address.city}') AS r FULL JOIN counted AS c ON r.trait = c.trait AND r.value IS NOT DISTINCT FROM c.value;
SELECT trait, value, members, everyone, share, lift FROM cdp_segment_profile('nobody', '{country}');
SELECT * FROM cdp_segment_profile('nowhere', '{country}');
SELECT * FROM cdp_segment_profile('buyers', '{}');

---- Changes are kept for a time, if that is set; older ones go in steps of ten thousand.
INSERT INTO cdp.segment_change (change_no, user_no, segment_no, segment, change, effective_at, recorded_at, reason)
SELECT n - 25000, 1, 0, 'long ago', 'entered', '2024-01-01', '2024-01-01', 'event' FROM generate_series(1, 25000) AS n;
SELECT cdp_process();
SELECT count(*) AS old FROM cdp.segment_change WHERE change_no <= 0;
SET cdp.segment_change_keep = '10d';
SELECT cdp_process();
SELECT count(*) AS old FROM cdp.segment_change WHERE change_no <= 0;
SELECT cdp_process();
SELECT count(*) AS old FROM cdp.segment_change WHERE change_no <= 0;
SELECT cdp_process();
SELECT count(*) AS old, min(recorded_at) >= cdp_now() - interval '10 days' AS are_all_young FROM cdp.segment_change;
SELECT cdp_now() - since AS kept FROM cdp.segment_change_kept;
-- Looked for once a minute.
INSERT INTO cdp.segment_change (change_no, user_no, segment_no, segment, change, effective_at, recorded_at, reason) VALUES (0, 1, 0, 'long ago', 'entered', '2024-01-01', '2024-01-01', 'event');
SET cdp.now = '2025-03-21T12:00:59.999999Z';
SELECT cdp_process();
SELECT cdp_now() - since AS kept, (SELECT count(*) FROM cdp.segment_change WHERE change_no = 0) AS old FROM cdp.segment_change_kept;
SET cdp.now = '2025-03-21T23:00:00Z';
SELECT cdp_process();
SELECT cdp_now() - since AS kept, min(recorded_at) >= since AS are_all_young FROM cdp.segment_change_kept, cdp.segment_change GROUP BY since;
-- The history tells what it knows, and knows it.
SELECT count(*) FILTER (WHERE h.size IS NULL) AS unknown, min(h.at) FILTER (WHERE h.size IS NOT NULL) AS known_since, count(*) FILTER (WHERE h.size <> n.size) AS wrong
FROM cdp_segment_history('buyers', '2025-03-01 12:00Z') AS h LEFT JOIN noted AS n ON n.at = h.at AND n.name = 'buyers';
SET cdp.segment_change_keep = '0';
\set VERBOSITY sqlstate
SET cdp.segment_change_keep = '-1';
\set VERBOSITY default

DROP TABLE noted;
SET cdp.now = '';
SET client_min_messages = warning;
DROP EXTENSION cdp CASCADE;
CREATE EXTENSION cdp;
