#include "segment/user_set.hpp"

#include <gtest/gtest.h>
#include <random>
#include <set>
#include <string>

namespace cdp::segment {
namespace {

constexpr uint32_t kAll = 12;

/// A set as bits, beside the one under test.
struct Both {
  UserSet set;
  uint32_t bits = 0;
};

bitmap::Bitmap bitmap_of(uint32_t bits) {
  bitmap::Bitmap users;
  for (uint32_t user = 0; user < kAll; ++user)
    if ((bits >> user & 1) != 0) users.add(user);
  return users;
}

constexpr uint32_t kEveryone = (1U << kAll) - 1;

Both random_set(std::mt19937& random) {
  const uint32_t bits = random() & kEveryone & (random() % 4 == 0 ? 0 : kEveryone);
  if (random() % 2 == 0) return {UserSet(bitmap_of(bits)), bits};
  return {UserSet::everyone_but(bitmap_of(bits)), kEveryone & ~bits};
}

TEST(UserSet, CombinesAsBitsDo) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const bitmap::Bitmap all = bitmap_of(kEveryone);
  const auto all_users = [&]() -> const bitmap::Bitmap& { return all; };
  for (int round = 0; round < 500; ++round) {
    Both both = random_set(random);
    for (int step = 0; step < 6; ++step) {
      const Both other = random_set(random);
      switch (random() % 3) {
        case 0:
          both.set &= other.set;
          both.bits &= other.bits;
          break;
        case 1:
          both.set |= other.set;
          both.bits |= other.bits;
          break;
        default:
          both.set = ~both.set;
          both.bits = kEveryone & ~both.bits;
      }
      EXPECT_EQ(UserSet(both.set).resolve(all_users), bitmap_of(both.bits));
      EXPECT_TRUE(!both.set.is_nobody() || both.bits == 0);
      EXPECT_TRUE(!both.set.is_everyone() || both.bits == kEveryone);
    }
  }
}

TEST(UserSet, AsksForAllUsersOnlyWhereItMust) {
  const auto fail = []() -> const bitmap::Bitmap& { throw Error(Category::Internal, "asked"); };
  UserSet some(bitmap_of(0b1010));
  some &= UserSet::everyone_but(bitmap_of(0b0010));
  EXPECT_EQ(std::move(some).resolve(fail), bitmap_of(0b1000));
  EXPECT_THROW(UserSet::everyone().resolve(fail), Error);
}

}  // namespace
}  // namespace cdp::segment
