# With the worker running: what one connection commits, another sees in segments, and time alone empties them.
# CdpTest.pm says how to run this by hand.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_cluster('realtime', "shared_preload_libraries = 'cdp'\n");
$node->safe_psql('postgres', 'CREATE EXTENSION cdp');
$node->safe_psql('postgres', <<'SQL');
INSERT INTO cdp.segment (name, rule) VALUES
  ('looked', 'did(look)'),
  ('just_now', 'did(blink in last 3 seconds)');
SQL
ok(wait_for(20, sub { $node->safe_psql('postgres', q{SELECT state IN ('idle', 'running') FROM cdp.worker_status}) eq 't' }),
	'the worker runs');
is(wait_for(20, sub { $node->safe_psql('postgres', q{SELECT count(*) FROM cdp.segment WHERE computed_at IS NULL}) eq '0' }), 1,
	'it computes the segments');

# One connection commits; another asks every 2 ms until it sees the membership. Both go on through all rounds,
# so that no connecting is measured.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE seen (round int, seconds float8);
CREATE PROCEDURE watch(round int) LANGUAGE plpgsql AS $$
DECLARE asked timestamptz := clock_timestamp(); committed timestamptz;
BEGIN
  PERFORM cdp_track('user' || round, 'look');
  COMMIT;
  committed := clock_timestamp();
  WHILE NOT coalesce(cdp_in_segment('user' || round, 'looked'), false) LOOP
    COMMIT;
    IF clock_timestamp() > committed + interval '10 seconds' THEN EXIT; END IF;
    PERFORM pg_sleep(0.002);
  END LOOP;
  INSERT INTO seen VALUES (round, extract(epoch FROM clock_timestamp() - committed));
END $$;
SQL
$node->safe_psql('postgres', join("\n", map { "CALL watch($_);" } 1 .. 3));
$node->safe_psql('postgres', 'TRUNCATE seen');
$node->safe_psql('postgres', join("\n", map { "CALL watch($_); SELECT pg_sleep(0.1);" } 101 .. 120));
my ($median, $most, $rounds) = split /\|/, $node->safe_psql('postgres',
	'SELECT round((percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) * 1000)::numeric, 1),'
	  . ' round((max(seconds) * 1000)::numeric, 1), count(*) FROM seen');
is($rounds, 20, 'twenty events seen');
diag("commit to membership seen: median $median ms, longest $most ms, of $rounds");
cmp_ok($most, '<', 1000, "an event changes cdp_in_segment within 1 s (longest $most ms)");
cmp_ok($median, '<', 500, "median $median ms");

# The same between two connections: one commits, the other sees.
$node->safe_psql('postgres', q{SELECT cdp_track('ann', 'look')});
my $start = now();
ok(wait_for(5, sub { $node->safe_psql('postgres', q{SELECT cdp_in_segment('ann', 'looked')}) eq 't' }),
	'another connection sees it');
cmp_ok(now() - $start, '<', 1, 'within 1 s, connecting included');

# By time alone.
$node->safe_psql('postgres', q{SELECT cdp_track('bob', 'blink')});
my $blinked = now();
ok(wait_for(2, sub { $node->safe_psql('postgres', q{SELECT cdp_in_segment('bob', 'just_now')}) eq 't' }), 'in by an event');
ok(wait_for(6, sub { $node->safe_psql('postgres', q{SELECT cdp_in_segment('bob', 'just_now')}) eq 'f' }), 'out by time alone');
my $stayed = now() - $blinked;
cmp_ok($stayed, '>', 2.5, sprintf('after three seconds, not before (%.2f s)', $stayed));
cmp_ok($stayed, '<', 4.2, 'and at most a second later');
is($node->safe_psql('postgres', q{SELECT cdp_segment_size('just_now')}), 0, 'the segment is empty');
is($node->safe_psql('postgres', <<'SQL'), '3.000000', 'the exit is recorded at its exact instant');
SELECT round(extract(epoch FROM max(effective_at) FILTER (WHERE change = 'exited') - max(effective_at) FILTER (WHERE change = 'entered')), 6)
FROM cdp.segment_change WHERE segment = 'just_now'
SQL

# Queries of segments: run again at their interval, ended when they take too long, and no hindrance to messages.
$node->safe_psql('postgres', q{CREATE TABLE chosen (id text); SELECT cdp_segment_from_query('chosen', 'SELECT id FROM chosen', '1 second')});
$node->safe_psql('postgres', q{INSERT INTO chosen VALUES ('bob')});
ok(wait_for(5, sub { $node->safe_psql('postgres', q{SELECT cdp_in_segment('bob', 'chosen')}) eq 't' }), 'the query of a segment is run again by the worker');
$node->safe_psql('postgres', q{ALTER SYSTEM SET cdp.refresh_timeout = '300ms'; SELECT pg_reload_conf()});
$node->safe_psql('postgres', q{SELECT cdp_segment_from_query('slow', 'SELECT id FROM chosen, pg_sleep(0.6)', '1 second')});
ok(wait_for(8, sub { $node->safe_psql('postgres', q{SELECT error FROM cdp.segment_query WHERE query ~ 'sleep'}) =~ /statement timeout/ }), 'one that takes too long is ended');
is($node->safe_psql('postgres', q{SELECT cdp_in_segment('bob', 'slow')}), 't', 'and keeps its members');
is($node->safe_psql('postgres', q{SELECT errors_total, state <> 'backing off' FROM cdp.worker_status}), '0|t', 'which is no failure of the worker');
$node->safe_psql('postgres', q{SELECT cdp_track('eve', 'look')});
ok(wait_for(2, sub { $node->safe_psql('postgres', q{SELECT cdp_in_segment('eve', 'looked')}) eq 't' }), 'messages are taken meanwhile');

