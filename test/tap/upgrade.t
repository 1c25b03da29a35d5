# pg_upgrade carries everything over: what was taken, what waits, and the worker starts again. To the same version,
# since that is what is installed; the file copies and the carried-over transaction numbers are those of any upgrade.
# CdpTest.pm says how to run this by hand.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'pg_upgrade is not installed' unless -x "$CdpTest::bindir/pg_upgrade";

my $settings = "shared_preload_libraries = 'cdp'\nlog_min_messages = warning\n";
my $old = new_cluster('old', $settings);
forget_earlier_run('new');
my $new = PostgreSQL::Test::Cluster->new('new');
$new->init;
$new->append_conf('postgresql.conf', destdir_settings() . "fsync = off\n" . $settings);
sub answer { my ($on, $sql) = @_; return $on->safe_psql('postgres', $sql) }

answer($old, <<'SQL');
CREATE EXTENSION cdp;
INSERT INTO cdp.segment (name, rule) VALUES ('often', 'count(buy) >= 2'), ('norse', $$country = 'NO'$$);
SELECT cdp_track('u' || i % 500, CASE WHEN i % 3 = 0 THEN 'buy' ELSE 'look' END, insert_id => 'm' || i,
                 ts => now() - i * interval '1 minute') FROM generate_series(1, 3000) i;
SELECT cdp_identify('u' || i, jsonb_build_object('country', CASE WHEN i % 2 = 0 THEN 'NO' ELSE 'SE' END))
FROM generate_series(1, 500) i;
SQL
ok(wait_for(30, sub { answer($old, 'SELECT pending_messages FROM cdp.worker_status') == 0 }), 'the worker takes what is queued');
answer($old, <<'SQL');
SELECT cdp_worker_stop();
SELECT cdp_track('late' || i, 'look') FROM generate_series(1, 10) i;
-- A user's own column of a type of the extension.
CREATE TABLE set_of (name text, members roaringbitmap);
INSERT INTO set_of SELECT 'norse', cdp_segment('norse');
SQL

my $result = <<'SQL';
SELECT count(*), count(DISTINCT insert_id) FROM cdp.event;
SELECT md5(string_agg(e::text, '|' ORDER BY user_no, ts, insert_id)) FROM cdp.event e;
SELECT md5(string_agg(p::text, '|' ORDER BY user_no)) FROM cdp.profile p;
SELECT md5(string_agg(s::text, '|' ORDER BY user_no, session_no)) FROM cdp.session s;
SELECT name, rule, cdp_segment_size(name), cdp_segment(name)::text FROM cdp.segment ORDER BY name;
SELECT members::text FROM set_of;
SELECT pending_messages, messages_total FROM cdp.worker_status;
SQL
my $before = answer($old, $result);
like($before, qr/^3000\|3000\n/, 'there is something to carry over');
like($before, qr/\n10\|\d+$/, 'and something waits');

$old->stop;
# pg_upgrade connects over a socket in the current directory.
my $place = PostgreSQL::Test::Utils::tempdir_short();
chdir $place or die $!;
my @upgrade = ('pg_upgrade', '--retain', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $CdpTest::bindir,
	'-B', $CdpTest::bindir, '-s', $place, '-p', $old->port, '-P', $new->port);
command_ok([ @upgrade, '--check' ], 'pg_upgrade has no objection');
command_ok(\@upgrade, 'pg_upgrade');
# A worker of the old or the new server would change what is being copied.
my $log = join '', map { slurp_file($_) } glob($new->data_dir . '/pg_upgrade_output.d/*/log/pg_upgrade_server.log');
like($log, qr/database system is ready to accept connections/, 'the log of its servers');
unlike($log, qr/cdp worker|cdp launcher/, 'has no word of a worker');

# The new server's worker takes what waited; before it does, everything is as it was.
$new->append_conf('postgresql.conf', "shared_preload_libraries = ''\n");
$new->start;
is(answer($new, $result), $before, 'everything is there, and waits where it waited');
$new->append_conf('postgresql.conf', "shared_preload_libraries = 'cdp'\n");
$new->restart;
ok(wait_for(30, sub { answer($new, 'SELECT state FROM cdp.worker_status') =~ /idle|running/ }), 'the worker starts');
ok(wait_for(30, sub { answer($new, 'SELECT pending_messages FROM cdp.worker_status') == 0 }), 'and takes what waited');
is(answer($new, q{SELECT count(*) FROM cdp.event WHERE user_id LIKE 'late%'}), 10, 'once');
answer($new, q{SELECT cdp_track('new', 'buy', insert_id => 'm1'), cdp_track('new', 'buy', insert_id => 'new')});
ok(wait_for(30, sub { answer($new, 'SELECT pending_messages FROM cdp.worker_status') == 0 }), 'new messages are taken');
is(answer($new, 'SELECT count(*) FROM cdp.event'), 3011, 'and repetitions still known');
is(answer($new, q{SELECT string_agg(check_name || ': ' || detail, E'\n') FROM cdp_health() WHERE status <> 'ok'}), '', 'cdp_health() has no complaint');
is(answer($new, q{SELECT count(*) FROM (SELECT max(user_no) OVER () AS last, count(*) OVER () AS people FROM cdp.profile) p WHERE last = people}) > 0,
	1, 'user numbers go on without a gap');
$new->stop;
unlike(slurp_file($_->logfile), qr/PANIC|TRAP|signal 6|signal 11/, 'no process died of itself') for $old, $new;
done_testing();
