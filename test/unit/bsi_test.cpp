#include "bitmap/bsi.hpp"

#include "bitmap_pieces.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <map>
#include <memory_resource>
#include <random>
#include <string>
#include <vector>

namespace cdp::bitmap {
namespace {

using testing::view_of;
using Oracle = std::map<uint32_t, int64_t>;

std::vector<BsiEntry> entries_of(const Oracle& oracle) {
  std::vector<BsiEntry> entries;
  for (const auto& [id, value] : oracle) entries.push_back({id, value});
  return entries;
}

int64_t random_value(std::mt19937_64& random, int spread) {
  static constexpr std::array<int64_t, 9> kSpecial{0,         1,         -1,        2,        -2,
                                                   INT64_MAX, INT64_MIN, INT32_MAX, INT32_MIN};
  switch (spread) {
    case 0:
      return 0;
    case 1:
      return static_cast<int64_t>(random() % 2) - 1;
    case 2:
      return static_cast<int64_t>(random() % 100);
    case 3:
      return static_cast<int64_t>(random() % 2000) - 1000;
    case 4:
      return kSpecial[random() % kSpecial.size()];
    default:
      return static_cast<int64_t>(random());
  }
}

Oracle random_integers(std::mt19937_64& random) {
  Oracle integers;
  const int spread = static_cast<int>(random() % 6);
  const uint64_t ids = random() % 3 == 0 ? 50 : random() % 2 == 0 ? 70000 : uint64_t{1} << 32;
  for (uint64_t count = random() % 300; count > 0; --count)
    integers[static_cast<uint32_t>(random() % ids)] = random_value(random, spread);
  return integers;
}

Bitmap random_ids(const Oracle& integers, std::mt19937_64& random) {
  std::vector<uint32_t> ids{7};
  for (const auto& [id, value] : integers)
    if (random() % 3 > 0) ids.push_back(id);
  return Bitmap::of(ids);
}

TEST(Bsi, BytesHoldTheIntegers) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    const Oracle integers = random_integers(random);
    const Bsi bsi = Bsi::of(entries_of(integers));
    const std::string bytes = bsi.to_bytes();
    EXPECT_EQ(bytes.size(), bsi.byte_size());
    EXPECT_EQ(bsi.entries(), entries_of(integers));
    EXPECT_EQ(Bsi::from_bytes(view_of(bytes)).entries(), entries_of(integers));
    EXPECT_EQ(Bsi::from_bytes(view_of(bytes)).to_bytes(), bytes);
    const BsiView view(view_of(bytes));
    for (const auto& [id, value] : integers) EXPECT_EQ(view.get(id), value);
    EXPECT_EQ(view.get(0x12345678),
              integers.contains(0x12345678) ? std::optional(integers.at(0x12345678)) : std::nullopt);
    EXPECT_EQ(to_text(parse_bsi(to_text(bsi))), to_text(bsi));
  }
}

TEST(Bsi, ChangesGiveTheSameBytesAsTheResult) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 200; ++round) {
    Oracle integers = random_integers(random);
    Bsi bsi = Bsi::of(entries_of(integers));
    for (int step = 0; step < 5; ++step) {
      auto id = static_cast<uint32_t>(random());
      if (!integers.empty() && random() % 2 == 0) {
        auto at = integers.begin();
        std::advance(at, static_cast<ptrdiff_t>(random() % integers.size()));
        id = at->first;
      }
      if (random() % 2 == 0) {
        bsi.remove(id);
        integers.erase(id);
      } else {
        const int64_t value = random_value(random, static_cast<int>(random() % 6));
        bsi.set(id, value);
        integers[id] = value;
      }
      EXPECT_EQ(bsi.to_bytes(), Bsi::of(entries_of(integers)).to_bytes());
    }
  }
}

