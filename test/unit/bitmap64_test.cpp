#include "bitmap/bitmap64.hpp"

#include "bitmap/accumulator64.hpp"
#include "bitmap/operand64.hpp"
#include "bitmap/stored64.hpp"
#include "bitmap/text.hpp"
#include "bitmap/view64.hpp"
#include "bitmap_pieces.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <memory_resource>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace cdp::bitmap {
namespace {

using testing::Pieces;
using testing::view_of;
using Oracle = std::set<uint64_t>;

Bitmap64 set_of(const Oracle& elements) {
  return Bitmap64::of(std::vector<uint64_t>(elements.begin(), elements.end()));
}

Oracle elements_of(const Bitmap64& set) {
  Oracle elements;
  set.for_each([&](uint64_t element) { elements.insert(element); });
  return elements;
}

/// Elements around a few upper halves, the ends of the numbers among them: single ones, runs, crowds.
Oracle random_set(std::mt19937_64& random) {
  static constexpr std::array<uint64_t, 6> kHighs{0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff};
  Oracle elements;
  for (size_t groups = random() % 6; groups > 0; --groups) {
    const uint64_t high = kHighs[random() % kHighs.size()] << 32;
    static constexpr std::array<uint64_t, 5> kLows{0, 0xffffff00, 0xffff, 0x7fffffff, 123456};
    const uint64_t low = kLows[random() % kLows.size()];
    switch (random() % 3) {
      case 0:
        elements.insert(high | low);
        break;
      case 1:
        for (uint64_t i = 0; i < 300 && low + i <= 0xffffffff; ++i) elements.insert(high | (low + i));
        break;
      case 2:
        for (int i = 0; i < 200; ++i)
          elements.insert(high | (random() % 2 == 0 ? random() % 1000 : random() >> 32));
        break;
    }
  }
  return elements;
}

/// A number near the elements and the ends, or anywhere.
uint64_t random_number(const Oracle& near, std::mt19937_64& random) {
  static constexpr std::array<uint64_t, 6> kEnds{
      0, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX};
  if (random() % 3 == 0 || near.empty()) return kEnds[random() % kEnds.size()] + random() % 3 - 1;
  auto at = near.begin();
  std::advance(at, static_cast<ptrdiff_t>(random() % near.size()));
  return *at + random() % 3 - 1;
}

TEST(Bitmap64, BytesAreThoseOfTheSpecification) {
  // As pg_roaringbitmap 1.2 writes {-1,2,555555,-4}.
  const std::vector<uint64_t> elements{UINT64_MAX, 2, 555555, UINT64_MAX - 3};
  std::string hex;
  const std::string bytes = Bitmap64::of(elements).to_bytes();
  for (const uint8_t byte : view_of(bytes)) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  EXPECT_EQ(
      hex,
      "0200000000000000000000003a300000020000000000000008000000180000001a0000000200237affffffff3a30000001"
      "000000ffff010010000000fcffffff");
  EXPECT_EQ(Bitmap64().to_bytes(), std::string(8, '\0'));
}

TEST(Bitmap64, AnswersAreThoseOfASet) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    const Oracle elements = random_set(random);
    const Bitmap64 set = set_of(elements);
    const std::string bytes = set.to_bytes();
    EXPECT_EQ(bytes.size(), set.byte_size());
    EXPECT_EQ(elements_of(Bitmap64::from_bytes(view_of(bytes))), elements);
    EXPECT_EQ(set.cardinality(), elements.size());
    EXPECT_EQ(set.min(), elements.empty() ? std::nullopt : std::optional(*elements.begin()));
    EXPECT_EQ(set.max(), elements.empty() ? std::nullopt : std::optional(*elements.rbegin()));
    Pieces source(view_of(bytes));
    EXPECT_EQ(cardinality64(source), elements.size());
    EXPECT_EQ(is_empty64(source), elements.empty());
    EXPECT_EQ(min64(source), set.min());
    EXPECT_EQ(max64(source), set.max());
    for (int i = 0; i < 20; ++i) {
      const uint64_t number = random_number(elements, random);
      const auto rank = static_cast<uint64_t>(std::distance(elements.begin(), elements.upper_bound(number)));
      EXPECT_EQ(set.rank(number), rank);
      EXPECT_EQ(rank64(source, number), rank);
      EXPECT_EQ(set.contains(number), elements.contains(number));
      EXPECT_EQ(contains64(source, number), elements.contains(number));
      const uint64_t index = random() % (elements.size() + 2);
      EXPECT_EQ(nth64(source, index), set.nth(index));
      EXPECT_EQ(set.nth(index),
                index < elements.size()
                    ? std::optional(*std::next(elements.begin(), static_cast<ptrdiff_t>(index)))
                    : std::nullopt);
      std::vector<uint64_t> read(7);
      Bitmap64::Reader reader(set, number);
      std::vector<uint64_t> ascending;
      while (const size_t count = reader.read(read))
        ascending.insert(ascending.end(), read.begin(), read.begin() + static_cast<ptrdiff_t>(count));
      EXPECT_EQ(ascending, std::vector<uint64_t>(elements.lower_bound(number), elements.end()));
      Bitmap64::DescendingReader backward(set, number);
      std::vector<uint64_t> descending;
      while (const size_t count = backward.read(read))
        descending.insert(descending.end(), read.begin(), read.begin() + static_cast<ptrdiff_t>(count));
      std::vector<uint64_t> expected(elements.begin(), elements.upper_bound(number));
      std::reverse(expected.begin(), expected.end());
      EXPECT_EQ(descending, expected);
    }
  }
}

