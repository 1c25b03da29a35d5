#include "bitmap/bitmap.hpp"
#include "bitmap/frozen.hpp"
#include "bitmap/stored.hpp"
#include "bitmap_oracle.hpp"
#include "bitmap_pieces.hpp"

#include <gtest/gtest.h>

namespace cdp::bitmap {
namespace {

using testing::Pieces;
using testing::view_of;

TEST(Stored, AnswersAsTheSetDoes) {
  std::mt19937 random(1);
  for (int round = 0; round < 30; ++round) {
    const oracle::Set set = oracle::random_set(random);
    const std::string bytes = Bitmap::of(oracle::sorted(set)).to_bytes();
    Pieces pieces(view_of(bytes));
    EXPECT_EQ(cardinality(pieces), set.size());
    EXPECT_EQ(is_empty(pieces), set.empty());
    EXPECT_EQ(min(pieces), set.empty() ? std::nullopt : std::optional(*set.begin()));
    EXPECT_EQ(max(pieces), set.empty() ? std::nullopt : std::optional(*set.rbegin()));
    for (int i = 0; i < 50; ++i) {
      auto element = static_cast<uint32_t>(random());
      if (!set.empty() && i % 5 != 0) {
        const auto at = set.lower_bound(element);
        element = (at == set.end() ? *set.begin() : *at) + (random() % 2 == 0 ? 0 : 1);
      }
      EXPECT_EQ(contains(pieces, element), set.contains(element));
      EXPECT_EQ(rank(pieces, element),
                static_cast<uint64_t>(std::distance(set.begin(), set.upper_bound(element))));
    }
    const std::vector<uint32_t> elements = oracle::sorted(set);
    for (size_t i = 0; i < elements.size(); i += 1 + elements.size() / 50)
      EXPECT_EQ(nth(pieces, i), elements[i]);
    EXPECT_EQ(nth(pieces, elements.size()), std::nullopt);
  }
}

TEST(Stored, KeysOfAnySpread) {
  for (const uint32_t shape : {0U, 1U, 2U}) {
    std::vector<uint32_t> keys;
    for (uint32_t i = 0; i < 20000; ++i)
      keys.push_back(shape == 0 ? i : shape == 1 ? 65535 - 19999 + i : i < 19000 ? i : i + 45000);
    std::vector<uint32_t> elements;
    for (const uint32_t key : keys) elements.push_back(key << 16 | 7);
    const std::string bytes = Bitmap::of(elements).to_bytes();
    for (uint32_t key = 0; key < 0x10000; key += 613) {
      Pieces pieces(view_of(bytes));
      EXPECT_EQ(contains(pieces, key << 16 | 7), std::binary_search(keys.begin(), keys.end(), key));
      EXPECT_LE(pieces.reads(), 16U);
    }
  }
}

TEST(Stored, ReadsLittle) {
  std::mt19937 random(2);
  std::vector<uint32_t> elements(368000);
  for (uint32_t& element : elements) element = static_cast<uint32_t>(random());
  const std::string bytes = Bitmap::of(elements).to_bytes();
  for (int i = 0; i < 100; ++i) {
    Pieces pieces(view_of(bytes));
    EXPECT_TRUE(contains(pieces, elements[random() % elements.size()]));
    EXPECT_LE(pieces.reads(), 6U);
    EXPECT_LE(pieces.bytes_read(), 4000U);
  }
}

TEST(Stored, HeadersThatCannotBeAreRefused) {
  // Two containers, of which the first is said to lie within the header.
  std::string bytes = Bitmap::of(std::vector<uint32_t>{1, 9, 65536}).to_bytes();
  ASSERT_EQ(bytes[16], 24);
  bytes[16] = 23;
  Pieces pieces(view_of(bytes));
  EXPECT_THROW((void)contains(view_of(bytes), 1), Error);
  EXPECT_THROW((void)contains(pieces, 1), Error);
  EXPECT_THROW((void)min(view_of(bytes)), Error);
  EXPECT_THROW((void)min(pieces), Error);
  EXPECT_EQ(max(pieces), 65536U);
  Pieces cut(view_of(bytes).first(20));  // within the table of offsets
  EXPECT_THROW((void)is_empty(cut), Error);

  // One container more than there are keys, with room for all of them.
  std::string many("\x3a\x30\0\0\1\0\1\0", 8);
  many.resize(8 + 8 * size_t{65537} + 10);
  Pieces many_pieces(view_of(many));
  EXPECT_THROW((void)cardinality(view_of(many)), Error);
  EXPECT_THROW((void)cardinality(many_pieces), Error);
  EXPECT_THROW((void)is_empty(many_pieces), Error);
}

TEST(Stored, DamagedBytesGiveAnErrorOrAnAnswer) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = Bitmap::of(oracle::sorted(oracle::random_set(random))).to_bytes();
    if (bytes.size() > 20000) continue;
    if (random() % 3 == 0) {
      bytes.resize(random() % bytes.size());
    } else {
      bytes[random() % std::min<size_t>(bytes.size(), 200)] ^= static_cast<char>(1U << random() % 8);
    }
    Pieces pieces(view_of(bytes));
    const auto element = static_cast<uint32_t>(random() % 0x50000);
    const auto ask = [](const auto& question) {
      try {
        question();
      } catch (const Error& error) {
        EXPECT_EQ(error.category(), Category::Corrupt);
      }
    };
    ask([&] { contains(pieces, element); });
    ask([&] { rank(pieces, element); });
    ask([&] { nth(pieces, element); });
    ask([&] { cardinality(pieces); });
    ask([&] { min(pieces); });
    ask([&] { max(pieces); });
    ask([&] { is_empty(pieces); });
  }
}

}  // namespace
}  // namespace cdp::bitmap
