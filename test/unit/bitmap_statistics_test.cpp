#include "bitmap/common.hpp"
#include "bitmap/selectivity.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace cdp::bitmap {
namespace {

TEST(CommonElements, FindsWhatManySetsHave) {
  std::mt19937 random(1);
  CommonElements<uint32_t> common(10);
  std::map<uint32_t, int> counts;
  constexpr int kSets = 20000;
  for (int i = 0; i < kSets; ++i) {
    std::set<uint32_t> set;
    for (uint32_t element = 0; element < 8; ++element)  // element e in one of e + 2 sets
      if (random() % (element + 2) == 0) set.insert(element);
    for (int rare = 0; rare < 5; ++rare) set.insert(1000 + random());
    for (const uint32_t element : set) {
      common.add(element);
      ++counts[element];
    }
    common.end_set();
  }
  const auto found = common.finish();
  ASSERT_EQ(found.size(), 8U);
  for (uint32_t element = 0; element < 8; ++element) {
    EXPECT_EQ(found[element].element, element);
    EXPECT_NEAR(found[element].frequency, static_cast<double>(counts[element]) / kSets, 0.002);
  }
}

TEST(CommonElements, KeepsNoMoreThanAreWantedAndNoneOfNothing) {
  CommonElements<uint64_t> common(3);
  EXPECT_TRUE(common.finish().empty());
  for (uint64_t i = 0; i < 10; ++i) {
    for (uint64_t element = 0; element <= i; ++element) common.add(element);
    common.end_set();
  }
  const auto found = common.finish();
  ASSERT_EQ(found.size(), 3U);  // 0 in all ten sets, 1 in nine, 2 in eight
  EXPECT_EQ(found[2].element, 2U);
  EXPECT_DOUBLE_EQ(found[2].frequency, 0.8);
}

// Sets in which each element is by chance, with its own probability: what was estimated must come true.
TEST(SetStatistics, EstimatesWhatComesTrue) {
  const std::vector<uint32_t> common{3, 5, 9};
  const std::vector<float> frequencies{0.5F, 0.2F, 0.1F};
  constexpr double kRare = 0.01;
  constexpr uint32_t kRareElements = 100;  // 100 … 199
  const SetStatistics<uint32_t> statistics(common, frequencies, kRare, 0.8 + kRare * kRareElements);
  std::mt19937 random(2);
  std::uniform_real_distribution<double> chance;
  const std::vector<std::vector<uint32_t>> queries{{},       {3},       {3, 5},
                                                   {9, 150}, {3, 5, 9}, {3, 5, 9, 100, 101, 102, 103}};
  std::vector<double> all(queries.size());
  std::vector<double> any(queries.size());
  std::vector<double> only(queries.size());
  constexpr int kSets = 40000;
  for (int i = 0; i < kSets; ++i) {
    std::vector<uint32_t> set;
    for (size_t k = 0; k < common.size(); ++k)
      if (chance(random) < frequencies[k]) set.push_back(common[k]);
    for (uint32_t element = 100; element < 100 + kRareElements; ++element)
      if (chance(random) < kRare) set.push_back(element);
    for (size_t q = 0; q < queries.size(); ++q) {
      const auto& query = queries[q];
      all[q] += std::includes(set.begin(), set.end(), query.begin(), query.end()) ? 1 : 0;
      only[q] += std::includes(query.begin(), query.end(), set.begin(), set.end()) ? 1 : 0;
      any[q] +=
          std::any_of(query.begin(), query.end(),
                      [&](uint32_t element) { return std::binary_search(set.begin(), set.end(), element); })
              ? 1
              : 0;
    }
  }
  for (size_t q = 0; q < queries.size(); ++q) {
    EXPECT_NEAR(statistics.has_all(queries[q]), all[q] / kSets, 0.01) << q;
    EXPECT_NEAR(statistics.has_any(queries[q]), any[q] / kSets, 0.01) << q;
    EXPECT_NEAR(statistics.has_only(queries[q]), only[q] / kSets, 0.01) << q;
  }
}

}  // namespace
}  // namespace cdp::bitmap
