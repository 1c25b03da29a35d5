# The background worker through its life: start, stop, crash, commands on its database, standby, rest.
# CdpTest.pm says how to run this by hand.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use IPC::Run ();
use Time::HiRes ();

my $preload = "shared_preload_libraries = 'cdp'\nmax_worker_processes = 20\nrestart_after_crash = on\n";
my $node = new_cluster('worker', $preload . "wal_level = replica\nmax_wal_senders = 4\nautovacuum = off\n"
	  . "log_min_messages = warning\n", allows_streaming => 1);

sub answer { my ($sql, $database, $on) = @_; return ($on // $node)->safe_psql($database // 'one', $sql) }
sub state_is { my ($state, $database) = @_; return answer('SELECT state FROM cdp.worker_status', $database) eq $state }
sub runs { my ($database) = @_; return answer('SELECT state FROM cdp.worker_status', $database) =~ /^(running|idle)$/ }
sub pid { return answer('SELECT pid FROM cdp.worker_status', $_[0]) }
sub workers { return answer(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'cdp worker'}, 'postgres') }
sub pending { return answer('SELECT pending_messages FROM cdp.worker_status', $_[0]) }
# Seconds until a message committed now has been taken; -1 if that takes longer than ten.
sub latency
{
	my ($database) = @_;
	my $before = answer('SELECT messages_total FROM cdp.worker_status', $database);
	answer(q{SELECT cdp_track('ann', 'look')}, $database);
	my $start = now();
	return wait_for(10, sub { answer('SELECT messages_total FROM cdp.worker_status', $database) > $before })
	  ? now() - $start : -1;
}

# Start by preloading, in every database with the extension.
$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(one two bare);
$node->safe_psql($_, 'CREATE EXTENSION cdp') for qw(one two);
ok(wait_for(10, sub { runs($_) }), "CREATE EXTENSION ends with a worker in database $_") for qw(one two);
cmp_ok(latency('one'), '>=', 0, 'it takes messages');
$node->restart;
ok(wait_for(10, sub { runs($_) }), "after a restart of the server a worker runs in database $_") for qw(one two);
ok(wait_for(10, sub { workers() == 2 }), 'and nowhere else');
is(answer('SELECT cdp_worker_start()'), 'f', 'starting what runs does nothing');

# Wake at commit. With the poll at a minute only the latch can be that quick.
$node->append_conf('postgresql.conf', "cdp.poll_interval = '60s'");
$node->reload;
sleep 1;
my @latencies = sort { $a <=> $b } map { latency('one') } 1 .. 11;
cmp_ok($latencies[5], '<', 0.5, sprintf('a commit wakes the worker: median %.0f ms, psql start included', 1000 * $latencies[5]));
cmp_ok($latencies[0], '>=', 0, 'every time');
cmp_ok($latencies[10], '<', 5, 'and at the latest soon');
answer("BEGIN; SELECT cdp_track('ann', 'look'); ROLLBACK");
is(pending('one'), 0, 'what was rolled back is not there');
$node->append_conf('postgresql.conf', "cdp.poll_interval = '250ms'");
$node->reload;
cmp_ok(latency('one'), '>=', 0, 'settings are read anew on reload');

# An idle worker writes nothing. This session's own number is the only one.
my $xid_before = answer('SELECT pg_current_xact_id()');
my $wal_before = answer('SELECT pg_current_wal_insert_lsn()');
sleep 3;
is(answer('SELECT pg_current_xact_id()') - $xid_before, 1, 'three idle seconds take no transaction number');
cmp_ok(answer("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '$wal_before')"), '<', 2000, 'and write no WAL of note');

# Stop and start.
is(answer('SELECT cdp_worker_stop()'), 't', 'cdp_worker_stop() stops it');
ok(state_is('stopped'), 'worker_status says so');
is(pid('one'), '', 'there is no process');
answer(q{SELECT cdp_track('ann', 'look')});
sleep 3;
is(pending('one'), 1, 'messages wait, and nobody starts the worker again');
is(answer('SELECT cdp_worker_stop()'), 'f', 'stopping what does not run does nothing');
ok(runs('two'), 'the worker of another database is not touched');
is(answer('SELECT cdp_worker_start()'), 't', 'cdp_worker_start() starts it');
ok(wait_for(5, sub { pending('one') == 0 && runs('one') }), 'it takes what waited');
answer('BEGIN; SELECT cdp_worker_stop(); SELECT cdp_worker_start(); COMMIT');
ok(wait_for(5, sub { runs('one') }), 'stop and start in one transaction');
answer('SELECT cdp_worker_stop()');
$node->restart;
ok(wait_for(10, sub { runs('one') }), 'a restart of the server ends the stop');
answer("SELECT pg_terminate_backend(pid) FROM cdp.worker_status");
ok(wait_for(10, sub { runs('one') }), 'terminated by pg_terminate_backend, it comes back');

# Ended at any instant amid a backlog: a session that takes it, then the worker, while its thread reads ahead.
answer('SELECT cdp_worker_stop()');
answer(q{INSERT INTO cdp.inbox (payload) SELECT jsonb_build_object('type', 'track', 'event', 'glance', 'userId', 'u' || i % 900,
	'messageId', 'glance ' || i, 'properties', jsonb_build_object('n', i, 'text', repeat('x', 200))) FROM generate_series(1, 60000) AS i});
my $terminate = q{SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query = 'SELECT cdp_process()' AND state = 'active'};
my $ended = 0;
for my $round (1 .. 20)
{
	my ($in, $out) = ('', '');
	my $session = IPC::Run::start(['psql', '-XqAt', '-d', $node->connstr('one'), '-c', 'SELECT cdp_process()'], \$in, \$out, \$out);
	Time::HiRes::sleep(0.03 + 0.02 * $round);
	++$ended if answer($terminate, 'postgres') eq 't';
	$session->finish;
}
cmp_ok($ended, '>=', 5, "a session that takes a backlog was terminated $ended times");
answer('SELECT cdp_worker_start()');
for my $round (1 .. 8)
{
	Time::HiRes::sleep(0.02 * $round);
	answer('SELECT pg_terminate_backend(pid) FROM cdp.worker_status');
	wait_for(10, sub { runs('one') });
}
ok(wait_for(60, sub { pending('one') == 0 }), 'all is taken in the end');
is(answer(q{SELECT count(*), count(DISTINCT properties -> 'n') FROM cdp.event WHERE event = 'glance'}), '60000|60000', 'once');
ok(!$node->log_contains('terminated by signal'), 'and no process died of it');

# Rights.
$node->safe_psql('one', 'CREATE ROLE nobody');
for my $call ('cdp_worker_start()', 'cdp_worker_stop()', 'cdp_worker_start_if_preloaded()')
{
	is((fails_with($node, "SET ROLE nobody; SELECT $call", 'one'))[0], '42501', "$call is not for everyone");
}

# Errors: a batch that fails is rolled back and tried again, ever more rarely, and told once.
answer('ALTER TABLE cdp.inbox_cursor RENAME TO hidden');
answer(q{UPDATE cdp.worker SET errors_total = 0});
ok(wait_for(10, sub { answer('SELECT errors_total FROM cdp.worker') >= 2 }), 'failures are counted');
like(answer('SELECT last_error FROM cdp.worker'), qr/cdp\.inbox_cursor/, 'and named');
ok(answer(q{SELECT retry_at > now() FROM cdp.worker}) eq 't', 'the next try is later');
answer('ALTER TABLE cdp.hidden RENAME TO inbox_cursor');
is(answer('SELECT state FROM cdp.worker_status'), 'backing off', 'worker_status says that it backs off');
ok(wait_for(20, sub { runs('one') }), 'with the cause gone, it goes on');
cmp_ok(latency('one'), '>=', 0, 'and takes messages');
my $told = () = slurp_file($node->logfile) =~ /WARNING:  cdp worker: a batch failed/g;
is($told, 1, 'the log tells a failure once');

# kill -9 of the worker: the server starts all processes anew.
my $old = pid('one');
kill 'KILL', $old;
$node->poll_query_until('postgres', 'SELECT true');
ok(wait_for(20, sub { my $out; eval { $node->psql('one', 'SELECT pid FROM cdp.worker_status', stdout => \$out) == 0 } && $out && $out ne $old }),
	'killed -9, the worker comes back with the server');
ok(wait_for(20, sub { runs('two') }), 'and so does the other');
ok(wait_for(10, sub { workers() == 2 }), 'once each');
cmp_ok(latency('one'), '>=', 0, 'it takes messages');

# A worker stopped stays so over a crash.
answer('SELECT cdp_worker_stop()', 'two');
kill 'KILL', pid('one');
$node->poll_query_until('postgres', 'SELECT true');
ok(wait_for(20, sub { my $out; eval { $node->psql('one', 'SELECT state FROM cdp.worker_status', stdout => \$out) == 0 } && $out =~ /idle|running/ }),
	'again');
sleep 4;
ok(state_is('stopped', 'two'), 'a worker that was stopped stays so over a crash');
answer('SELECT cdp_worker_start()', 'two');

# Commands on the database, from a session elsewhere.
$node->safe_psql('postgres', 'CREATE DATABASE copied TEMPLATE one');
pass('a database with a worker can be a template');
ok(wait_for(15, sub { runs('one') }), 'its worker comes back');
ok(wait_for(15, sub { runs('copied') }), 'the copy gets one of its own');
$node->safe_psql('postgres', 'ALTER DATABASE copied RENAME TO renamed');
ok(wait_for(15, sub { runs('renamed') }), 'a database with a worker can be renamed');
my $space = PostgreSQL::Test::Utils::tempdir();
$node->safe_psql('postgres', "CREATE TABLESPACE space LOCATION '$space'");
$node->safe_psql('postgres', 'ALTER DATABASE renamed SET TABLESPACE space');
ok(wait_for(15, sub { runs('renamed') }), 'and moved to another tablespace');
my $drop_start = now();
$node->safe_psql('postgres', 'DROP DATABASE renamed');
cmp_ok(now() - $drop_start, '<', 6, 'and dropped');
$node->safe_psql('postgres', 'DROP TABLESPACE space');
is((fails_with($node, 'SET ROLE nobody; DROP DATABASE two'))[0], '42501', 'who may not drop a database');
ok(runs('two'), 'does not disturb its worker');

# DROP EXTENSION, also in the middle of work, and CREATE EXTENSION again.
for my $round (1 .. 3)
{
	answer(q{INSERT INTO cdp.inbox (payload) SELECT '{"type": "track", "userId": "' || i || '", "event": "look"}' FROM generate_series(1, 3000) i},
		'two') if $round > 1;
	my $start = now();
	$node->safe_psql('two', 'DROP EXTENSION cdp');
	cmp_ok(now() - $start, '<', 10, "DROP EXTENSION does not hang, round $round");
	$node->safe_psql('two', 'DROP SCHEMA IF EXISTS cdp CASCADE');
	ok(wait_for(10, sub { workers() == 1 }), 'the worker leaves');
	$node->safe_psql('two', 'CREATE EXTENSION cdp');
	ok(wait_for(10, sub { runs('two') }), 'CREATE EXTENSION brings one');
}
$node->safe_psql('two', 'BEGIN; DROP EXTENSION cdp; ROLLBACK');
ok(wait_for(10, sub { runs('two') }), 'a DROP EXTENSION rolled back leaves the worker at work');

# Owners. The worker does not care whose its tables are; DROP OWNED by their owner drops the extension.
$node->safe_psql('postgres', 'CREATE ROLE boss SUPERUSER LOGIN; CREATE ROLE heir SUPERUSER; CREATE DATABASE owned OWNER boss');
$node->safe_psql('owned', 'SET SESSION AUTHORIZATION boss; CREATE EXTENSION cdp');
ok(wait_for(10, sub { runs('owned') }), 'an extension of another owner has a worker');
$node->safe_psql('owned', 'REASSIGN OWNED BY boss TO heir');
is(answer(q{SELECT string_agg(DISTINCT relowner::regrole::text, ' ') FROM pg_class WHERE relnamespace = 'cdp'::regnamespace}, 'owned'),
	'heir', 'REASSIGN OWNED reaches every table of it');
is(answer(q{SELECT count(*) FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid JOIN pg_extension e ON e.oid = d.refobjid
	WHERE d.deptype = 'e' AND d.classid = 'pg_proc'::regclass AND e.extname = 'cdp' AND p.proowner::regrole::text <> 'heir'}, 'owned'), 0,
	'and every function');
cmp_ok(latency('owned'), '>=', 0, 'the worker goes on after REASSIGN OWNED');
$node->safe_psql('owned', 'DROP OWNED BY boss');
$node->safe_psql('postgres', 'DROP OWNED BY boss; ALTER DATABASE owned OWNER TO heir; DROP ROLE boss');
cmp_ok(latency('owned'), '>=', 0, 'and after DROP OWNED and DROP ROLE of the one who made it');
$node->safe_psql('owned', 'DROP OWNED BY heir CASCADE');
is(answer(q{SELECT count(*) FROM pg_extension WHERE extname = 'cdp'}, 'owned'), 0, 'DROP OWNED BY the owner drops the extension');
ok(wait_for(10, sub { workers() == 2 }), 'and its worker leaves');
$node->safe_psql('postgres', 'DROP DATABASE owned');
$node->safe_psql('postgres', 'DROP ROLE heir');

# Standby: nothing runs and nothing is logged until it is promoted.
my $all_events = 'SELECT count(*), md5(string_agg(e::text, $$ $$ ORDER BY e::text)) FROM cdp.event AS e';
answer('SELECT cdp_pack()');
$node->backup('base');
forget_earlier_run('standby');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nwal_receiver_status_interval = '1s'\n");
$standby->start;
# Packed before and after, late events between chunks' and a table emptied.
answer(q{SELECT cdp_track('u' || i % 90, 'glance', jsonb_build_object('late', i), now() - i * interval '1 minute') FROM generate_series(1, 3000) AS i});
ok(wait_for(20, sub { pending('one') == 0 }), 'events come');
answer('SELECT cdp_pack()') for 1 .. 2;
answer(q{SELECT cdp_track('u' || i, 'glance') FROM generate_series(1, 300) AS i});
ok(wait_for(20, sub { pending('one') == 0 }), 'and more');
answer('SELECT cdp_pack(100)');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is(answer($all_events, 'one', $standby), answer($all_events), 'events packed, being packed, and recent, are the same on a standby');
# Its transactions keep the table that was packed, where it tells of them: by itself or by a slot.
answer(q{SELECT pg_create_physical_replication_slot('shelf')});
$node->append_conf('postgresql.conf', "cdp.pack_interval = '1s'");
$node->reload;
for my $case ([ '', qr/the standby standby ends an old query/, qr/^End the oldest transaction of that standby/ ],
	[ "primary_slot_name = 'shelf'\n", qr/the standby of replication slot shelf ends an old query/, qr/SELECT pg_drop_replication_slot\('shelf'\)$/ ])
{
	$standby->append_conf('postgresql.conf', $case->[0]);
	$standby->reload;
	ok(wait_for(20, sub { answer('SELECT state FROM cdp.packing_status') eq 'gathering' }), 'nothing is to be emptied');
	my ($in, $out) = ("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM cdp.event;\n\\echo ready\n", '');
	my $reader = IPC::Run::start([ 'psql', '-XqAt', '-d', $standby->connstr('one') ], \$in, \$out, \my $err);
	$reader->pump until $out =~ /ready/;
	ok(wait_for(20, sub { answer(q{SELECT count(*) FROM pg_stat_replication LEFT JOIN pg_replication_slots ON active_pid = pid
		WHERE coalesce(xmin, backend_xmin) IS NOT NULL AND (slot_name IS NOT NULL) = } . ($case->[0] ? 'true' : 'false')) }), 'a standby tells of its queries');
	answer(q{SELECT cdp_track('ann', 'look')});
	my @said;
	ok(wait_for(20, sub { @said = split /\|/, answer(q{SELECT status, detail, remedy FROM cdp_health() WHERE check_name = 'packing'}); $said[0] eq 'warning' }),
		'a transaction there holds packing up');
	like($said[1], $case->[1], 'cdp_health says that it is there');
	like($said[2], $case->[2], 'and what to do');
	$in .= "SELECT count(*) FROM cdp.event;\n\\q\n";
	$reader->finish;
	my ($before, $after) = $out =~ /(\d+)\nready\n(\d+)/;
	is($after, $before, 'that transaction sees what it saw');
}
$node->append_conf('postgresql.conf', "cdp.pack_interval = '1h'");
$node->reload;
# Where messages wait all the time packing goes on as well: the more recent events there are, the longer each of them takes.
answer('SELECT cdp_pack()');
$node->append_conf('postgresql.conf', "cdp.pack_interval = '1s'\ncdp.batch_size = 1");
$node->reload;
answer(q{SELECT cdp_track('waits', 'look') FROM generate_series(1, 20000)});
my $packed_and_waiting = q{SELECT EXISTS (SELECT FROM cdp.timeline JOIN cdp.profile USING (user_no) WHERE user_id = 'waits'), (SELECT pending_messages > 0 FROM cdp.worker_status)};
ok(wait_for(60, sub { answer($packed_and_waiting) eq 't|t' }), 'events are packed while messages wait');
$node->append_conf('postgresql.conf', "cdp.pack_interval = '1h'\ncdp.batch_size = 100000");
$node->reload;
ok(wait_for(60, sub { pending('one') == 0 }), 'which are taken');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
sleep 3;
is(answer(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'cdp%'}, 'postgres', $standby), 0,
	'no worker runs on a standby');
