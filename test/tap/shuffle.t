# What is known of people does not depend on the order in which messages arrive. 1,000 rounds of random messages
# of a few people, each sent as it comes (shuffled, repeated, late, in batches cut at random) and once more in the
# order of their times, are compared with what plain SQL makes of the raw messages: who is who, traits, times,
# events, sessions. Where arrival decides (several users of a device, circular aliases, insert ids that are used
# twice), the order is kept, and SQL goes through it message by message.
# CdpTest.pm says how to run this by hand; CDP_SEED sets the seed, CDP_ROUNDS the number of rounds.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use List::Util qw(max min shuffle);
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = $ENV{CDP_ROUNDS} // 1000;
my $seed = $ENV{CDP_SEED} // 20000101;
srand $seed;
diag("seed $seed");

# ---- Messages ------------------------------------------------------------------------------------------------
# One is a hash: kind (track, page, identify, alias), source, user, device, previous (ids without the prefix of
# their round), id (the insert id), event, time (microseconds since 1970), content (JSON text of properties or
# traits), session (the caller's id), url.

my $minute = 60_000_000;
my @nobody = ('', 'null', 'undefined', 'anonymous', '0', '-1', '00000000-0000-0000-0000-000000000000');

# Time goes on by seconds, by days, and often by about the timeout of sessions.
sub gap
{
	return one_of(
		sub { int rand 20 * $minute }, sub { int rand 90 * $minute }, sub { int rand 3 * 24 * 60 * $minute },
		sub { 30 * $minute }, sub { 30 * $minute + 1 }, sub { 30 * $minute - 1 }, sub { 15 * $minute },
		sub { 10 * $minute }, sub { 1 + int rand 3 })->();
}

sub properties
{
	return one_of('{}', '{"n": ' . int(rand 1000) . '}', '{"price": ' . int(rand 100) . '.10, "tags": ["a", {"b": null}]}');
}

sub traits
{
	my @value = ('null', 'null', '"text"', int(rand 100), '1.50', 'true', '[1, 2]', '{"city": "Oslo", "zip": null}');
	return '{' . join(', ', map { qq("$_": ) . one_of(@value) } grep { chance(0.5) } qw(plan age email address)) . '}';
}

my $ties = 0; # the share of events that happen at the instant of another, in this round
my $bounded = 0; # the share of events that begin or end sessions

# The clocks of a round: those who are one person share one, so that gaps fall between messages of several ids.
sub new_clocks { my ($count) = @_; return [ map { 1_735_689_600_000_000 + int rand(10 * 24 * 60 * $minute) } 1 .. $count ] }

