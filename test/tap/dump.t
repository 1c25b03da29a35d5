# pg_dump | psql into a fresh database gives the same answers, also of what was waiting, and both go on.
# CdpTest.pm says how to run this by hand.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use CdpTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_cluster('dump', '');
sub answer { my ($database, $sql) = @_; return $node->safe_psql($database, $sql) }
my $port = $node->port;
my $host = $node->host;

$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(before after);
answer('before', <<'SQL');
CREATE EXTENSION cdp;
INSERT INTO cdp.segment (name, rule) VALUES
  ('often', 'count(buy) >= 8'), ('norse', $$country = 'NO' and did(look)$$), ('lately', 'did(look in last 2 hours)');
INSERT INTO cdp.inbox (payload)
SELECT json_build_object('type', 'track', 'messageId', 'm' || i, 'userId', 'u' || i % 500,
         'event', CASE WHEN i % 3 = 0 THEN 'buy' ELSE 'look' END,
         'timestamp', to_char((now() - i * interval '1 minute') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
         'properties', json_build_object('price', i % 64 + 0.5))::text
FROM generate_series(1, 10000) i;
INSERT INTO cdp.inbox (payload) VALUES ('{broken');
SELECT cdp_identify('u' || i, jsonb_build_object('country', CASE WHEN i % 2 = 0 THEN 'NO' ELSE 'SE' END))
FROM generate_series(1, 500) i;
-- Who is who, with a limit changed and one that ships.
UPDATE cdp.identity_kind SET max_per_user = 1 WHERE kind = 'anonymous_id';
INSERT INTO cdp.blocked_id (value) VALUES ('kiosk');
SELECT cdp_identify('u1', anonymous_id => 'd1'), cdp_identify('u1', anonymous_id => 'd2'), cdp_alias('u2', 'u1');
SELECT cdp_process();
-- Packed, recent, and packed of someone who is merged then.
SELECT cdp_pack();
SELECT cdp_track('u' || i, 'look', ts => now() - interval '20 days') FROM generate_series(7, 9) AS i;
SELECT cdp_alias('u5', 'u3');
SELECT cdp_process();
-- Some users' events are packed, others' wait for it, and some came since.
UPDATE pg_settings SET setting = 20 WHERE name = 'cdp.chunk_events';
SELECT cdp_track('u' || i % 500, 'look', '{"price": 1}', now() - i * interval '3 hours', 'n' || i) FROM generate_series(1, 1000) i;
SELECT cdp_process();
SELECT cdp_pack(400);
SELECT cdp_track('u' || i, 'look') FROM generate_series(1, 100) i;
SELECT cdp_process();
-- Segments without a rule, one that names them, and one that is paused.
CREATE TABLE chosen AS SELECT 'u' || i AS id FROM generate_series(6, 20) i;
SELECT cdp_segment_from_users('list', ARRAY['u6', 'u7', 'd2', 'nobody']);
SELECT cdp_segment_from_query('query', 'SELECT id FROM chosen', '1 day');
INSERT INTO cdp.segment (name, rule) VALUES ('of both', 'in segment list and in segment query'), ('still', 'did(look)');
UPDATE cdp.segment SET status = 'paused' WHERE name = 'still';
-- One whose rule calls a function, which is dumped, too.
CREATE SCHEMA app;
CREATE FUNCTION app.score(p cdp.profile) RETURNS integer LANGUAGE sql STABLE AS $$ SELECT p.user_no::integer % 7 $$;
INSERT INTO cdp.segment (name, rule) VALUES ('scored', 'call(app.score) > 4');
-- These wait while the dump is made.
SELECT cdp_track('late' || i, 'look') FROM generate_series(1, 10) i;
SQL

# Trait indexes, one with changes that are folded in and one with changes that wait.
answer('before', <<'SQL');
INSERT INTO cdp.trait_index (trait) VALUES ('country'), ('"Home Town".street');
UPDATE cdp.profile SET traits = traits || '{"country": "DK", "Home Town": {"street": 5}}' WHERE user_no % 10 = 3;
SELECT cdp_fold_traits();
UPDATE cdp.profile SET traits = traits || '{"country": "FI", "Home Town": {"street": 6.5}}' WHERE user_no % 10 = 4;
SQL

my $result = <<'SQL';
SELECT count(*), count(DISTINCT insert_id), sum((properties->>'price')::numeric) FROM cdp.event;
SELECT md5(string_agg(e::text, '|' ORDER BY user_no, ts, insert_id)) FROM cdp.event e;
SELECT md5(string_agg(p::text, '|' ORDER BY user_no)) FROM cdp.profile p;
SELECT md5(string_agg(s::text, '|' ORDER BY user_no, session_no)) FROM cdp.session s;
SELECT name, kind, rule, status, cdp_segment_size(name), cdp_segment(name)::text FROM cdp.segment ORDER BY name;
SELECT count(*) FROM cdp.segment_change;
SELECT q::text FROM cdp.segment_query q;
SELECT c::text FROM cdp.segment_call c;
SELECT count(*), md5(string_agg(v::text, '|' ORDER BY user_no)) FROM cdp.segment_call_value v;
SELECT code, payload FROM cdp.dead_letter;
SELECT l::text FROM cdp.identity_log l ORDER BY log_no;
SELECT cdp_profile('u2');
SELECT kind, max_per_user FROM cdp.identity_kind ORDER BY kind;
SELECT value FROM cdp.blocked_id;
SELECT cdp_in_segment('u6', 'norse'), cdp_segments('u6'), cdp_match('u6', 'count(buy) >= 8'), cdp_count('did(buy)');
SELECT count(*) FROM cdp.inbox_waiting;
SELECT md5(string_agg(d::text, '|' ORDER BY event, day)), sum(rb_cardinality(users)) FROM cdp.event_day d;
SELECT (SELECT count(*) > 0 FROM cdp.event_day_packed), (SELECT sum(rb_cardinality(users)) FROM cdp.gone_user);
SELECT trait, index_no, path, status, texts, numbers FROM cdp.trait_index ORDER BY index_no;
SELECT md5(string_agg(c::text, '|' ORDER BY index_no, value_no, chunk)) FROM cdp.trait_chunk c;
SELECT index_no, value_no, value, chunks FROM cdp.trait_value ORDER BY 1, 2;
SELECT cdp_count($$country = 'DK'$$), cdp_count($$country <> 'FI'$$), cdp_count($$country is null or "Home Town".street > 5$$);
SELECT count(DISTINCT user_no) > 40 FROM cdp.changed_profile WHERE user_no % 10 = 4;
SQL
my $before = answer('before', $result);
like($before, qr/^11103\|11000\|/, 'there is something to dump');
like(answer('before', 'SELECT sum(n), (SELECT count(*) FROM cdp.unpacked_event) FROM cdp.timeline'), qr/^10\d\d\d\|[5-9]\d\d$/, 'packed and recent events');
like($before, qr/^\(\d+,refused,.*^\(\d+,merged,.*^anonymous_id\|1\nuser_id\|100\nkiosk$/ms, 'also of who is who');

my $dump = $PostgreSQL::Test::Utils::tmp_check . '/dump.sql';
system_or_bail('pg_dump', '-h', $host, '-p', $port, '-f', $dump, 'before');
my ($out, $err);
$node->psql('after', slurp_file($dump), stdout => \$out, stderr => \$err, on_error_stop => 0);
unlike($err, qr/ERROR/, 'the dump loads without an error') or diag($err);
is(answer('after', $result), $before, 'and gives the same answers');

# Both go on alike.
for my $database ('before', 'after')
{
	is(answer($database, 'SELECT cdp_process()'), 10, "what waited is taken in database $database");
	answer($database, q{SELECT cdp_track('new', 'look'); SELECT cdp_track('u6', 'look')});
	is(answer($database, 'SELECT cdp_process()'), 2, 'and what comes then');
	answer($database, q{SELECT cdp_alias('u4', 'u1'), cdp_track('kiosk', 'look')});
	answer($database, 'SELECT cdp_process()');
	is(answer($database, q{SELECT change, value FROM cdp.identity_log ORDER BY log_no DESC LIMIT 1}), 'merged|u4', 'who is who goes on');
	is(answer($database, 'SELECT count(*) FROM cdp.dead_letter'), 2, 'and who is nobody');
	answer($database, 'SELECT cdp_pack()') for 1 .. 2;
	is(answer($database, q{SELECT cdp_count($$country = 'FI'$$) - count(*) FROM cdp.profile WHERE traits->>'country' = 'FI'}), 0, 'indexed traits too');
	answer($database, 'SELECT cdp_fold_traits()');
	is(answer($database, q{SELECT cdp_count($$country = 'FI'$$) - count(*) FROM cdp.profile WHERE traits->>'country' = 'FI'}), 0, 'also folded');
	is(answer($database, q{SELECT count(*) FROM (SELECT event, (ts AT TIME ZONE 'UTC')::date, array_agg(DISTINCT user_no::integer) FROM cdp.event GROUP BY 1, 2
		EXCEPT ALL SELECT event, day, rb_to_array(users) FROM cdp.event_day) AS missing}), 0, 'and who did what on which day');
}
for my $sql ('SELECT count(*) FROM cdp.event', 'SELECT max(user_no), count(*) FROM cdp.profile',
	q{SELECT cdp_segment('lately')::text}, q{SELECT cdp_in_segment('late3', 'lately'), cdp_in_segment('new', 'lately')})
{
	is(answer('after', $sql), answer('before', $sql), "$sql: the same in both");
}
is(answer('after', q{SELECT cdp_in_segment('late3', 'lately')}), 't', 'a late message took effect');
# Lists and queries go on, too.
for my $database ('before', 'after')
{
	answer($database, q{DELETE FROM chosen WHERE id = 'u7'});
	is(answer($database, q{SELECT cdp_refresh_segment('query'), cdp_segment_from_users('list', ARRAY['u7', 'u8', 'new']), cdp_segment_size('still')}), '14|3|' . answer('before', q{SELECT cdp_segment_size('still')}),
		"lists and queries of database $database can be changed, and what is paused stays");
	is(answer($database, q{SELECT array_agg(u) FROM cdp_segment_users('of both') AS u}), '{u8}', 'and what names them follows');
}
# So does packing. What was packed where the dump was made is emptied although transaction numbers began anew.
for my $database ('before', 'after')
{
	my $events = answer($database, 'SELECT count(*), md5(string_agg(e::text, $$|$$ ORDER BY e::text)) FROM cdp.event e');
	answer($database, 'SELECT cdp_pack()') for 1 .. 3;
	is(answer($database, 'SELECT count(*) FROM cdp.recent_event'), 0, "all events of database $database are packed");
	is(answer($database, 'SELECT count(*), md5(string_agg(e::text, $$|$$ ORDER BY e::text)) FROM cdp.event e'), $events, 'and the same');
	is(answer($database, packing_faults() . 'SELECT * FROM pg_temp.packing_faults(512)'), '', 'in order');
}
# A name once removed leaves nothing behind, and the copy can be dumped again.
my $again = $PostgreSQL::Test::Utils::tmp_check . '/again.sql';
system_or_bail('pg_dump', '-h', $host, '-p', $port, '-f', $again, 'after');
ok(-s $again, 'the copy can be dumped');
$node->stop;
done_testing();
