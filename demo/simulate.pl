#!/usr/bin/perl
# A shop's events, made up: perl demo/simulate.pl [SEED [USERS [EVENTS]]] writes them in order of time, one a
# line, as the source who_what reads them. The same arguments give the same bytes, everywhere.
#
# Visitors come in sessions over 180 days before 2025-07-01. In a session they look around, and with falling
# chances put something in the cart, go to the checkout, buy. A fifth of them are regulars who come five times
# as often and buy twice as readily; visitors on a phone give up at the checkout more often.
use strict;
use warnings;
use POSIX qw(strftime);

my ($seed, $users, $events) = (shift // 1, shift // 20_000, shift // 500_000);
die "there are at least as many events as users\n" if $events < $users;

# Perl's own generator is the same on every platform (since 5.20), as are products and square roots; powers
# and logarithms are not, so there are none here.
srand($seed);
sub chance { return rand() < $_[0] }
sub one_of { return $_[int rand @_] }
sub squared { my $number = rand(); return $number * $number }

my $end = 1751328000;    # 2025-07-01 00:00 UTC
my $days = 180;
my @categories = qw(shoes jackets trousers shirts bags);
my @products = map {
    {name => sprintf('p%03d', $_), category => one_of(@categories), price => sprintf('%.2f', 5 + 195 * squared())}
} 1 .. 200;
my @countries = qw(US US US DE DE FR GB NO);
my @visitors = map { {platform => one_of(qw(web web phone)), country => one_of(@countries), regular => chance(0.2)} } 1 .. $users;
my @regulars = grep { $visitors[$_]{regular} } 0 .. $#visitors;

my @lines;    # [time in seconds, text]
sub event {
    my ($time, $user, $what, $properties) = @_;
    push @lines, [$time, sprintf('{"who":"u%05d","what":"%s","when":"%s","props":{%s}}',
        $user + 1, $what, strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $time), $properties)];
}

sub session {
    my ($user) = @_;
    my $visitor = $visitors[$user];
    # More in the evening than in the morning, and the further on the more: the shop grows.
    my $time = $end - 86400 * int($days * (1 - sqrt rand())) - 86400 + int(86400 * (1 - squared() * 0.9)) - 7200;
    my $step = sub { $time += 3 + int(90 * rand()); return $time };
    my $where = qq("platform":"$visitor->{platform}","country":"$visitor->{country}");
    event($step->(), $user, 'home_viewed', $where);
    my @cart;
    for (1 .. 1 + int(9 * squared())) {
        my $product = $products[int(@products * squared())];
        my $what = qq("product":"$product->{name}","category":"$product->{category}","price":$product->{price});
        event($step->(), $user, 'searched', qq("query":"$product->{category}")) if chance(0.3);
        event($step->(), $user, 'product_viewed', "$what,$where");
        next unless chance($visitor->{regular} ? 0.18 : 0.09);
        event($step->(), $user, 'add_to_cart', $what);
        push @cart, $product;
    }
    return unless @cart && chance(0.6);
    event($step->(), $user, 'checkout_started', qq("items":${\scalar @cart},$where));
    return unless chance($visitor->{platform} eq 'phone' ? 0.45 : 0.7);
    my $amount = 0;
    $amount += $_->{price} for @cart;
    event($step->(), $user, 'purchase', sprintf('"items":%d,"amount":%.2f', scalar @cart, $amount));
}

session($_) for 0 .. $users - 1;
while (@lines < $events) { session(chance(0.55) ? one_of(@regulars) : int rand $users) }

$#lines = $events - 1;    # the last session may be cut short
my @order = sort { $lines[$a][0] <=> $lines[$b][0] || $a <=> $b } 0 .. $#lines;
print "$lines[$_][1]\n" for @order;
