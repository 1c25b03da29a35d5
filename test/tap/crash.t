# kill -9 of the worker in the middle of 100,000 events, ten times: in the end every event is there once, and
# the memberships are those of a database that cdp_process() alone worked on. CdpTest.pm says how to run this
# by hand; CDP_SEED sets the seed of the moments.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $kills = 10;
my $seed = $ENV{CDP_SEED} // 20000101;
srand $seed;
diag("seed $seed");

my $node = new_cluster('crash', <<'CONF');
shared_preload_libraries = 'cdp'
restart_after_crash = on
fsync = on
synchronous_commit = on
log_min_messages = panic
cdp.batch_size = 1000
CONF
sub answer { my ($sql, $database) = @_; return $node->safe_psql($database // 'worked', $sql) }
# The answer, or undef while the server is not to be reached.
sub answer_if_up
{
	my ($sql) = @_;
	my $out;
	# A psql that is refused at once breaks the pipe that its input goes through, which dies here.
	my $exit = eval { $node->psql('worked', $sql, stdout => \$out) };
	return defined $exit && $exit == 0 ? $out : undef;
}

my $segments = <<'SQL';
INSERT INTO cdp.segment (name, rule) VALUES
  ('often', 'count(buy) >= 8'),
  ('big', 'sum(buy.price) >= 400'),
  ('lately', 'did(look in last 100 days) and not did(buy in last 60 days)');
SQL
# 100,000 events of 5,000 users over a year that is past, the same in both databases.
sub load_of { my ($from, $to) = @_; return <<"SQL" }
INSERT INTO cdp.inbox (payload)
SELECT json_build_object('type', 'track', 'messageId', 'm' || i, 'userId', 'u' || (hashint4(i) & 4095) % 5000,
         'event', CASE WHEN hashint4(-i) % 3 = 0 THEN 'buy' ELSE 'look' END,
         'timestamp', to_char(timestamp '2024-01-01' + i * interval '5 minutes', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
         'properties', json_build_object('price', (hashint4(i * 7) & 63) + 0.5))::text
FROM generate_series($from, $to) i;
SQL
my $result = <<'SQL';
SELECT count(*), count(DISTINCT insert_id), sum((properties->>'price')::numeric) FROM cdp.event;
SELECT name, cdp_segment_size(name), md5(string_agg(u, ',' ORDER BY u COLLATE "C"))
FROM cdp.segment, cdp_segment_users(name) AS u GROUP BY name ORDER BY name;
SELECT count(*), count(DISTINCT user_id) FROM cdp.profile;
SELECT count(*) FROM cdp.dead_letter;
SELECT segment, count(*) FROM cdp.segment_change GROUP BY segment HAVING count(DISTINCT (user_no, effective_at, change)) <> count(*);
SQL

$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(worked called);
$node->safe_psql($_, "CREATE EXTENSION cdp; $segments") for qw(worked called);
$node->safe_psql('called', 'SELECT cdp_worker_stop()');
$node->safe_psql('called', load_of(1, 100_000));
$node->safe_psql('called', 'SELECT cdp_process()');
my $expected = answer($result, 'called');
like($expected, qr/^100000\|100000\|/, 'cdp_process() alone takes 100,000 events');

my @killed_at;
for my $kill (1 .. $kills)
{
	# A tenth of the messages before each kill, so that a quick worker is not done before the last.
	answer(load_of(($kill - 1) * 10_000 + 1, $kill * 10_000));
	# The worker must be at work.
	my $pid = wait_for(60, sub {
		my ($pid, $pending) = split /\|/, answer_if_up('SELECT pid, pending_messages FROM cdp.worker_status') // '';
		return $pid if $pid && $pending;
		return 0;
	}) or last;
	Time::HiRes::usleep(int(rand(150_000)));
	push @killed_at, answer_if_up('SELECT messages_total FROM cdp.worker') // '?';
	kill 'KILL', $pid;
	wait_for(60, sub {
		my $new = answer_if_up('SELECT pid FROM cdp.worker_status');
		return $new && $new != $pid;
	}) or last;
}
is(scalar @killed_at, $kills, "killed $kills times, after @killed_at messages");
ok(wait_for(240, sub { (answer_if_up('SELECT pending_messages FROM cdp.worker_status') // '') eq '0' }), 'the rest is taken');
ok(wait_for(60, sub { (answer_if_up('SELECT state FROM cdp.worker_status') // '') eq 'idle' }), 'the worker is idle');
is(answer($result), $expected, 'exactly 100,000 events, and the same memberships as without kills');
is(answer('SELECT cdp_process()'), 0, 'nothing is left');
$node->stop;
done_testing();
