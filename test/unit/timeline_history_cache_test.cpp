#include "timeline/history_cache.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace cdp::timeline {
namespace {

constexpr size_t kPlenty = 64 << 20;

Instant second(int64_t n) { return {n * kSecond}; }

Demand demand_of(const std::vector<std::string>& events) {
  Demand demand;
  for (const std::string& event : events) demand.event(event);
  demand.property({PropertyPath::Root::Properties, {"text"}});
  return demand;
}

/// Reads so many events, one a second, into a history that is kept; those until `packed` are packed.
void keep(HistoryCache& cache, int64_t user_no, int64_t events, int64_t packed = 0,
          const std::string& text = "") {
  HistoryCache::Kept& kept = cache.add(user_no);
  for (int64_t n = 1; n <= events; ++n) {
    std::vector<Json> values = {Json(text)};
    kept.history.add(second(n), static_cast<int>(n % 3), values);
  }
  kept.next = {second(events), 1001};
  kept.packed_until = second(packed);
  kept.is_whole = true;
  cache.settle(kept);
}

std::vector<Instant> times_of(const HistoryCache::Kept& kept) {
  return {kept.history.times().begin(), kept.history.times().end()};
}

TEST(History, IsTruncatedToBeforeATime) {
  History history(1);
  for (const int64_t n : {1, 2, 3, 3, 4}) {
    std::vector<Json> values = {Json(n)};
    history.add(second(n), n == 2 ? History::kOther : static_cast<int>(n % 2), values);
  }
  const size_t bytes = history.bytes();
  history.truncate(second(3));
  EXPECT_LT(history.bytes(), bytes);
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history.time(1), second(2));
  EXPECT_EQ(history.property(1, 0), Json(int64_t{2}));
  EXPECT_EQ(history.positions(1).size(), 1U);
  EXPECT_EQ(history.positions(0).size(), 0U);
  // It goes on from there.
  std::vector<Json> values = {Json(int64_t{5})};
  history.add(second(2), 1, values);
  EXPECT_EQ(history.positions(1).back(), 2U);
  EXPECT_EQ(history.property(2, 0), Json(int64_t{5}));
  history.truncate(second(9));
  EXPECT_EQ(history.size(), 3U);
  history.truncate(second(0));
  EXPECT_EQ(history.size(), 0U);
  EXPECT_TRUE(history.positions(1).empty());
}