TEST(Bitmap64, ChangesAreThoseOfASet) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 500; ++round) {
    Oracle elements = random_set(random);
    Bitmap64 set = set_of(elements);
    const Bitmap64 before = set;
    const Oracle elements_before = elements;
    for (int step = 0; step < 4; ++step) {
      const uint64_t number = random_number(elements, random);
      const uint64_t last = number + random() % 400;
      switch (random() % 6) {
        case 0:
          set.add(number);
          elements.insert(number);
          break;
        case 1:
          set.remove(number);
          elements.erase(number);
          break;
        case 2:
          set.fill(number, last);
          if (last >= number)
            for (uint64_t i = number;; ++i) {
              elements.insert(i);
              if (i == last) break;
            }
          break;
        case 3:
          set.clear(number, last);
          if (last >= number) elements.erase(elements.lower_bound(number), elements.upper_bound(last));
          break;
        case 4:
          set.flip(number, last);
          if (last >= number)
            for (uint64_t i = number;; ++i) {
              if (!elements.insert(i).second) elements.erase(i);
              if (i == last) break;
            }
          break;
        case 5: {
          const uint64_t other = random_number(elements, random);
          Oracle inside;
          if (other >= number) inside = Oracle(elements.lower_bound(number), elements.upper_bound(other));
          EXPECT_EQ(elements_of(set.within(number, other)), inside);
          break;
        }
      }
      EXPECT_EQ(elements_of(set), elements);
      EXPECT_EQ(set.to_bytes(), set_of(elements).to_bytes());
    }
    EXPECT_EQ(elements_of(before), elements_before);  // copies are sets of their own
  }
}

TEST(Bitmap64, ShiftsAreThoseOfASet) {
  std::mt19937_64 random(3);
  static constexpr std::array<int64_t, 10> kDistances{
      0, 1, -1, 2, 0xffffffff, -0xffffffffLL, 0x100000000, INT64_MAX, INT64_MIN, -INT64_MAX};
  for (int round = 0; round < 200; ++round) {
    const Oracle elements = random_set(random);
    const int64_t distance =
        random() % 3 == 0 ? static_cast<int64_t>(random()) : kDistances[random() % kDistances.size()];
    Oracle expected;
    for (const uint64_t element : elements) {
      const __int128 moved = static_cast<__int128>(element) + distance;
      if (moved >= 0 && moved <= static_cast<__int128>(UINT64_MAX))
        expected.insert(static_cast<uint64_t>(moved));
    }
    const Bitmap64 shifted = set_of(elements).shifted(distance);
    EXPECT_EQ(elements_of(shifted), expected);
    EXPECT_EQ(shifted.to_bytes(), set_of(expected).to_bytes());
  }
}

