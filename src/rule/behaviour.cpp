#include "base/interrupt.hpp"
#include "rule/aggregate.hpp"
#include "rule/arithmetic.hpp"
#include "rule/nearby.hpp"
#include "rule/sequence.hpp"

#include <algorithm>

namespace cdp::rule {

namespace {

using timeline::History;

// --- first, last ------------------------------------------------------------------------------------------

Verdict evaluate_moment(const Bound& node, const Moment& moment, const Subject& subject, Instant now) {
  const BoundFilter& filter = node.filters.front();
  const History& history = subject.history;
  const size_t size = history.size();
  MovingWindow window(moment.window, subject.zone);
  // The event whose time is asked; of the last ones, one that has left the window will not come back to it.
  const size_t end = end_of_past(history, now);
  size_t current = moment.is_first ? first_match(filter, history, 0, end)
                                   : last_match(filter, history, window.at(history, now).begin, end);
  const bool is_settled = moment.is_first && current < end;
  size_t coming = is_settled ? size : first_match(filter, history, end, size);
  bool has_current = current < end;
  const bool truth = has_current && window.has(history.time(current), now);
  for (Instant from = now;;) {
    const Instant until = coming < size ? history.time(coming) : Instant::max();
    if (has_current) {
      const Instant time = history.time(current);
      const Instant change = truth ? window.leaves_at(time) : window.enters_at(time);
      if (change > from && change < until && (truth || change < window.leaves_at(time)))
        return {truth, change};
    }
    if (until == Instant::max()) return {truth, until};
    current = coming;
    has_current = true;
    from = until;
    if (window.has(until, until) != truth) return {truth, until};
    coming = moment.is_first ? size : first_match(filter, history, current + 1, size);
  }
}

// --- abandoned --------------------------------------------------------------------------------------------

Verdict evaluate_abandoned(const Bound& node, const Abandoned& abandoned, const Subject& subject,
                           Instant now) {
  const BoundFilter& first = node.filters[0];
  const BoundFilter& then = node.filters[1];
  const History& history = subject.history;
  MovingWindow window(abandoned.window, subject.zone);
  const size_t size = history.size();
  const size_t end = end_of_past(history, now);
  size_t current = last_match(first, history, window.at(history, now).begin, end);
  if (current == end) current = first_match(first, history, end, size);
  // Each event of `first` is the latest one until the next; within that time the truth is one stretch.
  while (current < size) {
    const Instant time = history.time(current);
    const size_t after = end_of_equal_times(history, current);
    const size_t next = first_match(first, history, after, size);
    const Instant passed = (time + abandoned.within) + 1;
    const Instant from = std::max(passed, window.enters_at(time));
    const Instant to = std::min(next < size ? history.time(next) : Instant::max(), window.leaves_at(time));
    if (from < to && now < to) {
      const size_t answers_end = end_of_past(history, passed - 1);
      if (first_match(then, history, after, answers_end) == answers_end) {
        const bool truth = from <= now;
        return {truth, truth ? to : from};
      }
    }
    current = next;
  }
  return {false, Instant::max()};
}

}  // namespace

size_t end_of_past(const History& history, Instant now) {
  return static_cast<size_t>(std::upper_bound(history.times().begin(), history.times().end(), now) -
                             history.times().begin());
}

size_t end_of_equal_times(const History& history, size_t at) {
  const Instant time = history.time(at);
  while (at < history.size() && history.time(at) == time) ++at;
  return at;
}

Verdict evaluate_behaviour(const Bound& node, const Subject& subject, Instant now) {
  if (const auto* moment = node.node->as<Moment>()) return evaluate_moment(node, *moment, subject, now);
  if (const auto* sequence = node.node->as<Sequence>())
    return evaluate_sequence(node, *sequence, subject, now).verdict;
  if (const auto* abandoned = node.node->as<Abandoned>())
    return evaluate_abandoned(node, *abandoned, subject, now);
  if (node.node->as<Compare>()) return evaluate_compare(node, subject, now);
  if (node.node->as<Nearby>()) return evaluate_nearby(node, subject, now);
  return evaluate_aggregate(node, subject, now);
}

Json value_of_behaviour(const Bound& node, const Subject& subject, Instant now) {
  if (node.node->as<Aggregate>()) return value_of_aggregate(node, subject, now);
  if (node.node->as<Compare>()) return value_of_compare(node, subject, now);
  if (node.node->as<Nearby>()) return value_of_nearby(node, subject, now);
  if (const auto* sequence = node.node->as<Sequence>()) {
    const std::optional<Instant> start = evaluate_sequence(node, *sequence, subject, now).start;
    return start ? Json(format_instant(*start)) : Json();
  }
  const History& history = subject.history;
  const size_t end = end_of_past(history, now);
  const auto* moment = node.node->as<Moment>();
  const size_t found = moment != nullptr && moment->is_first ? first_match(node.filters[0], history, 0, end)
                                                             : last_match(node.filters[0], history, 0, end);
  return found == end ? Json() : Json(format_instant(history.time(found)));
}

}  // namespace cdp::rule