# A message's time: later than the last of that clock, sometimes the same. Only events share an instant: which of two
# traits of one instant is the newer is nobody's to say.
sub next_time
{
	my ($clocks, $which, $used, $is_event) = @_;
	my $time = $clocks->[$which] + ($is_event && chance($ties) ? 0 : gap());
	if (!$is_event || !$ties) { $time++ while $used->{$time} }
	$time++ while ($used->{$time} // '') eq 'traits';
	$used->{$time} = $is_event ? 'event' : 'traits';
	return $clocks->[$which] = $time;
}

sub event_or_traits
{
	my ($clocks, $which, $used, %of_whom) = @_;
	my $is_event = chance(0.75);
	my $message = { %of_whom, source => one_of(qw(segment segment sql)), time => next_time($clocks, $which, $used, $is_event) };
	if ($is_event)
	{
		$message->{event} = one_of(qw(view view cart purchase));
		@$message{qw(kind event)} = qw(page page) if $message->{source} eq 'segment' && chance(0.15);
		$message->{kind} //= 'track';
		$message->{content} = properties();
		$message->{event} = one_of(qw(session_start session_end)) if $message->{kind} eq 'track' && chance($bounded);
		$message->{url} = '/' . one_of('a' .. 'e') if chance(0.4);
	}
	else
	{
		@$message{qw(kind content)} = ('identify', traits());
	}
	return $message;
}

# A caller numbers its sessions one after the other; some messages carry no number, some an old one.
sub give_session_ids
{
	my ($of, @messages) = @_;
	my %last;
	for my $message (sort { $a->{time} <=> $b->{time} } @messages)
	{
		my $who = $of->{ $message->{user} // $message->{device} };
		$last{$who} += chance(0.2) if $message->{kind} ne 'alias';
		$message->{session} = 's' . max(0, $last{$who} - chance(0.1)) if chance(0.6);
	}
	return;
}

# Messages whose outcome no order changes. Users that are aliased are a tree; a device is tied to one user, or to
# several of one tree, or to none.
sub any_order
{
	my @users = map { "u$_" } 1 .. 2 + int rand 5;
	my @devices = map { "a$_" } 1 .. 2 + int rand 3;
	my (%group, @groups, @messages, %used);
	my $clocks = new_clocks(@users + @devices);
	for my $user (@users)
	{
		my $which = @groups && chance(0.35) ? int rand @groups : scalar @groups;
		if ($groups[$which])
		{
			push @messages, { kind => 'alias', source => one_of(qw(segment sql)), previous => $user,
				user => one_of(@{ $groups[$which] }), time => next_time($clocks, $which, \%used, 0) };
		}
		push @{ $groups[$which] }, $user;
		$group{$user} = $which;
	}
	for my $device (@devices)
	{
		if (chance(0.25)) { $group{$device} = @groups; push @groups, [] }
		else { $group{$device} = int rand grep { @$_ } @groups }
		# Of several users the name would depend on which is aliased first.
		my ($user, @others) = @{ $groups[ $group{$device} ] };
		if ($user && !@others && chance(0.3))
		{
			push @messages, { kind => 'alias', source => one_of(qw(segment sql)), previous => $device, user => $user,
				time => next_time($clocks, $group{$device}, \%used, 0) };
		}
	}
	for (1 .. max(1, 5 + int(rand 36) - @messages))
	{
		my %of_whom;
		if (chance(0.45)) { $of_whom{user} = one_of(@users) }
		else
		{
			$of_whom{device} = one_of(@devices);
			my @of = @{ $groups[ $group{ $of_whom{device} } ] };
			$of_whom{user} = one_of(@of) if @of && chance(0.4);
		}
		push @messages, event_or_traits($clocks, $group{ $of_whom{user} // $of_whom{device} }, \%used, %of_whom);
	}
	give_session_ids(\%group, @messages) if chance(0.4);
	return @messages;
}

# Messages of which the order is kept: every device may be anybody's, every id that was seen aliased to every user.
sub kept_order
{
	my @users = map { "u$_" } 1 .. 2 + int rand 5;
	my @devices = map { "a$_" } 1 .. 2 + int rand 3;
	my %used;
	my $clocks = new_clocks(3);
	my @messages;
	for (1 .. 5 + int rand 36)
	{
		my $which = int rand @$clocks;
		if (chance(0.06))
		{
			push @messages, { kind => 'alias', source => one_of(qw(segment sql)), previous => one_of(@users, @devices),
				user => one_of(@users), time => next_time($clocks, $which, \%used, 0) };
			next;
		}
		my %of_whom;
		$of_whom{user} = one_of(@users) if chance(0.5);
		$of_whom{device} = one_of(@devices) if !$of_whom{user} || chance(0.4);
		push @messages, event_or_traits($clocks, $which, \%used, %of_whom);
	}
	give_session_ids({ map { $_ => $_ } @users, @devices }, @messages) if chance(0.4);
	return shuffle(@messages);
}

# Insert ids for most of them. An id is of one source: the same one in another source is another message.
sub give_insert_ids
{
	my (@messages) = @_;
	my $number = 0;
	my %next = (segment => 0, sql => 0);
	for my $message (@messages) { $message->{id} = 'm' . $next{ $message->{source} }++ if chance(0.7) }
	return;
}

# A device is aliased after it was seen, by a message that counts.
sub without_early_aliases
{
	my (@messages) = @_;
	my (%is_seen, %is_used, @kept);
	for my $message (@messages)
	{
		next if ($message->{previous} // '') =~ /^a/ && !$is_seen{ $message->{previous} };
		push @kept, $message;
		next if $message->{id} && $is_used{"$message->{source} $message->{id}"}++;
		$is_seen{ $message->{device} } = 1 if $message->{device};
	}
	return @kept;
}

# Ids that are none beside those that are.
sub add_nobody
{
	my (@messages) = @_;
	for my $message (grep { $_->{kind} ne 'alias' && chance(0.05) } @messages)
	{
		$message->{ $message->{user} ? 'device' : 'user' } //= one_of(@nobody);
	}
	return;
}

# ---- Sending -------------------------------------------------------------------------------------------------
# Streams of messages, each the order of arrival in its round; `is_kept`: arrival decides.

my @streams;
for my $round (1 .. $rounds)
{
	my $is_kept = chance(0.2);
	$ties = one_of(0, 0.1, 0.3);
	$bounded = one_of(0, 0, 0.1, 0.3);
	if (!$is_kept)
	{
		my @messages = any_order();
		give_insert_ids(@messages);
		add_nobody(@messages);
		push @messages, { kind => 'track', source => 'segment', user => one_of(@nobody), event => 'view', content => '{}',
			time => $messages[0]{time} } if chance(0.05);
		my @repeated = map { my $message = $_; ($message) x int rand 3 } grep { $_->{id} && chance(0.2) } @messages;
		push @streams, { round => "r$round.", messages => [ shuffle(@messages, @repeated) ] },
			{ round => "o$round.", messages => [ sort { $a->{time} <=> $b->{time} } @messages ] };
	}
	else
	{
		my @messages = kept_order();
		give_insert_ids(@messages);
		add_nobody(@messages);
		# The id of one on another: the first counts, all of the second is dropped.
		for my $message (grep { $_->{id} && chance(0.1) } @messages) { $message->{id} = one_of(grep { $_ } map { $_->{id} } @messages) }
		push @streams, { round => "k$round.", messages => [ without_early_aliases(@messages) ], is_kept => 1 };
	}
}

sub with_prefix
{
	my ($prefix, $id) = @_;
	return undef if !defined $id;
	return (grep { $_ eq $id } @nobody) ? $id : "$prefix$id";
}

sub json_of
{
	my ($prefix, $message) = @_;
	my %field = (type => $message->{kind}, userId => with_prefix($prefix, $message->{user}), anonymousId => with_prefix($prefix, $message->{device}),
		previousId => with_prefix($prefix, $message->{previous}), messageId => with_prefix($prefix, $message->{id}),
		event => $message->{kind} eq 'track' ? $message->{event} : undef, timestamp => text_of_time($message->{time}));
	my @context = ((map { qq("session_id": "$_") } grep { defined } $message->{session}), (map { qq("page": {"url": "$_"}) } grep { defined } $message->{url}));
	return '{' . join(', ', (map { qq("$_": "$field{$_}") } grep { defined $field{$_} } sort keys %field),
		(defined $message->{content} ? ($message->{kind} eq 'identify' ? '"traits": ' : '"properties": ') . $message->{content} : ()),
		(@context ? '"context": {' . join(', ', @context) . '}' : ())) . '}';
}

sub quoted { my ($text) = @_; return defined $text ? "'$text'" : 'NULL' }

# Statements that queue these, one after the other: by rows of the inbox, arrays among them, and by the functions.
sub statements_for
{
	my (@sent) = @_;
	my (@statements, @rows);
	my $flush = sub {
		push @statements, 'INSERT INTO cdp.inbox (source, payload) VALUES ' . join(",\n", @rows) . ";\n" if @rows;
		@rows = ();
	};
	while (@sent)
	{
		my ($prefix, $message) = @{ $sent[0] };
		my @ids = map { quoted(with_prefix($prefix, $_)) } @$message{qw(user device id)};
		my $is_named = !grep { defined $_ && !/^[ua]\d/ } @$message{qw(user device)};
		if ($message->{source} eq 'sql' && $message->{kind} ne 'alias' && $is_named && chance(0.3)
			&& ($message->{kind} eq 'track' || $message->{user} && !$message->{id} && !$message->{session}))
		{
			$flush->();
			my $time = quoted(text_of_time($message->{time}));
			my ($context) = json_of($prefix, $message) =~ /"context": (.*)\}$/;
			push @statements, $message->{kind} eq 'track'
				? "SELECT cdp_track($ids[0], '$message->{event}', '$message->{content}', $time, $ids[2], $ids[1], " . quoted($context // '{}') . ");\n"
				: "SELECT cdp_identify($ids[0], '$message->{content}', $ids[1], $time);\n";
			shift @sent;
			next;
		}
		my $count = 1;
		if (chance(0.1))
		{
			my $limit = min(scalar @sent, 1 + int rand 8);
			$count++ while $count < $limit && $sent[$count][1]{source} eq $message->{source};
		}
		my @payloads = map { json_of(@$_) } splice @sent, 0, $count;
		my $payload = $count > 1 ? '[' . join(', ', @payloads) . ']' : $payloads[0];
		if (chance(0.05)) { $flush->(); push @statements, "SELECT cdp_ingest('$payload', '$message->{source}');\n" }
		else { push @rows, "('$message->{source}', '$payload')" }
	}
	$flush->();
	return @statements;
}

# A few rounds at a time are mixed, their messages queued by several transactions and taken by several batches.
my (@script, @raw);
my @waiting = shuffle(@streams);
while (@waiting)
{
	my @mixed = splice @waiting, 0, 1 + int rand 60;
	my @left = map { [ @{ $_->{messages} } ] } @mixed;
	my @arriving;
	for my $which (shuffle(map { ($_) x @{ $left[$_] } } 0 .. $#mixed))
	{
		my $message = shift @{ $left[$which] };
		push @arriving, [ $mixed[$which]{round}, $message ];
		push @raw, [ scalar @raw, $mixed[$which]{round}, $mixed[$which]{is_kept} ? 't' : 'f', @$message{qw(kind source)},
			(map { with_prefix($mixed[$which]{round}, $_) } @$message{qw(user device previous id)}),
			@$message{qw(event)}, text_of_time($message->{time}), @$message{qw(content session url)} ];
	}
	while (my @slice = splice @arriving, 0, 1 + int rand 200)
	{
		my $is_one = chance(0.2);
		push @script, "BEGIN;\n" if $is_one;
		push @script, statements_for(@slice);
		push @script, 'SELECT cdp_process(' . one_of('', 1, 1 + int rand @slice, 1 + int rand @slice) . ");\n" for 1 .. int rand 4;
		push @script, 'SET cdp.chunk_events = ' . one_of(2, 3, 5, 20, 512) . ";\nSELECT cdp_pack();\n" if chance(0.3);
		push @script, "SELECT check_days();\n" if chance(0.04);
		push @script, "COMMIT;\n" if $is_one;
		push @script, "BEGIN;\nSELECT cdp_pack();\nROLLBACK;\n" if chance(0.05);
		push @script, "BEGIN;\nSELECT cdp_process(" . (1 + int rand 50) . ");\nROLLBACK;\n" if chance(0.05);
	}
}

my $folder = PostgreSQL::Test::Utils::tempdir();
PostgreSQL::Test::Utils::append_to_file("$folder/send.sql", join('', @script));
PostgreSQL::Test::Utils::append_to_file("$folder/raw.tsv", join('', map { join("\t", map { $_ // '\N' } @$_) . "\n" } @raw));

my $node = new_cluster('shuffle');
sub answer { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }
answer('CREATE EXTENSION cdp');
# Which users did what on which day, as the view has it and as plain SQL over cdp.event. It is an error where they differ.
answer(<<'SQL');
CREATE TABLE checked (at timestamptz DEFAULT clock_timestamp(), days bigint);
CREATE FUNCTION check_days() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    difference text;
BEGIN
    WITH expected AS (SELECT event, (ts AT TIME ZONE 'UTC')::date AS day, array_agg(DISTINCT user_no::integer ORDER BY user_no::integer) AS users FROM cdp.event GROUP BY 1, 2),
        actual AS (SELECT event, day, rb_to_array(users) AS users FROM cdp.event_day)
    SELECT string_agg(d, E'\n') INTO difference
    FROM (SELECT 'missing ' || m::text FROM (TABLE expected EXCEPT ALL TABLE actual) AS m UNION ALL SELECT 'invented ' || i::text FROM (TABLE actual EXCEPT ALL TABLE expected) AS i LIMIT 10) AS all_of_them (d);
    IF difference IS NOT NULL THEN RAISE EXCEPTION 'cdp.event_day is wrong: %', difference; END IF;
    INSERT INTO checked (days) SELECT count(*) FROM cdp.event_day;
END $$;
SQL
my $begin = now();
$node->command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-o', '/dev/null', '-f', "$folder/send.sql" ],
	scalar(@raw) . ' messages are sent, and processed in between');
my $left = 1;
for (1 .. 100) { last if !($left = answer('SELECT cdp_process(5000)')) }
is($left, 0, 'all of them are taken in the end');
diag(sprintf '%d messages of %d rounds, %.1f s', scalar @raw, $rounds, now() - $begin);

# ---- What plain SQL makes of the raw messages ------------------------------------------------------------------

my @nobody_list = join ', ', map { quoted($_) } @nobody;
answer(<<"SQL");
CREATE TABLE sent (n integer PRIMARY KEY, round text, is_kept boolean, kind text, source text, user_id text COLLATE "C",
    anonymous_id text COLLATE "C", previous_id text COLLATE "C", insert_id text, event text, ts timestamptz, content jsonb, session_id text, url text);
COPY sent FROM '$folder/raw.tsv';
-- What counts: messages of somebody, of each source's insert id the first. person is to be found.
CREATE TABLE heard AS
    SELECT DISTINCT ON (source, coalesce(insert_id, 'none ' || n)) s.*, NULL::text COLLATE "C" AS person
    FROM (SELECT n, round, is_kept, kind, source,
                 CASE WHEN user_id NOT IN (@nobody_list) THEN user_id END AS user_id,
                 CASE WHEN anonymous_id NOT IN (@nobody_list) THEN anonymous_id END AS anonymous_id,
                 previous_id, insert_id, event, ts, content, session_id, url FROM sent) AS s
    WHERE user_id IS NOT NULL OR anonymous_id IS NOT NULL
    ORDER BY source, coalesce(insert_id, 'none ' || n), n;
ALTER TABLE heard ADD PRIMARY KEY (n);
CREATE INDEX ON heard (person);
ANALYZE heard;
-- Ids and whose they are; a person is called by the first of its ids in the alphabet.
CREATE TABLE owner (id text COLLATE "C" PRIMARY KEY, person text COLLATE "C");
CREATE TABLE named (person text COLLATE "C" PRIMARY KEY, user_id text);
SQL

# Where no order matters: those are one who are connected. An alias leads to the name that stays.
answer(<<'SQL');
CREATE TABLE tie AS
    SELECT DISTINCT x, y FROM heard, LATERAL (VALUES (user_id, anonymous_id), (previous_id, user_id)) AS t (a, b),
        LATERAL (VALUES (a, b), (b, a)) AS both_ways (x, y) WHERE NOT is_kept AND a IS NOT NULL AND b IS NOT NULL;
CREATE INDEX ON tie (x);
ANALYZE tie;
WITH RECURSIVE connected AS (
    SELECT id, id AS other FROM heard, LATERAL (VALUES (user_id), (anonymous_id), (previous_id)) AS ids (id) WHERE NOT is_kept AND id IS NOT NULL
    UNION SELECT id, y FROM connected JOIN tie ON x = other)
INSERT INTO owner SELECT id, min(other) FROM connected GROUP BY id;
UPDATE heard SET person = owner.person FROM owner WHERE id = coalesce(user_id, anonymous_id) AND NOT is_kept;
INSERT INTO named SELECT person, max(id) FILTER (WHERE id LIKE '%.u%' AND id NOT IN (SELECT previous_id FROM heard WHERE kind = 'alias'))
    FROM owner GROUP BY person;
SQL

# Where arrival decides: one message after the other.
answer(<<'SQL');
CREATE FUNCTION follow_arrival() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    m heard;
    of_user text;
    of_other text;
BEGIN
    FOR m IN SELECT * FROM heard WHERE is_kept ORDER BY n LOOP
        SELECT person INTO of_user FROM owner WHERE id = m.user_id;
        SELECT person INTO of_other FROM owner WHERE id = coalesce(m.previous_id, m.anonymous_id);
        -- A device that nobody has claimed becomes the new user's with all that it did.
        IF of_user IS NULL AND m.kind <> 'alias' AND (SELECT user_id IS NULL FROM named WHERE person = of_other) THEN
            of_user := of_other;
            UPDATE named SET user_id = m.user_id WHERE person = of_other AND m.user_id IS NOT NULL;
        END IF;
        IF of_user IS NULL AND m.user_id IS NULL THEN of_user := of_other; END IF;
        IF of_user IS NULL THEN
            of_user := 'person ' || m.n;
            INSERT INTO named VALUES (of_user, m.user_id);
        END IF;
        IF m.user_id IS NOT NULL THEN
            INSERT INTO owner VALUES (m.user_id, of_user) ON CONFLICT DO NOTHING;
        END IF;
        -- An alias merges whom it names; a device is merged if it is nobody's, else handed over.
        IF of_other <> of_user AND (m.kind = 'alias' OR (SELECT user_id IS NULL FROM named WHERE person = of_other)) THEN
            UPDATE owner SET person = of_user WHERE person = of_other;
            UPDATE heard SET person = of_user WHERE person = of_other;
            DELETE FROM named WHERE person = of_other;
        END IF;
        IF coalesce(m.previous_id, m.anonymous_id) IS NOT NULL THEN
            INSERT INTO owner VALUES (coalesce(m.previous_id, m.anonymous_id), of_user) ON CONFLICT (id) DO UPDATE SET person = of_user;
        END IF;
        UPDATE heard SET person = of_user WHERE n = m.n;
    END LOOP;
    -- Called by the first of their ids, as above.
    UPDATE heard SET person = first FROM (SELECT person AS was, min(id) AS first FROM owner GROUP BY 1) AS f WHERE person = was AND is_kept;
    UPDATE named SET person = first FROM (SELECT person AS was, min(id) AS first FROM owner GROUP BY 1) AS f WHERE person = was;
    UPDATE owner SET person = first FROM (SELECT person AS was, min(id) AS first FROM owner GROUP BY 1) AS f WHERE person = was;
END $$;
SELECT follow_arrival();
SQL

# A person's events in their order, of one instant as they arrived, and which session each is in.
answer(<<'SQL');
CREATE FUNCTION sessions() RETURNS TABLE (message integer, session_no bigint) LANGUAGE plpgsql AS $$
DECLARE
    e record;
    whose text;
    last_ts timestamptz;
    has_ended boolean;
    run_id text;
BEGIN
    FOR e IN SELECT n, person, ts, session_id, event = 'session_start' AS starts, event = 'session_end' AS ends FROM heard
             WHERE event IS NOT NULL ORDER BY person, ts, n LOOP
        IF e.person IS DISTINCT FROM whose THEN
            session_no := 1;
            run_id := NULL;
        ELSIF coalesce(run_id <> e.session_id, e.starts OR has_ended OR e.ts - last_ts > interval '30 minutes') THEN
            session_no := session_no + 1;
            run_id := NULL;
        END IF;
        run_id := coalesce(run_id, e.session_id);
        message := e.n;
        RETURN NEXT;
        whose := e.person;
        last_ts := e.ts;
        has_ended := e.ends;
    END LOOP;
END $$;
CREATE TABLE in_session AS SELECT heard.*, session_no, row_number() OVER (PARTITION BY person ORDER BY ordinality) AS place
    FROM sessions() WITH ORDINALITY JOIN heard ON n = message;
ANALYZE;
SQL

# Both sides of each comparison; every row begins with its round and its person.
answer(<<"SQL");
-- What an alias names before anybody saw it is kept as a user's id and as a device's; these tests know which it is.
CREATE TABLE who AS SELECT value COLLATE "C" AS id, user_no, min(value COLLATE "C") OVER (PARTITION BY user_no) AS person FROM cdp.identity
    WHERE kind = CASE WHEN value LIKE '%.u%' THEN 'user_id' ELSE 'anonymous_id' END;
CREATE TABLE person AS SELECT DISTINCT user_no, person FROM who;
CREATE FUNCTION round_of(id text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT substring(id FROM ''^[^.]*.'')';

CREATE VIEW expected_ids AS SELECT round_of(person) AS round, person, id FROM owner;
CREATE VIEW actual_ids AS SELECT round_of(person) AS round, person, id FROM who;

CREATE VIEW expected_profiles AS
    SELECT round_of(person) AS round, person, user_id, first_seen, last_seen, coalesce(traits, '{}') AS traits
    FROM named JOIN (SELECT person, min(ts) AS first_seen, max(ts) AS last_seen FROM heard GROUP BY 1) AS seen USING (person)
    LEFT JOIN (SELECT person, jsonb_object_agg(key, value) AS traits
               FROM (SELECT DISTINCT ON (person, key) person, key, value FROM heard, jsonb_each(content) WHERE kind = 'identify'
                     ORDER BY person, key, ts DESC, n DESC) AS newest WHERE value <> 'null' GROUP BY 1) AS t USING (person);
CREATE VIEW actual_profiles AS
    SELECT round_of(person) AS round, person, user_id, first_seen, last_seen, traits FROM cdp.profile LEFT JOIN person USING (user_no);

CREATE VIEW expected_events AS
    SELECT round_of(person) AS round, person, named.user_id, ts, event, insert_id, source, content AS properties, session_no
    FROM in_session JOIN named USING (person);
CREATE VIEW actual_events AS
    SELECT round_of(person) AS round, person, user_id, ts, event, insert_id, source, properties, session_no FROM cdp.event LEFT JOIN person USING (user_no);

CREATE VIEW expected_sessions AS
    SELECT round_of(person) AS round, person, session_no, min(ts) AS started_at, max(ts) AS ended_at, max(ts) - min(ts) AS duration,
           count(*) AS events, count(*) = 1 AS bounce, (array_agg(event ORDER BY place))[1] AS landing_event,
           (array_agg(event ORDER BY place DESC))[1] AS exit_event, (array_agg(url ORDER BY place) FILTER (WHERE url IS NOT NULL))[1] AS landing_page,
           (array_agg(url ORDER BY place DESC) FILTER (WHERE url IS NOT NULL))[1] AS exit_page,
           (array_agg(session_id ORDER BY place) FILTER (WHERE session_id IS NOT NULL))[1] AS session_id
    FROM in_session GROUP BY person, session_no;
CREATE VIEW actual_sessions AS
    SELECT round_of(person) AS round, person, session_no, started_at, ended_at, duration, events, bounce, landing_event, exit_event,
           landing_page, exit_page, session_id
    FROM cdp.session LEFT JOIN person USING (user_no);
SQL

# ---- Comparing -------------------------------------------------------------------------------------------------

my %failed;
my %names = (ids => 'the same ids belong together', profiles => 'profiles have the same user ids, traits and times',
	events => 'everybody has the same events', sessions => 'and the same sessions');
for my $what (qw(ids profiles events sessions))
{
	cmp_ok(answer("SELECT count(*) FROM expected_$what"), '>', 2 * $rounds, "there is what to compare: $what");
	my $differences = answer(<<"SQL");
SELECT string_agg(difference, E'\\n' ORDER BY difference) FROM (
    SELECT coalesce(round, 'nobody''s ') || ' expected ' || e::text AS difference FROM (TABLE expected_$what EXCEPT ALL TABLE actual_$what) AS e
    UNION ALL SELECT coalesce(round, 'nobody''s ') || ' actual   ' || a::text FROM (TABLE actual_$what EXCEPT ALL TABLE expected_$what) AS a) AS d
SQL
	my @lines = split /\n/, $differences;
	for (@lines) { my ($round, $line) = /^(\S+) (.*)/; push @{ $failed{$round} }, "$what: $line" }
	is(scalar @lines, 0, $names{$what});
}
is(answer(q{SELECT count(*), coalesce(max(code), 'no_user') FROM cdp.dead_letter}),
	answer("SELECT count(*), 'no_user' FROM sent WHERE user_id IN (@nobody_list) AND anonymous_id IS NULL"), 'only messages of nobody are refused');
is(answer('SELECT count(*) FROM cdp.insert_id_conflict WHERE insert_id !~ \'^k\''), 0, 'and no repetition is taken for a conflict');

# Packed events.
cmp_ok(answer('SELECT count(*) FROM cdp.timeline'), '>', $rounds / 4, 'events were packed in between');
my $events = answer('SELECT count(*), md5(string_agg(e::text, $$ $$ ORDER BY e::text)) FROM cdp.event AS e');
answer('SELECT cdp_pack()') for 1 .. 3;
is(answer('SELECT count(*) FROM cdp.recent_event'), 0, 'all are in the end, and their tables are empty');
is(answer('SELECT count(*), md5(string_agg(e::text, $$ $$ ORDER BY e::text)) FROM cdp.event AS e'), $events, 'which changes nothing that is seen');
answer('SELECT check_days()');
cmp_ok(answer('SELECT count(*) FROM checked WHERE days > 10'), '>', min(5, $rounds / 100), 'users by event and day were right whenever they were looked at');
cmp_ok(answer('SELECT sum(rb_cardinality(users)) FROM cdp.gone_user'), '>', $rounds / 40, 'also without those who were packed and then merged');
is(answer(packing_faults() . 'SELECT * FROM pg_temp.packing_faults(512)'), '', 'chunks have what they say, follow each other, and know where sessions begin');

# The shortest of the rounds that failed, with all of their messages.
my %length = map { split /\|/ } split /\n/, answer('SELECT round, count(*) FROM sent GROUP BY round');
my @shown = (sort { ($length{$a} // 0) <=> ($length{$b} // 0) || $a cmp $b } keys %failed);
diag(scalar(@shown) . " rounds failed: @shown") if @shown;
for my $round (@shown[ 0 .. min(4, $#shown) ])
{
	my @lines = @{ $failed{$round} };
	diag("Round $round, in the order of arrival:\n", (map { '  ' . json_of(@$_) . "\n" } map { my $stream = $_; map { [ $round, $_ ] } @{ $stream->{messages} } }
			grep { $_->{round} eq $round } @streams), map { "  $_\n" } @lines[ 0 .. min(19, $#lines) ]);
}
$node->stop;
done_testing();
