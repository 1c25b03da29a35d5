# Packed histories after many random steps: events in order and late, repeated ones, people who are found to be one, and
# packing, whole or some users only, of chunks of few events, also rolled back and while an older transaction is open. A plain
# table keeps what was sent. After each thousand steps the people who took part, after each fifty thousand all, have the
# same events, in the same order and sessions, by cdp.event, cdp_events() and the chunks themselves.
# CdpTest.pm says how to run this by hand; CDP_STEPS sets the number of steps, CDP_SEED the seed.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use List::Util qw(max min shuffle);
use PostgreSQL::Test::Utils;
use Test::More;

my $steps = $ENV{CDP_STEPS} // 20_000;
my $seed = $ENV{CDP_SEED} // 20000101;
srand $seed;
diag("seed $seed");
my $checked_steps = 1000; # between two looks at those who took part
my $epoch_steps = 50_000; # between two looks at all, after which mostly other people come
my $population = 250;
my $most_events = 8; # of a chunk at first, then 64

my $node = new_cluster('packing_steps', "max_prepared_transactions = 2\nlog_statement = none\njit = off\nmax_wal_size = 4GB\n");
sub answer { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }
my $folder = PostgreSQL::Test::Utils::tempdir();

# ---- What is expected ------------------------------------------------------------------------------------------
# sent: every event that counts, in the order of arrival, by the name that it was sent with; named: who has that name.
answer(<<'SQL');
CREATE EXTENSION cdp;
UPDATE cdp.identity_kind SET max_per_user = NULL;
CREATE TABLE sent (n bigint PRIMARY KEY, name text COLLATE "C" NOT NULL, ts timestamptz NOT NULL, event text NOT NULL, insert_id text,
    source text NOT NULL, properties jsonb NOT NULL, context jsonb NOT NULL, received_at timestamptz NOT NULL UNIQUE);
CREATE INDEX ON sent (name);
CREATE TABLE named (name text COLLATE "C" PRIMARY KEY, person integer NOT NULL);
CREATE INDEX ON named (person);
CREATE TABLE touched (person integer);

CREATE FUNCTION events_expected(people integer[])
RETURNS TABLE (person integer, ts timestamptz, n bigint, event text, insert_id text, source text, properties jsonb, context jsonb, received_at timestamptz, session_no bigint)
LANGUAGE sql STABLE AS $$
    SELECT person, ts, n, event, insert_id, source, properties, context, received_at,
           count(*) FILTER (WHERE coalesce(event = 'session_start' OR event_before = 'session_end' OR ts - ts_before > interval '30 minutes', true)) OVER history
    FROM (SELECT *, lag(event) OVER sorted AS event_before, lag(ts) OVER sorted AS ts_before
          FROM sent JOIN named USING (name) WHERE person = ANY (people) WINDOW sorted AS (PARTITION BY person ORDER BY ts, n)) AS s
    WINDOW history AS (PARTITION BY person ORDER BY ts, n)
$$;

