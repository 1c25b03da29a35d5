# kill -9 at random moments under load from four writers: fifteen times the worker or the whole server while the worker
# takes the messages, fifteen times while it packs events, and fifteen times a backend or the server while two connections call
# cdp_process(). In the end exactly what was committed is there, each message once, and profiles, sessions and segments agree with it.
# CdpTest.pm says how to run this by hand; CDP_SEED sets the seed of the moments, CDP_KILLS how many a part has.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;

my $kills = $ENV{CDP_KILLS} // 15;
my $seed = $ENV{CDP_SEED} // 20000101;
srand $seed;
diag("seed $seed");

# A killed process loses nothing that the kernel has, so this needs no fsync.
my $node = new_cluster('kill', <<'CONF');
shared_preload_libraries = 'cdp'
restart_after_crash = on
synchronous_commit = on
log_min_messages = panic
max_connections = 40
cdp.batch_size = 1000
cdp.pack_interval = 1s
CONF
sub answer { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }
sub answer_if_up { return answer_of($node, @_) }

# What a transaction sends it also writes here, which tells whether it was committed. n is unique; messages are made of
# n alone, so what is sent again is the same.
answer(<<'SQL');
CREATE EXTENSION cdp;
CREATE TABLE sent (n bigint PRIMARY KEY, tx bigint NOT NULL, who text NOT NULL, insert_id text);
CREATE INDEX ON sent (tx);
CREATE FUNCTION time_of(n bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
    $$ SELECT timestamptz '2025-01-01 00:00 UTC' + n * 7919 % 5000000 * interval '1 second' $$;
CREATE FUNCTION send_by_track(tx bigint) RETURNS void LANGUAGE sql AS $$
    SELECT cdp_track(who, 'x', jsonb_build_object('n', n), time_of(n), insert_id) FROM sent WHERE sent.tx = $1
$$;
CREATE FUNCTION send_by_ingest(tx bigint) RETURNS void LANGUAGE sql AS $$
    SELECT cdp_ingest(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('type', 'track', 'userId', who, 'event', 'x', 'messageId', insert_id,
        'timestamp', to_char(time_of(n) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'properties', jsonb_build_object('n', n)))))
    FROM sent WHERE sent.tx = $1
$$;
-- A device does all of it and is then found to be the user's.
CREATE FUNCTION send_by_device(tx bigint) RETURNS void LANGUAGE sql AS $$
    SELECT cdp_track(NULL, 'x', jsonb_build_object('n', n), time_of(n), insert_id, 'device' || tx) FROM sent WHERE sent.tx = $1;
    SELECT cdp_identify(who, jsonb_build_object('device', tx), 'device' || tx, time_of(n)) FROM (SELECT * FROM sent WHERE sent.tx = $1 ORDER BY n LIMIT 1) AS one
$$;
INSERT INTO cdp.segment (name, rule) VALUES ('some', 'count(x) >= 10'), ('many', 'count(x) >= 50'), ('big', 'sum(x.n) >= 100000000000');
SQL

my $folder = PostgreSQL::Test::Utils::tempdir();
my $connection = $node->connstr('postgres');
my $stop = "$folder/stop";
my $parent = $$;

# What psql said of a script that ends at its first error.
sub run_script
{
	my ($name, $script) = @_;
	unlink "$folder/$name.sql", "$folder/$name.out";
	PostgreSQL::Test::Utils::append_to_file("$folder/$name.sql", $script);
	system("PGAPPNAME=$name psql -XqAt -v ON_ERROR_STOP=1 -d \"$connection\" -f $folder/$name.sql >$folder/$name.out 2>>$folder/$name.err </dev/null");
	return PostgreSQL::Test::Utils::slurp_file("$folder/$name.out");
}

