#include "bitmap/accumulator.hpp"
#include "bitmap/bitmap.hpp"
#include "bitmap_oracle.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace cdp::bitmap {
namespace {

using oracle::Set;

ByteView view_of(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

/// Counts what is not given back.
class CountingResource : public std::pmr::memory_resource {
 public:
  size_t held() const { return held_; }
  size_t peak() const { return peak_; }

 private:
  void* do_allocate(size_t bytes, size_t alignment) override {
    held_ += bytes;
    peak_ = std::max(peak_, held_);
    return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  }
  void do_deallocate(void* memory, size_t bytes, size_t alignment) override {
    held_ -= bytes;
    std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  size_t held_ = 0;
  size_t peak_ = 0;
};

/// Portable bytes of a set with runs wherever they can be, with none, or in canonical form.
std::string some_bytes(const Set& set, std::mt19937& random) {
  const std::vector<uint32_t> elements = oracle::sorted(set);
  if (random() % 3 == 0) return Bitmap::of(elements).to_bytes();
  roaring_bitmap_t* made = roaring_bitmap_of_ptr(elements.size(), elements.data());
  roaring_bitmap_run_optimize(made);
  if (random() % 2 == 0) roaring_bitmap_remove_run_compression(made);
  std::string bytes(roaring_bitmap_portable_size_in_bytes(made), '\0');
  roaring_bitmap_portable_serialize(made, bytes.data());
  roaring_bitmap_free(made);
  return bytes;
}

void expect_same(Accumulator& accumulator, const Set& set) {
  const std::string expected = Bitmap::of(oracle::sorted(set)).to_bytes();
  ASSERT_EQ(accumulator.cardinality(), set.size());
  ASSERT_EQ(accumulator.byte_size(), expected.size());
  ASSERT_EQ(accumulator.to_bytes(), expected);
}

TEST(Accumulator, IsEmptyAtFirst) {
  CountingResource memory;
  Accumulator accumulator(&memory);
  expect_same(accumulator, {});
  accumulator.add(view_of(Bitmap().to_bytes()));
  expect_same(accumulator, {});
}

TEST(Accumulator, ElementsInAnyOrderAndNumber) {
  std::mt19937 random(1);
  for (const size_t count : {1U, 15U, 16U, 17U, 1000U, 1024U, 1025U, 20000U}) {
    for (const uint32_t range : {100U, 5000U, 70000U, 10000000U, 0xffffffffU}) {
      for (const bool is_ascending : {false, true}) {
        CountingResource memory;
        {
          Accumulator accumulator(&memory);
          std::vector<uint32_t> elements(count);
          for (uint32_t& element : elements) element = static_cast<uint32_t>(random() % range) - range / 3;
          if (is_ascending) std::sort(elements.begin(), elements.end());
          Set set;
          for (size_t i = 0; i < count; ++i) {
            accumulator.add(elements[i]);
            set.insert(elements[i]);
            if (i == count / 2) expect_same(accumulator, set);
          }
          expect_same(accumulator, set);
        }
        EXPECT_EQ(memory.held(), 0);
      }
    }
  }
}

TEST(Accumulator, UnionsOfSetsOfEveryKind) {
  std::mt19937 random(2);
  for (int round = 0; round < 80; ++round) {
    CountingResource memory;
    {
      Accumulator accumulator(&memory);
      Set all;
      const size_t sets = 1 + random() % 8;
      for (size_t i = 0; i < sets; ++i) {
        Set set = oracle::random_set(random);
        if (random() % 8 == 0)  // a whole container
          for (uint32_t low = 0; low < 0x10000; ++low) set.insert(0x30000 + low);
        const std::string bytes = some_bytes(set, random);
        accumulator.add(view_of(bytes));
        if (random() % 4 == 0) accumulator.add(view_of(bytes));
        all.insert(set.begin(), set.end());
        for (uint32_t more = random() % 20; more > 0; --more) {
          const auto element = static_cast<uint32_t>(random() % 0x50000);
          accumulator.add(element);
          all.insert(element);
        }
        if (random() % 3 == 0) expect_same(accumulator, all);
      }
      expect_same(accumulator, all);
    }
    EXPECT_EQ(memory.held(), 0);
  }
}

TEST(Accumulator, RepeatedElementsCostNoMemory) {
  std::mt19937 random(3);
  CountingResource memory;
  Accumulator accumulator(&memory);
  Set set;
  for (int i = 0; i < 400000; ++i) {
    const auto element = static_cast<uint32_t>(random() % 2000 * 100000);  // 2000 slots of one element
    accumulator.add(element);
    set.insert(element);
  }
  expect_same(accumulator, set);
  EXPECT_LT(memory.peak(), 400000);
}

TEST(Accumulator, FullAndSingleRunsStayShort) {
  CountingResource memory;
  Accumulator accumulator(&memory);
  Bitmap all;
  all.fill(0, Bitmap::kNumbers);
  const std::string bytes = all.to_bytes();
  accumulator.add(view_of(bytes));
  accumulator.add(view_of(bytes));
  for (uint32_t key = 0; key < 2000; ++key) accumulator.add(key << 16 | 12345);
  EXPECT_EQ(accumulator.cardinality(), Bitmap::kNumbers);
  EXPECT_EQ(accumulator.to_bytes(), bytes);
  EXPECT_LT(memory.peak(), 6000000);
}

TEST(Accumulator, RunsThatTouchAreRefused) {
  // A container of key 0 with the runs 1..2 and 3..4.
  const std::string bytes("\x3b\x30\x00\x00\x01\x00\x00\x03\x00\x02\x00\x01\x00\x01\x00\x03\x00\x01\x00", 19);
  std::string apart = bytes;
  apart[15] = 4;
  for (const bool has_slots : {false, true}) {
    CountingResource memory;
    Accumulator accumulator(&memory);
    if (has_slots)
      for (uint32_t i = 0; i < 2000; ++i) accumulator.add(0x10000 + 2 * i);
    EXPECT_THROW(accumulator.add(view_of(bytes)), Error);
    accumulator.add(view_of(apart));
    EXPECT_EQ(accumulator.cardinality(), has_slots ? 2004 : 4);
  }
}

TEST(Accumulator, ArraysOutOfOrderAreRefused) {
  // A container of key 0 with the elements 3, 2, 1.
  const std::string bytes("\x3a\x30\0\0\1\0\0\0\0\0\2\0\x10\0\0\0\3\0\2\0\1\0", 22);
  for (const bool has_slots : {false, true}) {
    CountingResource memory;
    Accumulator accumulator(&memory);
    if (has_slots)
      for (uint32_t i = 0; i < 2000; ++i) accumulator.add(0x10000 + 2 * i);
    EXPECT_THROW(accumulator.add(view_of(bytes)), Error);
    EXPECT_EQ(accumulator.cardinality(), has_slots ? 2000 : 0);
  }
}

TEST(Accumulator, DamagedBytesGiveAnErrorOrASoundSet) {
  std::mt19937 random(4);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = some_bytes(oracle::random_set(random), random);
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips)
      bytes[random() % std::min<size_t>(bytes.size(), random() % 2 == 0 ? 64 : bytes.size())] ^=
          static_cast<char>(1U << random() % 8);
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    // In a block of its own size, so that the sanitizers see each read outside of it.
    const std::vector<uint8_t> block(bytes.begin(), bytes.end());
    CountingResource memory;
    Accumulator accumulator(&memory);
    if (random() % 2 == 0)
      for (uint32_t i = 0; i < 2000; ++i) accumulator.add(i * 1000);
    try {
      accumulator.add(ByteView(block.data(), block.size()));
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::Corrupt);
    }
    const std::string result = accumulator.to_bytes();
    EXPECT_EQ(Bitmap::from_bytes(view_of(result)).cardinality(), accumulator.cardinality());
  }
}

}  // namespace
}  // namespace cdp::bitmap
