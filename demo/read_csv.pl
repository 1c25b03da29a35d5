#!/usr/bin/perl
# A CSV file of events as messages of the source segment, one a line:
#
#   perl demo/read_csv.pl --user COLUMN --time COLUMN --event COLUMN|NAME [--id COLUMN] FILE.csv …
#
# FILE may be compressed by gzip. The first row names the columns; fields stand between commas, semicolons or
# tabs (the header decides), in quotes where they hold one of these, a quote (doubled) or a line break. --event
# names a column, or else is itself the name of every event; --id names the column of an id by which a row that
# comes twice is taken once. Columns that no option names become properties:
# numbers and true / false as such, all else as text; a blank field is no property.
#
# Times are dates, ISO 8601 (UTC unless they say otherwise), or seconds or milliseconds since 1970.
# The first mistake ends it with file, line and column on standard error and status 1.
use strict;
use warnings;
use Encode ();
use Getopt::Long;
use Time::Local qw(timegm);

my %option;
GetOptions(\%option, 'user=s', 'time=s', 'event=s', 'id=s') or exit 2;
for (qw(user time event)) { defined $option{$_} or die "--$_ is missing: it names a column of the file\n" }
@ARGV or die "no file given\n";

my %escape = ("\b" => '\b', "\f" => '\f', "\n" => '\n', "\r" => '\r', "\t" => '\t', '"' => '\"', '\\' => '\\\\');
sub json_string {
    my ($text) = @_;
    $text =~ s/([\x00-\x1f"\\])/$escape{$1} \/\/ sprintf '\u%04x', ord $1/ge;
    return qq("$text");
}

sub json_value {
    my ($text) = @_;
    return lc $text if $text =~ /^(?:true|false)$/i;
    return $text if $text =~ /^-?(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,99})?(?:[eE][-+]?[0-9]{1,2})?$/;
    return json_string($text);
}

# The time in ISO 8601 with its zone, or undef.
sub iso_time {
    my ($text) = @_;
    if ($text =~ /^[0-9]{9,10}(\.[0-9]{1,6})?$|^[0-9]{12,13}$/) {
        my ($seconds, $fraction) = (int $text, $1 // '');
        if (length $seconds > 10) { $fraction = sprintf '.%03d', $seconds % 1000; $seconds = int($seconds / 1000) }
        my ($second, $minute, $hour, $day, $month, $year) = gmtime $seconds;
        return sprintf '%04d-%02d-%02dT%02d:%02d:%02d%sZ', $year + 1900, $month + 1, $day, $hour, $minute, $second, $fraction;
    }
    my ($year, $month, $day, $hour, $minute, $second, $fraction, $zone) =
        $text =~ /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,9})?)?)?\s*(Z|UTC|[-+][0-9]{2}(?::?[0-9]{2})?)?$/i
        or return undef;
    $_ //= 0 for $hour, $minute, $second;
    return undef unless eval { timegm($second, $minute, $hour, $day, $month - 1, $year); 1 };
    $zone = 'Z' if !defined $zone || $zone =~ /[A-Z]/i;
    $zone =~ s/^([-+][0-9]{2}):?([0-9]{2})?$/"$1:" . ($2 \/\/ '00')/e;
    $fraction = substr($fraction // '', 0, 7);
    return sprintf '%04d-%02d-%02dT%02d:%02d:%02d%s%s', $year, $month, $day, $hour, $minute, $second, $fraction, $zone;
}

