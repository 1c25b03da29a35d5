# Beside another extension that has a type roaringbitmap, as pg_roaringbitmap does: CREATE EXTENSION says what to do, in
# a schema of its own everything works, and columns can be moved. Beside modules that export functions of CRoaring's
# names: cdp computes rightly or refuses. The others are the modules of test/standin. CdpTest.pm says how to run this.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'needs CDP_DESTDIR: the stand-in extension is not installed among the system\'s' if !$ENV{CDP_DESTDIR};
-e library_file($_) or BAIL_OUT("$_ is missing; build it with make standin-test-modules DESTDIR=\$CDP_DESTDIR")
  for qw(cdp_test_roaringbitmap cdp_test_croaring cdp_test_one_function);

# A copy of CDP_DESTDIR with one more extension in it, for this server alone.
my $sharedir = `$ENV{PG_CONFIG} --sharedir`;
chomp $sharedir;
my $extensions = PostgreSQL::Test::Utils::tempdir();
system('cp', '-r', "$ENV{CDP_DESTDIR}/.", $extensions) == 0 or die;
append_to_file("$extensions$sharedir/extension/roaringbitmap.control",
	"default_version = '1'\nrelocatable = true\nmodule_pathname = 'cdp_test_roaringbitmap'\n");
append_to_file("$extensions$sharedir/extension/roaringbitmap--1.sql", <<'SQL');
CREATE TYPE roaringbitmap;
CREATE FUNCTION roaringbitmap_in(cstring) RETURNS roaringbitmap AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT;
CREATE FUNCTION roaringbitmap_out(roaringbitmap) RETURNS cstring AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT;
CREATE TYPE roaringbitmap (INTERNALLENGTH = VARIABLE, INPUT = roaringbitmap_in, OUTPUT = roaringbitmap_out, STORAGE = external);
CREATE CAST (roaringbitmap AS bytea) WITHOUT FUNCTION;
SQL

