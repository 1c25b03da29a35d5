#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <cstdint>

namespace cdp::segment {

/// cdp.segment_notify: is there a notice on channel cdp_segment of what changed?
bool notifies();
/// cdp.segment_change_keep: how long rows of cdp.segment_change are kept; 0 is for ever.
Micros change_retention();
/// cdp.call_refresh: how long after each time functions that rules of segments call are called again.
Micros call_refresh();

/// cdp.due_cache: how much memory it takes to know which rules are due next, in bytes.
size_t due_cache_bytes();

/// cdp.backfill_from: from so many users times rules on members are computed in the background; -1: never.
int64_t backfill_from();

}  // namespace cdp::segment
