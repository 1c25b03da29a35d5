#include "bitmap/bitmap.hpp"
#include "bitmap/counts.hpp"
#include "bitmap/frozen.hpp"
#include "bitmap_oracle.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>

namespace cdp::bitmap {
namespace {

using oracle::random_set;
using oracle::Set;

constexpr std::array kOperations{SetOperation::And, SetOperation::Or, SetOperation::Xor,
                                 SetOperation::AndNot};

/// Bytes in a buffer of exactly their size, at an odd address, so that the sanitizer sees every read outside.
class Stored {
 public:
  explicit Stored(const std::string& bytes) : memory_(bytes.size() + 1), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), memory_.begin() + 1);
  }
  ByteView view() const { return {memory_.data() + 1, size_}; }

 private:
  std::vector<uint8_t> memory_;
  size_t size_;
};

std::string bytes_of(const Set& set) { return Bitmap::of(oracle::sorted(set)).to_bytes(); }

/// How many elements of any set are in such a number of sets, with or without the first, as asked.
uint64_t expected_count(SetOperation operation, const std::vector<Set>& sets) {
  Set any;
  for (const Set& set : sets) any.insert(set.begin(), set.end());
  return static_cast<uint64_t>(std::count_if(any.begin(), any.end(), [&](uint32_t element) {
    size_t holders = 0;
    for (const Set& set : sets) holders += set.count(element);
    switch (operation) {
      case SetOperation::And:
        return holders == sets.size();
      case SetOperation::Or:
        return true;
      case SetOperation::Xor:
        return holders % 2 == 1;
      case SetOperation::AndNot:
        return holders == 1 && sets.front().count(element) == 1;
    }
    return false;
  }));
}

uint64_t actual_count(SetOperation operation, const std::vector<Set>& sets) {
  std::vector<Stored> stored;
  stored.reserve(sets.size());
  for (const Set& set : sets) stored.emplace_back(bytes_of(set));
  std::vector<ByteView> views;
  for (const Stored& one : stored) views.push_back(one.view());
  return cardinality_of(operation, views);
}

TEST(Counts, OfAnyNumberOfSetsAreThoseOfSets) {
  constexpr unsigned kSeed = 4711;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(round));
    std::vector<Set> sets(static_cast<size_t>(round % 6));
    for (Set& set : sets) set = random_set(random);
    // Sets that share much, so that n-way intersections are not empty.
    if (round % 2 == 1)
      for (size_t i = 1; i < sets.size(); ++i) sets[i].insert(sets[0].begin(), sets[0].end());
    for (const SetOperation operation : kOperations)
      EXPECT_EQ(actual_count(operation, sets), expected_count(operation, sets))
          << sets.size() << " sets, operation " << static_cast<int>(operation);
  }
}

TEST(Counts, OfSparseSets) {
  std::mt19937 random(5);
  std::vector<Set> sets(4);
  for (Set& set : sets)
    for (int i = 0; i < 3000; ++i) set.insert((random() % 700) << 16 | random() % 20);
  for (const SetOperation operation : kOperations)
    EXPECT_EQ(actual_count(operation, sets), expected_count(operation, sets));
}

TEST(Counts, JaccardIndexOfEmptySetsIsOne) {
  const Stored empty(bytes_of({}));
  const Stored one(bytes_of({1, 2, 10}));
  const Stored other(bytes_of({1, 10, 100}));
  EXPECT_EQ(jaccard_index(empty.view(), empty.view()), 1);
  EXPECT_EQ(jaccard_index(empty.view(), one.view()), 0);
  EXPECT_EQ(jaccard_index(one.view(), other.view()), 0.5);
}

