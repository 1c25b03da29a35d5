# Real customers: the purchases of CDNOW and the clickstream of a shop give the numbers that are known of them,
# in batches of 1, of 1,000 and of all, with segments defined before and after the events, and after pg_dump.
# CDP_DATA names the folder of cdnow.txt.gz and ecom.csv.gz; CdpTest.pm says how to run this by hand.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $data = $ENV{CDP_DATA};
plan skip_all => 'CDP_DATA names no folder with cdnow.txt.gz and ecom.csv.gz'
	if !$data || !-r "$data/cdnow.txt.gz" || !-r "$data/ecom.csv.gz";

my $node = new_cluster('cdnow', "shared_buffers = 256MB\nmax_wal_size = 2GB\n");
sub answer { my ($database, $sql) = @_; return $node->safe_psql($database, $sql) }
my $folder = PostgreSQL::Test::Utils::tempdir();

# The lines of a file, by $message->(fields) as rows of COPY cdp.inbox (source, payload).
sub convert
{
	my ($from, $to, $most, $message) = @_;
	open my $in, '-|', 'gzip', '-dc', "$data/$from" or die "$from: $!";
	open my $out, '>', "$folder/$to" or die "$to: $!";
	<$in>;
	while (my $line = <$in>)
	{
		last if $most && $. > $most + 1;
		$line =~ s/\s+$//;
		print $out "who_what\t", $message->($line), "\n";
	}
	close $out or die "$to: $!";
}
my $purchase = sub {
	my (undef, $user, $date, $cds, $dollars) = split /\s+/, " $_[0]" =~ s/^\s*/ /r;
	my $day = $date =~ s/^(....)(..)(..)$/$1-$2-$3/r;
	return qq({"who":"$user","what":"purchase","when":"${day}T00:00:00Z","props":{"cds":$cds,"dollars":$dollars}});
};
convert('cdnow.txt.gz', 'cdnow', 0, $purchase);
convert('cdnow.txt.gz', 'few', 3000, $purchase);
convert('ecom.csv.gz', 'ecom', 0, sub {
	my ($user, $session, $event, $time) = split /,/, $_[0];
	return qq({"who":"$user","what":"$event","when":"$time","props":{"session":"$session"}});
});

# ---- What is known of CDNOW's customers as of 1998-07-01 ----------------------------------------------------

my $at = q{'1998-07-01 00:00+00'};
my %rules = (
	repeat => 'count(purchase) >= 2',
	lately => 'count(purchase in last 90 days) >= 2',
	spender => 'sum(purchase.dollars) >= 500',
	lapsed => 'count(purchase) >= 10 and not did(purchase in last 30 days)');
my %sizes = (repeat => 11662, lately => 1201, spender => 734, lapsed => 656);
# The same by plain SQL; $now is an instant.
sub by_sql
{
	my ($name, $now) = @_;
	my $recent = sub { return "count(*) FILTER (WHERE ts > $now\::timestamptz - interval '$_[0] days')" };
	my %having = (
		repeat => 'count(*) >= 2',
		lately => $recent->(90) . ' >= 2',
		spender => q{sum((properties->>'dollars')::numeric) >= 500},
		lapsed => 'count(*) >= 10 AND ' . $recent->(30) . ' = 0');
	return "SELECT user_no FROM cdp.event WHERE ts <= $now\::timestamptz GROUP BY user_no HAVING $having{$name}";
}
my $insert = join ";\n", map { "INSERT INTO cdp.segment (name, rule) VALUES ('$_', '$rules{$_}')" } sort keys %rules;
# Who is in which segment, as text.
my $memberships = q{SELECT md5(string_agg(user_id || cdp_segments(user_id)::text, ',' ORDER BY user_id COLLATE "C")) FROM cdp.profile};

