#include "rule/window.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace cdp::rule {

namespace {

using Kind = Window::Kind;
using timeline::History;

size_t first_from(const History& history, Instant time) {
  return static_cast<size_t>(std::lower_bound(history.times().begin(), history.times().end(), time) -
                             history.times().begin());
}

}  // namespace

std::optional<Micros> further_back(std::optional<Micros> a, std::optional<Micros> b) {
  return a && b ? std::optional(std::max(*a, *b)) : std::nullopt;
}

std::optional<Micros> lookback_of(const Window& window) {
  switch (window.kind) {
    case Kind::InLast:
    case Kind::BetweenAgo:
      return window.length;
    // Clocks may be set back on the way, by hours.
    case Kind::Today:
      return 3 * kDay;
    case Kind::ThisWeek:
      return 9 * kDay;
    case Kind::ThisMonth:
      return 33 * kDay;
    default:
      return std::nullopt;
  }
}

bool moves(const Window& window) {
  switch (window.kind) {
    case Kind::Always:
    case Kind::Since:
    case Kind::Before:
    case Kind::Between:
    case Kind::After:
      return false;
    default:
      return true;
  }
}

Instant MovingWindow::enters_at(Instant time) const {
  const bool is_ever_in = [&] {
    switch (window_.kind) {
      case Kind::Since:
        return time >= window_.from;
      case Kind::Before:
        return time < window_.from;
      case Kind::Between:
        return time >= window_.from && time <= window_.to;
      case Kind::After:
        return time > window_.from;
      default:
        return true;
    }
  }();
  if (!is_ever_in) return Instant::max();
  if (window_.kind == Kind::BetweenAgo) return time + window_.nearer;
  if (window_.kind == Kind::MoreThanAgo) return time + window_.length;
  return time;
}

Instant MovingWindow::leaves_at(Instant time) {
  if (window_.kind == Kind::InLast || window_.kind == Kind::BetweenAgo) return time + window_.length;
  return window_.is_calendar() ? period_end(time) : Instant::max();
}

Span MovingWindow::span_at(Instant now) {
  const Instant end = now + 1;
  switch (window_.kind) {
    case Kind::InLast:
      return {(now - window_.length) + 1, end};
    case Kind::BetweenAgo:
      return {(now - window_.length) + 1, (now - window_.nearer) + 1};
    case Kind::MoreThanAgo:
      return {Instant::min(), (now - window_.length) + 1};
    case Kind::Since:
      return {window_.from, end};
    case Kind::After:
      return {window_.from + 1, end};
    case Kind::Before:
      return {Instant::min(), std::min(window_.from, end)};
    case Kind::Between:
      return {window_.from, std::min(window_.to + 1, end)};
    case Kind::Today:
    case Kind::ThisWeek:
    case Kind::ThisMonth:
      return {period_start(now), end};
    case Kind::InNext:
      return {end, end + window_.length};
    case Kind::Always:
      break;
  }
  return {Instant::min(), end};
}

Span stretch_of(const Window& window, Instant time) {
  constexpr Span kNever{Instant::max(), Instant::max()};
  const Span always{Instant::min(), Instant::max()};
  switch (window.kind) {
    case Kind::InLast:
      return {time, time + window.length};
    case Kind::InNext:
      return {time - window.length, time};
    case Kind::MoreThanAgo:
      return {time + window.length, Instant::max()};
    case Kind::Before:
      return time < window.from ? always : kNever;
    case Kind::After:
      return time > window.from ? always : kNever;
    default:
      throw Error(Category::Internal, "a trait has no such test as a time");
  }
}

Range MovingWindow::at(const History& history, Instant now) {
  const Span span = span_at(now);
  const size_t begin = first_from(history, span.begin);
  return {begin, std::max(begin, first_from(history, span.end))};
}

size_t MovingWindow::end_of_all(const History& history) const {
  if (window_.kind == Kind::Before) return first_from(history, window_.from);
  if (window_.kind == Kind::Between)
    return std::max(first_from(history, window_.to + 1), first_from(history, window_.from));
  return history.size();
}

Instant MovingWindow::period_start(Instant now) {
  (void)period_end(now);
  return known_start_;
}

Instant MovingWindow::period_end(Instant now) {
  if (now >= known_start_ && now < known_end_) return known_end_;
  int64_t first = local_.day(now);
  int64_t next = first + 1;
  if (window_.kind == Kind::ThisWeek) {
    first -= weekday_of(first);
    next = first + 7;
  } else if (window_.kind == Kind::ThisMonth) {
    const Date date = date_from_days(first);
    first = days_from_date(date.year, date.month, 1);
    next =
        date.month == 12 ? days_from_date(date.year + 1, 1, 1) : days_from_date(date.year, date.month + 1, 1);
  }
  known_start_ = local_.start_of_day(first);
  // Later than `now` also where clocks were set back over midnight.
  known_end_ = std::max(local_.start_of_day(next), now + 1);
  return known_end_;
}

}  // namespace cdp::rule
