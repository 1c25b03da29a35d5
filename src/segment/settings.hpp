#pragma once

#include "base/time.hpp"

namespace cdp::segment {

/// cdp.segment_notify: is there a notice on channel cdp_segment of what changed?
bool notifies();
/// cdp.segment_change_keep: how long rows of cdp.segment_change are kept; 0 is for ever.
Micros change_retention();
/// cdp.call_refresh: how long after each time functions that rules of segments call are called again.
Micros call_refresh();

}  // namespace cdp::segment