TEST(Bitmap64, LargeRanges) {
  Bitmap64 set = set_of({1, 10, 100});
  set.fill(0, 4999999999);
  EXPECT_EQ(set.cardinality(), 5000000000U);
  EXPECT_EQ(set.to_bytes().size(), set.byte_size());
  set.flip(0, 4999999999);
  EXPECT_TRUE(set.is_empty());
  set.add(7);
  EXPECT_THROW(set.fill(0, UINT64_MAX), Error);
  EXPECT_THROW(set.flip(1, UINT64_MAX), Error);
  EXPECT_EQ(elements_of(set), Oracle{7});
  set.add(UINT64_MAX);
  EXPECT_EQ(set.within(0, UINT64_MAX).cardinality(), 2U);
  set.clear(8, UINT64_MAX);
  EXPECT_EQ(elements_of(set), Oracle{7});
  set.fill(uint64_t{1} << 40,
           (uint64_t{1} << 40) + (uint64_t{100} << 32) - 1);  // parts that share one bitmap
  EXPECT_EQ(set.cardinality(), 1 + (uint64_t{100} << 32));
}

TEST(Bitmap64, OperationsAreThoseOfSets) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 400; ++round) {
    const Oracle a = random_set(random);
    Oracle b = random_set(random);
    if (random() % 4 == 0) b = a;
    if (random() % 3 == 0) b.insert(a.begin(), a.end());
    const std::string a_bytes = set_of(a).to_bytes();
    const std::string b_bytes = set_of(b).to_bytes();
    const Bitmap64 b_set = set_of(b);
    const Operand64 one(view_of(a_bytes));
    const Operand64 other(b_set);
    const std::array<ByteView, 2> both{view_of(a_bytes), view_of(b_bytes)};
    for (const SetOperation operation :
         {SetOperation::And, SetOperation::Or, SetOperation::Xor, SetOperation::AndNot}) {
      Oracle expected;
      Oracle all = a;
      all.insert(b.begin(), b.end());
      for (const uint64_t element : all) {
        const bool in_a = a.contains(element);
        const bool in_b = b.contains(element);
        const bool is_in = operation == SetOperation::And   ? in_a && in_b
                           : operation == SetOperation::Or  ? true
                           : operation == SetOperation::Xor ? in_a != in_b
                                                            : in_a && !in_b;
        if (is_in) expected.insert(element);
      }
      const Bitmap64 result = combine(operation, one, other);
      EXPECT_EQ(elements_of(result), expected);
      EXPECT_EQ(result.to_bytes(), set_of(expected).to_bytes());
      EXPECT_EQ(cardinality_of64(operation, both), expected.size());
      Bitmap64 changed = set_of(a);
      const Bitmap64 before = changed;
      if (operation == SetOperation::And) {
        EXPECT_EQ(elements_of(changed &= other), expected);
      }
      if (operation == SetOperation::Xor) {
        EXPECT_EQ(elements_of(changed ^= other), expected);
      }
      EXPECT_EQ(elements_of(before), a);
    }
    EXPECT_EQ(one.contains_all(other), std::includes(a.begin(), a.end(), b.begin(), b.end()));
    EXPECT_EQ(other.contains_all(one), std::includes(b.begin(), b.end(), a.begin(), a.end()));
    EXPECT_EQ(one == other, a == b);
    EXPECT_EQ(one.intersects(other),
              std::any_of(a.begin(), a.end(), [&](uint64_t element) { return b.contains(element); }));
    EXPECT_EQ(compare64(view_of(a_bytes), view_of(b_bytes)),
              std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end()));
    EXPECT_EQ(hash_set64(view_of(a_bytes)) == hash_set64(view_of(b_bytes)), a == b);
  }
}

TEST(Bitmap64, JaccardIndexOfEmptySetsIsOne) {
  const std::string empty = Bitmap64().to_bytes();
  const std::string one = set_of({1, 2, uint64_t{10} << 32}).to_bytes();
  const std::string other = set_of({1, uint64_t{10} << 32, uint64_t{100} << 32}).to_bytes();
  EXPECT_EQ(jaccard_index64(view_of(empty), view_of(empty)), 1);
  EXPECT_EQ(jaccard_index64(view_of(empty), view_of(one)), 0);
  EXPECT_EQ(jaccard_index64(view_of(one), view_of(other)), 0.5);
}

