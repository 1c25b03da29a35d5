# What the TAP tests share: the server's perl modules, a cluster that finds the extension outside of the system's
# folders, and waiting. By hand, as an unprivileged user:
#   make install border-test-module standin-test-modules DESTDIR=$T
#   CDP_DESTDIR=$T PG_CONFIG=pg_config prove test/tap/NAME.t
# CDP_DESTDIR is that DESTDIR (absent: the system's folders are used), PG_CONFIG the server's pg_config, TESTDIR a
# writable folder for clusters and logs (absent: a temporary one).
package CdpTest;

use strict;
use warnings;

our ($bindir, $pkglibdir);

BEGIN
{
	die "PostgreSQL does not run as root; run this test as an unprivileged user\n" if $> == 0;
	my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
	my $pgxs;
	($bindir, $pkglibdir, $pgxs) = map { my $path = `$pg_config --$_`; chomp $path; $path } qw(bindir pkglibdir pgxs);
	(my $pgxs_top = $pgxs) =~ s{/src/makefiles/pgxs\.mk$}{};
	unshift @INC, "$pgxs_top/src/test/perl";
	$ENV{PATH} = "$bindir:$ENV{PATH}";
	$ENV{PG_REGRESS} ||= "$pgxs_top/src/test/regress/pg_regress";
	if (!$ENV{TESTDIR})
	{
		require File::Temp;
		$ENV{TESTDIR} = File::Temp::tempdir('cdp-tap-XXXXXX', TMPDIR => 1, CLEANUP => 1);
	}
}

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use File::Path qw(rmtree);
use Time::HiRes ();
use Exporter 'import';
use POSIX ();
our @EXPORT = qw(new_cluster answer_of forget_earlier_run destdir_settings library_file wait_for fails_with now one_of chance text_of_time
  packing_faults);

# The settings with which a server finds what was installed below CDP_DESTDIR.
sub destdir_settings
{
	my $destdir = $ENV{CDP_DESTDIR} or return '';
	return "extension_destdir = '$destdir'\n" . "dynamic_library_path = '$destdir$pkglibdir:\$libdir'\n";
}

# What a server answers, or undef while it is not to be reached.
sub answer_of
{
	my ($node, $sql) = @_;
	my $out;
	# A psql that is refused at once breaks the pipe that its input goes through, which dies here.
	my $exit = eval { $node->psql('postgres', $sql, stdout => \$out) };
	return defined $exit && $exit == 0 ? $out : undef;
}

# Removes what an earlier run left of a cluster, logs included: tests look into them. Call it before ->new($name).
sub forget_earlier_run
{
	my ($name) = @_;
	rmtree($_) for glob("\"$PostgreSQL::Test::Utils::tmp_check/t_*_${name}_data\"");
	unlink(glob("\"$PostgreSQL::Test::Utils::log_path/*_${name}.log\""));
	return;
}

