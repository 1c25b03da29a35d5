#include "base/local_time.hpp"

#include <gtest/gtest.h>

namespace cdp {
namespace {

Instant at(const char* text) { return parse_instant(text).value(); }

/// Clocks go forward at `forward` and back at `back`, by an hour.
TimeZone zone(Micros ahead, const char* forward, const char* back) {
  return [=](Instant t) {
    if (t < at(forward)) return ZoneOffset{ahead, at(forward)};
    if (t < at(back)) return ZoneOffset{ahead + kHour, at(back)};
    return ZoneOffset{ahead, Instant::max()};
  };
}

TEST(LocalTime, DatesAreBackwardsWhatTheyAreForwards) {
  for (int64_t day = -1000000; day <= 1000000; day += 97) {
    const Date date = date_from_days(day);
    ASSERT_EQ(days_from_date(date.year, date.month, date.day), day);
    ASSERT_EQ(weekday_of(day), ((day + 5) % 7 + 7) % 7);
  }
  EXPECT_EQ(weekday_of(days_from_date(2025, 1, 5)), 6);  // a Sunday
}

TEST(LocalTime, DaysBeginAtMidnightWhereverClocksAreChanged) {
  // Oslo's hours, then those of a place that passes over midnight and has it twice (Havana).
  const TimeZone oslo = zone(kHour, "2025-03-30 01:00", "2025-10-26 01:00");
  LocalTime local(&oslo);
  const auto start = [&](int year, int month, int day) {
    return format_instant(local.start_of_day(days_from_date(year, month, day)));
  };
  EXPECT_EQ(start(2025, 3, 30), "2025-03-29T23:00:00Z");
  EXPECT_EQ(start(2025, 3, 31), "2025-03-30T22:00:00Z");
  EXPECT_EQ(start(2025, 10, 26), "2025-10-25T22:00:00Z");
  EXPECT_EQ(start(2025, 10, 27), "2025-10-26T23:00:00Z");
  EXPECT_EQ(local.day(at("2025-03-30 21:59:59")), days_from_date(2025, 3, 30));
  EXPECT_EQ(local.day(at("2025-03-30 22:00")), days_from_date(2025, 3, 31));
  EXPECT_EQ(local.time_of_day(at("2025-03-30 01:00")), 3 * kHour);

  const TimeZone havana = zone(-5 * kHour, "2025-03-09 05:00", "2025-11-02 05:00");
  local = LocalTime(&havana);
  EXPECT_EQ(start(2025, 3, 9), "2025-03-09T05:00:00Z");   // 00:00 is 01:00
  EXPECT_EQ(start(2025, 11, 2), "2025-11-02T04:00:00Z");  // the first of two
  EXPECT_EQ(start(2025, 11, 3), "2025-11-03T05:00:00Z");
}

TEST(LocalTime, IsUtcWithoutAZone) {
  LocalTime local(nullptr);
  EXPECT_EQ(local.day(at("1999-12-31 23:59:59.999999")), -1);
  EXPECT_EQ(local.start_of_day(-1), at("1999-12-31"));
  EXPECT_EQ(local.time_of_day(at("1999-12-31 23:00")), 23 * kHour);
}

}  // namespace
}  // namespace cdp
