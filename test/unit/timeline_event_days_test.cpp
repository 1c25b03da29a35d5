#include "bitmap/bitmap.hpp"
#include "timeline/event_days.hpp"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <utility>

namespace cdp::timeline {
namespace {

using Expected = std::map<std::pair<int32_t, int32_t>, std::set<uint32_t>>;

/// Takes all out, in order.
Expected contents(EventDays& days) {
  Expected contents;
  std::pair<int32_t, int32_t> last{INT32_MIN, INT32_MIN};
  while (!days.is_empty()) {
    const std::pair<int32_t, int32_t> key{days.first().event_no, days.first().day};
    EXPECT_LT(last, key);
    last = key;
    const std::string bytes = days.first_users().to_bytes();
    const std::vector<uint32_t> users =
        bitmap::Bitmap::from_bytes(ByteView(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()))
            .to_vector();
    contents[key] = std::set<uint32_t>(users.begin(), users.end());
    days.remove_first();
  }
  return contents;
}

TEST(EventDays, DaysAreThoseOfUtcAlsoBefore2000) {
  EXPECT_EQ(day_of(Instant{0}), 0);
  EXPECT_EQ(day_of(*parse_instant("2000-01-01T23:59:59.999999Z")), 0);
  EXPECT_EQ(day_of(*parse_instant("2000-01-02T00:00:00Z")), 1);
  EXPECT_EQ(day_of(*parse_instant("1999-12-31T23:59:59.999999Z")), -1);
  EXPECT_EQ(day_of(*parse_instant("1999-12-31T00:00:00Z")), -1);
  EXPECT_EQ(day_of(*parse_instant("1999-12-30T23:59:59.999999Z")), -2);
  EXPECT_EQ(day_of(*parse_instant("2024-02-29T12:00:00+14:00")), days_from_date(2024, 2, 28));
  EXPECT_EQ(day_of(kFirstInstant), -2451545);  // 4714-11-24 BC, Julian day 0; that of 2000 is 2451545
  EXPECT_EQ(day_of(kLastInstant), 106751982);  // 294276-12-31, Julian day 109203527
}

TEST(EventDays, HoldWhatWasAdded) {
  std::mt19937 random(20000101);
  for (int round = 0; round < 200; ++round) {
    EventDays days;
    Expected expected;
    const uint32_t most_users = round % 3 == 0 ? 20 : round % 3 == 1 ? 300'000 : 4'294'967'295;
    for (uint32_t i = random() % 20'000; i > 0; --i) {
      const auto event_no = static_cast<int32_t>(random() % 5);
      const auto day = static_cast<int32_t>(random() % 7) - 3;
      const uint32_t user_no = random() % most_users;
      days.add(event_no, Instant{day * kDay + static_cast<int64_t>(random()) % kDay}, user_no);
      expected[{event_no, day}].insert(user_no);
    }
    EXPECT_EQ(contents(days), expected);
  }
}

TEST(EventDays, MemoryIsCountedAndGivenBack) {
  EventDays days;
  EXPECT_EQ(days.memory(), 0u);
  size_t last = 0;
  for (int day = 0; day < 1000; ++day) {
    for (uint32_t user_no = 0; user_no < 100; ++user_no) days.add(1, Instant{day * kDay}, user_no * 1000);
    EXPECT_GT(days.memory(), last);
    last = days.memory();
  }
  EXPECT_LT(last, 1000 * 100 * 16u);
  days.remove_first();
  EXPECT_LT(days.memory(), last);
  days.add(1, Instant{5 * kDay}, 7);
  days.clear();
  EXPECT_EQ(days.memory(), 0u);
  EXPECT_TRUE(days.is_empty());
  days.add(2, Instant{0}, 3);
  EXPECT_EQ(contents(days), (Expected{{{2, 0}, {3}}}));
}

}  // namespace
}  // namespace cdp::timeline
