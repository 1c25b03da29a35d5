#include "base/error.hpp"
#include "base/quotient.hpp"

#include <gtest/gtest.h>
#include <random>

namespace cdp {
namespace {

Decimal number(const std::string& text) { return *Decimal::parse(text); }

TEST(DecimalQuotient, HasThatManyDigitsRoundedAwayFromZero) {
  const auto divided = [](const char* a, const char* b, int digits) {
    return quotient(number(a), number(b), digits);
  };
  EXPECT_EQ(divided("1", "3", 5), number("0.33333"));
  EXPECT_EQ(divided("2", "3", 5), number("0.66667"));
  EXPECT_EQ(divided("-2", "3", 5), number("-0.66667"));
  EXPECT_EQ(divided("1", "4", 1), number("0.3"));
  EXPECT_EQ(divided("-1", "4", 1), number("-0.3"));
  EXPECT_EQ(divided("999999", "1", 3), number("1e6"));
  EXPECT_EQ(divided("123456789", "1", 3), number("123e6"));
  EXPECT_EQ(divided("1e-20", "3e20", 2), number("33e-42"));
  EXPECT_EQ(divided("0", "3", 2), number("0"));
  EXPECT_EQ(divided("10", "4", 30).to_string(), "2.5");
  EXPECT_THROW((void)divided("1", "0", 3), Error);
  EXPECT_THROW((void)divided("1e-16000", "1e1000", 3), Error);
}

// The digits are those of the nearest number: off by half a unit of the last one at most.
TEST(DecimalQuotient, IsTheNearestNumber) {
  std::mt19937_64 random(1);
  const auto digits = [&](uint64_t most) {
    std::string text = std::to_string(1 + random() % 9);
    for (uint64_t more = random() % most; more > 0; --more) text += std::to_string(random() % 10);
    return text + "e" + std::to_string(static_cast<int>(random() % 60) - 30);
  };
  for (int i = 0; i < 3000; ++i) {
    const Decimal a = number(digits(60));
    const Decimal b = number(digits(60));
    const Decimal found = quotient(a, b, 30);
    // |a - q b| <= b / 2 * 10^e where q has 30 digits and e is the place of its last one.
    std::string text = found.to_string();
    const size_t point = text.find('.');
    const size_t first = text.find_first_not_of("0.");
    const auto whole = static_cast<int>(point == std::string::npos ? text.size() : point);
    const int lead = static_cast<int>(first) < whole ? whole - static_cast<int>(first) - 1
                                                     : whole - static_cast<int>(first);
    const Decimal unit = number("1e" + std::to_string(lead - 29));
    Decimal error = a - found * b;
    if (error.sign() < 0) error = -error;
    ASSERT_LE(error * Decimal(2), b * unit) << a.to_string() << " / " << b.to_string() << " = " << text;
  }
}

}  // namespace
}  // namespace cdp
