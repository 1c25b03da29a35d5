#pragma once

#include "base/bytes.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cdp::timeline {

/// The text of a timeline: one event a line, in order of time, each a JSON object:
///
///     {"ts": "2025-01-01T00:00:00.123456Z", "event": "page_view", "session": true}
///
/// `event` is a number where events are known by number; `session` stands only where the event begins one.
/// The text of an empty timeline is empty.

/// The text of a stored timeline. Throws Error(Corrupt) for bytes that are none. Answers interrupts.
std::string timeline_to_text(ByteView timeline);

/// The stored timeline of a text, whose lines may come in any order (those of equal time stay in theirs) and
/// may be blank. Throws Error(BadText) for a line that does not read so, and as TimelineBuilder::add() for
/// one that has no place; messages begin with the number of the line. Answers interrupts.
std::string timeline_from_text(std::string_view text);

/// A finite instant as the text has it: `2025-01-01T00:00:00.5Z`, years of four digits or more, those before
/// the year 1 as `0044-03-15T00:00:00Z BC`. SQL's timestamptz reads that, too.
std::string format_any_instant(Instant t);

/// Reads what format_any_instant() writes and, for years from 1 to 9999, all of parse_instant(). nullopt for
/// anything else, and for what timestamptz does not hold.
std::optional<Instant> parse_any_instant(std::string_view text);

}  // namespace cdp::timeline
