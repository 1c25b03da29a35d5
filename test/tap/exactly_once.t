# Writers of every kind at once (short, long, rolled back, by COPY), two connections that process, some of it rolled
# back, chunks in rotation: in the end exactly the committed events are there, each once, and the inbox is small.
# CdpTest.pm says how to run this by hand; CDP_SECONDS sets how long they write, CDP_SEED the seed.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{CDP_SECONDS} // 15;
my $seed = $ENV{CDP_SEED} // 20000101;
diag("seed $seed");

my $node = new_cluster('exactly', "max_connections = 40\nshared_buffers = 64MB\n");
sub answer { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }

# What a transaction sends it also writes here: the truth of what was committed.
answer(<<'SQL');
CREATE EXTENSION cdp;
CREATE SEQUENCE number;
CREATE TABLE sent (n bigint, who text, chunk smallint DEFAULT cdp_inbox_chunk());
CREATE FUNCTION send(events integer) RETURNS void LANGUAGE sql AS $$
    WITH e AS (INSERT INTO sent (n, who) SELECT n, 'u' || n % 200
               FROM (SELECT nextval('number') AS n FROM generate_series(1, events)) AS numbers RETURNING n, who)
    SELECT cdp_track(who, 'x', jsonb_build_object('n', n, 'pad', repeat('x', 600)), '2025-01-01'::timestamptz + n * interval '1 second') FROM e
$$;
-- In bulk, arrays of two among single ones.
CREATE FUNCTION send_by_copy(events integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    low bigint := 1000000000 + nextval('number') * 10000;
    one text := '{"userId": "c%.0f", "event": "x", "timestamp": "2025-01-01T00:00:00Z", "properties": {"n": %.0f}}';
BEGIN
    INSERT INTO sent (n, who) SELECT n, 'copied' FROM generate_series(low, low + events - 1) AS n;
    EXECUTE format('COPY cdp.inbox (payload) FROM PROGRAM %L', format(
        'seq %s %s | awk ''{ printf "%%s{\"userId\":\"c%%d\",\"event\":\"x\",\"timestamp\":\"2025-01-01T00:00:00Z\",\"properties\":{\"n\":%%d}}%%s\n", NR %% 5 ? "" : "[", $1 %% 100, $1, NR %% 5 ? "" : "]" }''',
        low, low + events - 1));
END $$;
INSERT INTO cdp.segment (name, rule) VALUES ('many', 'count(x) >= 300');
SQL

my %scripts = (
	one => "SELECT send(1);\n",
	some => "\\set n random(1, 30)\nSELECT send(:n);\n",
	undone => "BEGIN;\nSELECT send(10);\n\\sleep 5 ms\nSELECT send(10);\nROLLBACK;\n",
	partly => "BEGIN;\nSELECT send(3);\nSAVEPOINT s;\nSELECT send(5);\nROLLBACK TO s;\nSELECT send(2);\nCOMMIT;\n",
	long => "\\set ms random(1000, 5000)\nBEGIN;\nSELECT send(5);\n\\sleep :ms ms\nSELECT send(5);\nCOMMIT;\n",
	copy => "\\set n random(1, 3000)\nSELECT send_by_copy(:n);\n",
	process => "\\set n random(1, 20000)\nSELECT cdp_process(:n);\n",
	process_all => "SELECT cdp_process();\n",
	process_undone => "BEGIN;\nSELECT cdp_process(300);\nROLLBACK;\n");
my $folder = PostgreSQL::Test::Utils::tempdir();
for my $name (sort keys %scripts) { PostgreSQL::Test::Utils::append_to_file("$folder/$name.sql", $scripts{$name}) }
# How much of each, as pgbench weighs them; writers keep to a rate so that the batches get to run.
my @groups = (
	[ 4, 60, qw(one@10 some@4 undone@3 partly@3) ],
	[ 6, 4, qw(long) ],
	[ 2, 8, qw(copy) ],
	# Seldom enough for chunks to fill up in between.
	[ 2, 4, qw(process@6 process_all@2 process_undone@2) ]);
my @running;
for my $group (@groups)
{
	my ($clients, $rate, @weighted) = @$group;
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start(
		[ 'pgbench', '-n', '-h', $node->host, '-p', $node->port, '-c', $clients, '-T', $seconds, '-R', $rate,
			"--random-seed=$seed", (map { s/^(\w+)/$folder\/$1.sql/r } map { ('-f', $_) } @weighted), 'postgres' ],
		'<', \undef, '>', \$out, '2>', \$err);
	push @running, [ "@weighted", $run, \$out, \$err ];
}
for (@running)
{
	my ($name, $run, $out, $err) = @$_;
	ok($run->finish && $$out !~ /failed transactions: [1-9]/, "nothing failed in: $name") or diag("$$out$$err");
}

my ($rounds, $left) = (0, 1);
while ($left && $rounds++ < 100) { $left = answer('SELECT cdp_process(20000)') }
is($left, 0, 'all of it is taken in the end');

my $sent = answer('SELECT count(*) FROM sent');
cmp_ok($sent, '>', 5000, "$sent events were committed");
is(answer('SELECT count(DISTINCT chunk) FROM sent'), 3, 'they came by all chunks in rotation');
is(answer('SELECT count(*) FROM cdp.event'), $sent, 'as many are stored');
is(answer(q{SELECT count(*) FROM sent FULL JOIN (SELECT (properties->>'n')::bigint AS n FROM cdp.event) AS e USING (n)
	WHERE sent.n IS NULL OR e.n IS NULL}), 0, 'none is missing, and none is there that was rolled back');
is(answer(q{SELECT count(*) - count(DISTINCT properties->>'n') FROM cdp.event}), 0, 'each is there once');
is(answer('SELECT count(*) FROM cdp.dead_letter'), 0, 'no dead letters');
is(answer(q{SELECT (SELECT array_agg(u ORDER BY u) FROM cdp_segment_users('many') AS u) IS NOT DISTINCT FROM
	(SELECT array_agg(user_id ORDER BY user_id) FROM (SELECT user_id FROM cdp.event GROUP BY 1 HAVING count(*) >= 300) AS u)}),
	't', 'the segment has the members that SQL counts');
is(answer('SELECT sum(events) FROM cdp.session'), $sent, 'and the sessions all events');

# At rest the chunks that take nothing are empty, the one that does is small.
answer(q{SELECT cdp_track('u1', 'x')});
answer('SELECT cdp_process()');
cmp_ok(answer(q{SELECT sum(pg_relation_size(format('cdp.inbox_%s', c)::regclass)) FROM generate_series(0, 2) AS c}),
	'<=', 600_000, 'the inbox is small');
$node->stop;
done_testing();
