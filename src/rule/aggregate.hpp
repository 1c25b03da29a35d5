#pragma once

#include "rule/plan.hpp"

namespace cdp::rule {

/// Of an Aggregate, what evaluate_behaviour() and value_of_behaviour() tell of all conditions about events.
Verdict evaluate_aggregate(const Bound& node, const Subject& subject, Instant now);
Json value_of_aggregate(const Bound& node, const Subject& subject, Instant now);

}  // namespace cdp::rule