-- Stops at the first difference. most: events of a chunk.
CREATE FUNCTION check_people(people integer[], most integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    differences text;
    users bigint[];
BEGIN
    -- Who is who: the names of a person are those of a user.
    CREATE TEMP TABLE IF NOT EXISTS who (person integer, user_no bigint);
    TRUNCATE who;
    INSERT INTO who SELECT DISTINCT person, user_no FROM named LEFT JOIN cdp.identity AS i
        ON (i.kind, i.value) = (CASE WHEN name LIKE 'u%' THEN 'user_id' ELSE 'anonymous_id' END, name) WHERE person = ANY (people);
    ANALYZE who;
    SELECT string_agg(w::text, ' ') INTO differences FROM (SELECT *, count(*) OVER (PARTITION BY person) AS users, count(*) OVER (PARTITION BY user_no) AS people FROM who) AS w
        WHERE w.users <> 1 OR w.people <> 1 OR user_no IS NULL;
    IF differences IS NOT NULL THEN RAISE 'persons and users: %', differences; END IF;
    SELECT array_agg(user_no) INTO users FROM who;

    CREATE TEMP TABLE IF NOT EXISTS expected (person integer, ts timestamptz, event text, insert_id text, source text, properties jsonb, context jsonb,
        received_at timestamptz, session_no bigint);
    CREATE TEMP TABLE IF NOT EXISTS actual (LIKE expected);
    TRUNCATE expected, actual;
    INSERT INTO expected SELECT e.person, e.ts, e.event, e.insert_id, e.source, e.properties, e.context, e.received_at, e.session_no FROM events_expected(people) AS e;
    INSERT INTO actual SELECT w.person, e.ts, e.event, e.insert_id, e.source, e.properties, e.context, e.received_at, e.session_no
        FROM cdp.event AS e JOIN who AS w USING (user_no) WHERE e.user_no = ANY (users);
    IF (SELECT (count(*), md5(string_agg(e::text, ' ' ORDER BY received_at))) FROM expected AS e)
       IS DISTINCT FROM (SELECT (count(*), md5(string_agg(a::text, ' ' ORDER BY received_at))) FROM actual AS a) THEN
        SELECT string_agg(d, E'\n' ORDER BY d) INTO differences FROM (
            SELECT 'expected ' || e::text AS d FROM (TABLE expected EXCEPT ALL TABLE actual) AS e
            UNION ALL SELECT 'actual   ' || a::text FROM (TABLE actual EXCEPT ALL TABLE expected) AS a ORDER BY 1 LIMIT 40) AS few;
        RAISE E'events differ:\n%', differences;
    END IF;
    -- Those of equal time as they arrived.
    SELECT string_agg(format('user %s at %s', user_no, ts), E'\n') INTO differences
    FROM (SELECT user_no, ts, received_at, lag(received_at) OVER (PARTITION BY user_no, ts ORDER BY arrival_no) AS before
            FROM (SELECT user_no, ts, arrival_no, received_at FROM cdp.unpacked_event WHERE user_no = ANY (users)
                UNION ALL SELECT t.user_no, d.ts, d.arrival_no, d.received_at FROM cdp.timeline AS t, cdp_timeline_details(t.timeline, t.properties) AS d
                WHERE t.user_no = ANY (users)) AS stored) AS e
    WHERE before >= received_at;
    IF differences IS NOT NULL THEN RAISE E'not in the order of arrival:\n%', differences; END IF;
    SELECT string_agg(fault, E'\n') INTO differences FROM (SELECT * FROM pg_temp.packing_faults_of(most, users) LIMIT 20) AS few;
    IF differences IS NOT NULL THEN RAISE E'chunks:\n%', differences; END IF;
    -- Nothing of anybody else.
    IF (SELECT count(*) FROM cdp.unpacked_event) + (SELECT coalesce(sum(t.n), 0) FROM cdp.timeline AS t) <> (SELECT count(*) FROM sent) THEN
        RAISE 'there are % recent and % packed events, expected are %', (SELECT count(*) FROM cdp.unpacked_event), (SELECT sum(t.n) FROM cdp.timeline AS t), (SELECT count(*) FROM sent);
    END IF;
    IF EXISTS (SELECT FROM cdp.dead_letter) OR EXISTS (SELECT FROM cdp.insert_id_conflict) THEN RAISE 'messages were refused'; END IF;
END $$;

-- cdp_events() of one person.
CREATE FUNCTION check_events_of(one text, since timestamptz, until timestamptz, wanted text, most integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    is_expected text;
    is_actual text;
BEGIN
    SELECT string_agg((e.ts, e.event, e.properties, e.context, e.insert_id, e.source, e.received_at)::text, E'\n' ORDER BY e.ts DESC, n DESC) INTO is_expected
    FROM (SELECT * FROM events_expected(ARRAY(SELECT person FROM named WHERE name = one)) AS e
          WHERE coalesce(e.ts >= since, true) AND coalesce(e.ts < until, true) AND coalesce(e.event = wanted, true) ORDER BY e.ts DESC, n DESC LIMIT most) AS e;
    SELECT string_agg(e::text, E'\n' ORDER BY ordinality) INTO is_actual
    FROM (SELECT (e.ts, e.event, e.properties, e.context, e.insert_id, e.source, e.received_at), ordinality FROM cdp_events(one, since, until, wanted, most) WITH ORDINALITY AS e) AS t (e, ordinality);
    IF is_expected IS DISTINCT FROM is_actual THEN
        RAISE E'cdp_events(%, %, %, %, %): expected\n%\nactual\n%', one, since, until, wanted, most, is_expected, is_actual;
    END IF;
END $$;
SQL
my $may_forget = answer(q{SELECT to_regprocedure('cdp_forget(text)') IS NOT NULL}) eq 't';

# ---- People and their messages -----------------------------------------------------------------------------------
# A person is a hash: names (of users, u…, and devices, a…), first and last (times in microseconds since 1970), times (some
# that it has), sent (some messages that may come again), is_crowded (all that it does happens at three instants).

my $minute = 60_000_000;
my $begin = 1_735_689_600_000_000;
my ($last_person, $last_name, $last_message) = (0, 0, 0);
my (@people, @earlier, %touched, %count);

sub gap
{
	return one_of(
		sub { int rand 20 * $minute }, sub { int rand 3 * 24 * 60 * $minute }, sub { 30 * $minute }, sub { 30 * $minute + 1 },
		sub { 30 * $minute - 1 }, sub { 1 + int rand 3 }, sub { 0 })->();
}

sub new_name { my ($kind) = @_; return $kind . ++$last_name }

sub somebody
{
	return one_of(@earlier) if @earlier && chance(0.03);
	return one_of(@people) if @people && !chance(0.05 + ($population - @people) / $population);
	my $start = $begin + int rand 10 * 24 * 60 * $minute;
	push @people, { number => ++$last_person, names => [ new_name(chance(0.7) ? 'u' : 'a') ], first => $start, last => $start, times => [], sent => [], is_new => 1,
		is_crowded => chance(0.2) };
	shift @people if @people > $population;
	return $people[-1];
}

sub user_name { my ($person) = @_; return (grep { /^u/ } @{ $person->{names} })[-1] }

# In order two times out of three, otherwise late: anywhere, or at or beside the time of another. Many are full hours or
# half days, where people meet who become one.
sub time_of_next
{
	my ($person) = @_;
	return $begin + 5 * 24 * 60 * $minute * int(rand 3) + one_of(0, 0, 0, 1) if $person->{is_crowded};
	my $time = time_near($person);
	return chance(0.4) ? $time - $time % (one_of(1, 12, 12, 120) * 60 * $minute) : $time;
}

sub time_near
{
	my ($person) = @_;
	my $known = $person->{times};
	return $person->{last} + gap() if !@$known || chance(0.65);
	return one_of(@$known) + one_of(0, 0, 0, 1, -1, 30 * $minute, -30 * $minute, 30 * $minute + 1) if chance(0.6);
	my $earliest = $person->{first} - 60 * $minute;
	return $earliest + int rand($person->{last} - $earliest);
}

sub properties
{
	my ($n) = @_;
	return qq({"n": $n}) if chance(0.6);
	return one_of('{}', qq({"n": "$n"}), '{"n": null, "price": ' . int(rand 1000) . '.50}', '{"tags": ["a", {"b": [1, 2.5, null]}], "n": true}',
		'{"text": "' . 'x' x int(rand 300) . '"}', qq({"p${\int rand 40}": $n, "long": 12345678901234567890.123}), '{"page": "/\u00e4/' . int(rand 50) . '", "": 1}');
}

# Makes two people one: all that the loser has is the winner's.
sub join_people
{
	my ($winner, $loser) = @_;
	push @{ $winner->{$_} }, @{ $loser->{$_} } for qw(names times sent);
	$winner->{first} = min($winner->{first}, $loser->{first});
	$winner->{last} = max($winner->{last}, $loser->{last});
	@people = grep { $_ != $loser } @people;
	@earlier = grep { $_ != $loser } @earlier;
	delete $touched{ $loser->{number} };
	return $touched{ $winner->{number} } = $winner;
}

# ---- Steps ---------------------------------------------------------------------------------------------------------

my (@script, @queued, @expected);

sub flush
{
	push @script, "COPY cdp.inbox (source, payload, received_at) FROM STDIN;\n", @queued, "\\.\n" if @queued;
	push @script, "COPY sent FROM STDIN;\n", @expected, "\\.\n" if @expected;
	@queued = @expected = ();
	return;
}

sub queue
{
	my ($source, $json, $received) = @_;
	$json =~ s/\\/\\\\/g;
	push @queued, join("\t", $source, $json, $received) . "\n";
	return;
}

sub received_at { return text_of_time($begin + 365 * 24 * 60 * $minute + ++$last_message) }

sub track
{
	my ($person, %also) = @_;
	my $name = $also{name} // one_of(@{ $person->{names} });
	my $received = received_at();
	my ($n, $time) = ($last_message, time_of_next($person));
	my $source = one_of(qw(segment segment sql));
	my $event = chance(0.04) ? one_of(qw(session_start session_end)) : one_of(qw(view view view cart buy), 'look ' . int rand 20);
	my ($properties, $context) = (properties($n), chance(0.8) ? '{}' : qq({"k": ${\int rand 5}, "ref": "r$n"}));
	my $id = chance(0.6) ? "m$n" : undef;
	my $device = $also{device} ? qq("anonymousId": "$also{device}", ) : '';
	my $json = '{"type": "track", "' . ($name =~ /^u/ ? 'userId' : 'anonymousId') . qq(": "$name", $device"event": "$event", "timestamp": ") . text_of_time($time)
		. '", ' . (defined $id ? qq("messageId": "$id", ) : '') . qq("properties": $properties, "context": $context});
	queue($source, $json, $received);
	(my $copied = $properties) =~ s/\\/\\\\/g;
	push @expected, join("\t", $n, $name, text_of_time($time), $event, $id // '\N', $source, $copied, $context, $received) . "\n";
	if (delete $person->{is_new}) { push @script, "INSERT INTO named VALUES ('$name', $person->{number});\n" }
	$person->{first} = min($person->{first}, $time);
	$person->{last} = max($person->{last}, $time);
	push @{ $person->{times} }, $time;
	push @{ $person->{sent} }, [ $source, $json ] if defined $id;
	for (@$person{qw(times sent)}) { splice @$_, int rand @$_, 1 while @$_ > 20 }
	$touched{ $person->{number} } = $person;
	$count{events}++;
	return;
}

sub repeat
{
	my $person = somebody();
	return track($person) if !@{ $person->{sent} };
	my ($source, $json) = @{ one_of(@{ $person->{sent} }) };
	queue($source, $json, received_at());
	$count{repetitions}++;
	return;
}

# By an alias, or by an event of a user on a device that was nobody's.
sub merge
{
	my ($winner, $loser) = (somebody(), somebody());
	return track($winner) if $winner == $loser || $winner->{is_new} || $loser->{is_new} || !defined user_name($winner);
	if (defined user_name($loser) || chance(0.3))
	{
		queue('segment', sprintf('{"type": "alias", "previousId": "%s", "userId": "%s", "timestamp": "%s"}', one_of(@{ $loser->{names} }), user_name($winner),
			text_of_time($winner->{last})), received_at());
	}
	else { track($winner, name => user_name($winner), device => one_of(@{ $loser->{names} })) }
	push @script, "UPDATE named SET person = $winner->{number} WHERE person = $loser->{number};\n";
	join_people($winner, $loser);
	$count{merges}++;
	return;
}

sub forget
{
	my $person = somebody();
	return track($person) if !$may_forget || $person->{is_new};
	flush();
	push @script, "SELECT cdp_process();\n", sprintf("SELECT cdp_forget('%s');\n", one_of(@{ $person->{names} })),
		"DELETE FROM sent USING named WHERE named.name = sent.name AND person = $person->{number};\nDELETE FROM named WHERE person = $person->{number};\n";
	@people = grep { $_ != $person } @people;
	@earlier = grep { $_ != $person } @earlier;
	delete $touched{ $person->{number} };
	$count{forgotten}++;
	return;
}

sub process { flush(); push @script, 'SELECT cdp_process(' . one_of('', 1 + int rand 50, 1 + int rand 50) . ");\n"; return }

sub chunk_events { return 'SET cdp.chunk_events = ' . one_of(2, 3, 5, $most_events, 2 + int rand($most_events - 1)) . ";\n" }

sub pack_some
{
	flush();
	push @script, "SELECT cdp_process();\n" if chance(0.5);
	push @script, chunk_events();
	push @script, 'SELECT cdp_pack(' . one_of('', map { 1 + int rand $_ } 3, 30, 300) . ");\n" for 1 .. 1 + int rand 3;
	$count{packings}++;
	return;
}

# What is done in one transaction, or undone.
my $is_open = 0;
sub transaction
{
	flush();
	if (chance(0.3))
	{
		push @script, "BEGIN;\n", chunk_events(), 'SELECT cdp_process(' . (1 + int rand 50) . ");\n", 'SELECT cdp_pack(' . one_of('', 1 + int rand 100) . ");\n", one_of("ROLLBACK;\n", "COMMIT;\n");
	}
	elsif ($is_open) { push @script, "COMMIT PREPARED 'old';\n"; $is_open = 0 }
	else { push @script, "BEGIN;\nSELECT pg_current_xact_id();\nPREPARE TRANSACTION 'old';\n"; $is_open = 1 }
	$count{transactions}++;
	return;
}

sub step
{
	my $which = rand;
	return $which < 0.90 ? track(somebody()) : $which < 0.93 ? repeat() : $which < 0.945 ? merge() : $which < 0.947 ? forget()
		: $which < 0.965 ? process() : $which < 0.99 ? pack_some() : transaction();
}

sub check
{
	my ($everybody) = @_;
	flush();
	push @script, "SELECT cdp_process();\n";
	for (1 .. 6)
	{
		my $person = somebody();
		next if $person->{is_new};
		my @bound = map { chance(0.4) ? "'" . text_of_time(@{ $person->{times} } ? one_of(@{ $person->{times} }) + one_of(0, 0, 1) : $person->{first}) . "'" : 'NULL' } 1 .. 2;
		push @script, sprintf("SELECT check_events_of('%s', %s, %s, %s, %s);\n", one_of(@{ $person->{names} }), @bound, one_of('NULL', 'NULL', "'view'", "'buy'"),
			one_of('NULL', 'NULL', 1, 1 + int rand 20));
	}
	push @script, 'SELECT check_people(' . ($everybody ? 'ARRAY(SELECT DISTINCT person FROM named)' : "'{" . join(', ', keys %touched) . "}'") . ", $most_events);\n";
	%touched = ();
	return;
}

# ---- All of it -------------------------------------------------------------------------------------------------------

sub run_script
{
	my ($name) = @_;
	my $file = "$folder/steps.sql";
	unlink $file;
	PostgreSQL::Test::Utils::append_to_file($file, join('', packing_faults(), @script));
	@script = ();
	my ($out, $err) = ('', '');
	my $is_done = IPC::Run::run([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-o', '/dev/null', '-f', $file ], '<', \undef, '>', \$out, '2>', \$err);
	$err =~ s/^.*NOTICE:.*\n//mg;
	is($err, '', $name) if !$is_done || $err ne '';
	return $is_done && $err eq '';
}

my $started = now();
my $done = 0;
my $is_right = 1;
while ($is_right && $done < $steps)
{
	# What one connection has learned another has not.
	for (1 .. one_of(1, 1, 3))
	{
		last if $done >= $steps;
		step() for 1 .. min($checked_steps, $steps - $done);
		$done += $checked_steps;
		$most_events = 64 if $done >= $steps / 3;
		# As if these messages lay further back than the horizon: their users' events know them.
		push @script, "TRUNCATE cdp.insert_id;\n" if chance(0.2);
		my $is_end = $done % $epoch_steps == 0 || $done >= $steps;
		check($is_end);
		next if !$is_end;
		@earlier = (shuffle(@earlier, grep { !$_->{is_new} } @people))[ 0 .. min(999, @earlier + (grep { !$_->{is_new} } @people) - 1) ];
		@people = ();
	}
	$is_right = run_script("steps up to $done");
	diag(sprintf '%d steps, %.0f s', $done, now() - $started) if $done % $epoch_steps == 0;
}
diag(sprintf '%d steps, %.1f s: %s', $done, now() - $started, join ', ', map { "$count{$_} $_" } sort keys %count);
ok($is_right, "after each of $done steps everybody has the events that were sent");
if ($is_right)
{
	cmp_ok(answer('SELECT count(*) FROM cdp.timeline'), '>', $steps / 100, 'many are packed');
	answer(q{COMMIT PREPARED 'old'}) if $is_open;
	answer('SELECT cdp_pack()') for 1 .. 3;
	is(answer('SELECT count(*) FROM cdp.recent_event'), 0, 'in the end all are');
	push @script, "SELECT check_people(ARRAY(SELECT DISTINCT person FROM named), 512);\n";
	ok(run_script('at the end'), 'which changes nothing that is seen');
}
$node->stop;
done_testing();