TEST(Bsi, BuilderAddsUpTheValuesOfAnId) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 100; ++round) {
    Oracle sums;
    BsiBuilder builder(std::pmr::new_delete_resource());
    for (uint64_t count = random() % 5000; count > 0; --count) {
      const auto id = static_cast<uint32_t>(random() % 700);
      const auto value = static_cast<int64_t>(random() % 1000) - 500;
      sums[id] += value;
      builder.add(id, value);
    }
    const Oracle more = {{1, 5}, {2, -7}, {0xffffffff, 1}};
    builder.add(Bsi::of(entries_of(more)));
    for (const auto& [id, value] : more) sums[id] += value;
    EXPECT_EQ(builder.finish().to_bytes(), Bsi::of(entries_of(sums)).to_bytes());
  }
  BsiBuilder builder(std::pmr::new_delete_resource());
  builder.add(1, INT64_MAX);
  builder.add(1, 1);
  EXPECT_THROW(builder.finish(), Error);
}

TEST(Bsi, QuestionsAreAnsweredAsOfAList) {
  std::mt19937_64 random(4);
  static constexpr std::array kComparisons{Comparison::Less,           Comparison::LessOrEqual,
                                           Comparison::Equal,          Comparison::NotEqual,
                                           Comparison::GreaterOrEqual, Comparison::Greater};
  for (int round = 0; round < 400; ++round) {
    const Oracle integers = random_integers(random);
    const std::string bytes = Bsi::of(entries_of(integers)).to_bytes();
    const Bitmap within = random_ids(integers, random);
    const bool is_within = random() % 2 == 0;
    const BsiReader reader =
        is_within ? BsiReader(view_of(bytes), Operand(within)) : BsiReader(view_of(bytes));
    std::vector<BsiEntry> list;
    for (const BsiEntry& entry : entries_of(integers))
      if (!is_within || within.contains(entry.id)) list.push_back(entry);

    const auto ids_where = [&](auto condition) {
      std::vector<uint32_t> ids;
      for (const BsiEntry& entry : list)
        if (condition(entry.value)) ids.push_back(entry.id);
      return ids;
    };
    for (int i = 0; i < 8; ++i) {
      const int64_t value = !list.empty() && random() % 2 == 0
                                ? list[random() % list.size()].value
                                : random_value(random, static_cast<int>(random() % 6));
      const std::array<std::vector<uint32_t>, 6> expected{
          ids_where([&](int64_t v) { return v < value; }),  ids_where([&](int64_t v) { return v <= value; }),
          ids_where([&](int64_t v) { return v == value; }), ids_where([&](int64_t v) { return v != value; }),
          ids_where([&](int64_t v) { return v >= value; }), ids_where([&](int64_t v) { return v > value; })};
      for (size_t comparison = 0; comparison < kComparisons.size(); ++comparison)
        EXPECT_EQ(reader.compare(kComparisons[comparison], value).to_vector(), expected[comparison]);
      const int64_t other = random_value(random, static_cast<int>(random() % 6));
      EXPECT_EQ(reader.between(value, other).to_vector(),
                ids_where([&](int64_t v) { return value <= v && v <= other; }));
    }
    __int128 sum = 0;
    for (const BsiEntry& entry : list) sum += entry.value;
    EXPECT_TRUE(reader.sum() == sum);
    EXPECT_EQ(reader.count(), list.size());
    const auto by_value = [](const BsiEntry& a, const BsiEntry& b) { return a.value < b.value; };
    const auto smallest = std::min_element(list.begin(), list.end(), by_value);
    const auto largest = std::max_element(list.begin(), list.end(), by_value);
    EXPECT_EQ(reader.min(), list.empty() ? std::nullopt : std::optional(smallest->value));
    EXPECT_EQ(reader.max(), list.empty() ? std::nullopt : std::optional(largest->value));
    for (const bool is_largest_first : {false, true}) {
      std::vector<BsiEntry> sorted = list;
      std::stable_sort(sorted.begin(), sorted.end(), [&](const BsiEntry& a, const BsiEntry& b) {
        return is_largest_first ? a.value > b.value : a.value < b.value;
      });
      const uint64_t count = random() % 4 == 0 ? random() : random() % (list.size() + 2);
      std::vector<uint32_t> expected;
      for (size_t i = 0; i < std::min<uint64_t>(count, sorted.size()); ++i) expected.push_back(sorted[i].id);
      std::sort(expected.begin(), expected.end());
      EXPECT_EQ(reader.first(count, is_largest_first).to_vector(), expected);
    }
  }
}