TEST(Positions, AreThoseOfSortedElements) {
  constexpr unsigned kSeed = 99;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(round));
    const Set set = random_set(random);
    const std::vector<uint32_t> elements = oracle::sorted(set);
    const Bitmap bitmap = Bitmap::of(elements);
    const Stored stored(bitmap.to_bytes());
    std::vector<uint32_t> tried{0, 1, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff};
    for (int i = 0; i < 20; ++i) tried.push_back(static_cast<uint32_t>(random()));
    for (int i = 0; i < 60 && !elements.empty(); ++i)
      tried.push_back(elements[random() % elements.size()] + static_cast<uint32_t>(random() % 3) - 1);
    for (const uint32_t x : tried) {
      const auto after = std::upper_bound(elements.begin(), elements.end(), x);
      const auto expected = static_cast<uint64_t>(after - elements.begin());
      EXPECT_EQ(rank(stored.view(), x), expected) << x;
      EXPECT_EQ(bitmap.rank(x), expected) << x;
      EXPECT_EQ(bitmap.count_below(uint64_t{x} + 1), expected) << x;
      const auto from = std::lower_bound(elements.begin(), elements.end(), x);
      EXPECT_EQ(bitmap.at_or_after(x),
                from == elements.end() ? std::nullopt : std::optional<uint32_t>(*from));

      std::array<uint32_t, 5> piece{};
      Bitmap::Reader up(bitmap, x);
      const size_t above = up.read(piece);
      EXPECT_EQ(above, std::min<size_t>(5, static_cast<size_t>(elements.end() - from)));
      EXPECT_TRUE(std::equal(piece.begin(), piece.begin() + static_cast<ptrdiff_t>(above), from));
      Bitmap::DescendingReader down(bitmap, x);
      const size_t below = down.read(piece);
      EXPECT_EQ(below, std::min<uint64_t>(5, expected));
      EXPECT_TRUE(std::equal(piece.begin(), piece.begin() + static_cast<ptrdiff_t>(below),
                             std::make_reverse_iterator(after)));
    }
    for (int i = 0; i < 60; ++i) {
      const uint64_t index =
          i < 50 && !elements.empty() ? random() % elements.size() : elements.size() + i - 50;
      const std::optional<uint32_t> expected =
          index < elements.size() ? std::optional<uint32_t>(elements[index]) : std::nullopt;
      EXPECT_EQ(nth(stored.view(), index), expected);
      EXPECT_EQ(bitmap.nth(index), expected);
    }
  }
}

TEST(Positions, OfTheFullSet) {
  Bitmap full;
  full.fill(0, Bitmap::kNumbers);
  const std::string bytes = full.to_bytes();
  const ByteView view(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  EXPECT_EQ(full.cardinality(), Bitmap::kNumbers);
  EXPECT_EQ(full.rank(0xffffffff), Bitmap::kNumbers);
  EXPECT_EQ(full.count_below(uint64_t{1} << 40), Bitmap::kNumbers);
  EXPECT_EQ(rank(view, 0xffffffff), Bitmap::kNumbers);
  for (const uint64_t index :
       {uint64_t{0}, uint64_t{0xfffeffff}, uint64_t{0xffff0000}, uint64_t{0xffffffff}}) {
    EXPECT_EQ(full.nth(index), static_cast<uint32_t>(index));
    EXPECT_EQ(nth(view, index), static_cast<uint32_t>(index));
  }
  EXPECT_EQ(full.nth(Bitmap::kNumbers), std::nullopt);
  EXPECT_EQ(nth(view, Bitmap::kNumbers), std::nullopt);
  EXPECT_EQ(cardinality_of(SetOperation::AndNot, view, view), 0U);
  EXPECT_EQ(cardinality_of(SetOperation::Or, view, view), Bitmap::kNumbers);
  full.flip(0, Bitmap::kNumbers);
  EXPECT_TRUE(full.is_empty());
}

TEST(Ranges, ChangeWhatTheyHold) {
  constexpr unsigned kSeed = 3;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(round));
    const Set set = random_set(random);
    uint64_t begin = round % 4 == 0 ? 0xffff0000U : (random() % 4) << 16;
    begin += random() % 70000;
    const uint64_t end = round % 10 == 9 ? begin - std::min<uint64_t>(begin, 5) : begin + random() % 150000;
    Set filled = set;
    Set cleared = set;
    Set flipped = set;
    Set within;
    for (uint64_t i = begin; i < std::min(end, Bitmap::kNumbers); ++i) {
      const auto element = static_cast<uint32_t>(i);
      filled.insert(element);
      cleared.erase(element);
      if (set.count(element) == 1) {
        within.insert(element);
        flipped.erase(element);
      } else {
        flipped.insert(element);
      }
    }
    const Bitmap whole = Bitmap::of(oracle::sorted(set));
    Bitmap changed = whole;
    changed.fill(begin, end);
    EXPECT_EQ(changed.to_bytes(), bytes_of(filled));
    (changed = whole).clear(begin, end);
    EXPECT_EQ(changed.to_bytes(), bytes_of(cleared));
    (changed = whole).flip(begin, end);
    EXPECT_EQ(changed.to_bytes(), bytes_of(flipped));
    EXPECT_EQ(whole.within(begin, end).to_bytes(), bytes_of(within));
  }
}

