#!/usr/bin/perl
# Do the source files keep to the floors? TAP on standard output.
#
#   - Only *_pg.cpp, *_pg.hpp and src/pg see the server's headers; all else builds without PostgreSQL.
#   - An include points to a lower floor or stays in its room, never up.
#   - Includes run in no circle.
#   - Every folder of src is a floor, so that nothing escapes these checks.
#
# An argument names another root than the current directory (for trying the check on broken trees).
use strict;
use warnings;
use File::Find;

my $root = shift // '.';
my @floors = qw(base pg bitmap event profile timeline session rule segment analysis decision worker);
my %floor_of = map { $floors[$_] => $_ } 0 .. $#floors;

my (@files, %includes);
find({no_chdir => 1, wanted => sub { push @files, $_ if /\.[ch]pp$/ }}, "$root/src");
for my $file (@files) {
    open my $in, '<', $file or die "$file: $!";
    (my $name = $file) =~ s{^\Q$root\E/src/}{};
    while (<$in>) {
        push @{$includes{$name}}, [$., $1, $2] if /^\s*#\s*include\s*([<"])([^>"]+)[>"]/;
    }
    $includes{$name} //= [];
}

my $number = 0;
my $failed = 0;
sub report {
    my ($what, @wrong) = @_;
    $number++;
    print "# $_\n" for @wrong;
    print @wrong ? "not ok" : "ok", " $number - $what\n";
    $failed ||= @wrong;
}

sub room { return (split m{/}, $_[0])[0] }
sub is_server_side { return room($_[0]) eq 'pg' || $_[0] =~ /_pg\.[ch]pp$/ }

# A header is the server's if the server's include directory has it.
chomp(my $server_headers = `\${PG_CONFIG:-pg_config} --includedir-server`);
die "no server headers found; is pg_config there?\n" unless -e "$server_headers/postgres.h";
sub is_server_header { return $_[0] =~ m{^(?:server/)?(?:postgres|libpq-fe|c\.h)} || -f "$server_headers/$_[0]" }

my (@unknown, @server, @through, @door, @upwards, @missing);
for my $name (sort keys %includes) {
    push @unknown, "src/$name: the folder is no floor" unless exists $floor_of{room($name)};
    for (@{$includes{$name}}) {
        my ($line, $kind, $target) = @$_;
        my $where = "src/$name:$line includes $target";
        my $is_ours = exists $includes{$target};
        if ($kind eq '"' && !$is_ours && !is_server_header($target)) {
            push @missing, "$where, which is not in src";
        }
        if (!$is_ours && is_server_header($target)) {
            push @server, $where unless is_server_side($name);
        }
        next unless $is_ours;
        push @door, $where if is_server_side($target) && !is_server_side($name);
        push @upwards, "$where, a floor above"
            if ($floor_of{room($target)} // 99) > ($floor_of{room($name)} // 99);
    }
}

# Circles: a depth-first walk that meets a file it is still in.
my (%mark, @circles);
sub walk {
    my ($name, @path) = @_;
    return if ($mark{$name} // '') eq 'done';
    if (($mark{$name} // '') eq 'open') {
        push @circles, join(' -> ', @path, $name);
        return;
    }
    $mark{$name} = 'open';
    walk($_->[2], @path, $name) for grep { exists $includes{$_->[2]} } @{$includes{$name}};
    $mark{$name} = 'done';
}
walk($_) for sort keys %includes;

report('there are sources to check', @files > 10 ? () : 'fewer than ten files in src');
report('every folder of src is a floor', @unknown);
report('no core file includes a header of the server', @server);
report('no core file includes a file of the server\'s side', @door);
report('no include points to a higher floor', @upwards);
report('includes run in no circle', @circles);
report('what is included in quotes stands in src', @missing);
print "1..$number\n";
exit($failed ? 1 : 0);
