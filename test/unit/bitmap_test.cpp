#include "bitmap/bitmap.hpp"

#include "bitmap/library.hpp"
#include "bitmap_oracle.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <iterator>

namespace cdp::bitmap {
namespace {

using oracle::random_set;
using oracle::Set;

Bitmap bitmap_of(const Set& set) { return Bitmap::of(oracle::sorted(set)); }

Set set_of(const Bitmap& bitmap) {
  const std::vector<uint32_t> elements = bitmap.to_vector();
  EXPECT_TRUE(std::is_sorted(elements.begin(), elements.end()));
  return {elements.begin(), elements.end()};
}

ByteView view_of(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

/// The same set with each container as its neighbours in CRoaring would have it: runs, or none at all.
Bitmap in_other_containers(const Set& set, std::mt19937& random) {
  std::vector<uint32_t> elements = oracle::sorted(set);
  std::shuffle(elements.begin(), elements.end(), random);
  roaring_bitmap_t* made = roaring_bitmap_of_ptr(elements.size(), elements.data());
  roaring_bitmap_run_optimize(made);
  if (random() % 2 == 0) roaring_bitmap_remove_run_compression(made);
  std::string bytes(roaring_bitmap_portable_size_in_bytes(made), '\0');
  roaring_bitmap_portable_serialize(made, bytes.data());
  roaring_bitmap_free(made);
  return Bitmap::from_bytes(view_of(bytes));
}

template <class Operation>
Set combined(const Set& a, const Set& b, Operation operation) {
  Set result;
  operation(a.begin(), a.end(), b.begin(), b.end(), std::inserter(result, result.end()));
  return result;
}

#define CDP_STD(name) [](auto... arguments) { std::name(arguments...); }

TEST(Bitmap, CombinesAsSetsDo) {
  constexpr unsigned kSeed = 20240501;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(round));
    const Set a = random_set(random);
    const Set b = random_set(random);
    const Bitmap x = in_other_containers(a, random);
    const Bitmap y = bitmap_of(b);

    EXPECT_EQ(set_of(Bitmap(x) |= y), combined(a, b, CDP_STD(set_union)));
    EXPECT_EQ(set_of(Bitmap(x) &= y), combined(a, b, CDP_STD(set_intersection)));
    EXPECT_EQ(set_of(Bitmap(x) -= y), combined(a, b, CDP_STD(set_difference)));
    EXPECT_EQ(set_of(Bitmap(x) ^= y), combined(a, b, CDP_STD(set_symmetric_difference)));
    EXPECT_EQ(x.intersects(y), !combined(a, b, CDP_STD(set_intersection)).empty());
    EXPECT_EQ(x.contains_all(y), std::includes(a.begin(), a.end(), b.begin(), b.end()));
    EXPECT_TRUE((Bitmap(x) |= y).contains_all(y));
    EXPECT_EQ(x == y, a == b);
    EXPECT_TRUE(x == bitmap_of(a));
    EXPECT_EQ(x.cardinality(), a.size());
    EXPECT_EQ(x.is_empty(), a.empty());
    EXPECT_EQ(x.min(), a.empty() ? std::nullopt : std::optional(*a.begin()));
    EXPECT_EQ(x.max(), a.empty() ? std::nullopt : std::optional(*a.rbegin()));

    const Set c = random_set(random);
    const std::vector<Bitmap> three{x, y, bitmap_of(c)};
    const Set all = combined(combined(a, b, CDP_STD(set_union)), c, CDP_STD(set_union));
    EXPECT_EQ(set_of(Bitmap::union_of(three)), all);

    std::vector<uint32_t> visited;
    x.for_each([&](uint32_t element) { visited.push_back(element); });
    EXPECT_EQ(visited, oracle::sorted(a));
  }
}

TEST(Bitmap, CombinesWithItself) {
  const Set set{1, 70000, 4294967295U};
  Bitmap x = bitmap_of(set);
  const Bitmap& same = x;
  EXPECT_EQ(set_of(x |= same), set);
  EXPECT_EQ(set_of(x &= same), set);
  EXPECT_TRUE((x -= same).is_empty());
  x = bitmap_of(set);
  EXPECT_TRUE((x ^= same).is_empty());
}

TEST(Bitmap, AddsAndRemovesOneAtATime) {
  std::mt19937 random(5);
  Bitmap bitmap;
  Set set;
  for (int step = 0; step < 200000; ++step) {
    const uint32_t element = random() % 12000 + (random() % 2 == 0 ? 0 : 0xfffff000U - 12000);
    if (random() % 3 != 0) {
      EXPECT_EQ(bitmap.add(element), set.insert(element).second);
    } else {
      EXPECT_EQ(bitmap.remove(element), set.erase(element) == 1);
    }
  }
  EXPECT_EQ(set_of(bitmap), set);
  for (uint32_t element = 0; element < 13000; ++element)
    EXPECT_EQ(bitmap.contains(element), set.contains(element));
}

TEST(Bitmap, HoldsTheLimitsOfItsRange) {
  const Set set{0, 4095, 4096, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff};
  const Bitmap bitmap = bitmap_of(set);
  EXPECT_EQ(set_of(bitmap), set);
  const std::string bytes = bitmap.to_bytes();
  EXPECT_EQ(oracle::decode(bytes), oracle::sorted(set));
  for (const uint32_t element : set) EXPECT_TRUE(contains(view_of(bytes), element)) << element;
}

TEST(Bitmap, ShiftsWithinItsRange) {
  std::mt19937 random(11);
  for (const int64_t offset :
       {int64_t{0}, int64_t{65536}, int64_t{-65536}, int64_t{1}, int64_t{-70001}, int64_t{0xffff0000},
        int64_t{1} << 32, -(int64_t{1} << 32), INT64_MAX, INT64_MIN}) {
    const Set set = random_set(random);
    Set expected;
    for (const uint32_t element : set) {
      const __int128 moved = static_cast<__int128>(element) + offset;
      if (moved >= 0 && moved <= UINT32_MAX) expected.insert(static_cast<uint32_t>(moved));
    }
    EXPECT_EQ(set_of(bitmap_of(set).shifted(offset)), expected) << offset;
  }
}

TEST(Bitmap, CopiesAreIndependent) {
  Bitmap a = bitmap_of({1, 2, 3});
  Bitmap b = a;
  b.add(4);
  EXPECT_EQ(set_of(a), (Set{1, 2, 3}));
  a = b;
  a.remove(1);
  EXPECT_EQ(set_of(b), (Set{1, 2, 3, 4}));
  EXPECT_EQ(set_of(a), (Set{2, 3, 4}));
}

TEST(Bitmap, UsesTheLibraryItWasLinkedWith) { EXPECT_NO_THROW(check_library()); }

}  // namespace
}  // namespace cdp::bitmap
