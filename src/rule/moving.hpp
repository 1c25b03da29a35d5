#pragma once

#include "base/interrupt.hpp"
#include "rule/plan.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cdp::rule {

/// Significant digits of a quotient.
constexpr int kQuotientDigits = 30;

/// The value of an aggregate over a window that moves: at first as of an instant, then from change to change,
/// while events come in and go out in order of time.
class MovingAggregate {
 public:
  /// `node` is an Aggregate; it, the history and the zone must outlive this. Cost: one pass over the events
  /// in the window and those still to come.
  MovingAggregate(const Bound& node, const Subject& subject, Instant now);

  /// The next instant at which events come in or go out; max() if there is none.
  Instant next();
  /// Goes on to next(), which must be finite.
  void advance();

  /// Does the aggregate's test hold?
  bool truth() const;
  /// null if absent.
  Json value() const;
  /// The value of one that is_operand(), the average exact to kQuotientDigits; nullopt if absent.
  std::optional<Decimal> number() const;

 private:
  bool sums() const;
  bool keeps_extremes() const;
  bool measures(size_t i) const;
  void enter(size_t i);
  void leave(size_t i);
  const Json& measured(size_t i) const { return history_.property(i, node_.column); }
  bool outdoes(size_t i, size_t other) const;
  std::string key_of(size_t i) const;
  const Json* most() const;
  Json average() const;

  /// A value, how often it occurs, and in which event at last.
  struct Occurring {
    int64_t count = 0;
    size_t latest = 0;
  };

  const Bound& node_;
  const Aggregate& aggregate_;
  const timeline::History& history_;
  MovingWindow window_;
  mutable LocalTime local_;
  std::vector<size_t> taken_;  ///< events that bear on the value, those to come included
  size_t leaving_ = 0;         ///< of `taken_`, the first that is in the window
  size_t coming_ = 0;          ///< of `taken_`, the first that is still to come
  int64_t count_ = 0;
  Decimal sum_;
  std::deque<size_t> extremes_;
  std::unordered_map<std::string, Occurring> values_;
  std::set<std::pair<int64_t, size_t>> ranks_;  ///< of Most: (count, latest) of each value
  std::map<int64_t, int64_t> days_;
};

/// The truth of a MovingAggregate, or of what is made of several, and when it changes.
template <class Moving>
Verdict verdict_of(Moving& moving) {
  InterruptTicker ticker;
  const bool truth = moving.truth();
  for (;;) {
    ticker.tick();
    const Instant next = moving.next();
    if (next == Instant::max()) return {truth, next};
    moving.advance();
    if (moving.truth() != truth) return {truth, next};
  }
}

}  // namespace cdp::rule