for my $file (@ARGV) {
    -r $file && !-d _ or die "$file: there is no such file, or it may not be read\n";
    my @how = $file =~ /\.gz$/ ? ('-|', 'gzip', '-dc', '--', $file) : ('<', $file);
    open(my $in, shift @how, @how) or die "$file: $!\n";
    my $line = 0;          # of the file, read last
    my $row_line = 0;      # on which the row began
    my $separator;
    my @names;

    my $refuse = sub {
        my ($what, $column) = @_;
        my $where = defined $column ? sprintf(", column %d (%s)", $column + 1, $names[$column]) : '';
        die "$file, line $row_line$where: $what\n";
    };

    # The next row's fields; the empty list at the end.
    my $next_row = sub {
        my $text = <$in>;
        return unless defined $text;
        $row_line = ++$line;
        $text =~ s/^\xEF\xBB\xBF// if $line == 1;
        if (!defined $separator) {
            ($separator) = sort { ($text =~ s/$b/$b/g || 0) <=> ($text =~ s/$a/$a/g || 0) } ',', ';', "\t";
        }
        if (index($text, '"') < 0) {
            $text =~ s/\r?\n\z//;
            return length $text ? split(/$separator/, $text, -1) : '';
        }
        my @fields;
        while (1) {
            if ($text =~ /\G"/gc) {
                while ($text !~ /\G(?:[^"]|"")*"(?!")/) {    # the field goes on in the next line of the file
                    my ($position, $more) = (pos $text, scalar <$in>);
                    $refuse->('a quote is opened and never closed', @fields < @names ? scalar @fields : undef)
                        unless defined $more;
                    $line++;
                    $text .= $more;
                    pos($text) = $position;
                }
                $text =~ /\G((?:[^"]|"")*)"/gc;
                push @fields, $1 =~ s/""/"/gr;
                $text =~ /\G(?=$separator|\r?\n?\z)/gc
                    or $refuse->('a closing quote is followed by something else', $#fields < @names ? $#fields : undef);
            } else {
                $text =~ /\G([^$separator\r\n]*)/gc;
                push @fields, $1;
            }
            next if $text =~ /\G$separator/gc;
            last;
        }
        return @fields;
    };

    @names = $next_row->() or die "$file: it is empty; the first row has to name the columns\n";
    my %index;
    for (0 .. $#names) {
        $names[$_] =~ s/^\s+|\s+$//g;
        length $names[$_] or die "$file, line 1, column ${\($_ + 1)}: it has no name\n";
        !exists $index{$names[$_]} or die "$file, line 1, column ${\($_ + 1)}: a second column $names[$_]\n";
        $index{$names[$_]} = $_;
    }
    for (qw(user time id)) {
        next if !defined $option{$_} || exists $index{$option{$_}};
        die "$file, line 1: there is no column $option{$_} (--$_); the columns are " . join(', ', @names) . "\n";
    }
    my ($user, $time, $event, $id) = map { defined $option{$_} ? $index{$option{$_}} : undef } qw(user time event id);
    print STDERR "No column of $file is called $option{event}: every row is an event $option{event}.\n" unless defined $event;
    my %taken = map { $_ => 1 } grep { defined } $user, $time, $event, $id;
    my @properties = map { [$_, json_string($names[$_])] } grep { !$taken{$_} } 0 .. $#names;
    my $constant = json_string($option{event});

    my $rows = 0;
    while (my @fields = $next_row->()) {
        next if @fields == 1 && $fields[0] eq '' && @names > 1;    # a blank line
        if (@fields < @names) { $refuse->("the row ends after ${\scalar @fields} of ${\scalar @names} fields", scalar @fields) }
        if (@fields > @names) { $refuse->("the row has ${\scalar @fields} fields, the header ${\scalar @names}") }
        for (0 .. $#fields) {
            next unless $fields[$_] =~ /[\x00\x80-\xff]/;
            index($fields[$_], "\0") < 0 or $refuse->('it has a byte of value 0', $_);
            eval { Encode::decode('UTF-8', my $copy = $fields[$_], Encode::FB_CROAK); 1 } or $refuse->('this is no UTF-8', $_);
        }
        for (grep { defined } $user, $event, $id) { $fields[$_] =~ /\S/ or $refuse->('it is blank', $_) }
        my $when = iso_time($fields[$time])
            // $refuse->("'$fields[$time]' is no time; wanted is 2025-03-01 14:05:00, with a zone if not UTC, or unix seconds", $time);
        my @message = ('"type":"track"', '"userId":' . json_string($fields[$user]));
        push @message, '"event":' . (defined $event ? json_string($fields[$event]) : $constant);
        push @message, '"messageId":' . json_string($fields[$id]) if defined $id;
        push @message, qq("timestamp":"$when");
        push @message, '"properties":{'
            . join(',', map { "$_->[1]:" . json_value($fields[$_->[0]]) } grep { $fields[$_->[0]] ne '' } @properties) . '}';
        print '{', join(',', @message), "}\n";
        $rows++;
    }
    close $in or die "$file: it cannot be read to its end\n";
    $rows or die "$file: there are no rows after the header\n";
}
