#include "analysis/funnel.hpp"

#include "base/error.hpp"
#include "base/interrupt.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>

namespace cdp::analysis {

namespace {

/// The steps 0 … count - 1; none for a count below 1.
constexpr StepMask first_steps(int count) {
  if (count < 1) return 0;
  return count >= kMostFunnelSteps ? ~StepMask{0} : (StepMask{1} << count) - 1;
}

constexpr StepMask bit_of(int step) { return StepMask{1} << step; }

/// A matching of steps to different events of one group, grown and shrunk a step at a time by augmenting
/// paths (H. W. Kuhn, "The Hungarian method for the assignment problem", 1955; the unweighted case).
class StepMatching {
 public:
  explicit StepMatching(const std::vector<StepMask>& events)
      : events_(events), step_of_(events.size(), kFree) {
    event_of_.fill(0);
  }

  /// Matches one more step, if need be by rearranging the others; false if there is no way.
  bool add(int step) {
    visited_ = 0;
    return augment(step);
  }

  /// Frees the event of a matched step.
  void remove(int step) { step_of_[event_of_[step]] = kFree; }

 private:
  static constexpr int8_t kFree = -1;

  // Recurses at most once per step.
  bool augment(int step) {
    ticker_.tick();
    visited_ |= bit_of(step);
    for (size_t event = 0; event < events_.size(); ++event)
      if ((events_[event] & bit_of(step)) != 0 && step_of_[event] == kFree) return assign(step, event);
    for (size_t event = 0; event < events_.size(); ++event) {
      if ((events_[event] & bit_of(step)) == 0) continue;
      const auto holder =
          static_cast<int>(step_of_[event]);  // NOLINT(bugprone-signed-char-misuse): -1 is kFree
      if ((visited_ & bit_of(holder)) == 0 && augment(holder)) return assign(step, event);
    }
    return false;
  }

  bool assign(int step, size_t event) {
    step_of_[event] = static_cast<int8_t>(step);
    event_of_[step] = static_cast<uint16_t>(event);
    return true;
  }

