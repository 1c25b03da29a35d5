#include "base/quotient.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <string>

namespace cdp {

namespace {

/// The magnitude of a number as a whole number times a power of ten.
struct Magnitude {
  std::string digits;  ///< without zeros in front
  int exponent;
};

Magnitude magnitude_of(const Decimal& number) {
  std::string text = number.to_string();
  std::erase(text, '-');
  const size_t point = text.find('.');
  const auto scale = static_cast<int>(point == std::string::npos ? 0 : text.size() - point - 1);
  std::erase(text, '.');
  text.erase(0, text.find_first_not_of('0'));
  return {std::move(text), -scale};
}

Decimal number_of(const std::string& digits, int exponent) {
  return *Decimal::parse(digits + "e" + std::to_string(exponent));
}

}  // namespace

Decimal quotient(const Decimal& a, const Decimal& b, int significant_digits) {
  if (b.sign() == 0) throw Error(Category::OutOfRange, "division by zero");
  if (a.sign() == 0) return {};
  const Magnitude x = magnitude_of(a);
  const Magnitude y = magnitude_of(b);
  // Dividend and divisor are scaled so that their whole quotient has one or two digits more than are asked.
  const int shift =
      significant_digits + 1 + static_cast<int>(y.digits.size()) - static_cast<int>(x.digits.size());
  Decimal rest = number_of(x.digits, std::max(shift, 0));
  const int divisor_shift = std::max(-shift, 0);
  std::string digits;
  for (int place = significant_digits + 1; place >= 0; --place) {
    const Decimal part = number_of(y.digits, divisor_shift + place);
    char digit = '0';
    for (; rest >= part; ++digit) rest -= part;
    if (digit != '0' || !digits.empty()) digits.push_back(digit);
  }
  // The first digit that is dropped decides, whatever follows it.
  int exponent = x.exponent - y.exponent - shift;
  const auto kept = static_cast<size_t>(significant_digits);
  const bool rounds_up = digits[kept] >= '5';
  exponent += static_cast<int>(digits.size() - kept);
  digits.resize(kept);
  while (!rounds_up && exponent < 0 && digits.size() > 1 && digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  Decimal result = number_of(digits, exponent);
  if (rounds_up) result += number_of("1", exponent);
  return (a.sign() < 0) != (b.sign() < 0) ? -result : result;
}

}  // namespace cdp
