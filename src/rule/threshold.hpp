#pragma once

#include "base/decimal.hpp"
#include "rule/plan.hpp"

#include <cstdint>
#include <optional>

namespace cdp::rule {

/// What an Aggregate asks that only tells from how much on it holds, or no longer does: so many events or
/// days, or such a sum.
struct Threshold {
  enum class Kind : uint8_t { Events, Days, Sum };

  Kind kind = Kind::Events;
  int64_t count = 0;  ///< of events or days, at least 1
  Decimal sum;
  bool is_sum_enough = false;  ///< is the sum itself enough, or only what is beyond it?
  bool truth_from_there = true;

  /// nullopt for an aggregate that asks something else, or that holds (does not hold) for nothing already.
  static std::optional<Threshold> of(const Aggregate& aggregate);
};

/// Whether it holds at `now`, and until when. Newest first: as soon as there is enough the older events need
/// no look. A sum must be of values of which none is negative (History::may_be_negative).
Verdict evaluate_threshold(const Bound& node, const Threshold& threshold, const Subject& subject,
                           Instant now);

}  // namespace cdp::rule
