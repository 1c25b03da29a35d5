#include "segment/due_rules.hpp"
#include "segment/kept_due_rules.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <utility>

namespace cdp::segment {
namespace {

using Dues = std::vector<std::pair<int64_t, int>>;

Dues known(const DueRules& dues) {
  Dues found;
  for (size_t i = 0; i < dues.rules().size(); ++i) found.emplace_back(dues.instants()[i].us, dues.rules()[i]);
  return found;
}

TEST(DueRules, KnowNothingButTheHorizonAtFirst) {
  EXPECT_EQ(DueRules().next(), Instant::max());
  const DueRules dues(Instant{7});
  EXPECT_EQ(dues.next(), Instant{7});
  EXPECT_EQ(dues.horizon(), Instant{7});
  EXPECT_EQ(known(dues), Dues{});
}

TEST(DueRules, HaveEachRuleOnceInOrder) {
  DueRules dues;
  dues.set(3, Instant{30});
  dues.set(1, Instant{10});
  dues.set(2, Instant{30});
  EXPECT_EQ(known(dues), (Dues{{10, 1}, {30, 2}, {30, 3}}));
  dues.set(1, Instant{40});
  EXPECT_EQ(known(dues), (Dues{{30, 2}, {30, 3}, {40, 1}}));
  EXPECT_EQ(dues.next(), Instant{30});
  dues.set(2, Instant::max());
  EXPECT_EQ(known(dues), (Dues{{30, 3}, {40, 1}}));
  EXPECT_EQ(dues.horizon(), Instant::max());
}

TEST(DueRules, LeaveWhatIsBehindTheHorizon) {
  DueRules dues(Instant{20});
  dues.set(1, Instant{20});
  dues.set(2, Instant{19});
  EXPECT_EQ(known(dues), (Dues{{19, 2}}));
  dues.set(2, Instant{21});
  EXPECT_EQ(known(dues), Dues{});
  EXPECT_EQ(dues.next(), Instant{20});
}

// Against a map of all rules: those before the horizon are known, each at its instant, and of the others none
// is due before it.
TEST(DueRules, AreTheEarliestOfAll) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::map<int, Instant> all;
    DueRules dues;
    bool was_full = false;
    for (int step = 0; step < 120; ++step) {
      const int rule = static_cast<int>(random() % 40);
      const Instant at = random() % 5 == 0 ? Instant::max() : Instant{static_cast<int64_t>(random() % 50)};
      all[rule] = at;
      dues.set(rule, at);
      Dues expected;
      Instant first = Instant::max();
      for (const auto& [number, instant] : all) first = std::min(first, instant);
      for (const auto& [number, instant] : all)
        if (instant < dues.horizon()) expected.emplace_back(instant.us, number);
      std::sort(expected.begin(), expected.end());
      // At the horizon itself there may be some that are known.
      Dues found = known(dues);
      std::erase_if(found, [&](const auto& due) { return due.first >= dues.horizon().us; });
      ASSERT_EQ(found, expected);
      ASSERT_LE(dues.next(), first);
      if (dues.horizon() == Instant::max()) {
        ASSERT_EQ(dues.next(), first);
      }
      was_full |= dues.rules().size() == DueRules::kMost;
    }
    EXPECT_TRUE(was_full);
  }
}

TEST(KeptDueRules, StandSoLongAsTheRowIsTheOneThatWasWritten) {
  KeptDueRules kept;
  EXPECT_EQ(kept.find(1, 100), nullptr);
  kept.keep(1, 100, DueRules(Instant{1}));
  EXPECT_EQ(kept.find(1, 100), nullptr) << "no memory is given";
  kept.begin(1, 1 << 20);
  EXPECT_EQ(kept.find(1, 100), nullptr);
  kept.keep(1, 100, DueRules(Instant{1}));
  ASSERT_NE(kept.find(1, 100), nullptr);
  EXPECT_EQ(kept.find(1, 100)->horizon(), Instant{1});
  EXPECT_EQ(kept.find(1, 101), nullptr);
  EXPECT_EQ(kept.find(2, 100), nullptr);
  kept.begin(1, 1 << 20);
  EXPECT_NE(kept.find(1, 100), nullptr);
  kept.begin(2, 1 << 20);
  EXPECT_EQ(kept.find(1, 100), nullptr) << "of other rules";
  kept.keep(1, 102, DueRules(Instant{1}));
  kept.begin(2, 1 << 21);
  EXPECT_EQ(kept.find(1, 102), nullptr) << "other memory";
}

TEST(KeptDueRules, KeepTheLatestOfThoseWhoShareAPlace) {
  KeptDueRules kept;
  kept.begin(1, 1 << 18);
  for (int64_t user_no = 1; user_no <= 100000; ++user_no) kept.keep(user_no, 5, DueRules(Instant{user_no}));
  int64_t found = 0;
  for (int64_t user_no = 1; user_no <= 100000; ++user_no)
    if (const DueRules* const dues = kept.find(user_no, 5)) {
      ++found;
      EXPECT_EQ(dues->horizon(), Instant{user_no});
    }
  EXPECT_NE(kept.find(100000, 5), nullptr);
  EXPECT_GE(found, 1024);
  EXPECT_LE(found * static_cast<int64_t>(sizeof(DueRules)), 1 << 18);
}

}  // namespace
}  // namespace cdp::segment