  const std::vector<StepMask>& events_;
  std::vector<int8_t> step_of_;
  std::array<uint16_t, kMostFunnelSteps> event_of_;
  StepMask visited_ = 0;
  InterruptTicker ticker_;
};

}  // namespace

FunnelFold::FunnelFold(FunnelDefinition definition)
    : definition_(definition), wanted_(first_steps(definition.steps)) {
  if (definition.steps > kMostFunnelSteps)
    throw Error(Category::Limit, "a funnel has at most " + std::to_string(kMostFunnelSteps) + " steps",
                "It was given " + std::to_string(definition.steps) + ".");
  if (definition.steps < 1) throw Error(Category::BadValue, "a funnel needs at least one step");
  if (definition.within < 0) throw Error(Category::BadValue, "the window of a funnel must not be negative");
}

Instant FunnelFold::earliest_start() const {
  // Infinite times are infinitely far from finite ones, whatever the window.
  if (!group_time_.is_finite()) return group_time_;
  const Instant first_finite{std::numeric_limits<int64_t>::min() + 1};
  return std::max(group_time_ - definition_.within, first_finite);
}

// From the last step to the first, so that one event does not carry a chain twice.
void FunnelFold::apply_event(StepMask steps) {
  const Instant earliest = earliest_start();
  StepMask possible = steps & first_steps(depth_ + 1);
  while (possible != 0) {
    const int step = std::bit_width(possible) - 1;
    possible ^= bit_of(step);
    if (step > 0 && latest_start_[step - 1] < earliest) continue;
    latest_start_[step] = step == 0 ? group_time_ : latest_start_[step - 1];
    depth_ = std::max(depth_, step + 1);
  }
}

// Each event of the group fulfils one step, so consecutive steps always have events of their own: from the
// first step to the last, a chain goes on through the group.
void FunnelFold::apply_distinct(StepMask steps) {
  const Instant earliest = earliest_start();
  while (steps != 0) {
    const int step = std::countr_zero(steps);
    steps ^= bit_of(step);
    if (step > depth_) return;
    if (step > 0 && latest_start_[step - 1] < earliest) continue;
    latest_start_[step] = step == 0 ? group_time_ : latest_start_[step - 1];
    depth_ = std::max(depth_, step + 1);
  }
}

void FunnelFold::apply_matched() {
  // reach[level]: how far a chain that has taken `level` steps gets within the group. It never falls with
  // the level, so one matching slides over the steps.
  std::array<int, kMostFunnelSteps> reach;
  StepMatching matching(tied_);
  const int levels = std::min(depth_ + 1, definition_.steps);
  int end = 0;
  for (int level = 0; level < levels; ++level) {
    end = std::max(end, level);
    while (end < definition_.steps && (group_steps_ & bit_of(end)) != 0 && matching.add(end)) ++end;
    reach[level] = end;
    if (end > level) matching.remove(level);
  }

  // From the highest level to the lowest: each reads a start that none before has changed, and a lower
  // level, whose start is later, overwrites what a higher one wrote.
  const Instant earliest = earliest_start();
  for (int level = levels - 1; level >= 0; --level) {
    const Instant start = level == 0 ? group_time_ : latest_start_[level - 1];
    if (start < earliest) continue;
    for (int step = level; step < reach[level]; ++step) latest_start_[step] = start;
    depth_ = std::max(depth_, reach[level]);
  }
}

void FunnelFold::apply_group() {
  if (group_size_ == 0 || is_complete()) return;
  if (group_size_ == 1)
    apply_event(group_steps_);
  else if (!group_has_choice_)
    apply_distinct(group_steps_);
  else
    apply_matched();
}

// Of each step the first `steps` events are enough: whatever the other steps take, one is left for it (by
// Hall's theorem no matching is lost). So a group of any size is kept in at most steps^2 events.
void FunnelFold::keep_tied(StepMask steps) {
  bool is_needed = false;
  for (StepMask rest = steps; rest != 0; rest &= rest - 1) {
    uint8_t& seen = tied_with_step_[std::countr_zero(rest)];
    if (seen >= definition_.steps) continue;
    ++seen;
    is_needed = true;
  }
  if (is_needed) tied_.push_back(steps);
  if (!std::has_single_bit(steps)) group_has_choice_ = true;
}

void FunnelFold::add(Instant time, StepMask steps) {
  steps &= wanted_;
  if (steps == 0 || is_complete()) return;
  if (group_size_ > 0 && time == group_time_) {
    if (group_size_ == 1) {
      tied_.clear();
      tied_with_step_.fill(0);
      group_has_choice_ = false;
      keep_tied(group_steps_);
    }
    keep_tied(steps);
    group_steps_ |= steps;
    ++group_size_;
    return;
  }
  if (group_size_ > 0 && time < group_time_)
    throw Error(Category::Internal, "events of a funnel are not in order of time");
  apply_group();
  group_time_ = time;
  group_steps_ = steps;
  group_size_ = 1;
}

// As apply_event() does for one event of a group of its own, without a branch. Says false, and changes
// nothing, where events of equal time are not in the order of their steps, or times are out of the range in
// which distances do not overflow.
template <class Code>
bool FunnelFold::fold_run(std::span<const Instant> times, std::span<const Code> codes,
                          std::span<const uint8_t> steps) {
  constexpr int64_t kNever = std::numeric_limits<int64_t>::min();
  constexpr int64_t kFar = std::numeric_limits<int64_t>::max() / 4;
  if (times.front().us < -kFar || times.back().us > kFar || definition_.within > kFar) return false;
  const auto within = static_cast<uint64_t>(definition_.within);
  // start[s]: the latest start of chains that an event of step s goes on, and start[s + 1] of those that took
  // it. For the first step that is the event itself; an event of no step (0) goes on none.
  std::array<int64_t, kMostFunnelSteps + 2> start;
  start[0] = kNever;
  const auto last_step = static_cast<size_t>(definition_.steps);
  for (size_t step = 1; step <= last_step; ++step)
    start[step + 1] = step <= static_cast<size_t>(depth_) ? latest_start_[step - 1].us : kNever;
  unsigned step_before = 0;
  int64_t time_before = kNever;
  bool is_unordered = false;
  for (size_t i = 0; i < times.size(); ++i) {
    const int64_t time = times[i].us;
    const unsigned step = steps[codes[i]];
    is_unordered |= (time == time_before) & (step < step_before);
    start[1] = time;
    const int64_t from = start[step];
    const bool is_within = static_cast<uint64_t>(time) - static_cast<uint64_t>(from) <= within;
    // All bits or none, since a choice would be a branch that is guessed wrong half of the time.
    const int64_t taken = -static_cast<int64_t>(is_within);
    start[step + 1] = (from & taken) | (start[step + 1] & ~taken);
    step_before = step;
    time_before = time;
  }
  if (is_unordered) return false;
  for (size_t step = 1; step <= last_step && start[step + 1] != kNever; ++step) {
    latest_start_[step - 1] = {start[step + 1]};
    depth_ = std::max(depth_, static_cast<int>(step));
  }
  return true;
}

template <class Code>
void FunnelFold::add_run(std::span<const Instant> times, std::span<const Code> codes,
                         std::span<const uint8_t> steps) {
  size_t begin = 0;
  // Events that may be tied with those before or behind the run are added one by one.
  while (begin < times.size() && group_size_ > 0 && times[begin] == group_time_) ++begin;
  size_t end = times.size();
  while (end > begin && times[end - 1] == times.back()) --end;
  const auto add_each = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i)
      if (const unsigned step = steps[codes[i]]; step != 0) add(times[i], bit_of(static_cast<int>(step) - 1));
  };
  add_each(0, begin);
  if (end > begin) {
    if (group_size_ > 0 && times[begin] < group_time_)
      throw Error(Category::Internal, "events of a funnel are not in order of time");
    apply_group();
    group_size_ = 0;
    if (!is_complete() &&
        !fold_run(times.subspan(begin, end - begin), codes.subspan(begin, end - begin), steps))
      add_each(begin, end);
  }
  add_each(end, times.size());
}

template void FunnelFold::add_run(std::span<const Instant>, std::span<const uint8_t>,
                                  std::span<const uint8_t>);
template void FunnelFold::add_run(std::span<const Instant>, std::span<const uint32_t>,
                                  std::span<const uint8_t>);

int FunnelFold::finish() {
  apply_group();
  group_size_ = 0;
  return depth_;
}

int funnel_depth(FunnelDefinition definition, std::span<const FunnelEvent> events) {
  FunnelFold fold(definition);
  InterruptTicker ticker;
  for (const FunnelEvent& event : events) {
    ticker.tick();
    fold.add(event.time, event.steps);
    if (fold.is_complete()) break;
  }
  return fold.finish();
}

void sort_by_time(std::span<FunnelEvent> events) {
  InterruptTicker ticker;
  std::sort(events.begin(), events.end(), [&ticker](const FunnelEvent& a, const FunnelEvent& b) {
    ticker.tick();
    return a.time < b.time;
  });
}

}  // namespace cdp::analysis
