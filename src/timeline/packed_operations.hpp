#pragma once

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "timeline/packed.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cdp::timeline {

/// Timelines made of timelines. All read and return stored timelines, throw Error(Corrupt) for bytes that are
/// none, and answer interrupts. Each event keeps whether it begins a session.

/// The events of both, those of `a` first among equal times. Throws Error(BadValue) where one knows events by
/// number and the other by name, unless one is empty, and Error(Limit) as pack_timeline().
std::string merge_timelines(ByteView a, ByteView b);

/// The events at `since` or later and before `until`; Instant::min() and Instant::max() for an open end.
std::string slice_timeline(ByteView timeline, Instant since, Instant until);

/// The events of these numbers, or names. Throws Error(BadValue) where the timeline knows events the other
/// way, unless it is empty.
std::string filter_timeline(ByteView timeline, std::span<const int32_t> numbers);
std::string filter_timeline(ByteView timeline, std::span<const std::string_view> names);

/// Throws Error(BadValue) where an event asked for by name (or else by number) is not how the timeline knows
/// its events, unless it is empty.
void require_named(const TimelineView& timeline, bool is_named);

/// Reads all of the bytes of a timeline that came from elsewhere: they are exactly what packing their events
/// gives. Throws Error(BadBinary) otherwise.
void check_timeline(ByteView timeline);

}  // namespace cdp::timeline