# Transactions in scripts of 50, one after the other, until told to stop. Each row of $name.confirmed is a transaction of
# which COMMIT was answered, with its number of messages.
sub write_messages
{
	my ($name, $number) = @_;
	my ($tx, @again) = ($number * 1_000_000);
	until (-e $stop || getppid() != $parent)
	{
		my @script = "SET client_min_messages = error;\n";
		my %transaction;
		for my $one (@again, map { { tx => ++$tx, how => (qw(track ingest device copy undone))[ rand 5 ], count => 1 + int rand(rand() < 0.1 ? 400 : 10),
			has_id => rand() < 0.5 } } 1 .. 50)
		{
			my ($count, $this) = @$one{qw(count tx)};
			$transaction{$this} = $one;
			my ($first, $last) = ($this * 1000 + 1, $this * 1000 + $count);
			my $who = $one->{how} eq 'device' ? $this % 3001 : "n * 7919 % 3001";
			my $id = $one->{has_id} ? "'m' || n" : 'NULL';
			push @script, "BEGIN;\n", "INSERT INTO sent SELECT n, $this, 'u' || $who, $id FROM generate_series(${first}::bigint, $last) AS n ON CONFLICT DO NOTHING;\n";
			if ($one->{how} eq 'copy')
			{
				push @script, "COPY cdp.inbox (payload) FROM STDIN;\n";
				for my $n ($first .. $last)
				{
					my $time = POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(1_735_689_600 + $n * 7919 % 5_000_000));
					my $message_id = $one->{has_id} ? qq("messageId": "m$n", ) : '';
					push @script, qq({"type": "track", "userId": "u) . $n * 7919 % 3001 . qq(", "event": "x", $message_id"timestamp": "$time", "properties": {"n": $n}}\n);
				}
				push @script, "\\.\n";
			}
			else { push @script, 'SELECT send_by_' . ($one->{how} eq 'undone' ? 'track' : $one->{how}) . "($this);\n" }
			push @script, $one->{how} eq 'undone' ? "ROLLBACK;\n" : "COMMIT;\n\\echo confirmed $this\n", 'SELECT pg_sleep(' . rand(0.01) . ");\n";
		}
		my $out = run_script($name, join('', @script));
		my @confirmed = $out =~ /^confirmed (\d+)$/mg;
		PostgreSQL::Test::Utils::append_to_file("$folder/$name.confirmed", join('', map { "$_\t$transaction{$_}{count}\n" } @confirmed));
		delete @transaction{@confirmed};
		# The first that was not answered may be committed. With insert ids one may send it again, and half of them are.
		my ($unknown) = map { $transaction{$_} } grep { $transaction{$_}{how} ne 'undone' } sort { $a <=> $b } keys %transaction;
		@again = $unknown && $unknown->{has_id} && rand() < 0.5 ? $unknown : ();
		Time::HiRes::usleep(50_000);
	}
	return;
}

sub call_process
{
	my ($name) = @_;
	until (-e $stop || getppid() != $parent)
	{
		run_script($name, join('', map { 'SELECT cdp_process(' . (1 + int rand 3000) . ");\nSELECT pg_sleep(" . rand(0.02) . ");\n" . ($_ % 10 ? '' : 'SELECT cdp_pack(' . (rand() < 0.5 ? '' : 1 + int rand 5000) . ");\n") } 1 .. 100));
		Time::HiRes::usleep(50_000);
	}
	return;
}

# A process that runs $work until told to stop. It leaves without what a test does at its end.
sub in_background
{
	my ($work, $name, $number) = @_;
	defined(my $pid = fork()) or die "fork: $!";
	return $pid if $pid;
	srand($seed * 100 + $number);
	my $is_done = eval { $work->($name, $number); 1 };
	PostgreSQL::Test::Utils::append_to_file("$folder/$name.err", "died: $@") if !$is_done;
	POSIX::_exit($is_done ? 0 : 1);
}

