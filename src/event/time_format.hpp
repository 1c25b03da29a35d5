#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdp::event {

/// The unit of times that are given as numbers.
enum class TimeUnit : uint8_t {
  Automatic,  ///< seconds below 10^11, milliseconds below 10^14, microseconds from there
  Seconds,
  Milliseconds,
  Microseconds,
};

/// How a source writes times.
struct TimeForm {
  TimeUnit unit = TimeUnit::Automatic;
  /// Patterns of times that are given as texts, the first that fits counts; without one they are ISO 8601 or
  /// a number.
  std::vector<std::string> formats;
};

/// Is this a pattern that parse_formatted_time() can follow? Throws Error(BadValue) saying what is wrong.
///
/// A pattern is "iso" (as parse_instant() reads) or text with the directives of strptime that stand for
/// numbers and English names: %Y year of four digits, %y of two (69 to 99 are 1969 to 1999), %m month, %d
/// day, %b month's name (abbreviated or whole), %a weekday's name (read over), %H hour, %I hour from 1 to 12
/// with %p AM or PM, %M minute, %S second, %f fraction of a second, %z offset from UTC (Z, GMT, UTC, +hh,
/// +hhmm, +hh:mm), %%; a blank stands for any number of blanks, also none. Year, month and day are needed,
/// and nothing may stand twice.
void check_time_format(std::string_view pattern);

/// The time that `text` says by `pattern`, in UTC unless it has an offset; nullopt if it does not fit or is
/// no such date. Numbers may have fewer digits where another character follows, as in 1/2/2025.
std::optional<Instant> parse_formatted_time(std::string_view text, std::string_view pattern);

/// "auto", "s", "ms" or "us". Throws Error(BadValue).
TimeUnit read_time_unit(const Json& value);

/// A pattern or an array of patterns. Throws Error(BadValue).
std::vector<std::string> read_time_formats(const Json& value);

/// A time as a message has it: a text in one of the form's formats, or a number in its unit. nullopt if it is
/// neither or outside of what timestamptz holds.
std::optional<Instant> read_time(const Json& value, const TimeForm& form);

}  // namespace cdp::event
