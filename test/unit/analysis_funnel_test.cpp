#include "analysis/funnel.hpp"
#include "base/error.hpp"
#include "base/interrupt.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <gtest/gtest.h>
#include <random>
#include <string_view>

namespace cdp::analysis {
namespace {

/// The steps that a letter of `steps` fulfils: "aba" has 'a' fulfil the first and the third.
StepMask steps_of(char letter, std::string_view steps) {
  StepMask mask = 0;
  for (size_t i = 0; i < steps.size(); ++i)
    if (steps[i] == letter) mask |= StepMask{1} << i;
  return mask;
}

/// One event a letter at t = 1, 2, 3 …
int depth_of(std::string_view letters, std::string_view steps, Micros within = 1000) {
  std::vector<FunnelEvent> events;
  for (size_t i = 0; i < letters.size(); ++i)
    events.push_back({Instant{static_cast<int64_t>(i) + 1}, steps_of(letters[i], steps)});
  return funnel_depth({static_cast<int>(steps.size()), within}, events);
}

TEST(Funnel, CountsTheStepsWithinTheWindow) {
  std::vector<FunnelEvent> events;
  for (int i = 0; i < 5; ++i) events.push_back({Instant{3 + i}, StepMask{1} << i});
  EXPECT_EQ(funnel_depth({5, 2}, events), 3);
  EXPECT_EQ(funnel_depth({5, 3}, events), 4);
  EXPECT_EQ(funnel_depth({5, 4}, events), 5);
  EXPECT_EQ(funnel_depth({5, 0}, events), 1);
}

TEST(Funnel, TakesStepsInOrderWithAnythingBetween) {
  EXPECT_EQ(depth_of("adbc", "abc"), 3);
  EXPECT_EQ(depth_of("acb", "abc"), 2);
  EXPECT_EQ(depth_of("adabc", "abc"), 3);
  EXPECT_EQ(depth_of("aabbdcc", "abc"), 3);
  EXPECT_EQ(depth_of("aabbcc", "abc"), 3);
  EXPECT_EQ(depth_of("abac", "abc"), 3);
  EXPECT_EQ(depth_of("abcbd", "abcd"), 4);
  EXPECT_EQ(depth_of("bca", "abc"), 1);
  EXPECT_EQ(depth_of("bcd", "abc"), 0);
  EXPECT_EQ(depth_of("", "abc"), 0);
}

TEST(Funnel, StartsAtTheLatestFirstStepThatServes) {
  const auto at = [](int64_t seconds) { return Instant{seconds * kSecond}; };
  const std::vector<FunnelEvent> events{{at(0), 1}, {at(30), 1}, {at(45), 2}, {at(75), 4}};
  EXPECT_EQ(funnel_depth({3, 60 * kSecond}, events), 3);
  EXPECT_EQ(funnel_depth({3, 45 * kSecond}, events), 3);
  EXPECT_EQ(funnel_depth({3, 45 * kSecond - 1}, events), 2);
  const std::vector<FunnelEvent> repeated{{at(10), 5}, {at(20), 5}, {at(30), 2}, {at(40), 5}, {at(50), 8}};
  EXPECT_EQ(funnel_depth({4, 100 * kSecond}, repeated), 4);
}

TEST(Funnel, NeverAdvancesTwoStepsByOneEvent) {
  EXPECT_EQ(depth_of("x", "xxx"), 1);
  EXPECT_EQ(depth_of("xx", "xxx"), 2);
  EXPECT_EQ(depth_of("xxx", "xxx"), 3);
  for (int tied = 1; tied <= 5; ++tied) {
    const std::vector<FunnelEvent> events(tied, FunnelEvent{Instant{7}, 7});
    EXPECT_EQ(funnel_depth({3, 0}, events), std::min(tied, 3));
  }
}

TEST(Funnel, TakesEqualTimesInTheOrderThatServes) {
  const std::vector<FunnelEvent> events{
      {Instant{0}, 1}, {Instant{1}, 2}, {Instant{1}, 4}, {Instant{1}, 8}, {Instant{2}, 16}};
  EXPECT_EQ(funnel_depth({5, 10}, events), 5);
  EXPECT_EQ(funnel_depth({3, 0}, std::vector<FunnelEvent>{{Instant{5}, 4}, {Instant{5}, 2}, {Instant{5}, 1}}),
            3);
  // The first event must leave step one to the second: only together do they take both.
  EXPECT_EQ(funnel_depth({2, 0}, std::vector<FunnelEvent>{{Instant{5}, 3}, {Instant{5}, 1}}), 2);
  EXPECT_EQ(funnel_depth({2, 0}, std::vector<FunnelEvent>{{Instant{5}, 3}, {Instant{5}, 4}}), 1);
  // 1 to {a}, 2 to {b} leaves 3 to {c} only if the events are shifted round.
  EXPECT_EQ(funnel_depth({3, 0}, std::vector<FunnelEvent>{{Instant{5}, 3}, {Instant{5}, 5}, {Instant{5}, 1}}),
            3);
}

TEST(Funnel, KeepsInfiniteTimesInfinitelyFar) {
  const Micros longest = std::numeric_limits<Micros>::max();
  const std::vector<FunnelEvent> early{{Instant::min(), 1}, {Instant{0}, 2}};
  EXPECT_EQ(funnel_depth({2, longest}, early), 1);
  const std::vector<FunnelEvent> before_zero{{Instant::min(), 1}, {Instant{-5}, 2}};
  EXPECT_EQ(funnel_depth({2, longest}, before_zero), 1);
  const std::vector<FunnelEvent> late{{Instant{0}, 1}, {Instant::max(), 2}};
  EXPECT_EQ(funnel_depth({2, longest}, late), 1);
  const std::vector<FunnelEvent> together{{Instant::min(), 1}, {Instant::min(), 2}};
  EXPECT_EQ(funnel_depth({2, 0}, together), 2);
  const std::vector<FunnelEvent> at_end{{Instant::max(), 1}, {Instant::max(), 2}};
  EXPECT_EQ(funnel_depth({2, 0}, at_end), 2);
  const std::vector<FunnelEvent> all_of_time{{kFirstInstant, 1}, {kLastInstant, 2}};
  EXPECT_EQ(funnel_depth({2, longest}, all_of_time), 1);
  EXPECT_EQ(funnel_depth({2, longest}, std::vector<FunnelEvent>{{kFirstInstant, 1}, {Instant{0}, 2}}), 2);
}

TEST(Funnel, HasOneToSixtyFourSteps) {
  std::vector<FunnelEvent> events;
  for (int i = 0; i < 64; ++i) events.push_back({Instant{i}, StepMask{1} << i});
  EXPECT_EQ(funnel_depth({64, 63}, events), 64);
  EXPECT_EQ(funnel_depth({64, 62}, events), 63);
  EXPECT_EQ(funnel_depth({1, 62}, events), 1);
  for (const FunnelDefinition refused : {FunnelDefinition{65, 1}, {0, 1}, {-1, 1}, {2, -1}})
    EXPECT_THROW(FunnelFold{refused}, Error);
}

TEST(Funnel, IgnoresStepsThatItDoesNotHave) {
  const std::vector<FunnelEvent> tied{{Instant{1}, 1}, {Instant{1}, 2}, {Instant{1}, 4}};
  EXPECT_EQ(funnel_depth({2, 0}, tied), 2);
  EXPECT_EQ(funnel_depth({1, 0}, std::vector<FunnelEvent>{{Instant{1}, 6}}), 0);
}

TEST(Funnel, RefusesTimesThatGoBack) {
  FunnelFold fold({2, 10});
  fold.add(Instant{5}, 1);
  EXPECT_THROW(fold.add(Instant{4}, 2), Error);
}

TEST(Funnel, TakesManyTiedEventsThatFulfilManySteps) {
  // 64 different steps need 64 events; every event fulfils every step.
  const auto depth_of_tied = [](size_t count) {
    return funnel_depth({64, 0}, std::vector<FunnelEvent>(count, FunnelEvent{Instant{1}, ~StepMask{0}}));
  };
  EXPECT_EQ(depth_of_tied(63), 63);
  EXPECT_EQ(depth_of_tied(64), 64);
  EXPECT_EQ(depth_of_tied(200000), 64);
  // The only events of the last steps come behind many that fulfil the first steps as well.
  std::vector<FunnelEvent> events(100000, FunnelEvent{Instant{1}, (StepMask{1} << 60) - 1});
  for (int i = 0; i < 4; ++i) events.push_back({Instant{1}, StepMask{15} << 60 | 1});
  EXPECT_EQ(funnel_depth({64, 0}, events), 64);
}

int interrupt_checks = 0;

TEST(Funnel, ChecksForInterrupts) {
  std::vector<FunnelEvent> events(100000, FunnelEvent{Instant{1}, 1});
  const InterruptCheck previous = set_interrupt_check([] { ++interrupt_checks; });
  funnel_depth({2, 0}, events);
  const int of_fold = interrupt_checks;
  sort_by_time(events);
  set_interrupt_check(previous);
  EXPECT_GT(of_fold, 50);
  EXPECT_GT(interrupt_checks - of_fold, 50);
}

// ---- Oracles: search through everything -----------------------------------------------------------------

/// Walks every chain: from each first step on, every later or tied event not yet taken.
class ChainSearch {
 public:
  ChainSearch(FunnelDefinition definition, const std::vector<FunnelEvent>& events)
      : definition_(definition), events_(events), is_taken_(events.size(), false) {}