TEST(HistoryCache, KeepsWhatWasReadToTheEnd) {
  HistoryCache cache;
  cache.begin(demand_of({"a", "b", "c"}), kPlenty);
  EXPECT_EQ(cache.find(7), nullptr);
  keep(cache, 7, 10);
  ASSERT_NE(cache.find(7), nullptr);
  EXPECT_EQ(cache.find(7)->history.size(), 10U);
  EXPECT_EQ(cache.find(8), nullptr);
  cache.find(7)->is_whole = false;  // somebody began to read on, and did not come to the end
  EXPECT_EQ(cache.find(7), nullptr);
  EXPECT_TRUE(cache.is_empty());
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(HistoryCache, ForgetsWhatAnotherDemandRead) {
  HistoryCache cache;
  cache.begin(demand_of({"a", "b", "c"}), kPlenty);
  keep(cache, 7, 10);
  cache.begin(demand_of({"a", "b", "c"}), kPlenty);
  EXPECT_NE(cache.find(7), nullptr);
  cache.begin(demand_of({"a", "c", "b"}), kPlenty);
  EXPECT_EQ(cache.find(7), nullptr);
  keep(cache, 7, 10);
  Demand wider = demand_of({"a", "c", "b"});
  wider.property({PropertyPath::Root::Context, {"text"}});
  cache.begin(wider, kPlenty);
  EXPECT_EQ(cache.find(7), nullptr);
  wider.want_all_events();
  cache.add(7).is_whole = true;
  cache.begin(wider, kPlenty);
  EXPECT_EQ(cache.find(7), nullptr);
}

TEST(HistoryCache, ReadsOnFromALateEvent) {
  HistoryCache cache;
  cache.begin(demand_of({"a", "b", "c"}), kPlenty);
  keep(cache, 7, 10, 4);
  const auto next = cache.find(7)->next;
  // Behind all others, or at the time of the last: it is read on from there anyway.
  cache.note_stored(7, second(11));
  cache.note_stored(7, second(10));
  cache.note_stored(8, second(1));
  EXPECT_EQ(cache.find(7)->next, next);
  EXPECT_EQ(cache.find(7)->history.size(), 10U);
  // Among those that are not packed.
  cache.note_stored(7, second(6));
  EXPECT_EQ(times_of(*cache.find(7)),
            (std::vector<Instant>{second(1), second(2), second(3), second(4), second(5)}));
  EXPECT_EQ(cache.find(7)->next, (std::pair{second(6), INT64_MIN}));
  cache.note_stored(7, second(8));
  EXPECT_EQ(cache.find(7)->history.size(), 5U);
  // Among the packed ones, at the time of the last of them.
  cache.note_stored(7, second(4));
  EXPECT_EQ(cache.find(7), nullptr);
}

TEST(HistoryCache, DropsWhoseEventsChangedOrWerePacked) {
  HistoryCache cache;
  cache.begin(demand_of({"a", "b", "c"}), kPlenty);
  for (const int64_t user_no : {3, 5, 7, 9}) keep(cache, user_no, 10);
  const size_t bytes = cache.bytes();
  cache.drop(7);
  cache.drop(8);
  EXPECT_EQ(cache.find(7), nullptr);
  cache.drop_from_to(4, 8);
  EXPECT_EQ(cache.find(5), nullptr);
  EXPECT_NE(cache.find(3), nullptr);
  cache.drop_from_to(9, 9);
  EXPECT_EQ(cache.find(9), nullptr);
  EXPECT_EQ(cache.bytes(), bytes / 4);
  cache.clear();
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(HistoryCache, WhoWasNotAskedForLatelyMakesRoom) {
  const Demand demand = demand_of({"a", "b", "c"});
  HistoryCache cache;
  cache.begin(demand, kPlenty);
  keep(cache, 1, 1000);
  const size_t room = 3 * cache.bytes() + 1000;
  cache.begin(demand, room);
  for (const int64_t user_no : {2, 3}) {
    ASSERT_TRUE(cache.makes_room(900));
    keep(cache, user_no, 1000);
  }
  EXPECT_FALSE(cache.makes_room(1000)) << "all were asked for just now";
  for (int round = 0; round < 10000; ++round) {
    cache.begin(demand, room);
    EXPECT_NE(cache.find(1), nullptr);
    EXPECT_NE(cache.find(3), nullptr);
  }
  EXPECT_TRUE(cache.makes_room(900));
  EXPECT_EQ(cache.find(2), nullptr);
  EXPECT_NE(cache.find(1), nullptr);
  EXPECT_FALSE(cache.makes_room(100000)) << "more than all room";
  EXPECT_NE(cache.find(3), nullptr);
}

TEST(HistoryCache, WhatGrowsIsCounted) {
  const Demand demand = demand_of({"a", "b", "c"});
  HistoryCache cache;
  cache.begin(demand, kPlenty);
  keep(cache, 1, 100, 0, std::string(1000, 'x'));
  EXPECT_GT(cache.bytes(), 100000U);
  keep(cache, 2, 100);
  HistoryCache::Kept& kept = *cache.find(2);
  const size_t before = cache.bytes();
  for (int64_t n = 101; n <= 200; ++n) {
    std::vector<Json> values = {Json(std::string(1000, 'x'))};
    kept.history.add(second(n), 0, values);
    cache.settle(kept);
  }
  EXPECT_GT(cache.bytes(), before + 75000);
  // With less room than is taken whoever was asked for last stays.
  cache.begin(demand, kPlenty);
  (void)cache.find(2);
  cache.begin(demand, 150000);
  EXPECT_EQ(cache.find(1), nullptr);
  cache.begin(demand, 0);
  EXPECT_TRUE(cache.is_empty());
}

}  // namespace
}  // namespace cdp::timeline
