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
sub answer_if_up { return answer_of($node, @_) // '' }
answer(<<'SQL');
CREATE EXTENSION cdp;
CREATE VIEW expected AS SELECT event, (ts AT TIME ZONE 'UTC')::date AS day, array_agg(DISTINCT user_no::integer ORDER BY user_no::integer) AS users FROM cdp.event GROUP BY 1, 2;
CREATE VIEW actual AS SELECT event, day, rb_to_array(users) AS users FROM cdp.event_day;
CREATE VIEW differences AS SELECT (SELECT count(*) FROM (TABLE expected EXCEPT ALL TABLE actual) AS m) AS missing, (SELECT count(*) FROM (TABLE actual EXCEPT ALL TABLE expected) AS i) AS invented;
CREATE VIEW wrong_funnel AS SELECT users FROM cdp_funnel_report(ARRAY['e1', 'e5'], '1 day', '2025-03-04 12:00Z', '2025-03-12 12:00Z') EXCEPT ALL
    SELECT count(*) FILTER (WHERE depth >= step) FROM generate_series(1, 2) AS step, (SELECT cdp_funnel(ts, '1 day', event = 'e1', event = 'e5') AS depth FROM cdp.event
    WHERE ts >= '2025-03-04 12:00Z' AND ts < '2025-03-12 12:00Z' GROUP BY user_no) AS d GROUP BY step;
CREATE FUNCTION send(round integer, events integer) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO cdp.inbox (source, payload)
    SELECT 'segment', format('{"userId": "u%s", "event": "e%s", "timestamp": "2025-03-%sT12:00:00Z"}', n * 7919 % (events / 5), n % 7, lpad((1 + (n / 7 + round) % 20)::text, 2, '0'))
    FROM generate_series(1, events) AS n;
    -- Some did what nobody else did.
    INSERT INTO cdp.inbox (source, payload)
    SELECT 'segment', format('{"userId": "u%s", "event": "own%s", "timestamp": "2025-04-01T12:00:00Z"}', n, 100 * round + n) FROM generate_series(1, 50) AS n;
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
sub is_right { my ($when) = @_; is(answer('SELECT *, (SELECT count(*) FROM wrong_funnel) FROM differences'), '0|0|0', $when); return }
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

# Between two steps of one worker, which holds what it gathered: someone is forgotten whose bits are in it; and people are deleted
# by hand, and the row of cdp.packing is touched, so that all is gathered anew.
answer(<<'SQL');
CREATE TABLE lost (how text, user_no bigint);
CREATE FUNCTION interfere(how text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cdp_process(1); -- holds the lock of the worker's steps
    IF NOT EXISTS (SELECT FROM cdp.packing WHERE packed_until > 0 AND packed_until < 9223372036854775807) THEN RETURN false; END IF;
    INSERT INTO lost SELECT DISTINCT how, user_no FROM cdp.recent_event JOIN cdp.event_name USING (event_no), cdp.packing AS p
        WHERE recent_event.slot = 1 - p.slot AND user_no <= packed_until AND name LIKE 'own%' ORDER BY 2 LIMIT 3;
    IF NOT EXISTS (SELECT FROM lost WHERE lost.how = interfere.how) THEN RETURN false; END IF;
    IF how = 'forgotten' THEN
        PERFORM cdp_forget(user_id) FROM cdp.profile JOIN lost USING (user_no) WHERE lost.how = 'forgotten';
    ELSE
        DELETE FROM cdp.recent_event WHERE user_no IN (SELECT user_no FROM lost);
        DELETE FROM cdp.timeline WHERE user_no IN (SELECT user_no FROM lost);
        DELETE FROM cdp.session_span WHERE user_no IN (SELECT user_no FROM lost);
        DELETE FROM cdp.identity WHERE user_no IN (SELECT user_no FROM lost);
        DELETE FROM cdp.profile WHERE user_no IN (SELECT user_no FROM lost);
        UPDATE cdp.event_day_packed SET users = users - (SELECT rb_build_agg(user_no::integer) FROM lost);
        DELETE FROM cdp.event_day_packed WHERE rb_is_empty(users);
        UPDATE cdp.packing SET packed_until = packed_until;
    END IF;
    RETURN true;
END $$;
SQL
for my $how ('forgotten', 'deleted')
{
	my $has_done = '';
	for (1 .. 8)
	{
		stop_worker();
		answer("SELECT send($round, $events)") if answer('SELECT count(*) FROM cdp.unpacked_event') < $events;
		$round++;
		answer('SELECT cdp_worker_start()');
		wait_for(15, sub { answer_if_up($is_midway) eq 't' });
		Time::HiRes::usleep(100_000);
		$has_done = answer("SELECT interfere('$how')");
		last if $has_done eq 't';
	}
	is($has_done, 't', "people are $how between two steps");
	ok(wait_for(60, sub { answer_if_up('SELECT packed_until FROM cdp.packing') eq '9223372036854775807' }), 'and the worker goes on');
	stop_worker();
	is_stored_right("without who is $how");
}
is(answer('SELECT count(*) FROM cdp.event_day_packed WHERE rb_is_empty(users)'), 0, 'no row is empty');
is(answer(q{SELECT count(*) FROM cdp.event_day_packed WHERE users && (SELECT rb_build_agg(user_no::integer) FROM lost)}), 0, 'and none has those who are lost');

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