is(answer('SELECT state FROM cdp.worker_status', 'one', $standby), 'not started', 'worker_status answers there');
is(answer(q{SELECT status || ': ' || detail FROM cdp_health() WHERE check_name = 'standby'}, 'one', $standby),
	'warning: This server is a standby: no worker runs and nothing is taken before it is promoted.', 'cdp_health names the standby');
is(answer(q{SELECT status || ': ' || detail FROM cdp_health() WHERE check_name = 'worker'}, 'one', $standby),
	'ok: None runs, as it should be on a standby.', 'and wants no worker there');
my ($state, $said) = fails_with($standby, 'SELECT cdp_worker_start()', 'one');
is($state, '55000', 'and none can be started');
my $log = slurp_file($standby->logfile);
unlike($log, qr/cdp worker|cdp launcher|read-only transaction/, 'the log of the standby is quiet');
$standby->promote;
ok(wait_for(20, sub { answer('SELECT state FROM cdp.worker_status', 'one', $standby) =~ /running|idle/ }),
	'promotion brings the worker');
is(answer(q{SELECT string_agg(check_name, ' ') FROM cdp_health() WHERE status <> 'ok' AND check_name <> 'autovacuum'}, 'one', $standby),
	'', 'and cdp_health has no complaint');
my $before_packing = answer($all_events, 'one', $standby);
answer('SELECT cdp_pack()', 'one', $standby) for 1 .. 3;
is(answer($all_events, 'one', $standby) . answer('SELECT count(*) FROM cdp.recent_event', 'one', $standby), "${before_packing}0",
	'packing goes on there, and changes nothing that is seen');
