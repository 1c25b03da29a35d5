# The border between server and C++: every kind of failure comes out as an SQL error of the right kind, destructors
# run, a cancel ends a long loop, and errors leak nothing. CdpTest.pm says how to run this by hand.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $library = library_file('cdp_border_test');
-e $library or BAIL_OUT("$library is missing; build it with make border-test-module DESTDIR=\$CDP_DESTDIR");

my $node = new_cluster('border', "log_min_messages = fatal\n");
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION border_throw(text) RETURNS int AS 'cdp_border_test' LANGUAGE C STRICT;
CREATE FUNCTION border_living() RETURNS bigint AS 'cdp_border_test' LANGUAGE C;
CREATE FUNCTION border_destroyed() RETURNS bigint AS 'cdp_border_test' LANGUAGE C;
CREATE FUNCTION border_server_error() RETURNS int AS 'cdp_border_test' LANGUAGE C;
CREATE FUNCTION border_sql_error(text) RETURNS int AS 'cdp_border_test' LANGUAGE C STRICT;
CREATE FUNCTION border_nested(int, text) RETURNS int AS 'cdp_border_test' LANGUAGE C STRICT;
CREATE FUNCTION border_guard_in_guard() RETURNS int AS 'cdp_border_test' LANGUAGE C;
CREATE FUNCTION border_endless() RETURNS int AS 'cdp_border_test' LANGUAGE C;
CREATE FUNCTION border_catch(int) RETURNS int AS 'cdp_border_test' LANGUAGE C STRICT;
CREATE FUNCTION border_make_in() RETURNS bigint AS 'cdp_border_test' LANGUAGE C;
CREATE FUNCTION border_jsonb(jsonb) RETURNS jsonb AS 'cdp_border_test' LANGUAGE C STRICT;
CREATE FUNCTION border_jsonb_kind(jsonb) RETURNS text AS 'cdp_border_test' LANGUAGE C STRICT;
CREATE FUNCTION border_cursor_sum(int) RETURNS bigint AS 'cdp_border_test' LANGUAGE C STRICT;
CREATE TABLE border_log (what text);
-- Runs a command that fails, in this backend, and says how.
CREATE FUNCTION error_of(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
  EXECUTE command;
  RETURN 'no error';
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws('|', sqlstate, sqlerrm, detail, hint);
END $$;
SQL

sub answer { return $node->safe_psql('postgres', $_[0]) }
my $postmaster_start = answer('SELECT pg_postmaster_start_time()');

# Each kind of exception. The expected SQLSTATEs are those of the server's table of error codes.
my %sqlstate = (
	BadText => '22P02', BadBinary => '22P03', BadValue => '22023', OutOfRange => '22003',
	NotFound => '42704', Duplicate => '42710', InUse => '2BP01', State => '55000',
	Forbidden => '42501', Limit => '54000', Corrupt => 'XX001', Cancelled => '57014', Internal => 'XX000');
for my $kind (sort keys %sqlstate)
{
	is(answer("SELECT error_of('SELECT border_throw(''$kind'')')"),
		"$sqlstate{$kind}|message of $kind|detail of $kind|hint of $kind", "error of category $kind");
}
is(answer(q{SELECT error_of($$SELECT border_throw('bare')$$)}), '55000|only a message||', 'message alone');
is(answer(q{SELECT error_of($$SELECT border_throw('empty')$$)}), '55000|error||', 'not even a message');
is(answer(q{SELECT error_of($$SELECT border_throw('bad_alloc')$$)}), '53200|out of memory||', 'bad_alloc');
is(answer(q{SELECT error_of($$SELECT border_throw('exception')$$)}), 'XX000|a standard exception||', 'std::exception');
is(answer(q{SELECT error_of($$SELECT border_throw('int')$$)}), 'XX000|unexpected exception of unknown type||', 'int');
is(answer(q{SELECT error_of($$SELECT border_throw('bad_encoding')$$)}), '22P02|cut ?? here ?||',
	'bytes that are no text of the database do not reach the client');
my ($state, $said) = fails_with($node, "SELECT border_throw('Limit')");
is($state, '54000', 'uncaught, the client gets the SQLSTATE');
like($said, qr/message of Limit.*DETAIL:\s+detail of Limit.*HINT:\s+hint of Limit/s, 'and message, detail, hint');

# Server errors, through C++ frames and contexts that unwinding takes away.
my $server_error = 'CDP01|server says no|The detail of the server.|The hint of the server.';
is(answer(q{SELECT error_of('SELECT border_server_error()')}), $server_error, 'a server error keeps all its fields');
is(answer(q{SELECT error_of('SELECT border_server_error()') FROM generate_series(1, 3) OFFSET 2}), $server_error,
	'also the third in a row');
is(answer(q{SELECT error_of('SELECT border_guard_in_guard()')}), $server_error, 'a guard within a guard');
is(answer(q{SELECT error_of($$SELECT border_sql_error('SELECT 1 / 0')$$)}), '22012|division by zero||',
	'an error of SQL run from C++');
is(answer(q{SELECT error_of($$SELECT border_sql_error('SELECT public.border_sql_error(''SELECT public.border_throw(''''Corrupt'''')'')')$$)}),
	'XX001|message of Corrupt|detail of Corrupt|hint of Corrupt', 'a core error through two levels of SQL');
for my $kind ('Duplicate', 'server')
{
	my $expected = $kind eq 'server' ? $server_error : '42710|message of Duplicate|detail of Duplicate|hint of Duplicate';
	is(answer("SELECT error_of('SELECT border_nested($_, ''$kind'')')"), $expected, "$kind below $_ borders")
	  for (0, 1, 20);
}

# Destructors.
is(answer(<<'SQL'), "0|1|0|2|0|21|0|1|0|2", 'destructors run, whichever way a function is left');
SELECT border_destroyed() AS start \gset
SELECT error_of('SELECT border_throw(''int'')') \g /dev/null
SELECT border_living() AS l1, border_destroyed() - :start AS d1 \gset
SELECT error_of('SELECT border_server_error()') \g /dev/null
SELECT border_living() AS l2, border_destroyed() - :start - :d1 AS d2 \gset
SELECT error_of('SELECT border_nested(20, ''server'')') \g /dev/null
SELECT border_living() AS l3, border_destroyed() - :start - :d1 - :d2 AS d3 \gset
SELECT error_of('SELECT border_sql_error(''SELECT 1 / 0'')') \g /dev/null
SELECT border_living() AS l4, border_destroyed() - :start - :d1 - :d2 - :d3 AS d4 \gset
SELECT border_catch(2) \g /dev/null
SELECT border_living() AS l5, border_destroyed() - :start - :d1 - :d2 - :d3 - :d4 AS d5 \gset
SELECT concat_ws('|', :l1, :d1, :l2, :d2, :l3, :d3, :l4, :d4, :l5, :d5);
SQL
is(answer('SELECT border_make_in()'), 1, 'an object made in a memory context is destroyed with it');

# Cancel.
my $start = now();
($state, $said) = fails_with($node, "SET statement_timeout = '100ms'; SELECT border_endless()");
cmp_ok(now() - $start, '<', 1, 'a cancel ends an endless core loop within a second');
is($state, '57014', 'as a cancelled query');
is(answer(<<'SQL'), '0|1', 'and its destructors run');
SET statement_timeout = '100ms';
\set ON_ERROR_STOP 0
SELECT border_endless() \g /dev/null
SELECT border_living(), border_destroyed();
SQL

# Going on after an error.
is(answer('SELECT border_catch(10)'), 10, 'errors in subtransactions are caught, and the statement goes on');
is(answer('SELECT count(*), min(what) FROM border_log'), '2|kept', 'what failed is rolled back, what followed is kept');
is(answer('BEGIN; SELECT border_catch(3); ROLLBACK; SELECT count(*) FROM border_log') =~ s/^3\n//r, 2,
	'and goes with the transaction around');

# Values.
is(answer(q{SELECT border_jsonb('{"a": [1.50, -0, 1e3, "\u00e9", null, true, {}, []]}')}),
	answer(q{SELECT '{"a": [1.50, -0, 1e3, "\u00e9", null, true, {}, []]}'::jsonb}), 'jsonb goes there and back');
like(answer(<<'SQL'), qr/^54001\|/, 'jsonb too deep for the stack is refused');
CREATE TEMP TABLE deep AS SELECT (repeat('[', 4000) || repeat(']', 4000))::jsonb AS value;
SET max_stack_depth = '200kB';
SELECT error_of('SELECT border_jsonb_kind(value) FROM deep');
SQL
is(answer('SELECT border_cursor_sum(0)'), 1000, 'a cursor reads a query in pieces');
is(answer(q{SELECT error_of('SELECT border_cursor_sum(500)')}), '22012|division by zero||', 'an error in a cursor');

# Leaks: many errors of each kind in one backend.
my @failing = (
	[ 100_000, q{SELECT border_throw('Limit')} ],
	[ 100_000, q{SELECT border_server_error()} ],
	[ 20_000, q{SELECT border_nested(3, 'server')} ],
	[ 20_000, q{SELECT border_sql_error('SELECT 1 / 0')} ]);
for (@failing)
{
	my ($times, $call) = @$_;
	my $loop = sub {
		return 'DO $do$ BEGIN FOR i IN 1..' . $_[0] . ' LOOP BEGIN EXECUTE $call$' . $call
		  . '$call$; EXCEPTION WHEN OTHERS THEN END; END LOOP; END $do$;' . "\n";
	};
	my $measure = q{SELECT sum(total_bytes), split_part(pg_read_file('/proc/self/statm'), ' ', 2) FROM pg_backend_memory_contexts;} . "\n";
	my $out = answer($loop->(2000) . $measure . $loop->($times) . $measure);
	my ($before, $after) = map { [ split /\|/ ] } split /\n/, $out;
	cmp_ok($after->[0] - $before->[0], '<', 200_000, "$times times $call: memory contexts do not grow");
	cmp_ok(($after->[1] - $before->[1]) * 4096, '<', 3_000_000, "$times times $call: the process does not grow");
}

is(answer('SELECT pg_postmaster_start_time()'), $postmaster_start, 'the server is the one of the beginning');
is(answer('SELECT 1'), 1, 'and lives');
ok(!$node->log_contains('terminated by signal'), 'no backend died');
$node->stop;
done_testing();
