#include "rule/aggregate.hpp"

#include "base/interrupt.hpp"
#include "rule/moving.hpp"

#include <algorithm>
#include <deque>

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

/// Newest first: as soon as enough events are found the older ones need no look. Those that come after the
/// window as it is now take the place of the oldest that counted, one by one, as long as they come in time.
Verdict evaluate_threshold(const Bound& node, const Threshold& threshold, MovingWindow& window,
                           const timeline::History& history, Instant now) {
  const BoundFilter& filter = node.filters.front();
  const Range range = window.at(history, now);
  const size_t end = window.end_of_all(history);
  const auto enough = static_cast<size_t>(threshold.count);
  const auto leaves_at = [&](size_t i) { return window.leaves_at(history.time(i)); };
  InterruptTicker ticker;
  std::deque<size_t> counted;  // the latest ones in the window, in their order
  for (size_t behind = range.end; counted.size() < enough; behind = counted.front()) {
    ticker.tick();
    const size_t match = last_match(filter, history, range.begin, behind);
    if (match == behind) break;
    counted.push_front(match);
  }
  const bool is_enough = counted.size() == enough;
  const bool truth = is_enough == threshold.truth_from_there;
  for (size_t coming = first_match(filter, history, range.end, end); coming < end;) {
    const Instant enters = window.enters_at(history.time(coming));
    if (is_enough && leaves_at(counted.front()) < enters) break;
    // Whether there are enough is asked when all has gone that goes then, and all has come.
    while (!counted.empty() && leaves_at(counted.front()) <= enters) counted.pop_front();
    for (; coming < end && window.enters_at(history.time(coming)) == enters;
         coming = first_match(filter, history, coming + 1, end)) {
      ticker.tick();
      if (leaves_at(coming) > enters) counted.push_back(coming);
    }
    if ((counted.size() >= enough) != is_enough) return {truth, enters};
    while (counted.size() > enough) counted.pop_front();
  }
  return {truth, is_enough ? leaves_at(counted.front()) : Instant::max()};
}

}  // namespace

Verdict evaluate_aggregate(const Bound& node, const Subject& subject, Instant now) {
  const auto& aggregate = *node.node->as<Aggregate>();
  if (const std::optional<Threshold> threshold = threshold_of(aggregate)) {
    MovingWindow window(aggregate.window, subject.zone);
    return evaluate_threshold(node, *threshold, window, subject.history, now);
  }
  MovingAggregate moving(node, subject, now);
  return verdict_of(moving);
}

Json value_of_aggregate(const Bound& node, const Subject& subject, Instant now) {
  return MovingAggregate(node, subject, now).value();
}

}  // namespace cdp::rule
