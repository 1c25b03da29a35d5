#include "rule/aggregate.hpp"

#include "rule/moving.hpp"
#include "rule/threshold.hpp"

namespace cdp::rule {

Verdict evaluate_aggregate(const Bound& node, const Subject& subject, Instant now) {
  const auto& aggregate = *node.node->as<Aggregate>();
  const std::optional<Threshold> threshold = Threshold::of(aggregate);
  const bool is_monotone = threshold && (threshold->kind != Threshold::Kind::Sum ||
                                         !subject.history.may_be_negative(static_cast<size_t>(node.column)));
  if (is_monotone) return evaluate_threshold(node, *threshold, subject, now);
  MovingAggregate moving(node, subject, now);
  return verdict_of(moving);
}

Json value_of_aggregate(const Bound& node, const Subject& subject, Instant now) {
  return MovingAggregate(node, subject, now).value();
}

}  // namespace cdp::rule
