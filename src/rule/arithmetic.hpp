#pragma once

#include "rule/plan.hpp"

namespace cdp::rule {

/// Of a Compare, what evaluate_behaviour() and value_of_behaviour() tell of all conditions about events; its
/// value is an object of the numbers on the `left` and on the `right`.
Verdict evaluate_compare(const Bound& node, const Subject& subject, Instant now);
Json value_of_compare(const Bound& node, const Subject& subject, Instant now);

}  // namespace cdp::rule