/// Asks everything of bytes that may be damaged: nothing but an Error may come of it.
bool survives(const Stored& stored, const Stored& sound) {
  bool is_taken = true;
  const std::array<ByteView, 3> three{stored.view(), sound.view(), stored.view()};
  for (const SetOperation operation : kOperations) {
    try {
      cardinality_of(operation, stored.view(), sound.view());
      cardinality_of(operation, sound.view(), stored.view());
      Frozen(stored.view()).intersects(Frozen(sound.view()));
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::Corrupt);
      is_taken = false;
    }
    try {
      cardinality_of(operation, three);
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::Corrupt);
      is_taken = false;
    }
  }
  for (const uint32_t number : {0U, 63U, 70000U, 0x7fffffffU, 0xffffffffU}) try {
      rank(stored.view(), number);
      nth(stored.view(), number % 100000);
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::Corrupt);
    }
  return is_taken;
}

TEST(DamagedBytes, AreNeverReadOutside) {
  // Array, bitset and runs with the offset table; runs without one; arrays only.
  Set mixed;
  for (uint32_t i = 0; i < 40; ++i) mixed.insert(i * i);
  for (uint32_t i = 0; i < 9000; ++i) mixed.insert(65536 + i * 7 % 65536);
  for (uint32_t i = 0; i < 300; ++i) mixed.insert(2 * 65536 + i / 3 * 10 + i % 3);
  for (uint32_t i = 60000; i < 65536; ++i) mixed.insert(3 * 65536 + i);
  mixed.insert(0xffffffff);
  Set runs;
  for (uint32_t i = 0; i < 200; ++i) runs.insert(i / 10 * 20 + i % 10);
  for (uint32_t i = 65000; i < 65536; ++i) runs.insert(i);
  const Set arrays{1, 5, 70000, 70001, 0x80000000, 0xffffffff};
  const Stored sound(bytes_of(mixed));

  for (const Set& set : {mixed, runs, arrays}) {
    const std::string bytes = bytes_of(set);
    EXPECT_TRUE(survives(Stored(bytes), sound));
    const bool is_large = bytes.size() > 4000;
    for (size_t size = 0; size < bytes.size(); size += is_large && size > 400 ? 37 : 1)
      EXPECT_FALSE(survives(Stored(bytes.substr(0, size)), sound)) << size;
    EXPECT_FALSE(survives(Stored(bytes + '\0'), sound));
    size_t refused = 0;
    for (size_t at = 0; at < bytes.size(); at += is_large && at > 400 && at + 1000 < bytes.size() ? 23 : 1)
      for (const int flip : {1, 2, 128, 255}) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ flip);
        if (!survives(Stored(changed), sound)) ++refused;
      }
    EXPECT_GT(refused, 10U);
  }
}

TEST(DamagedBytes, RunsThatOverlapOrLeaveTheirContainerAreRefused) {
  constexpr uint32_t kRuns = 40;
  constexpr uint32_t kStep = 1638;  // the last of the runs ends at 65535
  constexpr size_t kCardinalityAt = 7;
  constexpr size_t kRunsAt = 11;
  Set set;
  for (uint32_t i = 0; i < kRuns; ++i)
    for (uint32_t more = 0; more < 10; ++more) set.insert(65535 - kStep * i - more);
  const std::string bytes = bytes_of(set);
  ASSERT_EQ(bytes.size(), kRunsAt + 4 * kRuns);
  EXPECT_EQ(Frozen(Stored(bytes).view()).cardinality(), 10 * kRuns);
  for (uint32_t i = 0; i < kRuns; ++i) {
    const uint32_t free = i + 1 < kRuns ? kStep - 10 : 0;  // numbers between this run and the next
    for (const uint32_t more : {free, free + 1}) {
      std::string changed = bytes;
      const auto length = static_cast<uint16_t>(9 + more);
      const auto cardinality = static_cast<uint16_t>(10 * kRuns + more - 1);  // true, but for the overlap
      std::memcpy(changed.data() + kRunsAt + 4 * i + 2, &length, 2);
      std::memcpy(changed.data() + kCardinalityAt, &cardinality, 2);
      if (more > free) {
        EXPECT_THROW(Frozen(Stored(changed).view()), Error) << i;
      } else {
        EXPECT_NO_THROW(Frozen(Stored(changed).view())) << i;
      }
    }
  }
}

