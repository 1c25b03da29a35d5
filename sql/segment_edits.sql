-- Members that come and go wait beside the chunks, up to some hundreds of a segment; whoever asks sees both.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS cdp CASCADE;
CREATE EXTENSION cdp;
RESET client_min_messages;
INSERT INTO cdp.segment (name, rule) VALUES ('flagged', 'flag = true'), ('others', 'not in segment flagged');
-- A round of messages about 300 users; what is wrong then, by plain SQL over the profiles.
CREATE FUNCTION pg_temp.round(number integer) RETURNS TABLE (round integer, wrong bigint, wait_at_most_511 boolean, have_chunks boolean) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cdp_identify('u' || n, jsonb_build_object('flag', (n * 7919 + number * 104729 + n * number) % 13 < 6)) FROM generate_series(1, 300) AS n;
    PERFORM cdp_process();
    RETURN QUERY SELECT number,
        (SELECT count(*) FROM cdp.profile WHERE cdp_in_segment(user_id, 'flagged') <> (traits ->> 'flag')::boolean OR cdp_in_segment(user_id, 'others') = (traits ->> 'flag')::boolean)
            + (cdp_segment('flagged') <> (SELECT coalesce(rb_build_agg(user_no::integer), rb_build('{}')) FROM cdp.profile WHERE (traits ->> 'flag')::boolean))::integer
            + (cdp_segment('others') <> (SELECT coalesce(rb_build_agg(user_no::integer), rb_build('{}')) FROM cdp.profile WHERE NOT (traits ->> 'flag')::boolean))::integer
            + (SELECT count(*) FROM cdp.segment WHERE size <> cdp_segment_size(name) OR size <> rb_cardinality(cdp_segment(name)) OR size <> (SELECT count(*) FROM cdp_segment_users(name))),
        (SELECT coalesce(max(n), 0) < 512 FROM (SELECT count(*) AS n FROM cdp.segment_edit GROUP BY segment_no) AS e),
        EXISTS (SELECT FROM cdp.segment_chunk);
END $$;
SELECT r.* FROM generate_series(1, 12) AS n, pg_temp.round(n) AS r;
-- Who enters and leaves within one batch is recorded, and leaves nothing to do.
UPDATE cdp.segment SET rule = 'count(hop in last 1 minute) = 1' WHERE name = 'flagged';
DELETE FROM cdp.segment WHERE name = 'others';
SELECT cdp_track('hopper', 'hop', ts => now() - interval '4 minutes'), cdp_process();
SELECT change, reason FROM cdp.segment_change JOIN cdp.profile USING (user_no) WHERE user_id = 'hopper' ORDER BY change_no;
SELECT count(*) FROM cdp.segment_edit;
INSERT INTO cdp.segment (name, rule) VALUES ('others', 'not in segment flagged');
SELECT cdp_forget('hopper');
-- Chunks of a segment that is computed anew are whole; a deleted one leaves nothing.
UPDATE cdp.segment SET rule = 'flag = true' WHERE name = 'flagged';
SELECT r.* FROM pg_temp.round(13) AS r;
SELECT cdp_refresh_segment('flagged') = cdp_segment_size('flagged') AS is_right;
SELECT count(*) AS waiting FROM cdp.segment_edit JOIN cdp.segment USING (segment_no) WHERE name = 'flagged';
SELECT r.* FROM pg_temp.round(14) AS r;
DELETE FROM cdp.segment;
SELECT (SELECT count(*) FROM cdp.segment_edit) AS edits, (SELECT count(*) FROM cdp.segment_chunk) AS chunks;
DROP EXTENSION cdp CASCADE;
CREATE EXTENSION cdp;