# Kills one of the processes that $victims finds, or the whole server, after a random time of about that many seconds at most.
sub kill_at_random
{
	my ($victims, $seconds, $with_server) = @_;
	my @pids;
	wait_for(60, sub { @pids = split /\n/, answer_if_up($victims) // ''; return scalar @pids }) or return 'nobody found';
	Time::HiRes::sleep(rand $seconds);
	# It may be another one by now.
	wait_for(60, sub { @pids = split /\n/, answer_if_up($victims) // ''; return scalar @pids }) or return 'nobody found';
	Time::HiRes::sleep(rand 0.01);
	my $pid = $pids[ int rand @pids ];
	if (!$with_server)
	{
		kill 'KILL', $pid;
		return wait_for(60, sub { (answer_if_up("SELECT count(*) FROM pg_stat_activity WHERE pid = $pid") // '1') eq '0' }) ? '' : 'did not come up again';
	}
	my $postmaster = (split /\n/, PostgreSQL::Test::Utils::slurp_file($node->data_dir . '/postmaster.pid'))[0];
	# All of it: who waits for a lock that a killed process held would wait for ever without a postmaster. Stopped, that starts nobody.
	kill 'STOP', $postmaster;
	my @children = map { /^\s*(\d+)\s+$postmaster\s*$/ ? $1 : () } `ps -A -o pid= -o ppid=`;
	$node->kill9;
	return 'no processes of the server found' if !@children;
	kill 'KILL', @children;
	wait_for(30, sub { return !kill 0, $postmaster });
	return wait_for(60, sub { return $node->start(fail_ok => 1) || $node->stop('fast', fail_ok => 1) && 0 }) ? '' : 'the server did not start again';
}

# One part: the writers, what processes beside them, and the kills; then nobody writes any more.
sub part
{
	my ($first, $victims, $seconds, @processors) = @_;
	unlink $stop;
	my @children = map { in_background(\&write_messages, "writer$_", $_) } $first .. $first + 3;
	push @children, map { in_background(\&call_process, $processors[$_], 100 * $first + $_) } 0 .. $#processors;
	my @failures = grep { $_ } map { kill_at_random($victims, $seconds, $_ % 3 == 0) } 1 .. $kills;
	PostgreSQL::Test::Utils::append_to_file($stop, '');
	waitpid($_, 0) for @children;
	is("@failures", '', "killed $kills times, every third time the server with it");
	return;
}

# What was sent is what is there.
sub check
{
	my ($when) = @_;
	my %error;
	for my $file (glob "$folder/*.err")
	{
		for (split /\n/, PostgreSQL::Test::Utils::slurp_file($file))
		{
			$error{$_} = 1 if /ERROR|FATAL|PANIC|died/
			  && !/terminating connection|the database system is|could not (?:connect|receive|send)|server closed the connection/;
		}
	}
	is(join("\n", sort keys %error), '', "$when: nobody saw an error but that the server was gone");
	answer('CREATE TABLE IF NOT EXISTS confirmed (tx bigint, messages bigint)');
	answer("TRUNCATE confirmed; " . join ' ', map { "COPY confirmed FROM '$_';" } glob "$folder/*.confirmed");
	cmp_ok(answer('SELECT count(DISTINCT tx) FROM confirmed'), '>', 20 * $kills, "$when: " . answer('SELECT count(*) FROM confirmed') . ' transactions were confirmed');
	is(answer('SELECT count(*) FROM confirmed AS c WHERE messages <> (SELECT count(*) FROM sent WHERE sent.tx = c.tx)'), 0, "$when: and committed");
	is(answer(q{SELECT count(*) FROM sent FULL JOIN (SELECT (properties->>'n')::bigint AS n, user_id, insert_id, ts FROM cdp.event) AS e USING (n)
		WHERE sent.n IS NULL OR e.n IS NULL OR who <> user_id OR sent.insert_id IS DISTINCT FROM e.insert_id OR ts <> time_of(n)}), 0,
		"$when: every committed message is there, of the right user, and no other");
	is(answer('SELECT count(*) FROM cdp.event'), answer('SELECT count(*) FROM sent'), "$when: each is there once");
	cmp_ok(answer('SELECT sum(n) FROM cdp.timeline'), '>', 1000, "$when: events were packed");
	is(answer(q{SELECT count(*) FROM (SELECT event, (ts AT TIME ZONE 'UTC')::date AS day, array_agg(DISTINCT user_no::integer ORDER BY user_no::integer) AS users FROM cdp.event GROUP BY 1, 2) AS e
		FULL JOIN (SELECT event, day, rb_to_array(users) AS users FROM cdp.event_day) AS d USING (event, day, users) WHERE e.event IS NULL OR d.event IS NULL}), 0,
		"$when: users by day are those of the events");
	is(answer('SELECT (SELECT count(*) FROM cdp.dead_letter), (SELECT count(*) FROM cdp.insert_id_conflict)'), '0|0', "$when: no dead letters, no conflicts");
	is(answer(q{SELECT count(*) FROM (SELECT who AS user_id, min(time_of(n)) AS first_seen, max(time_of(n)) AS last_seen FROM sent GROUP BY 1) AS s
		FULL JOIN cdp.profile AS p USING (user_id, first_seen, last_seen) WHERE p.user_no IS NULL OR s.user_id IS NULL}), 0, "$when: profiles are of those who sent");
	is(answer(q{SELECT count(*) FROM
		(SELECT who AS user_id, min(ts) AS started_at, max(ts) AS ended_at, count(*) AS events FROM
			(SELECT who, ts, count(*) FILTER (WHERE is_first) OVER (PARTITION BY who ORDER BY ts) AS session FROM
				(SELECT who, time_of(n) AS ts, time_of(n) - lag(time_of(n)) OVER (PARTITION BY who ORDER BY time_of(n)) > interval '30 minutes' AS is_first FROM sent) AS gaps) AS runs
			GROUP BY who, session) AS s
		FULL JOIN (SELECT user_id, started_at, ended_at, events FROM cdp.session JOIN cdp.profile USING (user_no)) AS t USING (user_id, started_at, ended_at, events)
		WHERE s.user_id IS NULL OR t.user_id IS NULL}), 0, "$when: sessions hold exactly their events");
	is(answer(q{SELECT name, array_agg(u ORDER BY u COLLATE "C") FROM cdp.segment, cdp_segment_users(name) AS u GROUP BY name ORDER BY name}),
		answer(q{SELECT name, array_agg(who ORDER BY who COLLATE "C") FROM (SELECT who, count(*) AS events, sum(n) AS total FROM sent GROUP BY 1) AS s,
			LATERAL (VALUES ('some', events >= 10), ('many', events >= 50), ('big', total >= 100000000000)) AS m (name, is_in) WHERE is_in GROUP BY name ORDER BY name}),
		"$when: segments have the members that SQL counts");
	is(answer('SELECT count(*) FROM (SELECT FROM cdp.segment_change GROUP BY segment, user_no, effective_at, change HAVING count(*) > 1) AS c'), 0,
		"$when: and nobody entered or left twice");
	is(answer(packing_faults() . 'SELECT * FROM pg_temp.packing_faults(512)'), '', "$when: packed histories are whole");
	return;
}

# The worker. It is at work when messages wait.
sub is_idle { return wait_for(120, sub { (answer_if_up('SELECT pending_messages, state FROM cdp.worker_status') // '') eq '0|idle' }) }
part(1, q{SELECT pid FROM cdp.worker_status WHERE pid IS NOT NULL AND pending_messages > 0}, 0.7);
ok(is_idle(), 'the worker takes the rest');
check('with the worker');

# The worker while it packs, some thousand events at a time. Each row takes long, so that most die amid such a step.
my $packed = q{FROM cdp.packing WHERE packed_until < 9223372036854775807};
answer(<<'SQL');
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.0002); RETURN NEW; END';
CREATE TRIGGER slow BEFORE INSERT OR UPDATE ON cdp.timeline FOR EACH ROW EXECUTE FUNCTION slow();
SQL
$node->append_conf('postgresql.conf', "cdp.pack_interval = '1s'");
$node->reload;
part(9, "SELECT pid FROM cdp.worker_status WHERE pid IS NOT NULL AND EXISTS (SELECT $packed)", 0.1);
ok(is_idle(), 'the worker takes the rest, again');
check('packing amid it');
answer('DROP TRIGGER slow ON cdp.timeline');
ok(wait_for(60, sub { (answer_if_up('SELECT count(*) FROM cdp.recent_event') // '') eq '0' }), 'in the end all is packed');
check('packed');
$node->append_conf('postgresql.conf', "cdp.pack_interval = '1h'");

# Two connections that call cdp_process(), and cdp_pack() at times.
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
is(answer(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'cdp%'}), 0, 'no worker runs any more');
part(5, q{SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'processor%' AND query LIKE '%cdp_process%'}, 0.7, 'processor1', 'processor2');
my $left = 1;
for (1 .. 200) { last if !($left = answer('SELECT cdp_process(20000)')) }
is($left, 0, 'cdp_process() takes the rest');
check('with cdp_process()');
$node->stop;
done_testing();
