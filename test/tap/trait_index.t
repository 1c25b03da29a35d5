# Trait indexes while the worker takes messages and folds: a server that is killed again and again loses no change, and
# the worker folds by itself once it is idle. Two indexed traits say the same as one that is not, of each value and of all.
# CdpTest.pm says how to run this by hand; CDP_KILLS sets how often the server is killed.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $kills = $ENV{CDP_KILLS} // 4;
my $node = new_cluster('trait_index', "shared_preload_libraries = 'cdp'\nfsync = off\nrestart_after_crash = on\ncdp.batch_size = 300\n");
sub answer { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }

answer(<<'SQL');
CREATE EXTENSION cdp;
SELECT cdp_identify('u' || i, jsonb_build_object('a', i % 7, 'b', 'x' || i % 7, 'plain', i % 7)) FROM generate_series(1, 2000) i;
SQL
ok(wait_for(60, sub { answer('SELECT count(*) FROM cdp.profile') == 2000 }), 'the worker makes profiles');
answer(q{INSERT INTO cdp.trait_index (trait) VALUES ('a'), ('b')});

# Says for each value whether the indexes agree with the profiles; both by one snapshot.
my $faults = <<'SQL';
SELECT count(*) FROM generate_series(-1, 12) AS v WHERE
    cdp_users(format('a = %s', v)::cdp_rule) <> cdp_users(format('plain = %s', v)::cdp_rule)
    OR cdp_users(format($$b = 'x%s'$$, v)::cdp_rule) <> cdp_users(format('plain = %s', v)::cdp_rule)
    OR cdp_users(format('not a > %s', v)::cdp_rule) <> cdp_users(format('not plain > %s', v)::cdp_rule)
SQL
is(answer($faults), 0, 'built');

for my $kill (1 .. $kills)
{
	for my $round (1 .. 3)
	{
		answer("SELECT cdp_identify('u' || i % 2500, jsonb_build_object('a', (i + $kill) % 11, 'b', 'x' || (i + $kill) % 11, 'plain', (i + $kill) % 11), 'd' || i % 97)
			FROM generate_series($round, 3000, 7) i");
		answer("UPDATE cdp.profile SET traits = traits || jsonb_build_object('a', $round, 'b', 'x$round', 'plain', $round) WHERE user_no % 89 = $kill");
		answer('SELECT cdp_fold_traits(100)') if $round == 2;
		is(answer($faults), 0, "kill $kill, round $round: right under way");
	}
	$node->stop('immediate');
	$node->start;
	is(answer($faults), 0, "right after kill $kill");
}
ok(wait_for(60, sub { answer('SELECT NOT EXISTS (SELECT FROM cdp.changed_profile) AND NOT EXISTS (SELECT FROM cdp.inbox_waiting)') eq 't' }),
	'the worker folds what changed');
is(answer($faults), 0, 'right when all is folded');
is(answer(q{SELECT (cdp_explain_rule('a = 3') ->> 'profiles')}), 0, 'and rules read no profile');

# One that was defined in a transaction of one snapshot is built by the worker.
answer(q{BEGIN ISOLATION LEVEL REPEATABLE READ; INSERT INTO cdp.trait_index (trait) VALUES ('plain'); COMMIT});
answer(q{SELECT cdp_track('u1', 'look')});
ok(wait_for(60, sub { answer(q{SELECT status FROM cdp.trait_index WHERE trait = 'plain'}) eq 'ready' }), 'the worker builds what is pending');
is(answer($faults), 0, 'right with all of them');
$node->stop;
done_testing();
