#pragma once

#include "base/time.hpp"

namespace cdp::segment {

/// cdp.segment_notify: is there a notice on channel cdp_segment of what changed?
bool notifies();
/// cdp.segment_change_keep: how long rows of cdp.segment_change are kept; 0 is for ever.
Micros change_retention();

}  // namespace cdp::segment
