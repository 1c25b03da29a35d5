#include "rule/sequence.hpp"

#include "base/interrupt.hpp"

#include <algorithm>
#include <deque>
#include <vector>

namespace cdp::rule {

namespace {

using timeline::History;

constexpr Instant kNone = Instant::min();

/// The ways to come as far as a step, each by the time of its last event and its start: of all of them the
/// latest start within a gap. As time goes on, a way that is older than another and starts no later will not
/// be asked for again.
class Ways {
 public:
  explicit Ways(std::optional<Micros> gap) : gap_(gap) {}

  /// For a step at `time`, later than all that were added; ascending from call to call.
  Instant latest_start(Instant time) {
    while (gap_ && !ways_.empty() && ways_.front().time + *gap_ < time) ways_.pop_front();
    return ways_.empty() ? kNone : ways_.front().start;
  }

  void add(Instant time, Instant start) {
    while (!ways_.empty() && ways_.back().start <= start) ways_.pop_back();
    // Without a gap the first one is the only one that counts.
    if (gap_ || ways_.empty()) ways_.push_back({time, start});
  }

 private:
  struct Way {
    Instant time;
    Instant start;
  };

  std::optional<Micros> gap_;  ///< to the step that comes after
  std::deque<Way> ways_;       ///< ascending by time, descending by start
};

/// Follows the steps through events of growing time.
class SequenceFolder {
 public:
  SequenceFolder(const Bound& node, const Sequence& sequence, const History& history)
      : node_(node), sequence_(sequence), history_(history), starts_(sequence.steps.size()) {
    for (size_t step = 1; step < sequence.gaps.size(); ++step) ways_.emplace_back(sequence.gaps[step]);
  }

  /// The latest start of a whole sequence so far; kNone without one.
  Instant start() const { return start_; }

  /// Takes the events from `begin` to `end`, all of one time.
  void take(size_t begin, size_t end) {
    const Instant time = history_.time(begin);
    std::fill(starts_.begin(), starts_.end(), kNone);
    for (size_t step = 0; step < starts_.size(); ++step) {
      const Instant start = step == 0 ? time : ways_[step - 1].latest_start(time);
      if (start == kNone) continue;
      for (size_t i = begin; i < end && starts_[step] == kNone; ++i) {
        ticker_.tick();
        if (matches(node_.filters[step], history_, i)) starts_[step] = start;
      }
    }
    // Only now: events of one time do not follow each other.
    for (size_t step = 0; step < ways_.size(); ++step)
      if (starts_[step] != kNone) ways_[step].add(time, starts_[step]);
    const Instant start = starts_.back();
    if (start != kNone && (!sequence_.within || time <= start + *sequence_.within))
      start_ = std::max(start_, start);
  }

 private:
  const Bound& node_;
  const Sequence& sequence_;
  const History& history_;
  std::vector<Ways> ways_;  ///< behind each step but the last
  std::vector<Instant> starts_;
  Instant start_ = kNone;
  InterruptTicker ticker_;
};

}  // namespace

namespace {

/// The first event from `begin` on, before `end`, that any of the steps may be; `end` if there is none.
size_t next_step(const Bound& node, const History& history, size_t begin, size_t end) {
  size_t next = end;
  for (const BoundFilter& filter : node.filters) {
    if (filter.is_any) return std::min(begin, end);
    const std::span<const uint32_t> positions = history.positions(filter.event);
    const auto found = std::lower_bound(positions.begin(), positions.end(), begin);
    if (found != positions.end()) next = std::min<size_t>(next, *found);
  }
  return next;
}

}  // namespace

SequenceFound evaluate_sequence(const Bound& node, const Sequence& sequence, const Subject& subject,
                                Instant now) {
  const History& history = subject.history;
  MovingWindow window(sequence.window, subject.zone);
  const Range range = window.at(history, now);
  const size_t end = window.end_of_all(history);
  SequenceFolder folder(node, sequence, history);
  size_t i = next_step(node, history, range.begin, range.end);
  for (size_t next = i; i < range.end; i = next_step(node, history, next, range.end)) {
    next = end_of_equal_times(history, i);
    folder.take(i, next);
  }
  const bool truth = folder.start() != kNone;
  SequenceFound found;
  if (truth) found.start = folder.start();
  // The one that starts last is the last to leave the window.
  const auto expiry = [&] { return truth ? window.leaves_at(folder.start()) : Instant::max(); };
  i = next_step(node, history, i, end);
  for (size_t next = i; i < end; i = next_step(node, history, next, end)) {
    const Instant time = window.enters_at(history.time(i));
    if (expiry() < time) break;
    next = end_of_equal_times(history, i);
    folder.take(i, next);
    const bool coming = folder.start() != kNone && time < window.leaves_at(folder.start());
    if (coming == truth) continue;
    found.verdict = {truth, time};
    return found;
  }
  found.verdict = {truth, expiry()};
  return found;
}

}  // namespace cdp::rule
