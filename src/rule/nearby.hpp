#pragma once

#include "rule/plan.hpp"

namespace cdp::rule {

/// Of a Nearby, what evaluate_behaviour() and value_of_behaviour() tell of all conditions about events; its
/// value is the distance in meters.
Verdict evaluate_nearby(const Bound& node, const Subject& subject, Instant now);
Json value_of_nearby(const Bound& node, const Subject& subject, Instant now);

/// The event that tells where the user is at `now`: the latest one with coordinates.
std::optional<size_t> last_place(const Bound& node, const Subject& subject, Instant now);

}  // namespace cdp::rule
