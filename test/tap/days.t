# Users by event and day while the worker packs step by step: it is stopped and killed between two steps, another session
# finishes its round, it goes on with another's; people are merged in between. At any time cdp.event_day is what plain SQL
# makes of cdp.event, and so is what is stored in the end.
# CdpTest.pm says how to run this by hand; CDP_EVENTS sets how many events a round has.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use Test::More;

my $events = $ENV{CDP_EVENTS} // 50_000;
my $node = new_cluster('days', <<'CONF');
shared_preload_libraries = 'cdp'
restart_after_crash = on
cdp.pack_interval = 1s
CONF
sub answer { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }
sub answer_if_up
{
	my ($sql) = @_;
	my $out;
	my $exit = eval { $node->psql('postgres', $sql, stdout => \$out) };
	return defined $exit && $exit == 0 ? $out : '';
}
answer(<<'SQL');
CREATE EXTENSION cdp;
CREATE VIEW expected AS SELECT event, (ts AT TIME ZONE 'UTC')::date AS day, array_agg(DISTINCT user_no::integer ORDER BY user_no::integer) AS users FROM cdp.event GROUP BY 1, 2;
CREATE VIEW actual AS SELECT event, day, rb_to_array(users) AS users FROM cdp.event_day;
CREATE VIEW differences AS SELECT (SELECT count(*) FROM (TABLE expected EXCEPT ALL TABLE actual) AS m) AS missing, (SELECT count(*) FROM (TABLE actual EXCEPT ALL TABLE expected) AS i) AS invented;
CREATE FUNCTION send(round integer, events integer) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO cdp.inbox (source, payload)
    SELECT 'segment', format('{"userId": "u%s", "event": "e%s", "timestamp": "2025-03-%sT12:00:00Z"}', n * 7919 % (events / 5), n % 7, lpad((1 + (n / 7 + round) % 20)::text, 2, '0'))
    FROM generate_series(1, events) AS n;
    SELECT cdp_process()
$$;
SQL

my $is_midway = q{SELECT packed_until > 0 AND packed_until < 9223372036854775807 FROM cdp.packing};
my $round = 0;
# Events are sent while no worker runs; then it packs, and is caught midway, which another try may take.
sub catch_midway
{
	my ($catch) = @_;
	for (1 .. 5)
	{
		answer('SELECT cdp_worker_stop()');
		answer("SELECT send($round, $events)") if answer('SELECT count(*) FROM cdp.unpacked_event') < $events;
		$round++;
		answer('SELECT cdp_worker_start()');
		wait_for(15, sub { answer_if_up($is_midway) eq 't' }) or next;
		$catch->();
		wait_for(60, sub { answer_if_up('SELECT 1') eq '1' });
		return 1 if answer_if_up($is_midway) eq 't';
	}
	return 0;
}
sub stop_worker { answer('SELECT cdp_worker_stop()'); return }
sub is_right { my ($when) = @_; is(answer('TABLE differences'), '0|0', $when); return }
sub is_stored_right
{
	my ($when) = @_;
	answer('SELECT cdp_pack()') for 1 .. 3;
	is(answer('SELECT count(*) FROM cdp.recent_event'), 0, "$when: nothing is recent");
	is_right("$when: and what is stored is right");
	return;
}

ok(catch_midway(\&stop_worker), 'the worker is stopped between two steps');
is_right('users by day are right where it stopped');
is(answer('SELECT count(*) FROM cdp.event_day_packed'), 0, 'nothing of the round is written yet');
# Packed and then merged, before their days are written.
answer(q{SELECT count(cdp_alias('u' || n, 'u' || n + 1)) FROM generate_series(100, 140, 2) AS n});
answer('SELECT cdp_process()');
cmp_ok(answer('SELECT sum(rb_cardinality(users)) FROM cdp.gone_user'), '>', 0, 'some of those who were packed are merged');
is_right('and right after that');
is_stored_right('another session finishes');

ok(catch_midway(\&stop_worker), 'stopped again');
answer('SELECT cdp_worker_start()');
ok(wait_for(60, sub { answer_if_up('SELECT packed_until FROM cdp.packing') eq '9223372036854775807' }), 'a new worker goes on to the end');
stop_worker();
is_right('which is right');
is_stored_right('and another session packs the rest');

# The same process goes on with what it had, or not, after another one did a step of the round.
my $kill = sub {
	my $pid = answer_if_up('SELECT pid FROM cdp.worker_status');
	kill 'KILL', $pid if $pid;
	wait_for(60, sub { answer_if_up('SELECT pg_postmaster_start_time() IS NOT NULL') eq 't' });
};
answer('SELECT cdp_worker_stop()');
answer("SELECT send($round, $events)");
answer('SELECT cdp_worker_start()');
my $kills = 0;
while ($kills < 3 && wait_for(15, sub { answer_if_up($is_midway) eq 't' }))
{
	$kill->();
	$kills++;
}
cmp_ok($kills, '>', 0, 'the worker is killed between two steps');
is_right('which leaves all right');
ok(wait_for(60, sub { answer_if_up('SELECT packed_until FROM cdp.packing') eq '9223372036854775807' }), 'it comes back each time and gets to the end');
stop_worker();
is_right('which is right');
is_stored_right('what a killed worker left');
cmp_ok(answer('SELECT count(*) FROM cdp.event_day_packed'), '>=', 7 * 20, 'all days are stored');
$node->stop;
done_testing();
