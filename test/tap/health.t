# cdp_health() names what is wrong, each check seen as ok and as not ok; cdp.worker_status tells lag, rate and time by
# stage; batches are bounded by rows, bytes and time. CdpTest.pm says how to run this by hand.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use IPC::Run ();
use Test::More;

my @checks = qw(version preload standby template worker worker_slots inbox inbox_size packing segments clock autovacuum);
# Little shared memory, so that a process' memory is its own.
my $node = new_cluster('health', "shared_preload_libraries = 'cdp'\nshared_buffers = 16MB\nmax_worker_processes = 9\n"
	  . "max_prepared_transactions = 2\nlog_min_messages = warning\n");
my $db = 'postgres';

sub answer { my ($sql, $on) = @_; return ($on // $node)->safe_psql($db, $sql) }
sub worker_is { my ($state) = @_; return answer('SELECT state FROM cdp.worker_status') =~ /^(?:$state)$/ }
# What a check says: (status, detail, remedy).
sub health
{
	my ($check, $on) = @_;
	return split /\t/, answer("SELECT concat_ws(E'\\t', status, detail, coalesce(remedy, '')) FROM cdp_health() WHERE check_name = '$check'", $on), -1;
}
sub check_is
{
	my ($check, $status, $detail, $remedy, $what, $on) = @_;
	my ($is, $says, $advises) = health($check, $on);
	is($is, $status, "$check: $what") or diag("$says / $advises");
	like($says, $detail, '... its detail says so');
	if (defined $remedy) { like($advises, $remedy, '... with the remedy') }
	return $advises;
}
sub set { my ($setting) = @_; answer("ALTER SYSTEM SET $setting"); answer('SELECT pg_reload_conf()'); sleep 1; return }
sub queue { my ($count, $payload, $received) = @_;
	$received //= 'now()';
	return answer("INSERT INTO cdp.inbox (payload, received_at) SELECT $payload, $received FROM generate_series(1, $count) i") }
my $event = q{'{"type": "track", "userId": "u' || i % 1000 || '", "event": "look"}'};

# Everything is well.
answer('CREATE EXTENSION cdp');
ok(wait_for(10, sub { worker_is('idle') }), 'a worker runs');
is(answer('SELECT string_agg(check_name, $$ $$) FROM cdp_health()'), "@checks", 'the checks');
is(answer(q{SELECT count(*) FROM cdp_health() WHERE status <> 'ok' OR remedy IS NOT NULL}), 0, 'on a server in order all are ok')
  or diag(answer('SELECT * FROM cdp_health()'));
is(answer(q{SELECT lag_seconds IS NULL, messages_per_second, stage_us IS NULL FROM cdp.worker_status}), 't|0|t',
	'before the first batch there is no lag, no rate, no time');

# Catching up: worker stopped, messages queued, started. A trigger notes the transactions.
answer(<<'SQL');
CREATE TABLE seen (xid xid8, events bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN INSERT INTO public.seen SELECT pg_current_xact_id(), count(*) FROM added; RETURN NULL; END';
CREATE TRIGGER note AFTER INSERT ON cdp.recent_event REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION note();
SQL
sub transactions { return answer('SELECT count(DISTINCT xid) FROM seen') }
sub all_taken { return answer('SELECT pending_messages FROM cdp.worker_status') == 0 }
# Takes what was queued while the worker was stopped.
sub catch_up
{
	answer('TRUNCATE seen; SELECT cdp_worker_start()');
	return wait_for(60, \&all_taken);
}
answer('SELECT cdp_worker_stop()');
set(q{cdp.batch_size = 20000});
queue(30000, $event);
ok(catch_up(), 'a worker takes what waited while it was stopped');
is(answer('SELECT sum(events) FROM seen'), 30000, 'all of it');
cmp_ok(transactions(), '>=', 2, 'in several transactions');
cmp_ok(answer('SELECT max(sum) FROM (SELECT sum(events) FROM seen GROUP BY xid) s'), '<=', 20000, 'none takes more than cdp.batch_size');

# The rate, whatever came in between.
my $rate = answer('SELECT messages_per_second FROM cdp.worker_status');
cmp_ok($rate, '>=', 30000 / 60.1, 'worker_status tells the rate of the last minute');
cmp_ok($rate, '<=', 30000 / 49.9, 'and no more');
is(answer(q{SELECT string_agg(stage, ' ' ORDER BY stage) FROM cdp.worker_status, jsonb_object_keys(stage_us) stage}),
	'deduplicate feedback follow identify read sessions store take time total', 'and the time a message takes, by stage');
is(answer(q{SELECT (stage_us->>'store')::numeric > 0 AND (stage_us->>'total')::numeric BETWEEN 1 AND 2000 AND
	(SELECT sum(value::numeric) FROM jsonb_each_text(stage_us)) <= 2.01 * (stage_us->>'total')::numeric FROM cdp.worker_status}), 't',
	'whose sum is not more than all of it');
answer('SELECT cdp_worker_stop()');
queue(6000, $event);
$node->restart;
ok(wait_for(20, sub { all_taken() && worker_is('idle') }), 'after a restart of the server');
cmp_ok(answer('SELECT messages_per_second * 60 FROM cdp.worker_status'), '>=', 35900, 'the rate counts what was taken before and after');
answer(q{UPDATE cdp.worker_period SET began_at = began_at - interval '5 minutes'});
is(answer('SELECT messages_per_second FROM cdp.worker_status'), 0, 'after rest it is 0');
is(answer('SELECT stage_us IS NULL FROM cdp.worker_status'), 'f', 'the time by stage is still that of the last batches');
answer(q{SELECT cdp_track('ann', 'look')});
ok(wait_for(5, \&all_taken), 'a message after rest');
cmp_ok(answer('SELECT messages_per_second FROM cdp.worker_status'), '<=', 1 / 49, 'counts as one');
answer(q{UPDATE cdp.worker_period SET began_at = began_at + interval '1 hour'});
is(answer('SELECT messages_per_second FROM cdp.worker_status'), 0, 'a period of the future, after the clock was set back, does not count');
answer('DELETE FROM cdp.worker_period');

# Bytes: 80 MB wait, a transaction takes 8 MB.
my $large = q{'{"type": "track", "userId": "u' || i || '", "event": "look", "properties": {"text": "' || repeat('x', 1000000) || '"}}'};
my $process_memory = sub { my ($status) = @_; return ($status =~ /VmHWM:\s*(\d+) kB/)[0] / 1024 };
set(q{cdp.batch_bytes = '8MB'});
answer('SELECT cdp_worker_stop()');
queue(80, $large);
ok(catch_up(), 'large messages are taken');
is(answer('SELECT sum(events) FROM seen'), 80, 'all of them');
is(answer('SELECT max(sum) FROM (SELECT sum(events) FROM seen GROUP BY xid) s'), 9,
	'a transaction ends with the message by which it reaches cdp.batch_bytes');
my $worker_memory = $process_memory->(slurp_file('/proc/' . answer('SELECT pid FROM cdp.worker_status') . '/status'));
cmp_ok($worker_memory, '<', 150, sprintf('the memory of the worker is bounded: %.0f MB', $worker_memory));
answer('SELECT cdp_worker_stop()');
queue(80, $large);
my $said = answer(q{SELECT cdp_process(); SELECT pg_read_file('/proc/self/status')});
like($said, qr/^80$/m, 'cdp_process() takes them in one transaction');
my $own_memory = $process_memory->($said);
cmp_ok($own_memory, '<', 150, sprintf('but not into memory at once: %.0f MB', $own_memory));

# Time: events that take a millisecond each.
answer(<<'SQL');
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.001); RETURN NEW; END';
CREATE TRIGGER slow BEFORE INSERT ON cdp.recent_event FOR EACH ROW EXECUTE FUNCTION slow();
SQL
set(q{cdp.batch_time = '100ms'});
queue(3000, $event);
ok(catch_up(), 'slow messages are taken');
cmp_ok(transactions(), '>=', 10, 'a transaction ends after about cdp.batch_time');
answer('SELECT cdp_worker_stop()');
queue(500, $event);
is(answer('TRUNCATE seen; SELECT cdp_process()'), 500, 'time does not bound cdp_process()');
answer('DROP TRIGGER slow ON cdp.recent_event; DROP TRIGGER note ON cdp.recent_event');

# What waits is counted right in the middle of a round, through all three chunks of the inbox.
my ($expected, $wrong, $most_chunks) = (0, '', 0);
sub process_some
{
	$expected -= answer("SELECT cdp_process($_[0])");
	my ($pending, $chunks) = split /\|/, answer(
		'SELECT (SELECT pending_messages FROM cdp.worker_status), (SELECT count(DISTINCT chunk) FROM cdp.inbox_waiting)');
	$wrong .= " $pending for $expected;" if $pending != $expected;
	$most_chunks = $chunks if $chunks > $most_chunks;
}
# Every chunk is once the first of a round that takes from several.
for my $round (1 .. 3)
{
	for my $load (1 .. 3)
	{
		queue(2200, $event . q{ || repeat(' ', 1800)}); # 4.5 MB, more than a chunk takes
		$expected += 2200;
		process_some(1);
	}
	process_some(1500) while $expected > 0;
}
is($wrong, '', 'pending_messages is right in the middle of a round');
is($most_chunks, 3, 'through all chunks of the inbox');

# worker
my $remedy = check_is('worker', 'warning', qr/stopped by cdp_worker_stop/, qr/^SELECT cdp_worker_start\(\)$/, 'stopped on purpose');
answer($remedy);
ok(wait_for(10, sub { (health('worker'))[0] eq 'ok' }), '... which helps');
answer('ALTER TABLE cdp.inbox_cursor RENAME TO hidden');
# Each failure doubles the wait before the next try: after the third there are four seconds to look.
ok(wait_for(30, sub { answer('SELECT errors_total FROM cdp.worker') >= 3 }), 'a batch fails');
answer('ALTER TABLE cdp.hidden RENAME TO inbox_cursor');
check_is('worker', 'error', qr/failed and was rolled back \(\d+ failures in all\): relation "cdp\.inbox_cursor"/, qr/Remove the cause/, 'backing off');
answer('SELECT pg_terminate_backend(pid) FROM cdp.worker_status');
ok(wait_for(30, sub { (health('worker'))[0] eq 'ok' }), '... until it goes on');

# template, version, clock, autovacuum
$remedy = 'ALTER DATABASE postgres IS_TEMPLATE true';
answer($remedy);
$remedy = check_is('template', 'warning', qr/marked as a template/, qr/IS_TEMPLATE false/, 'a template');
answer($remedy);
is((health('template'))[0], 'ok', '... which helps');

my $version = answer(q{SELECT extversion FROM pg_extension WHERE extname = 'cdp'});
answer(q{UPDATE pg_extension SET extversion = '0.0.9' WHERE extname = 'cdp'});
check_is('version', 'error', qr/library of version \Q$version\E, but this database's objects are of version 0\.0\.9/,
	qr/^ALTER EXTENSION cdp UPDATE TO '\Q$version\E'$/, 'the library is newer');
answer(q{UPDATE pg_extension SET extversion = '99.10' WHERE extname = 'cdp'});
check_is('version', 'error', qr/objects are of version 99\.10/, qr/^Restart the server.* install cdp 99\.10\.$/, 'the extension is newer');
answer(qq{UPDATE pg_extension SET extversion = '$version' WHERE extname = 'cdp'});
is((health('version'))[0], 'ok', 'version: as it was');

answer(q{SELECT cdp_worker_stop(); UPDATE cdp.inbox_cursor SET clock = now() + interval '1 hour'});
check_is('clock', 'error', qr/set back: .* 3(?:600|599|598) s from now/, qr/Set the server's clock right/, 'set back');
answer('UPDATE cdp.inbox_cursor SET clock = now()');
is((health('clock'))[0], 'ok', 'clock: as it was');

for my $setting ('autovacuum', 'track_counts')
{
	set("$setting = off");
	$remedy = check_is('autovacuum', 'warning', qr/^$setting is off/, qr/^ALTER SYSTEM SET $setting = on/, "$setting is off");
	answer($_) for split /; /, $remedy;
	ok(wait_for(5, sub { (health('autovacuum'))[0] eq 'ok' }), '... which helps');
}

# inbox: the worker is stopped still.
queue(3, $event);
check_is('inbox', 'ok', qr/^3 messages wait, the oldest for \d s/, qr/^$/, 'messages that just came');
queue(1, $event, q{now() - interval '90 seconds'});
cmp_ok(answer('SELECT lag_seconds FROM cdp.worker_status'), '>=', 90, 'lag_seconds is the age of the oldest message');
cmp_ok(answer('SELECT lag_seconds FROM cdp.worker_status'), '<', 120, 'and not more');
$node->psql($db, q{BEGIN; INSERT INTO cdp.inbox (payload, received_at) VALUES ('{}', now() - interval '1 day'); PREPARE TRANSACTION 'open'});
cmp_ok(answer('SELECT lag_seconds FROM cdp.worker_status'), '<', 120, 'a message that is not committed does not count');
answer(q{ROLLBACK PREPARED 'open'});
check_is('inbox', 'warning', qr/^4 messages wait, the oldest for (?:9|10)\d s/, qr/SELECT cdp_worker_start\(\)/, 'messages that wait');
queue(1, $event, q{now() - interval '700 seconds'});
check_is('inbox', 'error', qr/^5 messages wait, the oldest for 7\d\d s/, qr/SELECT cdp_worker_start\(\)/, 'and wait');
answer('SELECT cdp_process()');
is((health('inbox'))[0], 'ok', 'inbox: taken');

# inbox_size: who queued a message and does not end the transaction keeps the chunk from being emptied.
answer(q{BEGIN; SELECT cdp_track('bob', 'look'); PREPARE TRANSACTION 'it''s held'});
queue(30000, $event . q{ || repeat(' ', 1500)});
answer('SELECT cdp_process()');
$remedy = check_is('inbox_size', 'warning', qr/takes \d+ MB\. .* prepared transaction it's held ends/,
	qr/^COMMIT PREPARED 'it''s held', or ROLLBACK PREPARED 'it''s held'$/, 'held by a prepared transaction');
answer($remedy =~ /^(.*), or/);
is(answer('SELECT cdp_process()'), 1, '... whose message is taken when it ends');
check_is('inbox_size', 'ok', qr/takes (?:0|\d+ bytes|\d+ kB)\.$/, undef, 'and the inbox shrinks');

# packing: it fails.
check_is('packing', 'ok', qr/^Nothing was packed yet/, qr/^$/, 'nothing to tell');
answer('SELECT cdp_worker_start()');
answer(<<'SQL');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room for this'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON cdp.timeline FOR EACH ROW EXECUTE FUNCTION refuse();
SQL
set(q{cdp.pack_interval = '1s'});
ok(wait_for(10, sub { (health('packing'))[0] eq 'warning' }), 'events cannot be packed');
my $failure = qr/^It has failed since (\S+ \S+ \S+), last at \1: no room for this\. Events stay where they are, and count as before\.$/;
check_is('packing', 'warning', $failure, qr/^Remove the cause/, 'it fails');
is(answer('SELECT errors_total, state FROM cdp.worker_status'), answer('SELECT errors_total FROM cdp.worker') . '|idle', 'which is no failure of a batch');
is(answer(q{SELECT cdp_track('eve', 'look'); SELECT pg_sleep(0.5); SELECT pending_messages FROM cdp.worker_status}), "\n\n0", 'messages are still taken');
# Another process looks at once.
answer('SELECT pg_terminate_backend(pid) FROM cdp.worker_status');
ok(wait_for(20, sub { answer('SELECT fails_since < last_error_at FROM cdp.packing_status') eq 't' }), 'it fails again');
check_is('packing', 'warning', qr/^It has failed since (\S+ \S+ \S+), last at (?!\1)\S+ \S+ \S+: no room for this\./, qr/^Remove the cause/, 'since then');
answer('DROP TRIGGER refuse ON cdp.timeline');
answer('SELECT pg_terminate_backend(pid) FROM cdp.worker_status');
ok(wait_for(90, sub { (health('packing'))[0] eq 'ok' && answer('SELECT count(*) FROM cdp.unpacked_event') eq '0' }), 'the cause removed, it goes on');
like(answer('SELECT last_error FROM cdp.packing_status'), qr/no room/, 'what the failure was is kept');
ok(wait_for(20, sub { answer('SELECT state FROM cdp.packing_status') eq 'gathering' }), 'and the table that was packed is emptied');

# packing: an old transaction keeps the table that was packed from being emptied. What holds it, how it is named, what ends it.
sub pack_once { answer(q{SELECT cdp_track('eve', 'look')}); return wait_for(20, sub { answer('SELECT count(*) FROM cdp.unpacked_event') eq '0' }) }
sub is_held { return wait_for(20, sub { (health('packing'))[0] eq 'warning' }) }
sub is_freed { return wait_for(20, sub { (health('packing'))[0] eq 'ok' && answer('SELECT state FROM cdp.packing_status') eq 'gathering' }) }
sub session { my ($sql) = @_; my $session = IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr($db) ], \my $in, \my $out, \my $err);
	$in .= "$sql\n\\echo ready\n";
	$session->pump until $out =~ /ready/;
	return ($session, answer(q{SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction'})) }
my $kept = qr/^Events that were taken since \S+ \S+ \S+ are not packed yet: the table of those before is not emptied before/;
answer(q{BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION 'it''s old'});
ok(pack_once(), 'events are packed');
is((health('packing'))[0], 'ok', 'that the table waits for a while is in order');
ok(is_held(), '... after two intervals it is not');
$remedy = check_is('packing', 'warning', qr/$kept the prepared transaction it's old ends, which/, qr/^COMMIT PREPARED 'it''s old', or ROLLBACK/, 'a prepared transaction');
answer($remedy =~ /^(.*), or/);
ok(is_freed(), '... which helps');
for my $case ([ 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;', qr/ends its transaction/, 'an old snapshot' ],
	[ 'BEGIN; SELECT count(*) FROM cdp.recent_event;', qr/ends the transaction in which it read it/, 'a reader' ])
{
	my ($session, $pid) = session($case->[0]);
	ok(pack_once(), 'events are packed');
	ok(is_held(), '... and kept');
	$remedy = check_is('packing', 'warning', qr/$kept process $pid $case->[1], which/, qr/^SELECT pg_terminate_backend\($pid\)$/, $case->[2]);
	answer('CREATE ROLE guest; GRANT USAGE ON SCHEMA cdp TO guest; GRANT SELECT ON cdp.packing_status TO guest') if $case->[2] eq 'an old snapshot';
	like(answer(q{SET ROLE guest; SELECT status || ' ' || detail || ' ' || remedy FROM cdp_health() WHERE check_name = 'packing'}),
		$case->[2] eq 'a reader' ? qr/process $pid/ : qr/^warning .* kept by a transaction that you do not see\. .*pg_read_all_stats\.$/, 'who may not see others\' activity is told so');
	answer($remedy);
	ok(is_freed(), '... which helps');
	$session->finish;
}
set(q{cdp.pack_interval = '1h'});
answer('SELECT cdp_worker_stop()');

# Ordinary roles.
answer('CREATE ROLE clerk');
is((fails_with($node, 'SET ROLE clerk; SELECT cdp_health()'))[0], 'none', 'every role may ask');
is(answer(q{SET ROLE clerk; SELECT string_agg(check_name, ' ') FROM cdp_health() WHERE status = 'unknown' AND detail = 'Not visible to you.'}),
	'worker inbox packing segments clock', 'and is told what it may not see');
is(answer(q{SET ROLE clerk; SELECT count(*) FROM cdp_health()}), scalar @checks, 'in every check');
answer($_) for split /; |\n/, answer(q{SET ROLE clerk; SELECT remedy FROM cdp_health() WHERE status = 'unknown'});
is(answer(q{SET ROLE clerk; SELECT count(*) FROM cdp_health() WHERE status = 'unknown'}), 0, '... which the remedy ends');
is(answer(q{BEGIN READ ONLY; SELECT count(*) FROM cdp_health(); COMMIT}), scalar @checks, 'it works in a transaction that reads only');

# worker_slots. The server's own logical replication launcher and cdp's launcher take two of them.
is(answer('SELECT cdp_worker_start()'), 't', 'started again');
ok(wait_for(10, sub { worker_is('idle') }), 'a worker runs');
answer('ALTER SYSTEM SET max_worker_processes = 3');
$node->restart;
ok(wait_for(20, sub { (health('worker'))[0] eq 'ok' }), 'with the last slot a worker runs');
check_is('worker_slots', 'warning', qr/^3 of max_worker_processes = 3 .* none left for another database/, qr/^ALTER SYSTEM SET max_worker_processes = 11; then restart/, 'the last one is taken');
answer('ALTER SYSTEM SET max_worker_processes = 2');
$node->restart;
sleep 2;
check_is('worker_slots', 'error', qr/^2 of max_worker_processes = 2 .* none left for the worker/, qr/^ALTER SYSTEM SET max_worker_processes = 10; then restart/, 'no slot');
check_is('worker', 'error', qr/^None runs/, qr/^SELECT cdp_worker_start\(\)$/, 'not started, though the library is preloaded');
$node->stop;

# preload
my $plain = new_cluster('healthplain', "log_min_messages = warning\n");
answer('CREATE EXTENSION cdp', $plain);
check_is('preload', 'warning', qr/lacks cdp: no worker starts by itself/, qr/^ALTER SYSTEM SET shared_preload_libraries = 'cdp'; then restart/, 'not preloaded', $plain);
check_is('worker', 'warning', qr/someone calls cdp_process\(\)/, qr/^SELECT cdp_worker_start\(\)$/, 'none without preloading', $plain);
is(answer(q{SET ROLE pg_monitor; SELECT remedy LIKE '%= ''cdp''; %' FROM cdp_health() WHERE check_name = 'preload'}, $plain), 't', 'to who may read settings');
answer('CREATE ROLE clerk', $plain);
like(answer(q{SET ROLE clerk; SELECT remedy FROM cdp_health() WHERE check_name = 'preload'}, $plain), qr/behind what it has/, 'and to who may not');
answer(q{ALTER SYSTEM SET shared_preload_libraries = 'cdp'}, $plain);
answer('SELECT pg_reload_conf()', $plain);
ok(wait_for(5, sub { (health('preload', $plain))[2] eq 'Restart the server.' }), 'preload: set, but the server was not restarted');
$plain->restart;
ok(wait_for(20, sub { (health('worker', $plain))[0] eq 'ok' && (health('preload', $plain))[0] eq 'ok' }), '... which helps');
$plain->stop;

unlike(slurp_file($_->logfile), qr/PANIC|TRAP|signal 6|signal 11/, 'no process died of itself') for $node, $plain;
done_testing();
