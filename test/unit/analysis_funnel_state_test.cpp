#include "analysis/funnel_state.hpp"
#include "base/error.hpp"

#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace cdp::analysis {
namespace {

/// A state with room for events, in plain memory.
class Held {
 public:
  explicit Held(size_t capacity, uint8_t steps = 3) : words_(3 + 2 * capacity) {
    get().version = FunnelState::kVersion;
    get().steps = steps;
    get().is_sorted = 1;
    get().within = kHour;
  }
  FunnelState& get() { return *reinterpret_cast<FunnelState*>(words_.data()); }
  std::string body() {
    const ByteView bytes = get().body();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  std::vector<uint64_t> words_;
};

const char* problem_of(const std::string& body) {
  return funnel_state_problem({reinterpret_cast<const uint8_t*>(body.data()), body.size()});
}

TEST(FunnelState, KeepsWhetherItsEventsAreInOrder) {
  Held a(4);
  Held b(2);
  a.get().append({Instant{5}, 1});
  a.get().append({Instant{5}, 2});
  EXPECT_EQ(a.get().is_sorted, 1);
  b.get().append({Instant{5}, 4});
  b.get().append({Instant{9}, 4});
  a.get().append_all(b.get());
  EXPECT_EQ(a.get().is_sorted, 1);
  EXPECT_EQ(a.get().count, 4U);
  EXPECT_EQ(problem_of(a.body()), nullptr);

  Held c(4);
  c.get().append({Instant{6}, 1});
  c.get().append_all(b.get());
  EXPECT_EQ(c.get().is_sorted, 0);
  EXPECT_EQ(problem_of(c.body()), nullptr);
  Held unsorted(2);
  unsorted.get().append({Instant{9}, 1});
  unsorted.get().append({Instant{8}, 1});
  Held e(3);
  e.get().append({Instant{1}, 1});
  e.get().append_all(unsorted.get());
  EXPECT_EQ(e.get().is_sorted, 0);
  Held d(8);
  d.get().append_all(c.get());
  EXPECT_EQ(d.get().is_sorted, 0);
  EXPECT_EQ(d.body(), c.body());
}

TEST(FunnelState, ComesBackFromItsText) {
  Held state(2);
  state.get().append({Instant{-1}, 5});
  state.get().append({Instant::max(), 2});
  const std::string text = funnel_state_to_text(state.get().body());
  EXPECT_EQ(text,
            "\\x01000301"
            "0200000000000000"
            "00a493d600000000"
            "ffffffffffffffff0500000000000000"
            "ffffffffffffff7f0200000000000000");
  EXPECT_EQ(funnel_state_from_text(text), state.body());
}

TEST(FunnelState, RefusesTextThatIsNoState) {
  const auto category_of = [](const char* text) {
    try {
      funnel_state_from_text(text);
    } catch (const Error& error) {
      return error.category();
    }
    return Category::Internal;
  };
  EXPECT_EQ(category_of(""), Category::BadText);
  EXPECT_EQ(category_of("\\x0"), Category::BadText);
  EXPECT_EQ(category_of("0x01"), Category::BadText);
  EXPECT_EQ(category_of("\\x0g"), Category::BadText);
  EXPECT_EQ(category_of("\\x"), Category::BadBinary);
  EXPECT_EQ(category_of("\\x01"), Category::BadBinary);
}

TEST(FunnelState, RefusesEveryDamagedByteOfItsForm) {
  Held state(2);
  state.get().append({Instant{1}, 1});
  state.get().append({Instant{2}, 4});
  const std::string good = state.body();
  ASSERT_EQ(problem_of(good), nullptr);

  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_NE(problem_of(good.substr(0, size)), nullptr) << size;
  EXPECT_NE(problem_of(good + '\0'), nullptr);
  EXPECT_NE(problem_of(good + std::string(16, '\1')), nullptr);
  const auto with = [&good](size_t at, auto value) {
    std::string changed = good;
    std::memcpy(changed.data() + at, &value, sizeof(value));
    return changed;
  };
  EXPECT_NE(problem_of(with(0, uint8_t{0})), nullptr);
  EXPECT_NE(problem_of(with(0, uint8_t{2})), nullptr);
  EXPECT_NE(problem_of(with(1, uint8_t{1})), nullptr);
  EXPECT_NE(problem_of(with(2, uint8_t{0})), nullptr);
  EXPECT_NE(problem_of(with(2, uint8_t{65})), nullptr);
  EXPECT_NE(problem_of(with(2, uint8_t{2})), nullptr);  // an event fulfils the third step
  EXPECT_EQ(problem_of(with(2, uint8_t{64})), nullptr);
  EXPECT_NE(problem_of(with(3, uint8_t{0})), nullptr);
  EXPECT_NE(problem_of(with(3, uint8_t{2})), nullptr);
  EXPECT_NE(problem_of(with(4, uint64_t{1})), nullptr);
  EXPECT_NE(problem_of(with(4, uint64_t{3})), nullptr);
  EXPECT_NE(problem_of(with(4, (uint64_t{1} << 60) + 2)), nullptr);  // times 16 wraps round to the right size
  EXPECT_NE(problem_of(with(12, int64_t{-1})), nullptr);
  EXPECT_NE(problem_of(with(20, kFirstInstant.us - 1)), nullptr);
  EXPECT_NE(problem_of(with(20, int64_t{3})), nullptr);  // said to be in order
  EXPECT_NE(problem_of(with(36, kLastInstant.us + 1)), nullptr);
  EXPECT_NE(problem_of(with(28, uint64_t{0})), nullptr);
  EXPECT_NE(problem_of(with(28, uint64_t{8})), nullptr);
}

TEST(FunnelState, HeaderIsCheckedAgainstTheSizeOfTheValue) {
  Held state(2);
  const auto problem = [&state](uint64_t size) { return funnel_state_header_problem(state.get(), size); };
  EXPECT_EQ(problem(24), nullptr);
  EXPECT_NE(problem(23), nullptr);
  state.get().count = 2;
  EXPECT_EQ(problem(56), nullptr);
  EXPECT_EQ(problem(72), nullptr);
  EXPECT_NE(problem(55), nullptr);
  state.get().count = uint64_t{1} << 60;
  EXPECT_NE(problem(56), nullptr);
}

TEST(FunnelState, GrowsByDoublingUpToItsLimit) {
  EXPECT_EQ(grown_funnel_capacity(0), 0U);
  EXPECT_EQ(grown_funnel_capacity(1), 2U);
  uint64_t capacity = 0;
  int growths = 0;
  while (capacity < kMostFunnelEvents) {
    const uint64_t larger = grown_funnel_capacity(capacity + 1);
    ASSERT_GT(larger, capacity);
    ASSERT_LE(funnel_state_size(larger), kLargestFunnelState);
    capacity = larger;
    ++growths;
  }
  EXPECT_EQ(growths, 25);  // from 2^6 to 2^30 bytes
  try {
    grown_funnel_capacity(kMostFunnelEvents + 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::Limit);
  }
}

TEST(FunnelState, BelongsToOneFunnel) {
  Held state(0);
  EXPECT_NO_THROW(require_same_funnel(state.get(), {3, kHour}));
  EXPECT_THROW(require_same_funnel(state.get(), {3, kHour + 1}), Error);
  EXPECT_THROW(require_same_funnel(state.get(), {4, kHour}), Error);
}

}  // namespace
}  // namespace cdp::analysis
