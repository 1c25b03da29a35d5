#include "rule/threshold.hpp"

#include "base/interrupt.hpp"
#include "base/local_time.hpp"
#include "rule/window.hpp"

#include <algorithm>
#include <deque>

namespace cdp::rule {

namespace {

using Kind = Threshold::Kind;

/// The newest events of a window, as far back as they are needed; of days the last event of each.
class Newest {
 public:
  Newest(const Bound& node, const Threshold& threshold, const Subject& subject)
      : node_(node), threshold_(threshold), history_(subject.history), local_(subject.zone) {}

  bool is_enough() const {
    if (threshold_.kind == Kind::Sum) return is_enough(sum_);
    return events_.size() >= static_cast<size_t>(threshold_.count);
  }
  bool is_empty() const { return events_.empty(); }
  size_t oldest() const { return events_.front().at; }

  /// Takes one that is older than all.
  void add_older(size_t i) {
    const std::optional<Event> event = measured(i);
    if (!event || (threshold_.kind == Kind::Days && find_day(event->day) != events_.end())) return;
    sum_ += event->value;
    events_.push_front(*event);
  }

  /// Takes one that is newer than all.
  void add_newer(size_t i) {
    const std::optional<Event> event = measured(i);
    if (!event) return;
    if (threshold_.kind == Kind::Days)
      if (const auto known = find_day(event->day); known != events_.end()) events_.erase(known);
    sum_ += event->value;
    events_.push_back(*event);
  }

  void drop_oldest() {
    sum_ -= events_.front().value;
    events_.pop_front();
  }

  /// Is there enough without the oldest one?
  bool has_spare() const {
    if (threshold_.kind == Kind::Sum) return !is_empty() && is_enough(sum_ - events_.front().value);
    return events_.size() > static_cast<size_t>(threshold_.count);
  }

 private:
  struct Event {
    size_t at;
    int64_t day;    ///< of Kind::Days
    Decimal value;  ///< of Kind::Sum
  };

  bool is_enough(const Decimal& sum) const {
    return threshold_.is_sum_enough ? sum >= threshold_.sum : sum > threshold_.sum;
  }

  /// nullopt for one without a number to add.
  std::optional<Event> measured(size_t i) {
    if (threshold_.kind == Kind::Days) return Event{i, local_.day(history_.time(i)), {}};
    if (threshold_.kind == Kind::Events) return Event{i, 0, {}};
    const Decimal* const value = history_.property(i, node_.column).number();
    return value != nullptr ? std::optional(Event{i, 0, *value}) : std::nullopt;
  }

  std::deque<Event>::iterator find_day(int64_t day) {
    return std::find_if(events_.begin(), events_.end(), [&](const Event& event) { return event.day == day; });
  }

  const Bound& node_;
  const Threshold& threshold_;
  const timeline::History& history_;
  LocalTime local_;
  std::deque<Event> events_;
  Decimal sum_;
};

}  // namespace

std::optional<Threshold> Threshold::of(const Aggregate& aggregate) {
  using Function = Aggregate::Function;
  Threshold threshold;
  if (aggregate.function == Function::Did) {
    threshold.count = 1;
    return threshold;
  }
  const Operator op = aggregate.test.op;
  if (op < Operator::Less || op > Operator::GreaterEqual) return std::nullopt;
  const Decimal* const operand = aggregate.test.operands.front().number();
  if (operand == nullptr) return std::nullopt;
  const Decimal& number = *operand;
  const bool is_beyond = op == Operator::Greater || op == Operator::LessEqual;
  threshold.truth_from_there = op == Operator::Greater || op == Operator::GreaterEqual;
  if (aggregate.function == Function::Sum) {
    threshold.kind = Kind::Sum;
    threshold.sum = number;
    threshold.is_sum_enough = !is_beyond;
    // Nothing must not be enough.
    const bool is_nothing_enough = is_beyond ? number.sign() < 0 : number.sign() <= 0;
    return is_nothing_enough ? std::nullopt : std::optional(threshold);
  }
  if (aggregate.function == Function::Days)
    threshold.kind = Kind::Days;
  else if (aggregate.function != Function::Count && aggregate.function != Function::Sessions)
    return std::nullopt;
  const std::optional<int64_t> whole = number.to_int64();
  if (!whole || *whole < 0 || *whole == INT64_MAX) return std::nullopt;
  threshold.count = *whole + (is_beyond ? 1 : 0);
  return threshold.count > 0 ? std::optional(threshold) : std::nullopt;
}

Verdict evaluate_threshold(const Bound& node, const Threshold& threshold, const Subject& subject,
                           Instant now) {
  const timeline::History& history = subject.history;
  const BoundFilter& filter = node.filters.front();
  MovingWindow window(node.node->as<Aggregate>()->window, subject.zone);
  const Range range = window.at(history, now);
  const size_t end = window.end_of_all(history);
  const auto leaves_at = [&](size_t i) { return window.leaves_at(history.time(i)); };
  InterruptTicker ticker;
  Newest newest(node, threshold, subject);
  for (size_t behind = range.end; !newest.is_enough();) {
    ticker.tick();
    const size_t match = last_match(filter, history, range.begin, behind);
    if (match == behind) break;
    newest.add_older(match);
    behind = match;
  }
  const bool is_enough = newest.is_enough();
  const bool truth = is_enough == threshold.truth_from_there;
  // Those that come after the window as it is now take the place of the oldest, as long as they come in time.
  for (size_t coming = first_match(filter, history, range.end, end); coming < end;) {
    const Instant enters = window.enters_at(history.time(coming));
    if (is_enough && leaves_at(newest.oldest()) < enters) break;
    // Whether there is enough is asked when all has gone that goes then, and all has come.
    while (!newest.is_empty() && leaves_at(newest.oldest()) <= enters) newest.drop_oldest();
    for (; coming < end && window.enters_at(history.time(coming)) == enters;
         coming = first_match(filter, history, coming + 1, end)) {
      ticker.tick();
      if (leaves_at(coming) > enters) newest.add_newer(coming);
    }
    if (newest.is_enough() != is_enough) return {truth, enters};
    while (newest.has_spare()) newest.drop_oldest();
  }
  return {truth, is_enough ? leaves_at(newest.oldest()) : Instant::max()};
}

}  // namespace cdp::rule