# A database with the file taken in batches of $at_once, the segments defined before or after.
sub make
{
	my ($database, $file, $at_once, $before) = @_;
	answer('postgres', "CREATE DATABASE $database");
	answer($database, "CREATE EXTENSION cdp");
	answer($database, $insert) if $before;
	answer($database, "COPY cdp.inbox (source, payload) FROM '$folder/$file'");
	answer($database, "DO \$\$ BEGIN WHILE cdp_process($at_once) > 0 LOOP COMMIT; END LOOP; END \$\$");
	answer($database, $insert) if !$before;
}

sub knows_cdnow
{
	my ($database, $how) = @_;
	is(answer($database, q{SELECT count(*), sum((properties->>'dollars')::numeric) FROM cdp.event}), '69659|2500315.63',
		"$how: events and dollars");
	is(answer($database, 'SELECT count(*) FROM cdp.profile'), 23570, "$how: profiles");
	is(answer($database, 'SELECT count(*) FROM cdp.dead_letter'), 0, "$how: no dead letters");
	for my $name (sort keys %rules)
	{
		is(answer($database, "SELECT cdp_count('$rules{$name}', $at)"), $sizes{$name}, "$how: $rules{$name}");
		is(answer($database, "SELECT rb_to_array(cdp_users('$rules{$name}', $at)) =
			(SELECT array_agg(user_no::integer ORDER BY user_no) FROM (" . by_sql($name, $at) . ') AS u)'),
			't', "$how: $name, as SQL has it");
		is(answer($database, "SELECT coalesce(rb_to_array(cdp_segment('$name')), '{}') =
			coalesce((SELECT array_agg(user_no::integer ORDER BY user_no) FROM (" . by_sql($name, 'now()') . ") AS u), '{}')"),
			't', "$how: members of $name, as SQL has them");
	}
}

make('whole', 'cdnow', 'NULL', 0);
make('thousands', 'cdnow', 1000, 1);
knows_cdnow('whole', 'at once, segments defined after');
knows_cdnow('thousands', 'by 1,000, segments defined before');
is(answer('thousands', $memberships), answer('whole', $memberships), 'the same memberships');

# One by one, a beginning of the file.
make('few_whole', 'few', 'NULL', 1);
make('few_ones', 'few', 1, 1);
make('few_after', 'few', 1000, 0);
is(answer($_, 'SELECT count(*) FROM cdp.event'), 3000, "$_: events") for qw(few_whole few_ones);
is(answer($_, $memberships), answer('few_whole', $memberships), "$_: the same memberships") for qw(few_ones few_after);

my $dump = "$folder/dump.sql";
system_or_bail('pg_dump', '-h', $node->host, '-p', $node->port, '-f', $dump, 'thousands');
answer('postgres', 'CREATE DATABASE restored');
my ($out, $err);
$node->psql('restored', slurp_file($dump), stdout => \$out, stderr => \$err, on_error_stop => 0);
unlike($err, qr/ERROR/, 'the dump loads without an error') or diag($err);
knows_cdnow('restored', 'restored');
is(answer('restored', $memberships), answer('whole', $memberships), 'restored: the same memberships');

# ---- How far the users of the shop get --------------------------------------------------------------------------

answer('postgres', 'CREATE DATABASE shop');
answer('shop', 'CREATE EXTENSION cdp');
answer('shop', "COPY cdp.inbox (source, payload) FROM '$folder/ecom'");
is(answer('shop', 'SELECT cdp_process()'), 31106, 'ecom: messages');
is(answer('shop', 'SELECT count(*), count(DISTINCT user_no) FROM cdp.event'), '31106|600', 'ecom: events and users');
for (['24 hours', '0:2 1:116 2:274 3:208'], ['1 hour', '0:2 1:118 2:273 3:207'])
{
	my ($within, $expected) = @$_;
	is(answer('shop', qq{SELECT string_agg(depth || ':' || users, ' ' ORDER BY depth) FROM (
		SELECT depth, count(*) AS users FROM (
			SELECT cdp_funnel(ts, '$within', event = 'product_view', event = 'add_to_cart', event = 'purchase') AS depth
			FROM cdp.event GROUP BY user_no) AS u GROUP BY depth) AS d}), $expected, "ecom: deepest step within $within");
}
$node->stop;
done_testing();
