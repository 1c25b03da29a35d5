#include "base/local_time.hpp"

namespace cdp {

namespace {

int64_t floor_divided(int64_t number, int64_t by) { return number / by - (number % by < 0 ? 1 : 0); }

}  // namespace

ZoneOffset LocalTime::offset(Instant t) {
  if (zone_ == nullptr) return {};
  if (t < known_since_ || t >= known_.until) {
    known_ = (*zone_)(t);
    known_since_ = t;
  }
  return known_;
}

int64_t LocalTime::day(Instant t) { return floor_divided(local_us(t), kDay); }

Micros LocalTime::time_of_day(Instant t) {
  const int64_t local = local_us(t);
  return local - floor_divided(local, kDay) * kDay;
}

Instant LocalTime::start_of_day(int64_t day) {
  int64_t us = 0;
  if (__builtin_mul_overflow(day, kDay, &us)) return day > 0 ? Instant::max() : Instant::min();
  const Instant local{us};
  if (zone_ == nullptr) return local;
  // By the offsets before and after a change of clocks that may be near: the earlier one of both that shows
  // midnight; none where midnight is passed over.
  const Micros before = offset(local - kDay).ahead;
  const Micros after = offset(local + kDay).ahead;
  const Instant first = local - before;
  const Instant second = local - after;
  return offset(first).ahead != before && offset(second).ahead == after ? second : first;
}

int weekday_of(int64_t day) {
  constexpr int kSaturday = 5;  // 2000-01-01
  const int64_t shifted = day + kSaturday;
  return static_cast<int>(shifted - floor_divided(shifted, 7) * 7);
}

}  // namespace cdp