  int deepest() {
    extend(0, Instant::min(), Instant::min());
    return deepest_;
  }

 private:
  void extend(int level, Instant start, Instant last) {
    deepest_ = std::max(deepest_, level);
    if (level == definition_.steps) return;
    for (size_t i = 0; i < events_.size(); ++i) {
      const FunnelEvent& event = events_[i];
      if (is_taken_[i] || (event.steps >> level & 1) == 0) continue;
      if (level > 0 && (event.time < last || event.time.us - start.us > definition_.within)) continue;
      is_taken_[i] = true;
      extend(level + 1, level == 0 ? event.time : start, event.time);
      is_taken_[i] = false;
    }
  }

  FunnelDefinition definition_;
  const std::vector<FunnelEvent>& events_;
  std::vector<bool> is_taken_;
  int deepest_ = 0;
};

/// Tries every order of tied events; in each, from every first step on, takes the next event that fulfils
/// the next step. Orders are those of positions, so that equal events are permuted as well.
int deepest_over_orders(FunnelDefinition definition, const std::vector<FunnelEvent>& events) {
  std::vector<size_t> order(events.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  int deepest = 0;
  do {
    bool is_in_time = true;
    for (size_t i = 1; i < order.size(); ++i)
      if (events[order[i]].time < events[order[i - 1]].time) is_in_time = false;
    if (!is_in_time) continue;
    for (size_t first = 0; first < order.size(); ++first) {
      if ((events[order[first]].steps & 1) == 0) continue;
      int level = 1;
      for (size_t i = first + 1; i < order.size() && level < definition.steps; ++i) {
        const FunnelEvent& event = events[order[i]];
        if (event.time.us - events[order[first]].time.us > definition.within) break;
        if ((event.steps >> level & 1) != 0) ++level;
      }
      deepest = std::max(deepest, level);
    }
  } while (std::next_permutation(order.begin(), order.end()));
  return deepest;
}

struct Case {
  FunnelDefinition definition;
  std::vector<FunnelEvent> events;  // in random order
};

Case random_case(std::mt19937_64& random, size_t most_events) {
  const auto below = [&random](uint64_t end) { return random() % end; };
  Case made;
  made.definition.steps = static_cast<int>(1 + below(6));
  made.definition.within = static_cast<Micros>(below(8));
  const size_t count = below(most_events + 1);
  const uint64_t times = 1 + below(9);    // few times: many ties
  const uint64_t density = 1 + below(6);  // of steps in an event
  for (size_t i = 0; i < count; ++i) {
    StepMask steps = 0;
    for (int step = 0; step < made.definition.steps; ++step)
      if (below(6) < density) steps |= StepMask{1} << step;
    made.events.push_back({Instant{static_cast<int64_t>(below(times)) - 3}, steps});
  }
  return made;
}

void print(const Case& failed) {
  std::printf("steps %d within %ld:", failed.definition.steps, static_cast<long>(failed.definition.within));
  for (const FunnelEvent& event : failed.events)
    std::printf(" %ld:%lx", static_cast<long>(event.time.us), static_cast<unsigned long>(event.steps));
  std::printf("\n");
}

std::vector<uint64_t> seeds() {
  if (const char* given = std::getenv("CDP_SEED")) return {std::strtoull(given, nullptr, 10)};
  return {1, 20240313, std::random_device{}()};
}

TEST(Funnel, AgreesWithSearchThroughAllChains) {
  for (const uint64_t seed : seeds()) {
    std::printf("seed %lu (CDP_SEED repeats it)\n", static_cast<unsigned long>(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < 20000; ++round) {
      Case tried = random_case(random, 9);
      const int expected = ChainSearch(tried.definition, tried.events).deepest();
      sort_by_time(tried.events);
      const int depth = funnel_depth(tried.definition, tried.events);
      if (depth != expected) print(tried);
      ASSERT_EQ(depth, expected) << "seed " << seed << " round " << round;
    }
  }
}

TEST(Funnel, AgreesWithSearchThroughAllOrdersOfTies) {
  for (const uint64_t seed : seeds()) {
    std::printf("seed %lu (CDP_SEED repeats it)\n", static_cast<unsigned long>(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < 2000; ++round) {
      Case tried = random_case(random, 6);
      const int expected = deepest_over_orders(tried.definition, tried.events);
      sort_by_time(tried.events);
      const int depth = funnel_depth(tried.definition, tried.events);
      if (depth != expected) print(tried);
      ASSERT_EQ(depth, expected) << "seed " << seed << " round " << round;
    }
  }
}

/// Cuts events, each of at most one step, into runs, and adds these.
int depth_by_runs(const Case& tried, std::mt19937_64& random) {
  // Codes stand for steps in an order of their own; the last of them for none.
  std::vector<uint8_t> step_of_code(static_cast<size_t>(tried.definition.steps) + 1);
  for (size_t code = 0; code + 1 < step_of_code.size(); ++code)
    step_of_code[code] = static_cast<uint8_t>(step_of_code.size() - 1 - code);
  std::vector<Instant> times;
  std::vector<uint32_t> codes;
  for (const FunnelEvent& event : tried.events) {
    const auto step = event.steps == 0 ? 0 : static_cast<size_t>(std::countr_zero(event.steps)) + 1;
    times.push_back(event.time);
    codes.push_back(static_cast<uint32_t>(step_of_code.size() - 1 - step));
  }
  FunnelFold fold(tried.definition);
  for (size_t begin = 0; begin < times.size() && !fold.is_complete();) {
    const size_t size = 1 + random() % (times.size() - begin);
    const std::span<const Instant> run(times.data() + begin, size);
    if (random() % 2 == 0) {
      const std::vector<uint8_t> small(codes.begin() + static_cast<ptrdiff_t>(begin),
                                       codes.begin() + static_cast<ptrdiff_t>(begin + size));
      fold.add_run<uint8_t>(run, small, step_of_code);
    } else {
      fold.add_run<uint32_t>(run, std::span(codes).subspan(begin, size), step_of_code);
    }
    begin += size;
  }
  return fold.finish();
}

TEST(Funnel, RunsAgreeWithSearchThroughAllChains) {
  for (const uint64_t seed : seeds()) {
    std::printf("seed %lu (CDP_SEED repeats it)\n", static_cast<unsigned long>(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < 20000; ++round) {
      Case tried = random_case(random, 12);
      for (FunnelEvent& event : tried.events) event.steps &= ~event.steps + 1;  // the lowest alone
      if (round % 8 == 0) tried.definition.within = INT64_MAX;
      if (round % 16 == 1 && !tried.events.empty()) tried.events.front().time = {INT64_MIN / 2};
      const int expected = ChainSearch(tried.definition, tried.events).deepest();
      sort_by_time(tried.events);
      const int depth = depth_by_runs(tried, random);
      if (depth != expected) print(tried);
      ASSERT_EQ(depth, expected) << "seed " << seed << " round " << round;
    }
  }
}

TEST(Funnel, RunsDoNotGoBack) {
  FunnelFold fold({2, 10});
  const std::vector<uint8_t> steps{1, 2};
  fold.add(Instant{5}, 1);
  EXPECT_THROW(fold.add_run<uint8_t>(std::vector<Instant>{{4}, {5}}, std::vector<uint8_t>{0, 1}, steps),
               Error);
}

}  // namespace
}  // namespace cdp::analysis
