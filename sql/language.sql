-- The language of rules over stored events, asked in three ways (one user, all users, a segment computed anew), against
-- plain SQL.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET synchronous_commit = off;
CREATE SCHEMA language;
SET search_path = language, public;

---- Days in the person's zone: New York has three, UTC two. A changed zone evaluates anew.
CREATE FUNCTION pg_temp.visit(who text, at timestamptz, event text DEFAULT 'visit') RETURNS void LANGUAGE sql AS $$
    INSERT INTO cdp.inbox (payload, received_at)
    VALUES (jsonb_build_object('type', 'track', 'userId', who, 'event', event, 'timestamp', at), at)
$$;
SELECT cdp_identify('york', '{"time_zone": "America/New_York"}', ts => '2025-01-01'), cdp_identify('utc', '{"time_zone": "Nowhere/Atlantis"}', ts => '2025-01-01') \g /dev/null
SELECT pg_temp.visit(who, at, 'look')
FROM unnest('{york,utc}'::text[]) AS who, unnest('{2025-03-08 04:59,2025-03-08 05:01,2025-03-09 06:59,2025-03-09 07:01}'::timestamptz[]) AS at \g /dev/null
SELECT cdp_process();
SELECT who, cdp_match(who, 'days(look in last 7 days) >= 3', '2025-03-10') AS has_three,
       cdp_explain(who, 'days(look in last 7 days) >= 3', '2025-03-10') -> 'value' AS days,
       (SELECT count(DISTINCT (ts AT TIME ZONE zone)::date) FROM cdp.event WHERE user_id = who) AS by_sql
