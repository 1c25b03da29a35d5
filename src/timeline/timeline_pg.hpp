#pragma once

#include "pg/server.hpp"

#include "base/error.hpp"
#include "timeline/packed.hpp"

namespace cdp::timeline {

/// An argument of type cdp_timeline, opened; the view lives as long as the call's memory context.
TimelineView timeline_argument(Datum value);

/// Throws Error(`category`) if the name of an event is no text of this database's encoding. What came from
/// elsewhere must not come out as text unseen.
void require_valid_names(const TimelineView& timeline, Category category);

}  // namespace cdp::timeline