is(answer(packing_faults() . 'SELECT * FROM pg_temp.packing_faults(512)', 'one', $standby), '', 'all of it in order');
$standby->stop;

unlike(slurp_file($node->logfile), qr/PANIC|TRAP|signal 6|signal 11/, 'no process died of itself');
$node->stop;

# Without preloading.
my $plain = new_cluster('plain', "log_min_messages = warning\n");
$plain->safe_psql('postgres', 'CREATE EXTENSION cdp');
sleep 1;
is(answer('SELECT state FROM cdp.worker_status', 'postgres', $plain), 'not started',
	'without preloading CREATE EXTENSION starts no worker');
is(answer('SELECT cdp_worker_start()', 'postgres', $plain), 't', 'cdp_worker_start() does');
ok(wait_for(10, sub { answer('SELECT state FROM cdp.worker_status', 'postgres', $plain) =~ /running|idle/ }), 'it runs');
answer(q{SELECT cdp_track('ann', 'look')}, 'postgres', $plain);
ok(wait_for(10, sub { answer('SELECT pending_messages FROM cdp.worker_status', 'postgres', $plain) == 0 }), 'and works');
# A writer has the chunk of the inbox when the last batch would empty it: the idle worker empties it afterwards.
my $inbox_bytes = 'SELECT sum(pg_relation_size(c)) FROM unnest(ARRAY[\'cdp.inbox_0\', \'cdp.inbox_1\', \'cdp.inbox_2\']::regclass[]) AS c';
my $holder = fork() // die;
if ($holder == 0)
{
	$plain->psql('postgres', q{BEGIN; SELECT cdp_track('zoe', 'held'); SELECT pg_sleep(5); ROLLBACK});
	POSIX::_exit(0);
}
wait_for(5, sub { answer(q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(5)%' AND wait_event = 'PgSleep'}, 'postgres', $plain) == 1 });
answer(q{INSERT INTO cdp.inbox (payload) SELECT format('{"type":"track","userId":"u%s","event":"%s"}', n % 9, repeat('x', 200)) FROM generate_series(1, 5000) AS n}, 'postgres', $plain);
wait_for(10, sub { answer(q{SELECT count(*) FROM cdp.event WHERE event LIKE 'xxx%'}, 'postgres', $plain) == 5000 });
cmp_ok(answer($inbox_bytes, 'postgres', $plain), '>', 1_000_000, 'what someone writes to is not emptied');
waitpid($holder, 0);
ok(wait_for(5, sub { answer($inbox_bytes, 'postgres', $plain) <= 262_144 }), 'but once it is free, though nothing more comes');
$plain->safe_psql('template1', 'CREATE DATABASE copied TEMPLATE postgres');
pass('its database can be a template, though the session that copies it knows nothing of cdp');
ok(wait_for(10, sub { answer('SELECT state FROM cdp.worker_status', 'postgres', $plain) =~ /running|idle/ }), 'it comes back');
is(answer('SELECT cdp_worker_stop()', 'postgres', $plain), 't', 'cdp_worker_stop() stops it');
$plain->restart;
sleep 1;
is(answer('SELECT state FROM cdp.worker_status', 'postgres', $plain), 'not started',
	'after a restart of the server it is for the caller to start it again');
# All slots taken.
$plain->append_conf('postgresql.conf', "max_worker_processes = 0\n");
$plain->restart;
my ($out, $err);
$plain->psql('postgres', 'SELECT cdp_worker_start()', stdout => \$out, stderr => \$err);
like($err, qr/no free worker slot.*max_worker_processes/s, 'no free slot is said, with the remedy');
$plain->stop;
done_testing();
