#include "profile/number_slices.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

namespace cdp::profile {
namespace {

using bitmap::Comparison;

/// Numbers of every kind: whole, with fractions, at the ends of 64 bits, beyond them.
Decimal random_number(std::mt19937_64& random) {
  static const std::array<const char*, 14> kSpecial{"0",
                                                    "-0.0",
                                                    "9223372036854775807",
                                                    "-9223372036854775808",
                                                    "9223372036854775808",
                                                    "-9223372036854775807",
                                                    "0.000000000000000001",
                                                    "-0.0000000000000000001",
                                                    "1e40",
                                                    "-1e40",
                                                    "922337203685477580.7",
                                                    "922337203685477580.75",
                                                    "2.500",
                                                    "2.5"};
  const auto digits = static_cast<int64_t>(random() % 2000) - 1000;
  switch (random() % 6) {
    case 0:
      return *Decimal::parse(kSpecial.at(random() % kSpecial.size()));
    case 1:
      return Decimal(digits);
    case 2:
      return Decimal::of({digits, static_cast<int32_t>(random() % 4)});
    case 3:
      return Decimal::of({static_cast<int64_t>(random()), static_cast<int32_t>(random() % 25)});
    default:
      return Decimal::of({digits * 10, 2});
  }
}

bool compares(const Decimal& number, Comparison comparison, const Decimal& operand) {
  switch (comparison) {
    case Comparison::Less:
      return number < operand;
    case Comparison::LessOrEqual:
      return number <= operand;
    case Comparison::Equal:
      return number == operand;
    case Comparison::NotEqual:
      return number != operand;
    case Comparison::GreaterOrEqual:
      return number >= operand;
    case Comparison::Greater:
      return number > operand;
  }
  return false;
}

constexpr std::array kComparisons{Comparison::Less,     Comparison::LessOrEqual,    Comparison::Equal,
                                  Comparison::NotEqual, Comparison::GreaterOrEqual, Comparison::Greater};

TEST(NumberSlices, CompareAsTheNumbersThemselvesDo) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::vector<UserNumber> numbers;
    uint32_t user = 0;
    const size_t count = random() % 40;
    while (numbers.size() < count) {
      user += 1 + static_cast<uint32_t>(random() % (round % 2 == 0 ? 3 : 100000000));
      numbers.push_back({user, random_number(random)});
    }
    const NumberSlices slices = NumberSlices::of(numbers);
    EXPECT_EQ(slices.entries(), numbers);
    const std::string bytes = slices.numbers.to_bytes();
    const bitmap::BsiReader reader(bytes_in(bytes));
    for (int i = 0; i < 20; ++i) {
      const Decimal operand = !numbers.empty() && random() % 2 == 0
                                  ? numbers[random() % numbers.size()].number
                                  : random_number(random);
      for (const Comparison comparison : kComparisons) {
        const bitmap::Bitmap found = users_comparing(reader, slices.scale, comparison, operand);
        for (const UserNumber& number : numbers) {
          const bool is_beside =
              std::find(slices.others.begin(), slices.others.end(), number) != slices.others.end();
          EXPECT_EQ(found.contains(number.user), !is_beside && compares(number.number, comparison, operand))
              << number.number.to_string() << " beside " << operand.to_string() << ", comparison "
              << static_cast<int>(comparison) << " at scale " << slices.scale;
        }
      }
    }
  }
}

std::vector<UserNumber> numbered(std::initializer_list<const char*> texts) {
  std::vector<UserNumber> numbers;
  for (const char* text : texts) {
    const auto user = static_cast<uint32_t>(numbers.size());
    numbers.push_back({user, *Decimal::parse(text)});
  }
  return numbers;
}

TEST(NumberSlices, TakeTheScaleThatLeavesTheFewestBeside) {
  EXPECT_EQ(NumberSlices::of(numbered({"1", "20", "300"})).scale, 0);
  EXPECT_EQ(NumberSlices::of(numbered({"1.50", "2.0"})).scale, 1);
  EXPECT_TRUE(NumberSlices::of(numbered({"1.50", "2.0"})).others.empty());
  const NumberSlices one_too_fine =
      NumberSlices::of(numbered({"1000000000000", "2000000000000", "0.1234567"}));
  EXPECT_EQ(one_too_fine.scale, 0);
  EXPECT_EQ(one_too_fine.others.size(), 1U);
  const NumberSlices one_too_large = NumberSlices::of(numbered({"0.1234567", "0.7654321", "1000000000000"}));
  EXPECT_EQ(one_too_large.scale, 7);
  EXPECT_EQ(one_too_large.others.size(), 1U);
  EXPECT_TRUE(NumberSlices::of({}).others.empty());
}

TEST(NumberSlices, RefuseAScaleThatCannotBe) {
  const std::string bytes = bitmap::Bsi().to_bytes();
  const bitmap::BsiReader reader(bytes_in(bytes));
  EXPECT_THROW(users_comparing(reader, -1, Comparison::Less, Decimal(1)), Error);
  EXPECT_THROW(users_comparing(reader, 19, Comparison::Less, Decimal(1)), Error);
}

}  // namespace
}  // namespace cdp::profile