# Functions of rules likewise.
$node->safe_psql('postgres', q{
CREATE TABLE score (score integer); INSERT INTO score VALUES (1);
CREATE FUNCTION my_score(p cdp.profile) RETURNS integer LANGUAGE sql STABLE AS 'SELECT score FROM score';
INSERT INTO cdp.segment (name, rule) VALUES ('scored', 'call(my_score) > 1')});
$node->safe_psql('postgres', q{UPDATE score SET score = 2});
$node->safe_psql('postgres', q{ALTER SYSTEM SET cdp.call_refresh = '1s'});
$node->safe_psql('postgres', q{SELECT pg_reload_conf()});
ok(wait_for(5, sub { $node->safe_psql('postgres', q{SELECT cdp_in_segment('bob', 'scored')}) eq 't' }), 'a function of rules is called again by the worker');
$node->safe_psql('postgres', q{CREATE OR REPLACE FUNCTION my_score(p cdp.profile) RETURNS integer LANGUAGE sql STABLE AS 'SELECT 0 FROM pg_sleep(0.6)'});
ok(wait_for(8, sub { $node->safe_psql('postgres', q{SELECT error FROM cdp.segment_call}) =~ /statement timeout/ }), 'one that takes too long is ended');
is($node->safe_psql('postgres', q{SELECT cdp_in_segment('bob', 'scored')}), 't', 'and keeps its values');
is($node->safe_psql('postgres', q{SELECT errors_total FROM cdp.worker_status}), '0', 'which is no failure of the worker');
$node->safe_psql('postgres', q{DELETE FROM cdp.segment WHERE name = 'scored'});

# Notices of what changed: one a batch, none without changes, none where it is off.
sub notices
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	$node->psql('postgres', "LISTEN cdp_segment; $sql", stdout => \$out, stderr => \$err);
	is($err, '', 'no error');
	return [ $out =~ /Asynchronous notification "cdp_segment" with payload "(.*?)" received/g ];
}
is_deeply(notices(q{INSERT INTO cdp.segment (name, rule) VALUES ('everyone', 'true')}), [], 'no notice unless it is set');
$node->safe_psql('postgres', q{ALTER SYSTEM SET cdp.segment_notify = on; SELECT pg_reload_conf(); SELECT cdp_track('fay', 'look')});
ok(wait_for(5, sub { $node->safe_psql('postgres', q{SELECT cdp_in_segment('fay', 'everyone')}) eq 't' }), 'the worker has taken what waited');
my $told = notices(q{SELECT cdp_track(u, 'look') FROM unnest('{gil,hal,ida}'::text[]) AS u; SELECT pg_sleep(1); SELECT 1});
is(scalar @$told, 1, 'one notice of the worker for a batch');
my ($first, $last) = $told->[0] =~ /^\{"first":(\d+),"last":(\d+),"changes":6,"segments":\{"everyone":\[3,0\],"looked":\[3,0\]\}\}$/;
is($node->safe_psql('postgres', "SELECT count(*), count(DISTINCT user_no) FROM cdp.segment_change WHERE change_no BETWEEN $first AND $last"), '6|3', 'that tells which rows are new');
is_deeply(notices(q{SELECT cdp_track('gil', 'look'); SELECT pg_sleep(0.5); SELECT 1}), [], 'none of a batch that changes nothing');
like(notices(q{DELETE FROM cdp.segment WHERE name = 'everyone'; INSERT INTO cdp.segment (name, rule) VALUES ('q"é', 'did(look)'), ('some', 'in segment "q""é"')})->[0],
	qr/"segments":\{"q\\"é":\[\d+,0\],"some":\[\d+,0\]\}\}$/, 'a definition is told, names as JSON has them');
like(notices(q{INSERT INTO cdp.segment (name, rule) SELECT rpad('s' || n, 40, '.'), 'true' FROM generate_series(1, 150) AS n})->[0], qr/"segments":\{"s1\./, 'what NOTIFY just takes');
like(notices(q{INSERT INTO cdp.segment (name, rule) SELECT rpad('t' || n, 40, '.'), 'true' FROM generate_series(1, 170) AS n})->[0],
	qr/^\{"first":\d+,"last":\d+,"changes":\d+,"segments":null\}$/, 'more than NOTIFY takes is told without the segments');
$node->stop;
done_testing();