TEST(Bsi, DamagedBytesAreRefusedOrSound) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 500; ++round) {
    std::string bytes = Bsi::of(entries_of(random_integers(random))).to_bytes();
    if (random() % 3 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << random() % 8);
    }
    const std::vector<uint8_t> block(bytes.begin(), bytes.end());
    const ByteView view(block.data(), block.size());
    try {
      const Bsi bsi = Bsi::from_bytes(view);
      EXPECT_EQ(Bsi::of(bsi.entries()).to_bytes(), bsi.to_bytes());
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::Corrupt);
    }
    try {
      (void)BsiView(view).get(3);
      (void)BsiReader(view).first(10, true);
      (void)BsiReader(view).sum();
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::Corrupt);
    }
  }
  const std::string empty("\1\0\0\0\x08\0\0\0\x3a\x30\0\0\0\0\0\0", 16);
  EXPECT_NO_THROW(Bsi::from_bytes(view_of(empty)));
  for (const size_t at : {0, 2, 3}) {  // another version, and the two bytes that are zero
    std::string changed = empty;
    changed[at] = 2;
    EXPECT_THROW(Bsi::from_bytes(view_of(changed)), Error) << at;
  }
  EXPECT_THROW(Bsi::from_bytes(view_of(empty + '\0')), Error);
  std::string slices("\1\x40\0\0", 4);  // 64 of them, all without elements
  for (int i = 0; i < 65; ++i) slices.append("\x08\0\0\0", 4);
  for (int i = 0; i < 65; ++i) slices.append("\x3a\x30\0\0\0\0\0\0", 8);
  EXPECT_EQ(Bsi::from_bytes(view_of(slices)).to_bytes(), empty);
  slices[1] = 65;
  slices.insert(4, "\x08\0\0\0", 4);
  slices.append("\x3a\x30\0\0\0\0\0\0", 8);
  EXPECT_THROW(Bsi::from_bytes(view_of(slices)), Error);
  // Ids {1}, and a slice with id 2.
  const std::string one("\x3a\x30\0\0\1\0\0\0\0\0\0\0\x10\0\0\0\1\0", 18);
  const std::string two("\x3a\x30\0\0\1\0\0\0\0\0\0\0\x10\0\0\0\2\0", 18);
  const std::string stranger = std::string("\1\1\0\0\x12\0\0\0\x12\0\0\0", 12) + one + two;
  EXPECT_THROW(Bsi::from_bytes(view_of(stranger)), Error);
  // Two slices where one says it all: read, and written in the canonical form.
  const std::string wordy = std::string("\1\2\0\0\x12\0\0\0\x12\0\0\0\x12\0\0\0", 16) + one + one + one;
  const std::string canonical = std::string("\1\1\0\0\x12\0\0\0\x12\0\0\0", 12) + one + one;
  EXPECT_EQ(Bsi::from_bytes(view_of(wordy)).to_bytes(), canonical);
  EXPECT_EQ(Bsi::of(std::vector<BsiEntry>{{1, -1}}).to_bytes(), canonical);
}

TEST(Bsi, Text) {
  EXPECT_EQ(to_text(parse_bsi(" { 1 : 10 ,-1:-5, 2: 9223372036854775807 } ")),
            "{1:10,2:9223372036854775807,-1:-5}");
  EXPECT_EQ(to_text(parse_bsi("{}")), "{}");
  for (const char* wrong :
       {"", "{1}", "{1:}", "{:1}", "{1:2", "{1:2,}", "{1:2,1:3}", "{1:2} x", "{1:2.5}", "\\x01", "\\xzz"})
    EXPECT_THROW(parse_bsi(wrong), Error) << wrong;
  EXPECT_THROW(parse_bsi("{2147483648:1}"), Error);
  EXPECT_THROW(parse_bsi("{1:9223372036854775808}"), Error);
}

}  // namespace
}  // namespace cdp::bitmap
