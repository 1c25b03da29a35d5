#pragma once

#include "base/local_time.hpp"
#include "rule/tree.hpp"
#include "timeline/history.hpp"

#include <cstddef>
#include <optional>

namespace cdp::rule {

/// How far before now what lies in the window can be; nullopt: any time.
std::optional<Micros> lookback_of(const Window& window);

/// The further back of two; nullopt, which is any time, is further than all.
std::optional<Micros> further_back(std::optional<Micros> a, std::optional<Micros> b);

/// Does the window move with time alone, so that what lies in it may leave or come without an event?
bool moves(const Window& window);

/// Times from `begin` until before `end`; none where that is not later.
struct Span {
  Instant begin;
  Instant end;
};

/// When a time (of a trait) lies in a window of InLast, InNext, MoreThanAgo, Before or After, times to come
/// included.
Span stretch_of(const Window& window, Instant time);

/// Events of a history, by index: `begin` to `end`.
struct Range {
  size_t begin;
  size_t end;
};

/// A window and when times lie in it: from enters_at() until before leaves_at(). Both ascend with the time,
/// so what is in a window is one range of a history at every instant, and comes and goes in order.
class MovingWindow {
 public:
  /// The zone (nullptr: UTC) must outlive this, as must the window.
  MovingWindow(const Window& window, const TimeZone* zone) : window_(window), local_(zone) {}

  /// The first instant at which this time is in the window; max() if there is none.
  Instant enters_at(Instant time) const;
  /// The first instant at which it is no more; max() if there is none.
  Instant leaves_at(Instant time);

  bool has(Instant time, Instant now) { return enters_at(time) <= now && now < leaves_at(time); }

  /// The window as it is at `now`.
  Span span_at(Instant now);
  /// The events in it.
  Range at(const timeline::History& history, Instant now);
  /// Behind the last event that is ever in the window.
  size_t end_of_all(const timeline::History& history) const;

 private:
  /// The first instant of the calendar window that contains `now`.
  Instant period_start(Instant now);
  Instant period_end(Instant now);

  const Window& window_;
  LocalTime local_;
  Instant known_start_ = Instant::max();  ///< of a calendar window that was looked up
  Instant known_end_ = Instant::min();
};

}  // namespace cdp::rule
