#include "base/interrupt.hpp"
#include "rule/plan.hpp"

#include <algorithm>

namespace cdp::rule {

namespace {

using timeline::History;

/// The events from `at` on with the time of the one at `at`: their end.
size_t end_of_equal_times(const History& history, size_t at) {
  const Instant time = history.time(at);
  while (at < history.size() && history.time(at) == time) ++at;
  return at;
}

/// The last event before `end`, not before `begin`, that the filter takes; `end` if there is none.
size_t last_match(const BoundFilter& filter, const History& history, size_t begin, size_t end) {
  InterruptTicker ticker;
  for (size_t i = end; i > begin; --i) {
    ticker.tick();
    if (matches(filter, history, i - 1)) return i - 1;
  }
  return end;
}

/// The first event from `begin` on, before `end`, that the filter takes; `end` if there is none.
size_t first_match(const BoundFilter& filter, const History& history, size_t begin, size_t end) {
  InterruptTicker ticker;
  for (size_t i = begin; i < end; ++i) {
    ticker.tick();
    if (matches(filter, history, i)) return i;
  }
  return end;
}

// --- first, last ------------------------------------------------------------------------------------------

/// Does the test hold at `now` for an event at `time`, which is not after now?
bool holds(const Moment& moment, Instant time, Instant now) {
  switch (moment.test) {
    case Moment::Test::InLast:
      return now < time + moment.last;
    case Moment::Test::Before:
      return time < moment.from;
    case Moment::Test::After:
      return time > moment.from;
    case Moment::Test::Between:
      return time >= moment.from && time <= moment.to;
  }
  return false;
}

Verdict evaluate_moment(const Bound& node, const Moment& moment, const History& history, Instant now) {
  const BoundFilter& filter = node.filters.front();
  const size_t end = range_of(history, std::nullopt, now).end;
  const bool is_window = moment.test == Moment::Test::InLast;
  const auto expiry = [&](Instant time) { return is_window ? time + moment.last : Instant::max(); };
  if (moment.is_first) {
    const size_t first = first_match(filter, history, 0, history.size());
    if (first == history.size()) return {false, Instant::max()};
    const Instant time = history.time(first);
    if (time > now) return {false, holds(moment, time, time) ? time : Instant::max()};
    const bool truth = holds(moment, time, now);
    return {truth, truth ? expiry(time) : Instant::max()};
  }
  const size_t begin = is_window ? range_of(history, moment.last, now).begin : 0;
  const size_t last = last_match(filter, history, begin, end);
  Instant time = last < end ? history.time(last) : Instant::min();
  const bool truth = last < end && holds(moment, time, now);
  for (size_t i = first_match(filter, history, end, history.size()); i < history.size();
       i = first_match(filter, history, i + 1, history.size())) {
    const Instant coming = history.time(i);
    if (truth && expiry(time) < coming) break;
    if (holds(moment, coming, coming) != truth) return {truth, coming};
    time = coming;
  }
  return {truth, truth ? expiry(time) : Instant::max()};
}

// --- sequence ---------------------------------------------------------------------------------------------

constexpr Instant kNone = Instant::min();

/// Follows the steps through events of growing time. For each step it knows the latest start among the
/// beginnings that reach it; no other one lasts longer or is nearer to its end.
class SequenceFolder {
 public:
  SequenceFolder(const Bound& node, const Sequence& sequence, const History& history)
      : node_(node), sequence_(sequence), history_(history), starts_(sequence.steps.size(), kNone) {}

  /// The latest start of a whole sequence so far; kNone without one.
  Instant start() const { return starts_.back(); }

  /// Takes the events from `begin` to `end`, all of one time.
  void take(size_t begin, size_t end) {
    const Instant time = history_.time(begin);
    next_ = starts_;
    for (size_t i = begin; i < end; ++i) {
      ticker_.tick();
      for (size_t step = 0; step < starts_.size(); ++step) {
        const Instant start = step == 0 ? time : starts_[step - 1];
        if (start <= next_[step]) continue;
        const bool is_in_time =
            step + 1 < starts_.size() || !sequence_.within || time <= start + *sequence_.within;
        if (is_in_time && matches(node_.filters[step], history_, i)) next_[step] = start;
      }
    }
    starts_.swap(next_);
  }

