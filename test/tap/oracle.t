# Rules mean what their documentation says. An evaluator of its own (test/oracle), written from the documentation in another
# language, is held against the database for random people and rules: cdp_match, cdp_users, memberships as they follow events
# and time, memberships computed anew, and the exact instants of entries and exits. The seeds of test/oracle/failures.txt run
# first, then others; CDP_SEEDS says how many (absent: as many as fit in 50 seconds), CDP_SEED from which one on.
# CdpTest.pm says how to run this by hand.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_cluster('oracle', "max_connections = 10\nautovacuum_naptime = 5s\n");
$node->safe_psql('postgres', 'CREATE EXTENSION cdp');
my @seeds = $ENV{CDP_SEEDS} ? ('--seeds', $ENV{CDP_SEEDS}) : ('--seeds', 100_000, '--seconds', 50);
push @seeds, '--first', $ENV{CDP_SEED} if $ENV{CDP_SEED};
my $out = '';
{
	local @ENV{qw(PGHOST PGPORT PGDATABASE)} = ($node->host, $node->port, 'postgres');
	IPC::Run::run([ 'python3', "$FindBin::Bin/../oracle/driver.py", @seeds ], '>', \$out, '2>&1');
}
my $exit = $? >> 8;
diag($_) for grep { !/^# \w+: \d+ comparisons/ } split /\n/, $out;
is($exit, 0, 'the oracle ran, and found no difference');
for my $kind (qw(state rule match users explain membership refresh change))
{
	my ($comparisons, $differences) = $out =~ /^# $kind: (\d+) comparisons, (\d+) differences/m;
	ok($comparisons && !$differences, "$kind: " . ($comparisons // 'no') . ' comparisons');
}
$node->stop;
done_testing();
