#!/usr/bin/perl
# ./dev demo: its numbers on the sample data, its simulator, its reader of CSV files. TAP on standard output.
use strict;
use utf8;
use warnings;
use File::Temp qw(tempdir);
use Test::More;

binmode Test::More->builder->$_, ':encoding(UTF-8)' for qw(output failure_output todo_output);
my $folder = tempdir(CLEANUP => 1);
my $database = 'cdp_test_demo';
$ENV{CDP_DEMO_DATABASE} = $database;
$ENV{CDP_CALLED_FROM} = $folder;

sub output_of { my $out = `@_ 2>&1`; utf8::decode($out); return ($out, $? == 0) }
sub answer { chomp(my $out = `psql -XqAt -d $database -c "$_[0]"`); return $out }
sub drop { system "psql -Xq -d postgres -c 'SET client_min_messages = warning' -c 'DROP DATABASE IF EXISTS $_ WITH (FORCE)'" for $database, "${database}_shop" }
sub write_file {
    my ($name, $content) = @_;
    open my $out, '>', "$folder/$name" or die "$name: $!";
    print $out $content;
    close $out or die;
}

# ---- The simulator -----------------------------------------------------------------------------------------

my $made = `perl demo/simulate.pl`;
is($made =~ tr/\n//, 500_000, 'the simulator makes 500,000 events');
my %users;
$users{$1}++ while $made =~ /"who":"(\w+)"/g;
is(scalar keys %users, 20_000, 'of 20,000 users');
my @times = $made =~ /"when":"([^"]+)"/g;
is_deeply(\@times, [sort @times], 'in order of time');
my %events;
$events{$1}++ while $made =~ /"what":"(\w+)"/g;
cmp_ok($events{purchase}, '<', $events{checkout_started}, 'fewer buy than go to the checkout');
cmp_ok($events{checkout_started}, '<', $events{add_to_cart}, 'fewer go there than put something in the cart');
ok($made eq `perl demo/simulate.pl`, 'the same again in a second run');
ok(`perl demo/simulate.pl 1 100 2000` ne `perl demo/simulate.pl 2 100 2000`, 'another seed makes other events');

# ---- The reader of CSV files -------------------------------------------------------------------------------

