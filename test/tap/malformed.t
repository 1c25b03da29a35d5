# Every message of data/malformed.tsv, sent by COPY in one load with a good neighbour after each, ends as its line
# says, and no neighbour is lost. CdpTest.pm says how to run this by hand.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Utils;
use Test::More;

open my $corpus, '<:encoding(UTF-8)', "$FindBin::Bin/../data/malformed.tsv" or die "malformed.tsv: $!";
chomp(my @lines = <$corpus>);
my @cases = map { my %case; @case{qw(expected source message reason)} = split /\t/, $_, -1; \%case } @lines;
cmp_ok(scalar @cases, '>=', 200, 'the corpus has 200 messages');

# The abbreviations of data/README.md, and then what COPY wants.
sub written_out
{
	my ($text) = @_;
	$text =~ s/<<members (\d+)>>/join ',', map { "\"$_\":$_" } 0 .. $1 - 1/ge;
	$text =~ s/<<chr (\d+)>>/chr $1/ge;
	$text =~ s/<<(\d+)\*(.*?)>>/$2 x $1/ge;
	return $text;
}
my %escape = ("\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r");
sub row { return join("\t", map { s/([\\\t\n\r])/$escape{$1}/gr } @_) . "\n" }

my $folder = PostgreSQL::Test::Utils::tempdir();
open my $load, '>:encoding(UTF-8)', "$folder/load" or die;
for my $number (0 .. $#cases)
{
	# When it was received tells a case's letters and events from those of others.
	my $received = sprintf '2025-06-01 12:%02d:%02d+00', $number / 60, $number % 60;
	print $load row($cases[$number]{source}, written_out($cases[$number]{message}), $received);
	print $load row('who_what', qq({"who":"neighbour","what":"neighbour","props":{"n":$number}}), $received);
}
close $load or die;

my $node = new_cluster('malformed', "shared_preload_libraries = 'cdp'\nlog_min_messages = warning\n");
$node->safe_psql('postgres', 'CREATE EXTENSION cdp');
$node->safe_psql('postgres', "COPY cdp.inbox (source, payload, received_at) FROM '$folder/load'");
my $taken = wait_for(60, sub {
	return $node->safe_psql('postgres', q{SELECT count(*) FROM cdp.event WHERE event = 'neighbour'}) == @cases;
});
ok($taken, 'every neighbour is taken, by the worker');
is($node->safe_psql('postgres', 'SELECT cdp_process()'), 0, 'nothing is left in the inbox');
is($node->safe_psql('postgres', q{SELECT sum((properties ->> 'n')::int) FROM cdp.event WHERE event = 'neighbour'}),
	$#cases * @cases / 2, 'each one once');

my @outcomes = split /\n/, $node->safe_psql('postgres', <<"SQL");
SELECT coalesce((SELECT string_agg(DISTINCT code, ',' ORDER BY code)
                 FROM (SELECT code FROM cdp.dead_letter WHERE received_at = moment
                       UNION ALL SELECT 'accepted' FROM cdp.event WHERE received_at = moment AND event <> 'neighbour') AS o), 'accepted')
FROM generate_series(0, $#cases) AS n, LATERAL (SELECT '2025-06-01 12:00+00'::timestamptz + n * interval '1 second' AS moment) AS r
ORDER BY n
SQL
for my $number (0 .. $#cases)
{
	my $case = $cases[$number];
	is($outcomes[$number], $case->{expected}, sprintf 'line %d, %s: %s', $number + 1, $case->{source}, $case->{reason});
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM cdp.dead_letter WHERE code = 'failed' OR reason = ''}), 0,
	'nothing was left to the database to refuse, and every letter has a reason');
my $letters = 'SELECT code, count(*) FROM cdp.dead_letter GROUP BY code ORDER BY code';
my $before = $node->safe_psql('postgres', $letters);
my $count = $node->safe_psql('postgres', 'SELECT count(*) FROM cdp.dead_letter');
is($node->safe_psql('postgres', 'BEGIN; SELECT cdp_retry_dead_letters(); SELECT cdp_process(); COMMIT'),
	"$count\n$count", 'all letters are put back');
is($node->safe_psql('postgres', $letters), $before, 'and come again, since nothing was mended');
$node->stop;
done_testing();
