#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace cdp {

/// Lengths of time, in microseconds.
using Micros = int64_t;
constexpr Micros kMillisecond = 1000;
constexpr Micros kSecond = 1000 * kMillisecond;
constexpr Micros kMinute = 60 * kSecond;
constexpr Micros kHour = 60 * kMinute;
constexpr Micros kDay = 24 * kHour;

/// A point in time: microseconds since 2000-01-01 00:00 UTC, as PostgreSQL's timestamptz has it.
/// min() and max() stand for -infinity and infinity; adding saturates there.
struct Instant {
  int64_t us = 0;

  static constexpr Instant min() { return {std::numeric_limits<int64_t>::min()}; }
  static constexpr Instant max() { return {std::numeric_limits<int64_t>::max()}; }
  constexpr bool is_finite() const { return *this != min() && *this != max(); }

  friend constexpr auto operator<=>(Instant, Instant) = default;
};

/// `t` shifted by `by`; infinite instants stay, finite ones saturate to infinite ones.
constexpr Instant operator+(Instant t, Micros by) {
  if (!t.is_finite()) return t;
  int64_t sum = 0;
  if (__builtin_add_overflow(t.us, by, &sum)) return by > 0 ? Instant::max() : Instant::min();
  return {sum};
}
constexpr Instant operator-(Instant t, Micros by) {
  return by == std::numeric_limits<int64_t>::min() ? t + std::numeric_limits<int64_t>::max() : t + -by;
}

/// The first and the last instant that PostgreSQL's timestamptz holds: 4714-11-24 BC, and 294276-12-31.
constexpr Instant kFirstInstant{-211813488000000000};
constexpr Instant kLastInstant{9223371331199999999};

/// The instant at which Unix time has the value `us` (microseconds since 1970-01-01 UTC); nullopt outside of
/// what timestamptz holds.
std::optional<Instant> instant_from_unix_us(int64_t us);

/// Reads an ISO 8601 / RFC 3339 time: `2024-03-13`, `2024-03-13T10:21:14Z`, `2024-03-13 10:21:14.5+02:00`.
/// Date and time are parted by T or one blank; seconds and their fraction (first six digits count, further
/// ones are dropped) may be absent; the offset is Z, +hh, +hhmm or +hh:mm; without one the time is UTC.
/// 24:00:00 and a second of 60 are taken. nullopt for anything else.
std::optional<Instant> parse_instant(std::string_view text);

/// `2024-03-13T10:21:14.5Z`: UTC, with the fraction only if there is one; `-infinity` and `infinity`.
std::string format_instant(Instant t);

/// Days since 2000-01-01 of a date of the proleptic Gregorian calendar (month and day from 1).
/// H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
int64_t days_from_date(int64_t year, unsigned month, unsigned day);

/// The date of a number of days since 2000-01-01: the same, backwards (civil_from_days).
struct Date {
  int64_t year;
  unsigned month;
  unsigned day;
};
Date date_from_days(int64_t days);

}  // namespace cdp
