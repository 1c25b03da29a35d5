#pragma once

#include "base/time.hpp"

#include <cstdint>

/// What runs again when its time has come: queries of segments, and functions that rules call.
namespace cdp::segment {

/// Which one, and since when its time has come.
struct DueRun {
  int32_t number = 0;
  Instant at;
};

/// Runs, of those whose time has come by `now`, the one that waits longest. A failure is recorded in its row
/// and reported as a warning; the next try comes when the interval has passed again. In a process of our own
/// it takes at most `limit` (0: however long). False if there was none, or another process is about it.
bool refresh_due(Instant now, Micros limit);

/// Has the time of any come?
bool is_refresh_due(Instant now);

}  // namespace cdp::segment