my $node = new_cluster('coexistence', destdir_settings() =~ s/^(extension_destdir = ).*$/$1'$extensions'/mr);
sub answer { return $node->safe_psql($_[1] // 'postgres', $_[0]) }

# Runs SQL in one session, over errors; returns what it printed and what it said.
sub session
{
	my ($sql, $database) = @_;
	my ($out, $err);
	$node->psql($database // 'postgres', $sql, stdout => \$out, stderr => \$err, on_error_stop => 0,
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	return ($out, $err);
}

# ---- CREATE EXTENSION beside the other one -----------------------------------------------------------------

answer('CREATE EXTENSION roaringbitmap');
my ($sqlstate, $said) = fails_with($node, 'CREATE EXTENSION cdp');
is($sqlstate, '42710', 'in the schema of the other extension, cdp is refused');
like($said, qr/extension roaringbitmap in schema public already has a type roaringbitmap/, 'the message names it');
like($said, qr/HINT:.*CREATE EXTENSION cdp SCHEMA x.*USING c::bytea::x\.roaringbitmap/, 'the hint says what to do');
is(answer(q{SELECT count(*) FROM pg_namespace WHERE nspname = 'cdp'}), 0, 'nothing of cdp remains');

answer('CREATE DATABASE typed');
answer('CREATE SCHEMA "My own"; CREATE DOMAIN "My own".roaringbitmap AS int', 'typed');
($sqlstate, $said) = fails_with($node, 'CREATE EXTENSION cdp SCHEMA "My own"', 'typed');
is($sqlstate, '42710', 'a type of no extension is found too');
like($said, qr/schema "My own" already has a type roaringbitmap/, 'and named');

# Of these sets the other extension keeps bytes that it finds valid: runs where an array would be shorter, say.
answer(<<'SQL');
CREATE TABLE sets (no int, c roaringbitmap);
INSERT INTO sets VALUES
  (1, '\x3a30000000000000'), (2, '\x3a30000001000000000004001000000001000200030004000500'), (3, NULL),
  (4, '\x3b3000000100000100010001000100'), (5, '\x3b3000000100000400010001000400');
SQL
answer('CREATE SCHEMA x; CREATE EXTENSION cdp SCHEMA x');
is(answer(q{SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'cdp'}), 'x', 'in a schema of its own cdp is made');

# ---- All of cdp from that schema, which is in no search_path -----------------------------------------------

answer(<<'SQL');
SELECT x.cdp_identify('ada', '{"plan": "pro"}');
SELECT x.cdp_track('ada', 'buy', '{"amount": 120}');
SELECT x.cdp_track('bob', 'look');
INSERT INTO cdp.segment (name, rule) VALUES ('buyers', 'did(buy)'), ('pros', $$plan = 'pro' and in segment buyers$$);
SELECT x.cdp_process();
COPY cdp.inbox (source, payload) FROM stdin;
segment	{"type": "track", "userId": "cid", "event": "buy", "messageId": "m1", "timestamp": "2025-01-01T00:00:00Z"}
\.
SELECT x.cdp_process();
SQL
is(answer(q{SELECT name, size FROM cdp.segment ORDER BY name}), "buyers|2\npros|1", 'events, profiles and segments');
is(answer(q{SELECT x.cdp_in_segment('ada', 'pros'), x.cdp_segments('cid'), x.cdp_segment_users('pros')}), 't|{buyers}|ada', 'membership');
is(answer(q{SELECT x.rb_to_array(x.cdp_segment('buyers')) = array_agg(user_no::int ORDER BY user_no) FROM cdp.profile WHERE user_id IN ('ada', 'cid')}),
	't', 'a segment as a bitmap');
is(answer(q{SELECT x.cdp_count('did(look)'), x.cdp_match('bob', 'did(look)'), x.cdp_explain('ada', 'did(buy)') IS NOT NULL, x.rb_cardinality(x.cdp_users('did(buy)'))}),
	'1|t|t|2', 'rules');
is(answer(q{SELECT max(d) FROM (SELECT x.cdp_funnel(ts, interval '1 day', event = 'buy') AS d FROM cdp.event GROUP BY user_id) AS f}), 1, 'the funnel');
is(answer(<<'SQL'), 'summer', 'and what to show');
INSERT INTO cdp.content_type (name) VALUES ('banner');
INSERT INTO cdp.placement (name, content_type, strategy) VALUES ('home', 'banner', 'bandit');
INSERT INTO cdp.creative (name, content_type, content) VALUES ('summer', 'banner', '{"image": "summer.png"}');
SELECT creative FROM x.cdp_rank('home', 'ada');
SQL
is(answer(q{SELECT x.cdp_process() IS NOT NULL; SELECT count(*) FROM cdp.dead_letter}), "t\n0", 'no message was lost');
is(answer(<<'SQL'), '{2,3}|3|{1,2,3}', 'operators and aggregates');
SET roaringbitmap.output_format = 'array';
SELECT '{1,2,3}'::x.roaringbitmap OPERATOR(x.&) '{2,3,4}', x.rb_cardinality(x.rb_build_agg(i)), x.rb_or_agg(x.rb_build(ARRAY[i]))
FROM generate_series(1, 3) AS i;
SQL

# ---- Moving a column ---------------------------------------------------------------------------------------

answer('ALTER TABLE sets ALTER COLUMN c TYPE x.roaringbitmap USING c::bytea::x.roaringbitmap');
is(answer('SELECT no, x.rb_to_array(c) FROM sets ORDER BY no'), "1|{}\n2|{1,2,3,4,5}\n3|\n4|{1,2}\n5|{1,2,3,4,5}", 'a column moved holds the same sets');
is(answer(q{SELECT DISTINCT pg_typeof(c) FROM sets}), 'x.roaringbitmap', "in cdp's type");
my ($out, $err) = session(q{CREATE TABLE bad (c roaringbitmap); INSERT INTO bad VALUES ('\x11'); ALTER TABLE bad ALTER COLUMN c TYPE x.roaringbitmap USING c::bytea::x.roaringbitmap});
like($err, qr/ERROR:  22P03/, 'bytes that are no bitmap are refused on the way');

# ---- The setting that both define --------------------------------------------------------------------------

my $value = q{SELECT '{3,1}'::x.roaringbitmap;};
my $format = q{SET roaringbitmap.output_format = };
is(answer("LOAD 'cdp_test_roaringbitmap'; $value ${format}'array'; $value ${format}'bytea'; $value"),
	join("\n", ('\x3a300000010000000000010010000000' . '01000300'), '{1,3}', '\x3a300000010000000000010010000000' . '01000300'),
	'after the other module, cdp follows its setting');
is(answer("LOAD 'cdp_test_roaringbitmap'; ${format}'array'; $value"), '{1,3}', 'set before cdp is loaded, too');
is(answer("${format}'array'; $value"), '{1,3}', 'without the other, it is cdp\'s');
($out, $err) = session("$value LOAD 'cdp_test_roaringbitmap'; ${format}'array'; $value");
like($out, qr/^\{1,3\}$/m, 'before the other module, cdp goes on');

# ---- Modules that export functions of CRoaring's names -----------------------------------------------------

# Sums over values that need most of CRoaring's functions, and the same over plain rows.
my $sums = q{SELECT x.rb_cardinality(x.rb_or_agg(b)), x.rb_cardinality(x.rb_and_agg(b)), bool_and(b OPERATOR(x.=) x.rb_build(x.rb_to_array(b)))
  FROM (SELECT x.rb_build_agg(i * k) AS b FROM generate_series(1, 6000) AS i, generate_series(1, 3) AS k GROUP BY k) AS s;};
my $expected = answer(q{SELECT count(DISTINCT v), count(*) FILTER (WHERE n = 3), true FROM (SELECT i * k AS v, count(*) OVER (PARTITION BY i * k) AS n, k
  FROM generate_series(1, 6000) AS i, generate_series(1, 3) AS k) AS r}) =~ s/\|(\d+)\|/'|' . $1 \/ 3 . '|'/er;
is(answer($sums), $expected, 'alone, cdp computes rightly');
for my $module (qw(cdp_test_croaring cdp_test_one_function))
{
	($out, $err) = session("LOAD '$module'; $sums SELECT x.rb_cardinality('{1,2,3}'); SELECT x.cdp_track('ada', 'look'); SELECT 'alive';");
	is($out, 'alive', "after $module, no call of cdp answers");
	my $errors = () = $err =~ /ERROR:  55000: another module has put its own CRoaring in place/g;
	is($errors, 3, 'each is refused');
	like($err, qr/DETAIL:  Function roaring_\w+ comes from \S*$module\.so/, 'the detail names the module');
	is(answer("SELECT x.rb_cardinality('{1,2,3}'); LOAD '$module'; $sums"), "3\n$expected", "before $module, cdp computes rightly");
}

# Of every function of CRoaring that cdp calls, library.cpp knows the name: it stands in the module once for the linker
# and once more.
SKIP:
{
	my @called = map { /\bU (roaring\w+)/ ? $1 : () } `nm -D --undefined-only '${\library_file('cdp')}' 2>/dev/null`;
	skip 'no nm, or CRoaring is linked in', 1 if !@called;
	my $bytes = slurp_file(library_file('cdp'));
	my @unchecked = grep { my $count = () = $bytes =~ /\0\Q$_\E(?=\0)/g; $count < 2 } @called;
	is("@unchecked", '', 'all of the ' . @called . ' functions are checked');
}

ok(!$node->log_contains('terminated by signal'), 'no backend died');
$node->stop;
done_testing();