FROM (VALUES ('york', 'America/New_York'), ('utc', 'UTC')) AS v (who, zone);
SELECT cdp_count('days(look between ''2025-03-01'' and ''2025-03-10'') >= 3') AS all_users;
INSERT INTO cdp.segment (name, rule) VALUES ('three days', 'days(look between ''2025-03-01'' and ''2025-03-10'') >= 3');
SELECT cdp_segment_users('three days');
SELECT cdp_identify('utc', '{"timezone": "UTC", "time_zone": "america/new_york"}'), cdp_identify('york', '{"time_zone": null}') \g /dev/null
SELECT cdp_process();
SELECT cdp_segment_users('three days');
SELECT p.user_id, c.change, c.reason FROM cdp.segment_change AS c JOIN cdp.profile AS p USING (user_no) ORDER BY change_no OFFSET 1;
-- A name that is a rule and no zone is none; nor is one of no use.
CREATE FUNCTION days_in(zone text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cdp_identify('utc', jsonb_build_object('time_zone', zone));
    PERFORM cdp_process();
    RETURN cdp_explain('utc', 'days(look) > 0') -> 'value';
END $$;
SELECT zone, days_in(zone) FROM unnest('{America/Lima,Etc/GMT+5,ABC5,<x>5,"",UTC+5,Asia/Kolkata}'::text[]) AS zone;

---- Many people in many zones at the time of a change of clocks: the windows of the calendar against plain SQL.
CREATE TABLE people AS
    SELECT i, 'p' || i AS who, (ARRAY['Europe/Oslo', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/Sao_Paulo', NULL])[1 + i % 6] AS zone
    FROM generate_series(1, 60) AS i;
SELECT cdp_identify(who, jsonb_build_object('time_zone', zone), ts => '2025-01-01') FROM people \g /dev/null
SELECT pg_temp.visit(who, '2025-02-25'::timestamptz + (i * 7919 + j * 10473) % 57600 * interval '1 minute') FROM people, generate_series(1, 12) AS j \g /dev/null
SELECT cdp_process();
CREATE VIEW visits AS SELECT who, coalesce(zone, 'UTC') AS zone, ts FROM people JOIN cdp.event ON user_id = who AND event = 'visit';
CREATE TABLE asked AS
    SELECT at, unit, word FROM generate_series('2025-03-01'::timestamptz, '2025-04-05', '11 hours 17 minutes') AS at,
        (VALUES ('day', 'today'), ('week', 'this week'), ('month', 'this month')) AS units (unit, word);
CREATE FUNCTION differences() RETURNS TABLE (word text, asked bigint, members numeric, different bigint) LANGUAGE sql AS $$
    SELECT word, count(*), sum(rb_cardinality(ours)), count(*) FILTER (WHERE ours <> coalesce(theirs, '{}'))
    FROM (SELECT word, cdp_users(format('count(visit %s) >= 2', word)::cdp_rule, at) AS ours,
                 (SELECT rb_build_agg(user_no::integer) FROM
                     (SELECT p.user_no FROM visits AS v JOIN cdp.profile AS p ON p.user_id = v.who
                      WHERE ts <= at AND ts AT TIME ZONE v.zone >= date_trunc(unit, at AT TIME ZONE v.zone)
                      GROUP BY p.user_no HAVING count(*) >= 2) AS n) AS theirs
          FROM asked) AS a
    GROUP BY word ORDER BY word
$$;
SELECT * FROM differences();
SELECT cdp_pack() > 0 AS packed;
SELECT * FROM differences();
SELECT count(*) AS different FROM asked, people
WHERE cdp_match(who, format('count(visit %s) >= 2', word)::cdp_rule, at) <> rb_contains(cdp_users(format('count(visit %s) >= 2', word)::cdp_rule, at), (SELECT user_no::integer FROM cdp.profile WHERE user_id = who))
  AND at < '2025-03-10';

---- Windows that do not end now.
CREATE FUNCTION differences_of(condition text, window_sql text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE result bigint;
BEGIN
    EXECUTE format($q$
        SELECT count(*) FROM (SELECT DISTINCT at FROM asked) AS a
        WHERE cdp_users(format('count(visit %%s) >= 3', %L)::cdp_rule, at) <> coalesce((SELECT rb_build_agg(user_no::integer) FROM
            (SELECT p.user_no FROM visits AS v JOIN cdp.profile AS p ON p.user_id = v.who WHERE ts <= at AND %s GROUP BY p.user_no HAVING count(*) >= 3) AS n), '{}')$q$, condition, window_sql)
        INTO result;
    RETURN result;
END $$;
SELECT condition, differences_of(condition, window_sql)
FROM (VALUES ('in last 7 days', $$ts > at - interval '168 hours'$$),
             ('between 14 days and 7 days ago', $$ts > at - interval '336 hours' AND ts <= at - interval '168 hours'$$),
             ('more than 20 days ago', $$ts <= at - interval '480 hours'$$),
             ('since ''2025-03-10''', $$ts >= '2025-03-10'$$),
             ('before ''2025-03-10''', $$ts < '2025-03-10'$$),
             ('between ''2025-03-10'' and ''2025-03-20''', $$ts BETWEEN '2025-03-10' AND '2025-03-20'$$)) AS v (condition, window_sql);
SELECT count(*) FILTER (WHERE ours) AS members, count(*) FILTER (WHERE ours IS DISTINCT FROM theirs) AS different
FROM (SELECT cdp_match(who, 'last(visit) more than 2 days ago', at) AS ours,
             (SELECT max(ts) FROM visits AS v WHERE v.who = p.who AND ts <= at) <= at - interval '48 hours' AS theirs
      FROM people AS p, (SELECT DISTINCT at FROM asked) AS a) AS x WHERE theirs IS NOT NULL;

---- Sessions that started in a window.
INSERT INTO cdp.segment (name, rule) VALUES ('sessions', 'sessions(between ''2025-03-01'' and ''2025-03-08'') >= 4');
CREATE VIEW by_sql AS SELECT user_no FROM cdp.session WHERE started_at BETWEEN '2025-03-01' AND '2025-03-08' GROUP BY user_no HAVING count(*) >= 4;
SELECT cdp_segment_size('sessions') > 0 AS has_members, cdp_segment('sessions') = rb_build_agg(user_no::integer) AS as_stored,
       cdp_users('sessions(between ''2025-03-01'' and ''2025-03-08'') >= 4') = rb_build_agg(user_no::integer) AS as_asked FROM by_sql;
SELECT pg_temp.visit(who, '2025-03-02 10:10'), pg_temp.visit(who, '2025-03-02 10:50') FROM people \g /dev/null
SELECT cdp_process();
SELECT cdp_segment('sessions') = rb_build_agg(user_no::integer) AS as_stored FROM by_sql;
-- A late event joins two sessions of those into one.
SELECT pg_temp.visit(who, '2025-03-02 10:30') FROM people \g /dev/null
SELECT cdp_process();
SELECT cdp_segment('sessions') = rb_build_agg(user_no::integer) AS as_stored FROM by_sql;
SELECT cdp_explain('p1', 'sessions() > 3') ->> 'value' = count(*)::text AS same FROM cdp.session JOIN cdp.profile USING (user_no) WHERE user_id = 'p1';

---- Membership follows the calendar: in on the first visit of a day, out at midnight in New York.
SELECT cdp_identify('eve', '{"time_zone": "America/New_York"}') \g /dev/null
INSERT INTO cdp.segment (name, rule) VALUES ('today', 'did(visit today)');
INSERT INTO cdp.inbox (payload) VALUES (jsonb_build_object('type', 'track', 'userId', 'eve', 'event', 'visit'));
SELECT cdp_process();
SELECT cdp_in_segment('eve', 'today') AS is_in,
       (SELECT next_due = (date_trunc('day', now() AT TIME ZONE 'America/New_York') + interval '1 day') AT TIME ZONE 'America/New_York'
        FROM cdp.membership WHERE user_no = p.user_no) AS until_midnight
FROM cdp.profile AS p WHERE user_id = 'eve';

---- Traits: regular expressions, times, and since when they are so.
SELECT cdp_identify('t1', '{"email": "anna@example.com", "renewal": "2025-06-10", "plan": "pro"}', ts => '2025-06-01'),
       cdp_identify('t2', '{"email": "Bob@example.org", "renewal": "2025-06-10T12:00:00+02:00", "plan": "pro"}', ts => '2025-06-02'),
       cdp_identify('t3', '{"email": 5, "renewal": "2025-06-10T12:00:00", "plan": "free"}', ts => '2025-06-03') \g /dev/null
SELECT cdp_identify('t1', '{"plan": "pro"}', ts => '2025-06-04') \g /dev/null
SELECT cdp_process();
CREATE FUNCTION who(rule cdp_rule, at timestamptz) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(user_id, ' ' ORDER BY user_id) FROM cdp.profile WHERE rb_contains(cdp_users(rule, at), user_no::integer)
$$;
SELECT rule, at, who(rule, at)
FROM (VALUES ('email matches ''^[a-z]+@'''::cdp_rule, '2025-06-01'::timestamptz), ('email not matches ''^[a-z]+@'' and renewal is not null', '2025-06-01'),
             ('renewal in next 5 days', '2025-06-05 00:00'), ('renewal in next 5 days', '2025-06-05 10:00'), ('renewal in next 5 days', '2025-06-10 00:00'),
             ('renewal in last 1 day', '2025-06-10 09:00'), ('renewal in last 1 day', '2025-06-11 09:59:59.999999'), ('renewal more than 1 day ago', '2025-06-11 09:00'),
             ('renewal before ''2025-06-10 10:00:00Z''', '2025-06-01'), ('renewal after ''2025-06-10''', '2025-06-01'),
             ('plan = ''pro'' for 3 days', '2025-06-03 23:59:59.999999'), ('plan = ''pro'' for 3 days', '2025-06-04'), ('plan = ''pro'' for 3 days', '2025-06-05'),
             ('weekday(now) = ''sunday'' and plan is not null', '2025-06-01'), ('hour(now) between 9 and 17 and plan is not null', '2025-06-01 08:59')) AS v (rule, at);
SELECT user_id, cdp_profile(user_id) -> 'trait_times' ->> 'plan' AS plan_set FROM cdp.profile WHERE user_id ~ '^t' ORDER BY 1;
INSERT INTO cdp.segment (name, rule) VALUES ('long pro', 'plan = ''pro'' for 365 days'), ('pro', 'plan = ''pro'' for 1 second');
SELECT cdp_segment_users('pro');
SELECT cdp_identify('t2', '{"plan": "team"}', ts => '2025-07-01'), cdp_identify('t3', '{"plan": "pro"}', ts => now() - interval '1 minute') \g /dev/null
SELECT cdp_process();
SELECT cdp_segment_users('pro');
SELECT 'a matches ''['''::cdp_rule;

---- Numbers that are computed, over events of all kinds.
CREATE TABLE orders AS
    SELECT 'o' || i AS who, j AS n, (i * 37 + j * 613) % 1000 / 10.0 AS amount, '2025-08-01'::timestamptz + j * interval '1 day' AS ts
    FROM generate_series(1, 40) AS i, generate_series(1, 1 + i % 7) AS j;
SELECT cdp_track(who, CASE n % 3 WHEN 0 THEN 'refund' ELSE 'order' END, jsonb_build_object('amount', amount), ts) FROM orders \g /dev/null
SELECT cdp_identify('o' || i, jsonb_build_object('limit', i, 'bonus', i / 10.0), ts => '2025-08-01') FROM generate_series(1, 40) AS i \g /dev/null
SELECT cdp_process();
CREATE VIEW sums AS
    SELECT p.user_no, (traits ->> 'limit')::numeric AS credit, (traits ->> 'bonus')::numeric AS bonus,
           count(*) FILTER (WHERE event = 'order') AS orders, count(*) FILTER (WHERE event = 'refund') AS refunds,
           sum((properties ->> 'amount')::numeric) FILTER (WHERE event = 'order') AS ordered,
           coalesce(sum((properties ->> 'amount')::numeric) FILTER (WHERE event = 'refund'), 0) AS refunded
    FROM cdp.profile AS p JOIN cdp.event AS e USING (user_no) WHERE p.user_id ~ '^o' GROUP BY p.user_no;
CREATE FUNCTION same(rule cdp_rule, condition text) RETURNS TABLE (members bigint, is_same boolean) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$SELECT rb_cardinality(cdp_users(%L)), cdp_users(%L) = (SELECT rb_build_agg(user_no::integer) FROM sums WHERE %s)$q$, rule, rule, condition);
END $$;
SELECT rule, members, is_same
FROM (VALUES ('sum(order.amount) / count(order) > 50'::cdp_rule, 'ordered / orders > 50'),
             ('count(order) > 2 * count(refund)', 'orders > 2 * refunds AND orders > 0'),
             ('sum(order.amount) - sum(refund.amount) >= limit * 3 and count(order) > 0', 'ordered - refunded >= credit * 3'),
             ('bonus + limit = limit * 1.1', 'true'),
             ('sum(refund.amount) / (sum(order.amount) + sum(refund.amount)) < bonus / limit', 'refunded / (ordered + refunded) < 0.1')) AS v (rule, condition),
     LATERAL same(rule, condition);
SELECT cdp_explain('o6', 'sum(order.amount) - sum(refund.amount) > limit') -> 'value' ->> 'left' = (ordered - refunded)::text AS is_the_difference FROM sums WHERE user_no = (SELECT user_no FROM cdp.profile WHERE user_id = 'o6');

---- Where someone was last.
SELECT cdp_track('g1', 'walk', '{}', '2025-09-01', context => '{"location": {"latitude": 59.9100, "longitude": 10.7500}}'),
       cdp_track('g2', 'walk', '{}', '2025-09-01', context => '{"location": {"latitude": 59.9102, "longitude": 10.7500}}'),
       cdp_track('g2', 'look', '{}', '2025-09-02', context => '{"location": {"latitude": 59.9109, "longitude": 10.7500}}'),
       cdp_track('g1', 'look', '{}', '2025-09-03', context => '{"page": {"url": "/"}}') \g /dev/null
SELECT cdp_process();
SELECT who('within(100 feet, 59.91, 10.75)', '2025-09-01') AS on_the_1st, who('within(100 feet, 59.91, 10.75)', '2025-09-02') AS on_the_2nd,
       who('within(101 meters, 59.91, 10.75)', '2025-09-04') AS within_101, who('within(100 meters, 59.91, 10.75)', '2025-09-04') AS within_100;
SELECT cdp_explain('g2', 'within(1 mile, 59.91, 10.75)') -> 'value' AS meters;

---- Sequences with gaps, and the value that occurs most often.
SELECT cdp_track('s1', event, jsonb_build_object('page', page), at)
FROM (VALUES ('a', '/x', '2025-09-01 10:00'::timestamptz), ('b', '/y', '2025-09-01 10:08'), ('b', '/y', '2025-09-01 10:15'), ('c', '/x', '2025-09-01 10:20')) AS v (event, page, at) \g /dev/null
SELECT cdp_process();
SELECT cdp_match('s1', 'sequence(a, b within 10 minutes of previous, c within 12 minutes of previous)') AS found,
       cdp_match('s1', 'sequence(a, b within 10 minutes of previous, c within 11 minutes of previous)') AS not_found,
       cdp_match('s1', 'most(any.page) = ''/x''') AS latest_of_equals, cdp_explain('s1', 'most(any.page before ''2025-09-01 10:16'') = ''/y''') -> 'value' AS most;

---- What is nearly known.
SELECT cdp_count('count(ordr) > 0 and limt > 3');
SELECT cdp_count('in segment sesions');
INSERT INTO cdp.segment (name, rule) VALUES ('typo', 'did(visitt)');
SELECT cdp_match('s1', 'did(oder)');
SELECT 'maching(a) > 1'::cdp_rule;
SELECT 'dyas(a) > 1'::cdp_rule;
SELECT jsonb_typeof(cdp_rule_schema()), cdp_rule_schema() ->> '$schema' AS draft;
SET client_min_messages = warning;
DROP SCHEMA language CASCADE;
