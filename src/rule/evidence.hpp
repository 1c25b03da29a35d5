#pragma once

#include "rule/plan.hpp"

namespace cdp::rule {

/// The events by which a condition about behaviour is what it is at `now`: of those in its window that it
/// names the latest ten, of `first` and `last` the one; in order of time, each as an object with `event` (its
/// name, null where the condition takes any) and `ts`. Of sessions their starts.
Json events_of_behaviour(const Bound& node, const Subject& subject, Instant now);

}  // namespace cdp::rule
