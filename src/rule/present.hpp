#pragma once

#include "rule/plan.hpp"

namespace cdp::rule {

/// A condition about the profile and the present, without events, at an instant, and the first instant after
/// it at which its truth differs. `node` is a TraitTime, Held or LocalNow; `zone` is the person's, nullptr
/// for UTC.
Verdict evaluate_present(const Node& node, const UserState& state, const TimeZone* zone, Instant now);

/// What explain() shows as its value: the trait, the weekday or the hour.
Json value_of_present(const Node& node, const UserState& state, const TimeZone* zone, Instant now);

}  // namespace cdp::rule
