#include "segment/number_list.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <random>

namespace cdp::segment {
namespace {

std::vector<int32_t> packed_and_back(const std::vector<int32_t>& numbers) {
  return unpack_numbers(bytes_in(pack_numbers(numbers)));
}

TEST(NumberList, ComesBackAsItWas) {
  constexpr int32_t kMost = std::numeric_limits<int32_t>::max();
  for (const std::vector<int32_t>& numbers :
       {std::vector<int32_t>{}, {0}, {kMost}, {0, 1}, {1, 128, 129, 16512}, {0, kMost}, {kMost - 1, kMost}})
    EXPECT_EQ(packed_and_back(numbers), numbers);
  std::mt19937 random(1);
  for (int round = 0; round < 1000; ++round) {
    std::vector<int32_t> numbers;
    int64_t last = -1;
    while ((last += 1 + static_cast<int64_t>(random() % (1U << (random() % 31)))) <= kMost)
      numbers.push_back(static_cast<int32_t>(last));
    ASSERT_EQ(packed_and_back(numbers), numbers);
  }
}

TEST(NumberList, TakesAByteOfNumbersThatLieClose) {
  EXPECT_EQ(pack_numbers({5, 6, 133}), std::string("\x05\x01\x7f"));
  EXPECT_EQ(pack_numbers({300}), std::string("\xac\x02"));
}

TEST(NumberList, RefusesWhatNobodyPacks) {
  const auto fails = [](const std::string& bytes) {
    EXPECT_THROW((void)unpack_numbers(bytes_in(bytes)), Error) << testing::PrintToString(bytes);
  };
  fails("\x80");                               // ends within a number
  fails(std::string("\x05\x00", 2));           // the same number twice
  fails("\xff\xff\xff\xff\x0f");               // beyond an integer
  fails("\xff\xff\xff\xff\x07\x01");           // beyond it by addition
  fails(std::string(9, '\xff') + "\x01\x02");  // beyond it at once
}

}  // namespace
}  // namespace cdp::segment
