-- Stories of several messages that must come out exactly: repetitions, and times that are askew. Of merges and shared
-- devices tells identity.sql.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE FUNCTION pg_temp.pay(id text, amount numeric, received_ago interval, happened_ago interval DEFAULT '27 hours') RETURNS void LANGUAGE sql AS $$
    INSERT INTO cdp.inbox (payload, received_at)
    VALUES (jsonb_build_object('type', 'track', 'userId', 'ann', 'event', 'purchase', 'messageId', id, 'timestamp', now() - happened_ago,
                               'properties', jsonb_build_object('revenue', amount)), now() - received_ago)
$$;

---- The same payment three times and again 25 hours later counts once; with another sum it is a conflict; a second payment counts.
INSERT INTO cdp.segment (name, rule) VALUES ('spender', 'sum(purchase.revenue in last 30 days) >= 100');
SELECT pg_temp.pay('m1', 60, '26 hours'), pg_temp.pay('m1', 60, '26 hours') \g /dev/null
SELECT cdp_process();
SELECT pg_temp.pay('m1', 60, '26 hours') \g /dev/null
SELECT cdp_process();
SELECT pg_temp.pay('m1', 60, '1 hour') \g /dev/null
SELECT cdp_process();
SELECT count(*), sum((properties ->> 'revenue')::numeric), cdp_in_segment('ann', 'spender') FROM cdp.event;
SELECT count(*) FROM cdp.insert_id_conflict;
SELECT pg_temp.pay('m1', 80, '30 minutes') \g /dev/null
SELECT cdp_process();
SELECT count(*), sum((properties ->> 'revenue')::numeric), cdp_in_segment('ann', 'spender') FROM cdp.event;
SELECT insert_id, times, event, content FROM cdp.insert_id_conflict;
SELECT pg_temp.pay('m2', 40, '0', '1 minute') \g /dev/null
SELECT cdp_process();
SELECT count(*), sum((properties ->> 'revenue')::numeric), cdp_in_segment('ann', 'spender') FROM cdp.event;
SELECT segment, change, reason FROM cdp.segment_change ORDER BY recorded_at;

---- A device's clock nine minutes ahead is corrected by when it sent; two days ahead is refused; 40 days late counts for the lifetime
---- and in no window that has passed.
INSERT INTO cdp.inbox (payload, received_at) VALUES
    ('{"type": "track", "userId": "bob", "event": "look", "originalTimestamp": "2025-01-04T12:10:00Z", "sentAt": "2025-01-04T12:11:00Z"}', '2025-01-04 12:01Z');
SELECT cdp_process();
SELECT ts FROM cdp.event WHERE user_id = 'bob';
SELECT cdp_track('bob', 'look', ts => now() + interval '2 days'), cdp_track('cat', 'look', ts => now() + interval '4 minutes') \g /dev/null
SELECT cdp_process();
SELECT code, payload::jsonb ->> 'userId' AS who FROM cdp.dead_letter;
SELECT count(*), max(ts) <= now() AS is_now FROM cdp.event WHERE user_id = 'cat';
INSERT INTO cdp.segment (name, rule) VALUES ('lately', 'count(look in last 30 days) >= 2'), ('ever', 'count(look) >= 2');
SELECT cdp_track('dan', 'look', ts => now() - interval '1 day') \g /dev/null
SELECT cdp_process();
SELECT last_seen AS before FROM cdp.profile WHERE user_id = 'dan' \gset
SELECT cdp_track('dan', 'look', ts => now() - interval '40 days') \g /dev/null
SELECT cdp_process();
SELECT name, cdp_in_segment('dan', name) FROM cdp.segment WHERE name <> 'spender' ORDER BY name;
SELECT last_seen = :'before' AS last_seen_stays, first_seen < now() - interval '39 days' AS first_seen_moves FROM cdp.profile WHERE user_id = 'dan';
SELECT c.segment, c.change, c.reason FROM cdp.segment_change AS c JOIN cdp.profile USING (user_no) WHERE user_id = 'dan' ORDER BY 1;