# A running cluster. $settings is text for postgresql.conf; preloading is not set. %init goes to init().
sub new_cluster
{
	my ($name, $settings, %init) = @_;
	forget_earlier_run($name);
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(%init);
	$node->append_conf('postgresql.conf', destdir_settings() . "fsync = off\n" . ($settings // ''));
	$node->start;
	return $node;
}

# Where the named library is installed.
sub library_file
{
	my ($name) = @_;
	return ($ENV{CDP_DESTDIR} // '') . "$pkglibdir/$name.so";
}

sub now { return Time::HiRes::time() }

# Chance, after srand.
sub one_of { return $_[ int rand @_ ] }
sub chance { my ($share) = @_; return rand() < $share }

# Of microseconds since 1970.
sub text_of_time
{
	my ($time) = @_;
	return POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime(int($time / 1_000_000))) . sprintf('.%06dZ', $time % 1_000_000);
}

# SQL that makes temporary functions. pg_temp.packing_faults(most) gives what is wrong with cdp.timeline, nothing if all is right;
# its chunks have at most so many events. packing_faults_of(most, users) looks at some users only.
sub packing_faults
{
	return <<'SQL';
CREATE FUNCTION pg_temp.packing_faults_of(most integer, users bigint[]) RETURNS TABLE (fault text) LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE IF NOT EXISTS chunk (user_no bigint, first_ts timestamptz, chunk bigint, last_ts timestamptz, n integer, place bigint,
        ts timestamptz, arrival_no bigint, begins_session boolean, is_same boolean, should_begin boolean);
    TRUNCATE pg_temp.chunk;
    -- All of it in one statement, hence of one snapshot: the worker may pack meanwhile.
    INSERT INTO pg_temp.chunk
        SELECT t.user_no, t.first_ts, t.chunk, t.last_ts, t.n, d.ordinality, d.ts, d.arrival_no, d.begins_session,
               (d.ts, d.event_no, d.begins_session) IS NOT DISTINCT FROM (d.unpacked_ts, d.unpacked_event_no, d.unpacked_begins),
               -- Late events move beginnings; in chunks when they are packed.
               CASE WHEN late.user_no IS NULL THEN s.user_no IS NOT NULL ELSE d.begins_session END
        FROM cdp.timeline AS t
        LEFT JOIN LATERAL ROWS FROM (cdp_timeline_details(t.timeline, t.properties), cdp_timeline_unpack(t.timeline)) WITH ORDINALITY
                 AS d (ts, arrival_no, event_no, begins_session, insert_id, source, properties, context, received_at,
                       unpacked_ts, unpacked_event, unpacked_event_no, unpacked_begins, ordinality) ON true
        LEFT JOIN cdp.session_span AS s ON (s.user_no, s.started_at, s.first_arrival) = (t.user_no, d.ts, d.arrival_no)
        LEFT JOIN (SELECT DISTINCT user_no FROM cdp.unpacked_event) AS late ON late.user_no = t.user_no
        WHERE users IS NULL OR t.user_no = ANY (users);
    ANALYZE pg_temp.chunk;
    RETURN QUERY
        SELECT format('user %s, chunk %s %s: says %s events until %s, has %s, the first of arrival %s, from %s until %s; at most %s', c.user_no, c.first_ts, c.chunk, c.n, c.last_ts,
                      count(*), (array_agg(c.arrival_no ORDER BY c.place))[1], min(c.ts), max(c.ts), most)
        FROM pg_temp.chunk AS c GROUP BY c.user_no, c.first_ts, c.chunk, c.last_ts, c.n
        HAVING min(c.ts) IS DISTINCT FROM c.first_ts OR max(c.ts) IS DISTINCT FROM c.last_ts OR count(*) <> c.n OR c.n > most
            OR (array_agg(c.arrival_no ORDER BY c.place))[1] IS DISTINCT FROM c.chunk;
    RETURN QUERY
        SELECT format('user %s: the event of %s, %s follows one that is not before', c.user_no, c.ts, c.arrival_no)
        FROM (SELECT o.*, lag((o.ts, o.arrival_no)) OVER (PARTITION BY o.user_no ORDER BY o.first_ts, o.chunk, o.place) AS before FROM pg_temp.chunk AS o) AS c
        WHERE c.before >= (c.ts, c.arrival_no);
    RETURN QUERY
        SELECT format('user %s: times and details of the event of %s, %s differ', c.user_no, c.ts, c.arrival_no) FROM pg_temp.chunk AS c WHERE c.is_same IS NOT TRUE;
    RETURN QUERY
        SELECT format('user %s: the event of %s, %s begins a session: %s', c.user_no, c.ts, c.arrival_no, c.begins_session)
        FROM pg_temp.chunk AS c WHERE c.begins_session <> c.should_begin;
END $$;
CREATE FUNCTION pg_temp.packing_faults(most integer) RETURNS TABLE (fault text) LANGUAGE sql AS 'SELECT * FROM pg_temp.packing_faults_of(most, NULL)';
SQL
}

# Polls until $check returns true, for at most $seconds; returns what it returned last.
sub wait_for
{
	my ($seconds, $check) = @_;
	my $end = now() + $seconds;
	my $result;
	until ($result = $check->())
	{
		last if now() > $end;
		Time::HiRes::usleep(20_000);
	}
	return $result;
}

# Runs SQL that should fail and returns ("SQLSTATE", everything that was said).
sub fails_with
{
	my ($node, $sql, $database) = @_;
	my ($out, $err);
	$node->psql($database // 'postgres', $sql, stdout => \$out, stderr => \$err,
		extra_params => [ '-v', 'VERBOSITY=verbose', '-X' ]);
	my ($sqlstate) = $err =~ /ERROR:\s+(\w{5}):/;
	return ($sqlstate // 'none', $err);
}

1;
