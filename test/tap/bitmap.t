# What the types of bitmaps leave behind and how long they take to stop: errors leak no memory, cancels come through
# within a second, and a dump brings back every value and index. CdpTest.pm says how to run this.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_cluster('bitmap');
$node->safe_psql('postgres', 'CREATE EXTENSION cdp');

# A session that runs into an error many times over: in input, in the middle of an aggregate, by damaged stored bytes,
# by a division in a query that builds sets. Its memory must not grow with their number.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE damaged (id int, set bytea);
INSERT INTO damaged SELECT n, rb_build_agg(n * i)::bytea FROM generate_series(1, 20) AS n, generate_series(1, 3000) AS i GROUP BY n;
INSERT INTO damaged VALUES (21, '\x3a300000010000000000020010000000030002000100');
UPDATE pg_attribute SET atttypid = 'roaringbitmap'::regtype WHERE attrelid = 'damaged'::regclass AND attname = 'set';
CREATE FUNCTION resident() RETURNS bigint LANGUAGE sql AS
	$$SELECT (regexp_match(pg_read_file('/proc/self/status'), 'VmRSS:\s+(\d+)'))[1]::bigint$$;
CREATE FUNCTION fail(times int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	failures int := 0;
	statement text;
BEGIN
	FOR i IN 1 .. times LOOP
		FOREACH statement IN ARRAY ARRAY[
			'SELECT rb_or_agg(set) FROM damaged', 'SELECT rb_and_agg(set) FROM damaged', 'SELECT rb_xor_agg(set) FROM damaged',
			'SELECT rb_add(set, 1) FROM damaged ORDER BY id', 'SELECT rb_build_agg(100000 / (3000 - n)) FROM generate_series(1, 3000) AS n',
			'SELECT rb64_build_agg((n::bigint << 33) / (3000 - n)) FROM generate_series(1, 3000) AS n', 'SELECT rb_bsi_agg(n, 1 / (2000 - n)) FROM generate_series(1, 2000) AS n',
			'SELECT rb_iterate(set) FROM damaged', 'SELECT set::roaringbitmap64 FROM (SELECT set FROM damaged ORDER BY id) AS d', 'SELECT ''{1,2,x}''::roaringbitmap',
			'SELECT rb64_flip(rb64_fill(''{}'', 0, 1000000), 0, -1)', 'SELECT rb_to_array(rb_fill(''{}'', 0, 4294967296))',
			'SELECT 1 / (rb_cardinality(rb_or_agg(rb_fill(''{}'', n, 100000))) - 100000) FROM generate_series(0, 3) AS n'] LOOP
			BEGIN
				EXECUTE statement;
			EXCEPTION WHEN OTHERS THEN
				failures := failures + 1;
			END;
		END LOOP;
	END LOOP;
	RETURN failures;
END $$;
SQL
my $grown = $node->safe_psql('postgres', <<'SQL');
SELECT 'failures ' || fail(20);
SELECT resident() AS before \gset
SELECT 'failures ' || fail(150);
SELECT 'kilobytes ' || resident() - :before;
SQL
like($grown, qr/^failures 260\nfailures 1950\n/, 'every statement failed');
my ($kilobytes) = $grown =~ /kilobytes (-?\d+)/;
cmp_ok($kilobytes, '<', 2000, "1950 errors leave no memory behind ($kilobytes kB)");

# Work that would take long stops within a second of being asked to.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE thin AS SELECT rb64_build_agg(n::bigint << 32) AS set FROM generate_series(1, 1000) AS n;
CREATE TABLE many AS SELECT n, rb_build_agg((n * 7919 + i * i) % 100000000) AS set FROM generate_series(1, 1000) AS n, generate_series(1, 2000) AS i GROUP BY n;
SQL
for my $statement (
	'SELECT rb64_cardinality(rb64_flip(set, 0, 1001::bigint << 32)) FROM thin',
	"SELECT rb64_fill('{}', 0, 4900000000000)::bytea",
	"SELECT count(*) FROM rb64_iterate(rb64_fill('{}', 0, 4900000000000))",
	"SELECT rb64_shiftright(rb64_fill('{}', 0, 490000000000), 5) = '{}'",
	"SELECT rb64_fill('{}', 0, 490000000000) & rb64_fill('{}', 5, 490000000000) = '{}'",
	"SELECT rb64_fill('{}', 0, 490000000000)::text",
	"SELECT count(*) FROM rb_iterate(rb_fill('{}', 0, 4294967296))",
	"SET roaringbitmap.output_format = 'array'; SELECT rb_fill('{}', 0, 4294967296)::text",
	"SELECT rb_bsi_agg(n % 1000000, n) FROM generate_series(1, 100000000) AS n",
	'SELECT count(*) FROM many AS a, many AS b, many AS c WHERE rb_and_cardinality(a.set, b.set, c.set) > 5',
	'SELECT rb_or_agg(a.set) FROM many AS a, many AS b')
{
	my $begun = now();
	my ($out, $err);
	$node->psql('postgres', "SET statement_timeout = '200ms'; $statement", stdout => \$out, stderr => \$err);
	my $elapsed = now() - $begun;
	like($err, qr/canceling statement due to statement timeout/, "cancelled: $statement");
	cmp_ok($elapsed, '<', 1.2 + 0.5, sprintf('… within a second (%.2f s with starting psql)', $elapsed));
}

# A dump brings back values and indexes.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE kept (id int PRIMARY KEY, set roaringbitmap UNIQUE, wide roaringbitmap64, numbers rb_bsi);
INSERT INTO kept SELECT n, rb_build_agg(n * i), rb64_build_agg(n::bigint << i), rb_bsi_agg(i, n - i) FROM generate_series(1, 30) AS n, generate_series(1, 30) AS i GROUP BY n;
INSERT INTO kept VALUES (100, '{}', '{}', '{}'), (101, NULL, NULL, NULL), (102, rb_fill('{}', 100, 70000), rb64_fill('{}', -100000, 0), '{-1:-9223372036854775808,1:9223372036854775807}');
CREATE INDEX kept_elements ON kept USING gin (wide);
CREATE INDEX kept_hash ON kept USING hash (set);
CREATE TABLE fingerprint AS SELECT md5(string_agg(concat_ws('|', id, md5(set::bytea), md5(wide::bytea), md5(numbers::bytea)), ',' ORDER BY id)) AS of FROM kept;
SQL
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
system_or_bail('pg_dump', '-d', $node->connstr('postgres'), '-t', 'kept', '-t', 'fingerprint', '-f', $dump);
$node->safe_psql('postgres', 'CREATE DATABASE again');
$node->safe_psql('again', 'CREATE EXTENSION cdp');
system_or_bail('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('again'), '-f', $dump);
is( $node->safe_psql('again', <<'SQL'), "t|33|1", 'every value came back, and an index finds them');
SET enable_seqscan = off;
SELECT (SELECT md5(string_agg(concat_ws('|', id, md5(set::bytea), md5(wide::bytea), md5(numbers::bytea)), ',' ORDER BY id)) = f.of FROM kept), (SELECT count(*) FROM kept),
       (SELECT count(*) FROM kept WHERE wide @> -100000::bigint) FROM fingerprint AS f;
SQL

$node->stop;
done_testing();