TEST(Bitmap64, OrderOfSetsThatGoOn) {
  // {1, 2^32} and {1, 2}: the second has the smaller element where they first differ.
  const std::string goes_on = set_of({1, uint64_t{1} << 32}).to_bytes();
  EXPECT_EQ(compare64(view_of(goes_on), view_of(set_of({1, 2}).to_bytes())), std::strong_ordering::greater);
  EXPECT_EQ(compare64(view_of(set_of({1}).to_bytes()), view_of(goes_on)), std::strong_ordering::less);
  EXPECT_EQ(compare64(view_of(set_of({1, 0x20000}).to_bytes()), view_of(goes_on)),
            std::strong_ordering::less);
}

TEST(Bitmap64, CountsOfMany) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 100; ++round) {
    std::vector<Oracle> sets(random() % 5);
    std::vector<std::string> bytes;
    Oracle all;
    for (Oracle& set : sets) {
      set = random_set(random);
      bytes.push_back(set_of(set).to_bytes());
      all.insert(set.begin(), set.end());
    }
    std::vector<ByteView> views;
    for (const std::string& set : bytes) views.push_back(view_of(set));
    uint64_t in_all = 0;
    uint64_t in_odd = 0;
    uint64_t in_first = 0;
    for (const uint64_t element : all) {
      const auto count =
          std::count_if(sets.begin(), sets.end(), [&](const Oracle& set) { return set.contains(element); });
      in_all += count == static_cast<ptrdiff_t>(sets.size()) ? 1 : 0;
      in_odd += count % 2 == 1 ? 1 : 0;
      in_first += count == 1 && sets.front().contains(element) ? 1 : 0;
    }
    EXPECT_EQ(cardinality_of64(SetOperation::And, views), in_all);
    EXPECT_EQ(cardinality_of64(SetOperation::Or, views), all.size());
    EXPECT_EQ(cardinality_of64(SetOperation::Xor, views), in_odd);
    EXPECT_EQ(cardinality_of64(SetOperation::AndNot, views), in_first);
  }
}

TEST(Accumulator64, UnitesElementsAndSets) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 200; ++round) {
    Oracle expected;
    std::pmr::monotonic_buffer_resource memory;
    Accumulator64 accumulator(&memory);
    for (int step = 0; step < 6; ++step) {
      const Oracle some = random_set(random);
      expected.insert(some.begin(), some.end());
      if (random() % 2 == 0) {
        std::vector<uint64_t> shuffled(some.begin(), some.end());
        std::shuffle(shuffled.begin(), shuffled.end(), random);
        for (const uint64_t element : shuffled) accumulator.add(element);
      } else {
        accumulator.add(view_of(set_of(some).to_bytes()));
      }
      if (random() % 3 == 0) {
        EXPECT_EQ(accumulator.cardinality(), expected.size());
      }
    }
    EXPECT_EQ(accumulator.to_bytes(), set_of(expected).to_bytes());
  }
}

TEST(Accumulator64, ScatteredElementsStayCheap) {
  std::mt19937_64 random(7);
  std::pmr::monotonic_buffer_resource memory;
  Accumulator64 accumulator(&memory);
  Oracle expected;
  for (int i = 0; i < 20000; ++i) {
    const uint64_t element = random();
    accumulator.add(element);
    expected.insert(element);
  }
  EXPECT_EQ(accumulator.cardinality(), expected.size());
  EXPECT_EQ(accumulator.to_bytes(), set_of(expected).to_bytes());
}

