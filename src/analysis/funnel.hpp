#pragma once

#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace cdp::analysis {

/// The most steps that a funnel may have: one bit of a StepMask each.
constexpr int kMostFunnelSteps = 64;

/// Which steps an event fulfils: bit 0 is the first step.
using StepMask = uint64_t;

/// One event as a funnel sees it.
struct FunnelEvent {
  Instant time;
  StepMask steps = 0;
};
static_assert(sizeof(FunnelEvent) == 16);

/// What a funnel asks for.
struct FunnelDefinition {
  int steps = 0;      ///< 1 to kMostFunnelSteps
  Micros within = 0;  ///< window from the first step's event to the last one's, both ends in; 0 or more
};

/// Folds one user's events, given in ascending time, into the deepest step that was reached.
///
/// A chain takes steps 1, 2, 3 … from different events of ascending time, with anything between; its last
/// event comes at most `within` after its first. Events of equal time count in whichever order serves a
/// chain best. The result is the length of the longest chain.
///
/// How: for every step the latest start of a chain that reaches it is kept, which is exact since a chain
/// that started later can go on at least as long. A group of equal times is applied as one. There a chain
/// may take several steps, each by an event of its own: a bipartite matching of consecutive steps to events.
///
/// Cost: a few nanoseconds an event; for tied events that fulfil several steps each at most
/// O(steps * min(events, steps^2)) per visited step of the matching. Memory is bounded by steps^2.
class FunnelFold {
 public:
  /// Throws Error(Limit) for more than kMostFunnelSteps steps, Error(BadValue) for none or a negative window.
  explicit FunnelFold(FunnelDefinition definition);

  /// Forgets all events.
  void clear() {
    depth_ = 0;
    group_size_ = 0;
  }

  /// The next event; one that fulfils no step may be left out. Bits beyond the last step are ignored.
  /// Throws Error(Internal) for a time before the previous one.
  void add(Instant time, StepMask steps);

  /// The same as add() of many events in ascending time, of which each fulfils at most one step, at a
  /// fraction of the cost: `steps[codes[i]]` is the step of the i-th event, from 1, or 0 for none. Codes are
  /// below the size of `steps`.
  template <class Code>
  void add_run(std::span<const Instant> times, std::span<const Code> codes, std::span<const uint8_t> steps);

  /// The last step is reached: further events change nothing.
  bool is_complete() const { return depth_ == definition_.steps; }

  /// How many steps are reached by the events before the last time.
  int depth() const { return depth_; }
  /// The steps of the events of the last time, which those that follow may be tied with.
  StepMask pending_steps() const { return group_size_ > 0 ? group_steps_ : 0; }

  /// The deepest step reached by all events added so far, 0 if not even the first was. Call it once, at the
  /// end: an event added later does not count as tied with those before.
  int finish();

 private:
  template <class Code>
  bool fold_run(std::span<const Instant> times, std::span<const Code> codes, std::span<const uint8_t> steps);
  void keep_tied(StepMask steps);
  void apply_group();
  void apply_event(StepMask steps);
  void apply_distinct(StepMask steps);
  void apply_matched();
  Instant earliest_start() const;

  FunnelDefinition definition_;
  StepMask wanted_;
  int depth_ = 0;
  std::array<Instant, kMostFunnelSteps> latest_start_;  // of chains that took steps 0 … i; set for i < depth_

  // The group of equal times that is being collected.
  Instant group_time_;
  uint64_t group_size_ = 0;
  StepMask group_steps_ = 0;       // all of its events together
  bool group_has_choice_ = false;  // an event of it fulfils several steps
  std::vector<StepMask> tied_;     // its events, filled from the second on; enough of them for any matching
  std::array<uint8_t, kMostFunnelSteps> tied_with_step_;
};

extern template void FunnelFold::add_run(std::span<const Instant>, std::span<const uint8_t>,
                                         std::span<const uint8_t>);
extern template void FunnelFold::add_run(std::span<const Instant>, std::span<const uint32_t>,
                                         std::span<const uint8_t>);

/// The deepest step that events in ascending time reach. Errors as in FunnelFold; answers interrupts.
int funnel_depth(FunnelDefinition definition, std::span<const FunnelEvent> events);

/// Orders events by time; among equal times in no particular order. Answers interrupts.
void sort_by_time(std::span<FunnelEvent> events);

}  // namespace cdp::analysis
