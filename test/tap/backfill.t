# Members that are computed in the background: what readers see meanwhile, what changes of rules, lists and status do to it, and that
# kill -9 of the worker at random moments, while events, merges and changed profiles stream in, leaves what plain SQL over the raw
# rows says.
# CdpTest.pm says how to run this by hand; CDP_SEED sets the seed of the moments, CDP_KILLS how many kills there are, CDP_USERS how many users.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $users = $ENV{CDP_USERS} // 20_000;
my $kills = $ENV{CDP_KILLS} // 5;
my $seed = $ENV{CDP_SEED} // 20000101;
srand $seed;
diag("seed $seed");

my $node = new_cluster('backfill', <<'CONF');
shared_preload_libraries = 'cdp'
restart_after_crash = on
log_min_messages = panic
cdp.backfill_from = 0
cdp.backfill_share = 20
cdp.pack_interval = 2s
CONF
sub answer { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }
sub answer_if_up { return answer_of($node, @_) // '' }

answer(<<"SQL");
CREATE EXTENSION cdp;
SELECT cdp_worker_stop();
INSERT INTO cdp.inbox (payload) SELECT format('{"type":"identify","userId":"u%s","traits":{"country":"%s"}}', n, (ARRAY['NO', 'DE', 'US'])[1 + n % 3]) FROM generate_series(1, $users) AS n;
INSERT INTO cdp.inbox (payload)
    SELECT format('{"type":"track","userId":"u%s","event":"%s","timestamp":"%s","properties":{"price":%s}}', 1 + n * 7919 % $users, (ARRAY['a', 'b', 'c', 'a'])[1 + abs(hashint8(n)) % 4],
                  to_char(now() AT TIME ZONE 'UTC' - n % 86400 * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), n % 50) FROM generate_series(1, 8 * $users) AS n;
SELECT cdp_process();
SELECT cdp_pack();
CREATE VIEW clock AS SELECT greatest(c.clock, (SELECT max(computed_at) FROM cdp.segment)) AS at FROM cdp.inbox_cursor AS c;
-- What a rule means, in plain SQL; least is the number that is edited.
CREATE TABLE least (n integer);
INSERT INTO least VALUES (3);
CREATE VIEW expected AS
    WITH regulars AS (SELECT user_no FROM cdp.event WHERE event = 'a' GROUP BY 1 HAVING count(*) >= (SELECT n FROM least)),
         fresh AS (SELECT DISTINCT user_no FROM cdp.event, clock WHERE event = 'a' AND ts > at - interval '5 seconds' AND ts <= at),
         spenders AS (SELECT user_no FROM cdp.event WHERE event = 'b' GROUP BY 1 HAVING sum((properties->>'price')::numeric) >= 60)
    SELECT 'regulars' AS segment, user_no FROM regulars UNION ALL SELECT 'fresh', user_no FROM fresh UNION ALL SELECT 'spenders', user_no FROM spenders
    UNION ALL SELECT 'norway', user_no FROM cdp.profile WHERE traits->>'country' = 'NO'
    UNION ALL SELECT 'left', user_no FROM regulars WHERE user_no NOT IN (SELECT user_no FROM fresh)
    UNION ALL SELECT 'odd_regulars', user_no FROM regulars WHERE user_no IN (SELECT unnest(rb_to_array(cdp_segment('odd'))));
CREATE VIEW actual AS SELECT s.name AS segment, unnest(rb_to_array(cdp_segment(s.name)))::bigint AS user_no FROM cdp.segment AS s WHERE s.name <> 'odd';
CREATE VIEW by_user AS SELECT s.name AS segment, m.user_no FROM cdp.segment AS s JOIN cdp.membership AS m ON coalesce(s.members_no, s.segment_no) = ANY (cdp_segment_numbers(m.segments)) WHERE s.name <> 'odd';
CREATE VIEW recorded AS SELECT segment, user_no FROM cdp.segment_change WHERE segment <> 'odd' GROUP BY 1, 2 HAVING sum(CASE change WHEN 'entered' THEN 1 ELSE -1 END) > 0;
CREATE VIEW differences AS
    SELECT 'missing' AS kind, d.* FROM (TABLE expected EXCEPT TABLE actual) AS d UNION ALL SELECT 'invented', d.* FROM (TABLE actual EXCEPT TABLE expected) AS d
    UNION ALL SELECT 'not of the user', d.* FROM (TABLE actual EXCEPT TABLE by_user) AS d UNION ALL SELECT 'only of the user', d.* FROM (TABLE by_user EXCEPT TABLE actual) AS d
    UNION ALL SELECT 'not recorded', d.* FROM (TABLE actual EXCEPT TABLE recorded) AS d UNION ALL SELECT 'only recorded', d.* FROM (TABLE recorded EXCEPT TABLE actual) AS d
    UNION ALL SELECT 'recorded twice', segment, user_no FROM cdp.segment_change WHERE segment <> 'odd' GROUP BY segment, user_no HAVING abs(sum(CASE change WHEN 'entered' THEN 1 ELSE -1 END) - 0.5) > 0.5
    UNION ALL SELECT 'size', name, size FROM cdp.segment WHERE size <> cdp_segment_size(name)
    UNION ALL SELECT 'stray', 'chunk', segment_no FROM cdp.segment_chunk WHERE segment_no NOT IN (SELECT coalesce(members_no, segment_no) FROM cdp.segment)
    UNION ALL SELECT 'stray', 'edit', segment_no FROM cdp.segment_edit WHERE segment_no NOT IN (SELECT coalesce(members_no, segment_no) FROM cdp.segment);
SELECT cdp_segment_from_bitmap('odd', (SELECT rb_build_agg(user_no::integer) FROM cdp.profile WHERE user_no % 2 = 1));
SQL

sub gathering { return answer_if_up('SELECT count(*) FROM cdp.segment WHERE next_no IS NOT NULL') }
sub wait_until_ready
{
	return wait_for(120, sub { answer_if_up(q{SELECT count(*) FROM cdp.segment WHERE status = 'pending'}) eq '0' });
}
# All that is known of time and messages now, and then a comparison.
sub is_right
{
	my ($when) = @_;
	answer('SELECT cdp_worker_stop()');
	answer('SELECT cdp_process()');
	is(answer('SELECT kind, segment, count(*), min(user_no) FROM differences GROUP BY 1, 2 ORDER BY 1, 2'), '', $when)
		or diag(answer(q{WITH u AS (SELECT min(user_no) AS n FROM differences) SELECT 'clock', at::text, '', '', '' FROM clock
			UNION ALL (SELECT 'event', event, ts::text, received_at::text, '' FROM cdp.event, u WHERE user_no = n ORDER BY ts)
			UNION ALL (SELECT 'change', segment, change, reason, effective_at || ' ' || recorded_at FROM cdp.segment_change, u WHERE user_no = n ORDER BY change_no)
			UNION ALL SELECT 'row', cdp_segment_numbers(segments)::text, evaluated_at::text, next_due::text, '' FROM cdp.membership, u WHERE user_no = n
			UNION ALL SELECT 'segment', name, rule::text, coalesce(members_no, segment_no)::text, computed_at::text FROM cdp.segment}));
	answer('SELECT cdp_worker_start()');
	return;
}
my $define = <<'SQL';
INSERT INTO cdp.segment (name, rule) VALUES ('regulars', 'count(a) >= 3'), ('fresh', 'did(a in last 5 seconds)'), ('spenders', 'sum(b.price) >= 60'),
    ('norway', 'country = ''NO'''), ('left', 'in segment regulars and not in segment fresh'), ('odd_regulars', 'in segment odd and in segment regulars')
SQL

# Without a worker the statement computes them, whatever the setting says.
answer($define);
is(gathering(), '0', 'no worker: the statement computes');
is_right('what the statement computed');
answer('DELETE FROM cdp.segment WHERE kind = \'rule\'');
answer('TRUNCATE cdp.segment_change');

# With one the statement leaves it, and nobody sees a part of it.
answer($define);
is(answer(q{SELECT string_agg(DISTINCT status || ' ' || size, ',') FROM cdp.segment WHERE kind = 'rule'}), 'pending 0', 'a worker: the statement leaves it to the worker');
my %seen;
my $asked = q{SELECT string_agg(DISTINCT CASE WHEN status = 'pending' THEN 'pending ' || size || ' ' || cdp_segment_size(name)
    WHEN size = cdp_segment_size(name) THEN 'ready' ELSE name || ' is ' || status || ' of ' || size END, ','), max(progress) > 0 AND max(progress) < 1 FROM cdp.segment WHERE kind = 'rule'};
wait_for(60, sub { my ($what, $is_midway) = split /\|/, answer($asked); $seen{$_} = 1 for split /,/, $what; $seen{midway} = 1 if $is_midway eq 't'; $what eq 'ready' });
is_deeply([ sort keys %seen ], [ 'midway', 'pending 0 0', 'ready' ], 'members are seen when all are known, progress before');
is(answer('SELECT count(*) FROM cdp.segment WHERE progress IS NOT NULL OR members_no IS NULL AND kind = \'rule\''), '0', 'progress is null in the end');
is_right('what the worker computed');

# An edit: old or new, never in between; a name and a description can be given meanwhile.
my $old = answer('SELECT cdp_segment_size(\'regulars\')');
answer(q{UPDATE least SET n = 5});
answer(q{UPDATE cdp.segment SET rule = 'count(a) >= 5' WHERE name = 'regulars'});
answer(q{UPDATE cdp.segment SET description = 'x' WHERE name = 'regulars'});
%seen = ();
wait_for(60, sub { my $what = answer(q{SELECT cdp_segment_size('regulars') || ' ' || (SELECT count(*) FROM by_user WHERE segment = 'regulars') || ' ' || status FROM cdp.segment WHERE name = 'regulars'});
	$seen{$what} = 1; $what =~ /ready/ });
my $new = answer('SELECT count(*) FROM expected WHERE segment = \'regulars\'');
is_deeply([ sort keys %seen ], [ sort "$old $old pending", "$new $new ready" ], 'an edit shows the old members or the new ones');
cmp_ok($new, '<', $old, 'and they differ');
ok(wait_until_ready(), 'the segments that name it follow');
is_right('after an edit');

# Edited again, paused, made a list and deleted midway.
answer(q{UPDATE cdp.segment SET rule = 'count(a) >= 1' WHERE name = 'regulars'});
wait_for(10, sub { answer('SELECT max(progress) > 0 FROM cdp.segment') eq 't' });
answer(q{UPDATE cdp.segment SET rule = 'count(a) >= 4' WHERE name = 'regulars'; UPDATE least SET n = 4});
answer(q{UPDATE cdp.segment SET rule = 'sum(b.price) >= 1' WHERE name = 'spenders'; INSERT INTO cdp.segment (name, rule) VALUES ('gone', 'did(c)')});
wait_for(10, sub { answer('SELECT max(progress) > 0 FROM cdp.segment') eq 't' });
answer(q{UPDATE cdp.segment SET status = 'paused' WHERE name = 'spenders'; DELETE FROM cdp.segment WHERE name = 'gone'});
is(answer(q{SELECT status, next_no, progress, size = (SELECT count(*) FROM expected WHERE segment = 'spenders') FROM cdp.segment WHERE name = 'spenders'}), 'paused|||t',
	'paused: the members stay as they were');
answer(q{UPDATE cdp.segment SET rule = 'sum(b.price) >= 60', status = 'ready' WHERE name = 'spenders'});
ok(wait_until_ready(), 'and go on');
answer(q{DELETE FROM cdp.segment_change WHERE segment = 'gone'});
is_right('after changes midway');

# A list of many changes while a segment that names it is computed; a refresh midway.
answer(q{UPDATE cdp.segment SET rule = 'in segment regulars and in segment odd' WHERE name = 'odd_regulars'});
wait_for(10, sub { answer('SELECT max(progress) > 0 FROM cdp.segment') eq 't' });
answer(q{SELECT cdp_segment_from_bitmap('odd', (SELECT rb_build_agg(user_no::integer) FROM cdp.profile WHERE user_no % 5 = 1))});
answer(q{UPDATE cdp.segment SET rule = 'traits.country is null and country = ''NO''' WHERE name = 'norway'});
wait_for(10, sub { answer('SELECT max(progress) > 0 FROM cdp.segment') eq 't' });
answer(q{UPDATE cdp.segment SET rule = 'country = ''NO''' WHERE name = 'norway'});
is(answer(q{SELECT cdp_refresh_segment('norway') = (SELECT count(*) FROM expected WHERE segment = 'norway')}), 't', 'cdp_refresh_segment() computes at once');
ok(wait_until_ready(), 'a list changes midway');
is_right('after a list changed midway');

# A worker that is stopped midway, and cdp_process() instead of it.
answer(q{UPDATE cdp.segment SET rule = 'count(a) >= 2' WHERE name = 'regulars'; UPDATE least SET n = 2});
wait_for(10, sub { answer('SELECT max(progress) > 0 FROM cdp.segment') eq 't' });
answer('SELECT cdp_worker_stop()');
# A dump takes along what is gathered so far.
answer('CREATE DATABASE restored');
my $restore = 'pg_dump -d "' . $node->connstr('postgres') . '" -Fc | pg_restore -1 -d "' . $node->connstr('restored') . '" 2>&1';
my $said = `$restore`;
is($said, '', 'a dump of it is restored');
ok(wait_for(60, sub { $node->safe_psql('restored', q{SELECT count(*) FROM cdp.segment WHERE status = 'pending'}) eq '0' }), 'and what was gathered is');
is($node->safe_psql('restored', q{SELECT s.name FROM cdp.segment AS s WHERE kind = 'rule' AND name <> 'fresh' AND name <> 'left' AND cdp_segment(name) <> cdp_users(rule)}), '', 'completed there');

$node->safe_psql('restored', 'SELECT cdp_worker_stop()');
answer('DROP DATABASE restored');
is_right('after cdp_process() instead of the worker');

# Everything at once.
my $folder = PostgreSQL::Test::Utils::tempdir();
my $stop = "$folder/stop";
my $parent = $$;
my $writer = fork() // die;
if ($writer == 0)
{
	my $n = 0;
	until (-e $stop || getppid() != $parent)
	{
		my $sql = '';
		for (1 .. 20)
		{
			my ($user, $device) = (1 + int rand($users + 200), ++$n);
			$sql .= "SELECT cdp_track('u$user', '" . (qw(a a b c))[ rand 4 ] . qq(', '{"price": 20}', now() - ) . int(rand 20) . " * interval '1 second');\n";
			$sql .= "SELECT cdp_track(NULL, 'a', '{}', now(), NULL, 'd$device');\nSELECT cdp_identify('u$user', '{}', 'd$device');\n" if rand() < 0.1;
			$sql .= "UPDATE cdp.profile SET traits = traits || jsonb_build_object('country', '" . (qw(NO SE))[ rand 2 ] . "') WHERE user_id = 'u$user';\n" if rand() < 0.1;
			$sql .= "SELECT cdp_forget('u$user');\n" if rand() < 0.01;
		}
		answer_of($node, $sql);
		usleep(20_000);
	}
	POSIX::_exit(0);
}
my $kill = 0;
while ($kill < $kills)
{
	my $least = 1 + int rand 6;
	answer_if_up("UPDATE cdp.segment SET rule = 'count(a) >= $least' WHERE name = 'regulars'; UPDATE least SET n = $least") if rand() < 0.7;
	answer_if_up(q{UPDATE cdp.segment SET rule = 'in segment odd and in segment regulars' WHERE name = 'odd_regulars' AND rule::text LIKE 'in segment regulars%' RETURNING 1});
	usleep(int rand 600_000);
	my $pid = answer_if_up(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'cdp worker' AND datname = 'postgres'});
	next if $pid eq '' || gathering() eq '0';
	kill('KILL', $pid);
	$kill++;
	wait_for(60, sub { answer_if_up('SELECT 1') eq '1' });
}
PostgreSQL::Test::Utils::append_to_file($stop, '');
waitpid($writer, 0);
wait_for(60, sub { answer_if_up('SELECT 1') eq '1' });
# The edit that a kill cut off, once more.
answer(q{UPDATE cdp.segment SET rule = ('count(a) >= ' || (SELECT n FROM least))::cdp_rule WHERE name = 'regulars'});
ok(wait_until_ready(), "after $kills kills all is computed in the end");
answer(q{DELETE FROM cdp.segment_change AS c WHERE NOT EXISTS (SELECT FROM cdp.profile AS p WHERE p.user_no = c.user_no)});
is_right("$kills kills of the worker in the midst of it");
done_testing();
