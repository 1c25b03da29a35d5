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
our @EXPORT = qw(new_cluster forget_earlier_run destdir_settings library_file wait_for fails_with now);

# The settings with which a server finds what was installed below CDP_DESTDIR.
sub destdir_settings
{
	my $destdir = $ENV{CDP_DESTDIR} or return '';
	return "extension_destdir = '$destdir'\n" . "dynamic_library_path = '$destdir$pkglibdir:\$libdir'\n";
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
