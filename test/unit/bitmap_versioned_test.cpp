#include "bitmap/frozen.hpp"
#include "bitmap/operand.hpp"
#include "bitmap/versioned.hpp"
#include "bitmap_oracle.hpp"

#include <gtest/gtest.h>

namespace cdp::bitmap {
namespace {

using oracle::Set;

Set set_of(const Bitmap& bitmap) {
  const std::vector<uint32_t> elements = bitmap.to_vector();
  return {elements.begin(), elements.end()};
}

TEST(Versioned, HandlesAreIndependentSets) {
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::pair<Versioned, Set>> handles;
    handles.emplace_back(Versioned(Bitmap()), Set{});
    for (int step = 0; step < 200; ++step) {
      const size_t at = random() % handles.size();
      const auto element = static_cast<uint32_t>(random() % 50);
      switch (random() % 6) {
        case 0:
        case 1: {
          Versioned next = handles[at].first.successor();
          Set set = handles[at].second;
          if (random() % 3 == 0) {
            next.remove(element);
            set.erase(element);
          } else {
            next.add(element);
            set.insert(element);
          }
          handles.emplace_back(std::move(next), std::move(set));
          break;
        }
        case 2:
          if (handles.size() > 1) handles.erase(handles.begin() + static_cast<ptrdiff_t>(at));
          break;
        case 3:
          ASSERT_EQ(set_of(handles[at].first.read()), handles[at].second);
          break;
        case 4:
          handles[at].first.add(element);
          handles[at].second.insert(element);
          break;
        case 5:
          handles[at].first.write().add(element);
          handles[at].second.insert(element);
          break;
      }
    }
    for (auto& [handle, set] : handles) ASSERT_EQ(set_of(handle.read()), set);
  }
}

TEST(Versioned, AChainKeepsItsStorage) {
  Versioned current{Bitmap()};
  const Bitmap* storage = &current.read();
  for (uint32_t i = 0; i < 5000; ++i) {
    Versioned next = current.successor();
    next.add(i);
    current = std::move(next);
  }
  EXPECT_EQ(current.read().cardinality(), 5000);
  EXPECT_EQ(&current.read(), storage);
}

TEST(Versioned, AnOldHandleIsNotWaitedForWithoutEnd) {
  Versioned old{Bitmap()};
  Versioned current = old.successor();
  for (uint32_t i = 0; i < 5000; ++i) current.add(i);
  EXPECT_EQ(old.read().cardinality(), 0);
  EXPECT_EQ(current.read().cardinality(), 5000);
}

TEST(Operand, OperationsOnViewsAndBitmaps) {
  std::mt19937 random(2);
  for (int round = 0; round < 60; ++round) {
    const Set a = oracle::random_set(random);
    const Set b = oracle::random_set(random);
    const Bitmap left = Bitmap::of(oracle::sorted(a));
    const Bitmap right = Bitmap::of(oracle::sorted(b));
    const std::string left_bytes = left.to_bytes();
    const std::string right_bytes = right.to_bytes();
    const auto view_of = [](const std::string& bytes) {
      return ByteView(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    };
    const Operand x = random() % 2 == 0 ? Operand(left) : Operand(view_of(left_bytes));
    const Operand y = random() % 2 == 0 ? Operand(right) : Operand(view_of(right_bytes));
    Set both, any = a, one = a, first = a;
    any.insert(b.begin(), b.end());
    for (const uint32_t element : b) {
      if (a.contains(element)) both.insert(element);
      if (!one.insert(element).second) one.erase(element);
      first.erase(element);
    }
    EXPECT_EQ(set_of(combine(SetOperation::And, x, y)), both);
    EXPECT_EQ(set_of(combine(SetOperation::Or, x, y)), any);
    EXPECT_EQ(set_of(combine(SetOperation::Xor, x, y)), one);
    EXPECT_EQ(set_of(combine(SetOperation::AndNot, x, y)), first);
    EXPECT_EQ(combine(SetOperation::Or, x, y).to_bytes(), Bitmap::of(oracle::sorted(any)).to_bytes());
    EXPECT_EQ(x.contains_all(y), both.size() == b.size());
    EXPECT_EQ(x.intersects(y), !both.empty());
    EXPECT_EQ(x == y, a == b);
    EXPECT_EQ(x.cardinality(), a.size());
  }
}

}  // namespace
}  // namespace cdp::bitmap