TEST(Bitmap64, DamagedBytesAreRefused) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 300; ++round) {
    const std::string valid = set_of(random_set(random)).to_bytes();
    std::string bytes = valid;
    if (random() % 3 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << random() % 8);
    }
    const std::vector<uint8_t> block(bytes.begin(), bytes.end());
    const ByteView view(block.data(), block.size());
    try {
      const Bitmap64 set = Bitmap64::from_bytes(view);
      EXPECT_EQ(Bitmap64::from_bytes(view_of(set.to_bytes())).to_bytes(), set.to_bytes());
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::Corrupt);
      EXPECT_NE(error.message().find("roaringbitmap64"), std::string::npos) << error.message();
      EXPECT_NE(error.detail().find("byte"), std::string::npos);
    }
    try {  // a wrong answer is possible, a read outside of the bytes is not
      Pieces source(view);
      (void)rank64(source, random());
      (void)nth64(source, random() % 100000);
      (void)max64(source);
      (void)contains64(source, random());
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::Corrupt);
    }
  }
  const std::string empty_part("\1\0\0\0\0\0\0\0\5\0\0\0\x3a\x30\0\0\0\0\0\0", 20);
  EXPECT_THROW(Bitmap64::from_bytes(view_of(empty_part)), Error);
  EXPECT_THROW(Bitmap64::from_bytes(view_of(std::string(9, '\0'))), Error);
}

TEST(Bitmap64, PartsAscendAndHaveElements) {
  const std::string part("\x3a\x30\0\0\1\0\0\0\0\0\0\0\x10\0\0\0\1\0", 18);
  const std::string two("\2\0\0\0\0\0\0\0", 8);
  const auto high = [](char lowest) { return std::string({lowest, 0, 0, 0}); };
  EXPECT_EQ(elements_of(Bitmap64::from_bytes(view_of(two + high(1) + part + high(2) + part))),
            (Oracle{0x100000001, 0x200000001}));
  for (const char second : {1, 0}) {
    const std::string bytes = two + high(1) + part + high(second) + part;
    EXPECT_THROW(Bitmap64::from_bytes(view_of(bytes)), Error);
    Pieces source(view_of(bytes));
    EXPECT_THROW((void)cardinality64(source), Error);
  }
  const std::string empty("\x3a\x30\0\0\0\0\0\0", 8);
  EXPECT_THROW(Bitmap64::from_bytes(view_of(two + high(1) + part + high(2) + empty)), Error);
}

TEST(Accumulator64, AnErrorLeavesNoPartWithoutElements) {
  // A part of runs that begin with 9 and have one element more than stated.
  const std::string bytes("\1\0\0\0\0\0\0\0\7\0\0\0\x3b\x30\0\0\1\0\0\xff\0\1\0\x09\0\0\1", 27);
  std::pmr::monotonic_buffer_resource memory;
  Accumulator64 accumulator(&memory);
  EXPECT_THROW(accumulator.add(view_of(bytes)), Error);
  accumulator.add(5);
  EXPECT_EQ(elements_of(Bitmap64::from_bytes(view_of(accumulator.to_bytes()))), Oracle{5});
}

TEST(Bitmap64, AnElementOfALargeSetNeedsFewOfItsBytes) {
  Bitmap64 set;
  for (uint64_t high = 0; high < 3; ++high)
    for (uint64_t i = 0; i < 200000; ++i) set.add(high << 32 | i * 37);
  const std::string bytes = set.to_bytes();
  Pieces source(view_of(bytes));
  EXPECT_TRUE(contains64(source, uint64_t{2} << 32 | 37));
  EXPECT_LT(source.bytes_read(), 30000U);
  Pieces first(view_of(bytes));
  EXPECT_TRUE(contains64(first, 37));
  EXPECT_LT(first.reads(), source.reads());  // the parts after the element's are not looked at
  EXPECT_GT(bytes.size(), 1000000U);
}

TEST(Bitmap64, Text) {
  EXPECT_EQ(to_array_text(parse_bitmap64(" { -1 ,2,\t555555,-4 } ")), "{2,555555,-4,-1}");
  EXPECT_EQ(to_array_text(parse_bitmap64("{9223372036854775807,-9223372036854775808}")),
            "{9223372036854775807,-9223372036854775808}");
  EXPECT_EQ(to_array_text(parse_bitmap64("\\x0000000000000000")), "{}");
  for (const char* wrong : {"", "{", "{1", "{1} x", "{1x}", "{-x}", "{,}", "{1,}", "{1,3", "\\x00", "\\x1"})
    EXPECT_THROW(parse_bitmap64(wrong), Error) << wrong;
  try {
    parse_bitmap64("{1,9223372036854775808}");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::OutOfRange);
    EXPECT_EQ(error.message(), "value \"9223372036854775808\" is out of range for type bigint");
  }
}

}  // namespace
}  // namespace cdp::bitmap
