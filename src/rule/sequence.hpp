#pragma once

#include "rule/plan.hpp"

#include <optional>

namespace cdp::rule {

/// What is true of a Sequence at an instant, and when the latest beginning of a whole one in the window was.
struct SequenceFound {
  Verdict verdict;
  std::optional<Instant> start;
};
SequenceFound evaluate_sequence(const Bound& node, const Sequence& sequence, const Subject& subject,
                                Instant now);

/// The events from `at` on with the time of the one at `at`: their end.
size_t end_of_equal_times(const timeline::History& history, size_t at);

/// Behind the last event that is not after `now`.
size_t end_of_past(const timeline::History& history, Instant now);

}  // namespace cdp::rule