TEST(Frozen, FalseHeadsOfContainersAreRefused) {
  const auto with = [](std::string bytes, size_t at, char value) {
    bytes[at] = value;
    return bytes;
  };
  const std::string arrays = bytes_of({1, 9, 0x10000});  // the entries of the table of keys are at 8 and 12
  EXPECT_NO_THROW(Frozen(Stored(arrays).view()));
  EXPECT_THROW(Frozen(Stored(with(arrays, 12, '\0')).view()), Error);  // the key of the first again
  EXPECT_THROW(Frozen(Stored(with(arrays, 8, '\2')).view()), Error);   // keys that descend
  Set set;
  for (uint32_t i = 0; i < 500; ++i) set.insert(i);
  const std::string run = bytes_of(set);  // its cardinality less one is at 7
  for (const int more : {-1, 1})
    EXPECT_THROW(Frozen(Stored(with(run, 7, static_cast<char>(run[7] + more))).view()), Error) << more;
}

TEST(Frozen, ArraysWithoutATableOfOffsetsAreChecked) {
  Bitmap set;
  set.fill(0, 500);  // a run; with two arrays beside it the set has no offsets
  for (const uint32_t element : {0x10001U, 0x10005U, 0x20003U, 0x20004U}) set.add(element);
  const std::string bytes = set.to_bytes();
  ASSERT_EQ(bytes.size(), 4U + 1 + 3 * 4 + 6 + 4 + 4);
  EXPECT_EQ(Frozen(Stored(bytes).view()).cardinality(), 504U);
  for (const size_t at : {bytes.size() - 8, bytes.size() - 4}) {
    std::string changed = bytes;
    std::swap(changed[at], changed[at + 2]);
    EXPECT_THROW(Frozen(Stored(changed).view()), Error) << at;
    changed[at] = changed[at + 2];
    EXPECT_THROW(Frozen(Stored(changed).view()), Error) << at;
  }
}

TEST(Frozen, ArraysOutOfOrderAreRefused) {
  // Arrays of all lengths side by side, with bitsets and runs between some of them.
  std::mt19937 random(12);
  for (int round = 0; round < 200; ++round) {
    Bitmap set;
    for (uint32_t key = 0; key < 40; ++key) {
      const uint32_t kind = random() % 8;
      if (kind == 0) set.fill(uint64_t{key} << 16, (uint64_t{key} << 16) + 500);
      if (kind == 1)
        for (uint32_t i = 0; i < 5000; ++i) set.add(key << 16 | i * 13);
      if (kind > 2)
        for (uint32_t i = random() % 150; i > 0; --i) set.add(key << 16 | random() % 65536);
    }
    std::string bytes = set.to_bytes();
    const auto view = [&] { return ByteView(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()); };
    EXPECT_EQ(cardinality_of(SetOperation::And, view(), view()), set.cardinality());
    for (uint32_t i = 0; i < View(view()).container_count(); ++i) {
      const Container container = View(view()).container(i);
      if (container.kind != ContainerKind::Array || container.cardinality < 2) continue;
      const auto at = static_cast<size_t>(container.bytes.data() - view().data()) +
                      2 * (random() % (container.cardinality - 1));
      std::swap_ranges(bytes.begin() + static_cast<ptrdiff_t>(at),
                       bytes.begin() + static_cast<ptrdiff_t>(at) + 2,
                       bytes.begin() + static_cast<ptrdiff_t>(at) + 2);
      EXPECT_THROW((void)cardinality_of(SetOperation::Or, view(), view()), Error);
      std::swap_ranges(bytes.begin() + static_cast<ptrdiff_t>(at),
                       bytes.begin() + static_cast<ptrdiff_t>(at) + 2,
                       bytes.begin() + static_cast<ptrdiff_t>(at) + 2);
    }
  }
}

}  // namespace
}  // namespace cdp::bitmap