my $columns = '--user who --time at --event did';
sub read_csv {
    my ($content, $options) = @_;
    write_file('some.csv', $content);
    return output_of("cd $folder && perl $ENV{PWD}/demo/read_csv.pl " . ($options // $columns) . ' some.csv');
}
sub message { return qq({"type":"track","userId":"$_[0]","event":"$_[1]","timestamp":"$_[2]","properties":{$_[3]}}\n) }

my ($out, $is_fine);
for my $case (
    ['quotes, doubled quotes and line breaks in a field', qq(who,at,did,note\na,2025-01-01,buy,"one, ""two""\nthree"\n),
        message('a', 'buy', '2025-01-01T00:00:00Z', '"note":"one, \"two\"\nthree"')],
    ['numbers and truth as such, text with leading zeros as text, blank fields not at all',
        "who,at,did,a,b,c,d\nx,2025-01-01 10:11:12.5+02:00,y,1.50,TRUE,007,\n",
        message('x', 'y', '2025-01-01T10:11:12.5+02:00', '"a":1.50,"b":true,"c":"007"')],
    ['unix seconds and milliseconds', "who,at,did\nx,1735689600,y\nx,1735689600123,y\n",
        message('x', 'y', '2025-01-01T00:00:00Z', '') . message('x', 'y', '2025-01-01T00:00:00.123Z', '')],
    ['a byte order mark, CRLF, blank lines, no line break at the end',
        "\xEF\xBB\xBFwho,at,did\r\n\r\nx,2025-01-01T00:00Z,y\r\n\r\nz,2025-01-01,\"y\"",
        message('x', 'y', '2025-01-01T00:00:00Z', '') . message('z', 'y', '2025-01-01T00:00:00Z', '')],
    ['semicolons', "who;at;did;n\nx;2025-01-01;y;1,5\n", message('x', 'y', '2025-01-01T00:00:00Z', '"n":"1,5"')],
    ['control characters escaped', "who,at,did,n\nx,2025-01-01,y,a\tb\\\n", message('x', 'y', '2025-01-01T00:00:00Z', '"n":"a\tb\\\\"')],
) {
    my ($name, $content, $expected) = @$case;
    ($out, $is_fine) = read_csv($content);
    is($out, $expected, "CSV: $name");
}
($out) = read_csv("who,at,n\nx,2025-01-01,m1\n", '--user who --time at --event signup --id n');
like($out, qr/every row is an event signup/, 'CSV: --event that is no column is the name of every event');
like($out, qr/"event":"signup","messageId":"m1"/, 'CSV: --id becomes the message id');

for my $case (
    ['a missing column', "who,did\nx,y\n", qr/some\.csv, line 1: there is no column at \(--time\); the columns are who, did/],
    ['a time that is none', "who,at,did\nx,2025-02-28,y\nx,2025-02-30,y\n", qr/line 3, column 2 \(at\): '2025-02-30' is no time/],
    ['a row too short', "who,at,did\nx,2025-02-28\n", qr/line 2, column 3 \(did\): the row ends after 2 of 3 fields/],
    ['a row too long', "who,at,did\nx,2025-02-28,y,z\n", qr/line 2: the row has 4 fields, the header 3/],
    ['a quote never closed', qq(who,at,did\nx,2025-02-28,"y\n\n), qr/line 2, column 3 \(did\): a quote is opened and never closed/],
    ['the line after a field over two lines', qq(who,at,did\nx,2025-02-28,"y\ny"\n,2025-02-28,y\n), qr/line 4, column 1 \(who\): it is blank/],
    ['text that is no UTF-8', "who,at,did\nx,2025-02-28,\xff\n", qr/line 2, column 3 \(did\): this is no UTF-8/],
    ['an empty file', '', qr/it is empty/],
    ['a header alone', "who,at,did\n", qr/no rows/],
    ['two columns of one name', "who,who\n", qr/line 1, column 2: a second column who/],
) {
    my ($name, $content, $expected) = @$case;
    ($out, $is_fine) = read_csv($content);
    ok(!$is_fine, "CSV: refused: $name");
    like($out, $expected, "CSV: says where: $name");
}

# ---- The demo on a CSV file --------------------------------------------------------------------------------

drop();
write_file('good.csv', join '', "who,at,did,price\n", map { sprintf "u%d,2025-01-%02d 12:00:00,%s,%d\n", $_ % 7, 1 + $_ % 28, $_ % 3 ? 'look' : 'buy', $_ } 1 .. 200);
write_file('bad.csv', "who,at,did\nu1,2025-01-01,look\nu2,yesterday,look\n");
($out, $is_fine) = output_of("bash demo/run.sh bad.csv $columns");
ok(!$is_fine, 'a bad file is refused');
like($out, qr/bad\.csv, line 3, column 2 \(at\): 'yesterday' is no time/, 'with line and column');
is(`psql -XqAt -d postgres -c "SELECT 1 FROM pg_database WHERE datname = '$database'"`, '', 'and nothing is loaded');
($out, $is_fine) = output_of("bash demo/run.sh good.csv $columns");
ok($is_fine, 'a good file is taken') or diag $out;
is(answer('SELECT count(*), count(DISTINCT user_no) FROM cdp.event WHERE event IN (\'look\', \'buy\')'), '200|7', 'all of it');
is(answer("SELECT sum((properties->>'price')::numeric) FROM cdp.event"), '20100', 'with its properties');
like($out, qr/busy .* 7 /, 'the segments are printed');
is(answer('SELECT count(*) FROM cdp.event'), '200', 'and no other events are left behind');

# ---- The demo on the sample data ---------------------------------------------------------------------------

drop();
my $started = time;
($out, $is_fine) = output_of('bash demo/run.sh');
ok($is_fine, 'the demo without a file runs') or diag $out;
note('it took ', time - $started, ' s');
my @expected;
if ($out =~ /^The music shop/m) {
    @expected = (
        'profiles' => qr/│ 23,570   │ 69,659 │/, 'purchases' => qr/purchase │ 69,659 │ 23,570 │ 2,500,315\.63 +│/,
        'repeat_buyers' => qr/repeat_buyers .* 11,662 +│$/m, 'active_buyers' => qr/active_buyers .* 1,201 /,
        'big_spenders' => qr/big_spenders .* 734 /, 'lapsed_regulars' => qr/lapsed_regulars .* 656 /,
        'funnel of a day' => qr{│ 2 / 116 / 274 / 208}, 'funnel of an hour' => qr{│ 2 / 118 / 273 / 207});
} else {
    like($out, qr/^A made-up shop/m, 'without the sample data it says that the data are made up');
    # Counted from the messages themselves, not by the database.
    my (%bought, %spent);
    while ($made =~ /"who":"(\w+)","what":"purchase".*?"amount":([\d.]+)/g) { $bought{$1}++; $spent{$1} += $2 }
    my $comma = sub { my $number = shift; 1 while $number =~ s/^(\d+)(\d{3})/$1,$2/; return $number };
    my $buyers = $comma->(scalar keys %bought);
    my $spenders = $comma->(scalar grep { $_ >= 499.9999 } values %spent);
    @expected = ('profiles' => qr/│ 20,000   │ 500,000 │/, 'buyers' => qr/ buyers .* $buyers .* $buyers /,
        'big_spenders' => qr/ big_spenders .* $spenders .* $spenders /);
}
while (my ($what, $pattern) = splice @expected, 0, 2) { like($out, $pattern, "printed: $what") }
like($out, qr/bestsellers +│ +50\.0 % .* 300 │ +60 │ +(?:9\d|100)\.\d %/, 'after feedback the better banner is shown nearly always');
like($out, qr/members_preview +│ +not_in/i, 'the banner of a segment is not for others');
like($out, qr/^  \S+dev psql$/m, 'at the end it says what to type');
$started = time;
my ($again, $is_fine_again) = output_of('bash demo/run.sh');
ok($is_fine_again, 'a second run');
cmp_ok(time - $started, '<=', 10, 'takes seconds');
unlike($again, qr/events taken/, 'loads nothing');
my $counts = qr/Profiles and events(.*?)== What/s;
is(($again =~ $counts)[0], ($out =~ $counts)[0], 'and prints the same');
drop();
done_testing();
