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

  bool is_empty() const { return ways_.empty(); }

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

/// Which way through the events: backwards is through mirrored time, with the steps in reverse, so that what
/// ends earliest there starts last.
enum class Direction : uint8_t { Forward, Backward };

/// Follows the steps through events of growing time.
class SequenceFolder {
 public:
  SequenceFolder(const Bound& node, const Sequence& sequence, const History& history,
                 Direction direction = Direction::Forward)
      : node_(node),
        sequence_(sequence),
        history_(history),
        is_backward_(direction == Direction::Backward),
        starts_(sequence.steps.size()) {
    const size_t gaps = sequence.gaps.size();
    for (size_t step = 1; step < gaps; ++step)
      ways_.emplace_back(sequence.gaps[is_backward_ ? gaps - step : step]);
  }

  /// The latest start of a whole sequence so far; kNone without one.
  Instant start() const { return start_; }

  /// Takes the events from `begin` to `end`, all of one time.
  void take(size_t begin, size_t end) {
    const Instant time = is_backward_ ? Instant{-history_.time(begin).us} : history_.time(begin);
    std::fill(starts_.begin(), starts_.end(), kNone);
    for (size_t step = 0; step < starts_.size(); ++step) {
      const Instant start = step == 0 ? time : ways_[step - 1].latest_start(time);
      if (start == kNone) continue;
      for (size_t i = begin; i < end && starts_[step] == kNone; ++i) {
        ticker_.tick();
        if (matches(filter(step), history_, i)) starts_[step] = start;
      }
    }
    // Only now: events of one time do not follow each other.
    for (size_t step = 0; step < ways_.size(); ++step)
      if (starts_[step] != kNone) ways_[step].add(time, starts_[step]);
    const Instant start = starts_.back();
    if (start != kNone && (!sequence_.within || time <= start + *sequence_.within))
      start_ = std::max(start_, start);
  }

  /// The last event from `begin` on, before `end`, that may be a step to which a way leads; `end` if there is
  /// none. Backwards.
  size_t last_step(size_t begin, size_t end) const {
    size_t last = end;
    for (size_t step = 0; step < starts_.size(); ++step) {
      if (step > 0 && ways_[step - 1].is_empty()) continue;
      const size_t found = last_of(filter(step), begin, end);
      if (found < end && (last == end || found > last)) last = found;
    }
    return last;
  }

  /// Is there any event that may be the first of all steps?
  bool has_beginning(size_t begin, size_t end) const {
    return last_of(node_.filters.front(), begin, end) < end;
  }

 private:
  const BoundFilter& filter(size_t step) const {
    return node_.filters[is_backward_ ? starts_.size() - 1 - step : step];
  }

  /// By its name alone: take() asks the where clause, of each event once.
  size_t last_of(const BoundFilter& filter, size_t begin, size_t end) const {
    if (filter.is_any) return begin < end ? end - 1 : end;
    const std::span<const uint32_t> positions = history_.positions(filter.event);
    const auto behind = std::lower_bound(positions.begin(), positions.end(), end);
    return behind != positions.begin() && *(behind - 1) >= begin ? *(behind - 1) : end;
  }

  const Bound& node_;
  const Sequence& sequence_;
  const History& history_;
  bool is_backward_;
  std::vector<Ways> ways_;  ///< behind each step but the last
  std::vector<Instant> starts_;
  Instant start_ = kNone;
  InterruptTicker ticker_;
};

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

/// The latest start of a whole sequence in the range; kNone without one. From the newest event backwards:
/// what lies before it needs no look.
Instant latest_start(const Bound& node, const Sequence& sequence, const History& history, Range range) {
  SequenceFolder folder(node, sequence, history, Direction::Backward);
  size_t end = range.end;
  while (folder.has_beginning(range.begin, end)) {
    const size_t last = folder.last_step(range.begin, end);
    if (last == end) break;
    size_t begin = last;
    while (begin > range.begin && history.time(begin - 1) == history.time(last)) --begin;
    folder.take(begin, last + 1);
    if (folder.start() != kNone) return history.time(begin);
    end = begin;
  }
  return kNone;
}

}  // namespace

SequenceFound evaluate_sequence(const Bound& node, const Sequence& sequence, const Subject& subject,
                                Instant now) {
  const History& history = subject.history;
  MovingWindow window(sequence.window, subject.zone);
  const Range range = window.at(history, now);
  const size_t end = window.end_of_all(history);
  const Instant latest = latest_start(node, sequence, history, range);
  const bool truth = latest != kNone;
  SequenceFound found;
  if (truth) found.start = latest;
  // The one that starts last is the last to leave the window.
  const auto expiry_of = [&](Instant start) { return truth ? window.leaves_at(start) : Instant::max(); };
  found.verdict = {truth, expiry_of(latest)};
  size_t i = next_step(node, history, range.end, end);
  if (i == end || found.verdict.valid_until < window.enters_at(history.time(i))) return found;
  // What comes may go on with what was there.
  SequenceFolder folder(node, sequence, history);
  size_t next = range.begin;
  for (size_t past = next_step(node, history, next, range.end); past < range.end;
       past = next_step(node, history, next, range.end)) {
    next = end_of_equal_times(history, past);
    folder.take(past, next);
  }
  for (next = i; i < end; i = next_step(node, history, next, end)) {
    const Instant time = window.enters_at(history.time(i));
    if (expiry_of(folder.start()) < time) break;
    next = end_of_equal_times(history, i);
    folder.take(i, next);
    const bool coming = folder.start() != kNone && time < window.leaves_at(folder.start());
    if (coming == truth) continue;
    found.verdict = {truth, time};
    return found;
  }
  found.verdict = {truth, expiry_of(folder.start())};
  return found;
}

}  // namespace cdp::rule