 private:
  const Bound& node_;
  const Sequence& sequence_;
  const History& history_;
  std::vector<Instant> starts_;
  std::vector<Instant> next_;
  InterruptTicker ticker_;
};

Verdict evaluate_sequence(const Bound& node, const Sequence& sequence, const History& history, Instant now,
                          Instant* start_of_latest) {
  const Range range = range_of(history, sequence.last, now);
  const auto expiry = [&](Instant start) { return sequence.last ? start + *sequence.last : Instant::max(); };
  SequenceFolder folder(node, sequence, history);
  size_t i = range.begin;
  for (size_t next = i; i < range.end; i = next) {
    next = end_of_equal_times(history, i);
    folder.take(i, next);
  }
  *start_of_latest = folder.start();
  const bool truth = folder.start() != kNone;
  for (size_t next = i; i < history.size(); i = next) {
    const Instant time = history.time(i);
    if (truth && expiry(folder.start()) < time) break;
    next = end_of_equal_times(history, i);
    folder.take(i, next);
    const bool coming = folder.start() != kNone && time < expiry(folder.start());
    if (coming != truth) return {truth, time};
  }
  return {truth, truth ? expiry(folder.start()) : Instant::max()};
}

// --- abandoned --------------------------------------------------------------------------------------------

Verdict evaluate_abandoned(const Bound& node, const Abandoned& abandoned, const History& history,
                           Instant now) {
  const BoundFilter& first = node.filters[0];
  const BoundFilter& then = node.filters[1];
  const Range range = range_of(history, abandoned.last, now);
  const size_t size = history.size();
  size_t current = last_match(first, history, range.begin, range.end);
  if (current == range.end) current = first_match(first, history, range.end, size);
  bool truth = false;
  // Each event of `first` is the latest one until the next; within that time the truth is one stretch.
  while (current < size) {
    const Instant time = history.time(current);
    const size_t after = end_of_equal_times(history, current);
    const size_t next = first_match(first, history, after, size);
    const Instant from = (time + abandoned.within) + 1;
    Instant to = next < size ? history.time(next) : Instant::max();
    if (abandoned.last) to = std::min(to, time + *abandoned.last);
    if (from < to && now < to) {
      const size_t answers_end =
          static_cast<size_t>(std::lower_bound(history.times().begin() + static_cast<ptrdiff_t>(after),
                                               history.times().end(), from) -
                              history.times().begin());
      if (first_match(then, history, after, answers_end) == answers_end) {
        truth = from <= now;
        return {truth, truth ? to : from};
      }
    }
    current = next;
  }
  return {false, Instant::max()};
}

}  // namespace

Range range_of(const History& history, std::optional<Micros> last, Instant now) {
  const auto times = history.times();
  const auto end = std::upper_bound(times.begin(), times.end(), now);
  const auto begin = last ? std::upper_bound(times.begin(), end, now - *last) : times.begin();
  return {static_cast<size_t>(begin - times.begin()), static_cast<size_t>(end - times.begin())};
}

Verdict evaluate_behaviour(const Bound& node, const History& history, Instant now) {
  if (const auto* moment = node.node->as<Moment>()) return evaluate_moment(node, *moment, history, now);
  Instant start;
  if (const auto* sequence = node.node->as<Sequence>())
    return evaluate_sequence(node, *sequence, history, now, &start);
  if (const auto* abandoned = node.node->as<Abandoned>())
    return evaluate_abandoned(node, *abandoned, history, now);
  return evaluate_aggregate(node, history, now);
}

Json value_of_behaviour(const Bound& node, const History& history, Instant now) {
  if (node.node->as<Aggregate>()) return value_of_aggregate(node, history, now);
  if (const auto* sequence = node.node->as<Sequence>()) {
    Instant start;
    evaluate_sequence(node, *sequence, history, now, &start);
    return start == kNone ? Json() : Json(format_instant(start));
  }
  const size_t end = range_of(history, std::nullopt, now).end;
  const auto* moment = node.node->as<Moment>();
  const size_t found = moment != nullptr && moment->is_first ? first_match(node.filters[0], history, 0, end)
                                                             : last_match(node.filters[0], history, 0, end);
  return found == end ? Json() : Json(format_instant(history.time(found)));
}

}  // namespace cdp::rule
