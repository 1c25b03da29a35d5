#include "rule/aggregate.hpp"

#include "rule/moving.hpp"

namespace cdp::rule {

namespace {

using Function = Aggregate::Function;

/// For a condition that only tells from how many events on it holds, or no longer does: that number.
struct Threshold {
  int64_t count;
  bool truth_from_there;
};
std::optional<Threshold> threshold_of(const Aggregate& aggregate) {
  if (aggregate.function == Function::Did) return Threshold{1, true};
  if (aggregate.function != Function::Count && aggregate.function != Function::Sessions) return std::nullopt;
  const Operator op = aggregate.test.op;
  if (op < Operator::Less || op > Operator::GreaterEqual) return std::nullopt;
  const std::optional<int64_t> number = aggregate.test.operands.front().number()->to_int64();
  if (!number || *number < 0 || *number == INT64_MAX) return std::nullopt;
  const bool is_beyond = op == Operator::Greater || op == Operator::LessEqual;
  const int64_t count = *number + (is_beyond ? 1 : 0);
  if (count == 0) return std::nullopt;
  return Threshold{count, op == Operator::Greater || op == Operator::GreaterEqual};
}

/// Newest first: as soon as enough events are found the older ones need no look.
Verdict evaluate_threshold(const Bound& node, const Threshold& threshold, MovingWindow& window,
                           const timeline::History& history, Range range) {
  int64_t found = 0;
  for (size_t end = range.end;;) {
    const size_t match = last_match(node.filters.front(), history, range.begin, end);
    if (match == end) break;
    if (++found == threshold.count)
      return {threshold.truth_from_there, window.leaves_at(history.time(match))};
    end = match;
  }
  return {!threshold.truth_from_there, Instant::max()};
}

}  // namespace

Verdict evaluate_aggregate(const Bound& node, const Subject& subject, Instant now) {
  const auto& aggregate = *node.node->as<Aggregate>();
  if (const std::optional<Threshold> threshold = threshold_of(aggregate)) {
    MovingWindow window(aggregate.window, subject.zone);
    const Range range = window.at(subject.history, now);
    if (range.end >= window.end_of_all(subject.history))
      return evaluate_threshold(node, *threshold, window, subject.history, range);
  }
  MovingAggregate moving(node, subject, now);
  return verdict_of(moving);
}

Json value_of_aggregate(const Bound& node, const Subject& subject, Instant now) {
  return MovingAggregate(node, subject, now).value();
}

}  // namespace cdp::rule
