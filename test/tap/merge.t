# A user with 100,000 events is merged: everything moves, in time in proportion to the events, and a cancel is answered.
# CdpTest.pm says how to run this by hand; CDP_EVENTS sets how many events.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use Test::More;

my $events = $ENV{CDP_EVENTS} // 100_000;
my $node = new_cluster('merge', "shared_buffers = 256MB\n");
sub answer { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }
sub seconds_of { my ($sql) = @_; my $begin = now(); answer($sql); return now() - $begin }

answer(<<'SQL');
CREATE EXTENSION cdp;
INSERT INTO cdp.segment (name, rule) VALUES
  ('looker', 'did(look)'), ('often', 'count(buy in last 30 days) >= 10'), ('spender', 'sum(buy.price) >= 100'),
  ('both', 'did(look) and did(only_u1) and did(only_a1)'), ('sequence', 'sequence(look, buy within 1 hour)');
INSERT INTO cdp.content_type (name) VALUES ('banner');
INSERT INTO cdp.placement (name, content_type) VALUES ('home', 'banner');
INSERT INTO cdp.creative (name, content_type) SELECT 'c' || n, 'banner' FROM generate_series(1, 50) AS n;
-- Events every minute in turn with the other person's every 50 minutes, as the plain rows they come from.
CREATE TABLE sent (who text, no integer, event text, ts timestamptz, price numeric);
CREATE FUNCTION send(events integer) RETURNS void LANGUAGE sql AS $$
    TRUNCATE sent;
    INSERT INTO sent
    SELECT 'a' || events, n, CASE n % 3 WHEN 0 THEN 'buy' ELSE 'look' END, date_trunc('minute', now()) - n * interval '1 minute', n % 64 + 0.5
    FROM generate_series(1, events) AS n;
    INSERT INTO sent
    SELECT 'u' || events, n, 'look', date_trunc('minute', now()) - n * interval '50 minutes' - interval '20 seconds', 1 FROM generate_series(1, 1000) AS n;
    INSERT INTO sent SELECT 'a' || events, -1, 'only_a1', now() - interval '1 hour', 1;
    INSERT INTO sent SELECT 'u' || events, -1, 'only_u1', now() - interval '1 hour', 1;
    INSERT INTO sent
    SELECT 'a' || events, 1000 + n, 'impression', now() - interval '2 hours', 1 FROM generate_series(1, 50) AS n;
    INSERT INTO cdp.inbox (payload)
    SELECT jsonb_build_object(CASE left(who, 1) WHEN 'a' THEN 'anonymousId' ELSE 'userId' END, who, 'event', event, 'messageId', concat_ws(' ', who, no, event),
             'timestamp', to_char(ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
             'properties', CASE event WHEN 'impression' THEN jsonb_build_object('placement', 'home', 'creative', 'c' || no - 1000)
                                      ELSE jsonb_build_object('price', price, 'pad', repeat('x', 100)) END)
    FROM sent ORDER BY ts;
$$;
SQL

sub merge_seconds
{
	my ($count) = @_;
	answer("SELECT send($count)");
	answer('SELECT cdp_process()');
	answer("INSERT INTO cdp.decision (user_no, user_id, placement, creative, position, strategy, score, propensity)
		SELECT user_no, NULL, 'home', 'c1', 1, 'random', 0, 1 FROM cdp.identity, generate_series(1, 1000) WHERE value = 'a$count'");
	answer("SELECT cdp_identify('u$count', '{\"plan\": \"pro\"}', 'a$count')");
	if ($count == $events)
	{
		# A cancel in the middle leaves everything as it was.
		my ($sqlstate) = fails_with($node, "SET statement_timeout = '100ms'; SELECT cdp_process()");
		is($sqlstate, '57014', 'a merge under way answers a cancel');
		is(answer('SELECT count(DISTINCT user_no) FROM cdp.identity WHERE value IN (' . "'a$count', 'u$count')"), '2', 'and nothing is half merged');
	}
	return seconds_of('SELECT cdp_process()');
}

my $few = merge_seconds($events / 10);
my $many = merge_seconds($events);
diag(sprintf('merging %d events took %.2f s, %d events %.2f s', $events / 10, $few, $events, $many));
cmp_ok($many, '<', 30 * $few + 1, 'time is in proportion to the events');

my ($user, $device) = ("u$events", "a$events");
is(answer("SELECT string_agg(kind || ' ' || value, ', ' ORDER BY value) FROM cdp.identity WHERE user_no = (SELECT user_no FROM cdp.profile WHERE user_id = '$user')"),
	"anonymous_id $device, user_id $user", 'the user has both ids');
is(answer("SELECT count(*) FROM (SELECT event, ts FROM sent EXCEPT ALL SELECT event, ts FROM cdp.event WHERE user_id = '$user') AS missing"), '0', 'every event is the user\'s');
is(answer("SELECT count(*) = (SELECT count(*) FROM sent) FROM cdp.event WHERE user_id = '$user'"), 't', 'and no other');
is(answer(<<"SQL"), 't', 'sessions are those of all events in order, as SQL counts them');
WITH gaps AS (SELECT ts, coalesce(ts - lag(ts) OVER (ORDER BY ts) > interval '30 minutes', true) AS starts FROM sent),
  numbered AS (SELECT ts, count(*) FILTER (WHERE starts) OVER (ORDER BY ts) AS no FROM gaps),
  spans AS (SELECT no, min(ts) AS started_at, max(ts) AS ended_at, count(*) AS events FROM numbered GROUP BY no)
SELECT array_agg((started_at, ended_at, events)::text ORDER BY started_at)
  = (SELECT array_agg((s.started_at, s.ended_at, s.events)::text ORDER BY s.started_at) FROM cdp.session AS s JOIN cdp.profile USING (user_no) WHERE user_id = '$user')
FROM spans
SQL
is(answer("SELECT cdp_segments('$user')"), '{both,looker,often,sequence,spender}', 'segments are those of both together');
is(answer('SELECT count(*) FROM cdp.segment AS s, cdp_segment_users(s.name) AS u, unnest(rb_to_array(cdp_segment(s.name))) AS n'
	. ' WHERE n NOT IN (SELECT user_no FROM cdp.profile)'), '0', 'no bitmap has a number that is gone');
is(answer('SELECT count(*) FROM cdp.membership WHERE user_no NOT IN (SELECT user_no FROM cdp.profile)'), '0', 'nor has a membership');
is(answer("SELECT count(*) FROM cdp.impression JOIN cdp.profile USING (user_no) WHERE user_id = '$user'"), '50', 'impressions move');
is(answer("SELECT count(*) FROM cdp.decision AS d JOIN cdp.profile AS p USING (user_no) WHERE p.user_id = '$user'"), '1000', 'and decisions');
is(answer("SELECT p.first_seen = min(s.ts) AND p.last_seen >= max(s.ts) AND p.traits = '{\"plan\": \"pro\"}' FROM cdp.profile AS p, sent AS s WHERE p.user_id = '$user' GROUP BY p.user_no"),
	't', 'first and last sight and traits are right');
is(answer("SELECT change || ' ' || user_id || ' ' || value || ' ' || reason || ' ' || source FROM cdp.identity_log WHERE user_id = '$user'"),
	"merged $user $device identify sql", 'the log says so');
my $of_profile = q{e -> 'look' -> 'count' = to_jsonb((SELECT count(*) FROM sent WHERE event = 'look')) AND e -> 'buy' -> 'count' = to_jsonb((SELECT count(*) FROM sent WHERE event = 'buy'))};
is(answer("SELECT $of_profile FROM (SELECT cdp_profile('$device') -> 'events' AS e) AS p"), 't', 'and cdp_profile shows them all');

# Many people merged in one batch.
answer(<<'SQL');
INSERT INTO cdp.inbox (payload)
SELECT jsonb_build_object('anonymousId', 'many' || n, 'event', e) FROM generate_series(1, 2000) AS n, unnest(ARRAY['look', 'only_a1', 'only_u1']) AS e;
INSERT INTO cdp.inbox (payload) SELECT jsonb_build_object('userId', 'person' || n % 1000, 'event', 'buy') FROM generate_series(1, 1000) AS n;
SELECT cdp_process();
INSERT INTO cdp.inbox (payload) SELECT jsonb_build_object('type', 'identify', 'anonymousId', 'many' || n, 'userId', 'person' || n % 1000) FROM generate_series(1, 2000) AS n;
SQL
my $took = seconds_of('SELECT cdp_process()');
diag(sprintf('2000 merges of two people each took %.2f s', $took));
is(answer(q{SELECT count(*) || ' ' || sum(events) FROM (SELECT user_id, count(*) AS events FROM cdp.event WHERE user_id LIKE 'person%' GROUP BY 1) AS p WHERE events = 7}),
	'1000 7000', 'two thousand devices become a thousand users');
is(answer(q{SELECT cdp_segment_size('both') - 2 || ' ' || rb_cardinality(cdp_segment('both')) - 2}), '1000 1000', 'and as many members');
$node->stop;
done_testing();
