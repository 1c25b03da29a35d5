#!/usr/bin/perl
# What the extension installs, and what its papers say of it. TAP on standard output. Needs a running server with
# the extension (./dev start) in PGHOST, PGUSER.
use strict;
use warnings;
use JSON::PP;
use Test::More;

my $scratch = 'cdp_test_install';

sub slurp {
    my ($file) = @_;
    open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}

# Runs SQL in a database; returns what psql printed, errors included, and whether it succeeded.
sub run_sql {
    my ($database, $sql) = @_;
    pipe my $read, my $write or die "pipe: $!";
    my $child = fork // die "fork: $!";
    if ($child == 0) {
        close $write;
        open STDIN, '<&', $read or die;
        open STDERR, '>&', \*STDOUT or die;
        exec 'psql', qw(-XqAt -v ON_ERROR_STOP=1 -d), $database, '-o', "$ENV{CDP_STATE}/log/install.out", '-f', '-' or die;
    }
    close $read;
    binmode $write, ':encoding(UTF-8)';
    print $write $sql;
    close $write;
    waitpid $child, 0;
    my $status = $?;
    return (slurp("$ENV{CDP_STATE}/log/install.out"), $status == 0);
}

sub rows {
    my ($sql, $database) = @_;
    my ($out, $is_fine) = run_sql($database // $scratch, $sql);
    die "failed: $sql\n" unless $is_fine;
    return grep { length } split /\n/, $out;
}

sub none {    # passes if the query finds nothing; what it finds is named
    my ($name, $sql) = @_;
    my @found = rows($sql);
    is(scalar @found, 0, $name) or diag join "\n", @found;
}

sub make_database {
    my ($script) = @_;
    run_sql('postgres', "SET client_min_messages = warning; DROP DATABASE IF EXISTS $scratch WITH (FORCE);");
    run_sql('postgres', "CREATE DATABASE $scratch;");
    return run_sql($scratch, $script // 'CREATE EXTENSION cdp;');
}

# ---- The papers --------------------------------------------------------------------------------------------

my ($version) = slurp('cdp.control') =~ /default_version\s*=\s*'([^']+)'/;
my $meta = eval { JSON::PP->new->utf8->decode(do { open my $in, '<', 'META.json'; local $/; <$in> }) };
is(ref $meta, 'HASH', 'META.json is a JSON object') or diag $@;
for (qw(name version abstract maintainer license provides meta-spec)) { ok($meta->{$_}, "META.json has $_, which PGXN requires") }
is($meta->{name}, 'cdp', 'META.json names the distribution');
is($meta->{'meta-spec'}{version}, '1.0.0', 'META.json follows the PGXN spec 1.0.0');
like($meta->{'meta-spec'}{url} // '', qr{^https?://pgxn\.org/(?:meta/spec\.txt|spec/?)}, 'and says where that stands');
like($meta->{license}, qr/^(?:postgresql|.*)$/, 'META.json names a license') if !ref $meta->{license};
is($meta->{license}, 'postgresql', 'META.json has the license of LICENSE');
ok(-e $meta->{provides}{cdp}{file}, 'META.json names a file of the extension that exists');
is($meta->{provides}{cdp}{version}, $version, 'META.json provides the version of cdp.control');
is($meta->{version}, $version, 'META.json has that version');
like(slurp('Makefile'), qr/^EXTVERSION = \Q$version\E$/m, 'the Makefile has that version');
like(slurp('src/pg/compat.hpp'), qr/^#define CDP_VERSION "\Q$version\E"$/m, 'the library says that version');
like(slurp('CMakeLists.txt'), qr/project\(cdp VERSION \Q$version\E /, 'CMakeLists.txt has that version');
like(slurp('CHANGELOG.md'), qr/^## Unreleased$/m, 'CHANGELOG.md begins with what is unreleased');
like(slurp('LICENSE'), qr/Permission to use, copy, modify, and distribute/, 'LICENSE is the PostgreSQL License');

my @lines = split /\n/, slurp('README.md');
my ($first_sql) = grep { $lines[$_] =~ /^```sql/ } 0 .. $#lines;
ok(defined $first_sql && $first_sql < 55, 'README.md shows SQL within 55 lines');
for my $page ('README.md', glob 'docs/*.md') {
    my ($folder) = $page =~ m{^(.*/)};
    my @links = slurp($page) =~ /\]\(([^)#:]+?)(?:#[^)]*)?\)/g;
    my @broken = grep { !-e ($folder // '') . $_ } @links;
    is("@broken", '', "links in $page lead somewhere");
}

# ---- The installed objects ---------------------------------------------------------------------------------

my ($said, $is_created) = make_database();
ok($is_created, 'CREATE EXTENSION cdp');
is(join("\n", rows("SELECT extversion FROM pg_extension WHERE extname = 'cdp'")), $version, 'it has that version');

my $members = <<'SQL';
WITH member AS (
    SELECT classid, objid, pg_describe_object(classid, objid, 0) AS what
    FROM pg_depend AS d JOIN pg_extension AS e ON d.refobjid = e.oid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'cdp'
)
SQL
none('every function, type, table, view, sequence and operator has a comment', "$members
    SELECT what FROM member
    WHERE classid IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_class'::regclass, 'pg_operator'::regclass)
      AND coalesce(obj_description(objid, classid::regclass::name), '') = ''
      AND NOT EXISTS (SELECT 1 FROM pg_depend AS d  -- the sequence of an identity column
                      WHERE d.classid = member.classid AND d.objid = member.objid AND d.deptype = 'i')");
none('every column of a table or view has a comment', "$members
    SELECT what || ', column ' || attname FROM member JOIN pg_class AS c ON classid = 'pg_class'::regclass AND objid = c.oid
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    WHERE relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition AND coalesce(col_description(c.oid, attnum), '') = ''");
none('tables, views and sequences are in schema cdp, all else outside', "$members
    SELECT what FROM member
    WHERE classid = 'pg_class'::regclass
      AND (SELECT relnamespace FROM pg_class WHERE oid = objid) <> 'cdp'::regnamespace
    UNION ALL
    SELECT what FROM member
    WHERE classid = 'pg_proc'::regclass
      AND (SELECT pronamespace FROM pg_proc WHERE oid = objid) = 'cdp'::regnamespace");
none('functions written in SQL or PL/pgSQL pin their search path', "$members
    SELECT what FROM member JOIN pg_proc AS p ON classid = 'pg_proc'::regclass AND objid = p.oid
        JOIN pg_language AS l ON l.oid = prolang
    WHERE lanname IN ('sql', 'plpgsql') AND prosqlbody IS NULL
      AND NOT coalesce(array_to_string(proconfig, ' ') LIKE '%search_path=%', false)");
none('no function runs with its owner\'s rights', "$members
    SELECT what FROM member JOIN pg_proc AS p ON classid = 'pg_proc'::regclass AND objid = p.oid WHERE prosecdef");
none('every table with data, and every sequence, goes into a dump', "$members
    SELECT what FROM member JOIN pg_class AS c ON classid = 'pg_class'::regclass AND objid = c.oid
    WHERE relkind IN ('r', 'S') AND relpersistence = 'p'
      AND NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'cdp' AND c.oid = ANY (extconfig))
      AND relname NOT IN ('inbox_cursor', 'worker', 'worker_period')  -- where this installation stands");

my (@or_replace, @unmarked);
for my $file (sort glob 'src/*/*.sql') {
    my $sql = slurp($file);
    push @or_replace, $file if $sql =~ /CREATE\s+OR\s+REPLACE/i;
    while ($sql =~ /^CREATE (?:FUNCTION|PROCEDURE) (.*?);$/gms) {
        my $declaration = $1;
        my ($name) = $declaration =~ /^(\w+)/;
        next if $declaration =~ /RETURNS (?:trigger|event_trigger)/;
        push @unmarked, "$file: $name"
            unless $declaration =~ /\b(?:IMMUTABLE|STABLE|VOLATILE)\b/ && $declaration =~ /\bPARALLEL (?:SAFE|RESTRICTED|UNSAFE)\b/;
    }
}
is("@or_replace", '', 'nothing in the install script is created with OR REPLACE');
is(join("\n", @unmarked), '', 'every function says its volatility and its parallel mark');

# ---- Examples ----------------------------------------------------------------------------------------------

# A page's examples run one after the other, by themselves or after those of the README's first look, and are
# rolled back: they may make roles, which belong to the whole server.
sub examples {
    my $sql = join "\n", slurp($_[0]) =~ /^```sql\n(.*?)^```/gms;
    return $sql =~ s/CREATE EXTENSION cdp;/CREATE EXTENSION IF NOT EXISTS cdp;/r;
}
for my $page ('README.md', glob 'docs/*.md') {
    my $sql = examples($page) or next;
    my ($said, $is_fine);
    for my $before ('', examples('README.md')) {
        ($said, $is_fine) = make_database("BEGIN; CREATE EXTENSION IF NOT EXISTS cdp;\n$before$sql\nROLLBACK;");
        last if $is_fine;
    }
    ok($is_fine, "the SQL of $page runs") or diag "see the log for psql's message";
}

# ---- Elsewhere, and away again -----------------------------------------------------------------------------

(undef, $is_created) = make_database('CREATE SCHEMA elsewhere; CREATE EXTENSION cdp SCHEMA elsewhere;');
ok($is_created, 'CREATE EXTENSION cdp SCHEMA elsewhere');
none('nothing of it but schema cdp stands outside of that schema', "$members
    SELECT what FROM member JOIN pg_proc AS p ON classid = 'pg_proc'::regclass AND objid = p.oid
    WHERE pronamespace <> 'elsewhere'::regnamespace");
(undef, my $is_dropped) = run_sql($scratch, 'DROP EXTENSION cdp;');
ok($is_dropped, 'DROP EXTENSION cdp');
none('and nothing is left', "SELECT nspname FROM pg_namespace WHERE nspname = 'cdp'
    UNION ALL SELECT proname FROM pg_proc WHERE proname ~ '^(cdp|rb)_'
    UNION ALL SELECT typname FROM pg_type WHERE typname ~ '^(cdp_|roaringbitmap)'");
run_sql('postgres', "DROP DATABASE $scratch WITH (FORCE);");
done_testing();
