#include "base/decimal.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace cdp {

namespace {

constexpr uint32_t kBase = 1000000000;
constexpr int kDigitsPerLimb = 9;
constexpr int64_t kMaxDigitsBefore = 131072;
constexpr int64_t kMaxDigitsAfter = Decimal::kMaxScale;
constexpr int kMaxPowerInt64 = 18;

constexpr std::array<int64_t, kMaxPowerInt64 + 1> kPowersOfTen = [] {
  std::array<int64_t, kMaxPowerInt64 + 1> powers{1};
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[noreturn]] void out_of_range() {
  throw Error(Category::OutOfRange, "number has too many digits",
              "At most 131072 digits before and 16383 after the decimal point are possible.");
}

/// Both values as digits of the larger scale, if 64 bits hold them.
bool align_small(int64_t a, int scale_a, int64_t b, int scale_b, int64_t* aligned_a, int64_t* aligned_b) {
  const int gap = scale_a - scale_b;
  if (std::abs(gap) > kMaxPowerInt64) return false;
  return gap >= 0 ? (*aligned_a = a, !__builtin_mul_overflow(b, kPowersOfTen[gap], aligned_b))
                  : (*aligned_b = b, !__builtin_mul_overflow(a, kPowersOfTen[-gap], aligned_a));
}

}  // namespace

Decimal::Limbs Decimal::limbs() const {
  if (!is_small()) return big_;
  Limbs result;
  uint64_t rest = small_ < 0 ? -static_cast<uint64_t>(small_) : static_cast<uint64_t>(small_);
  for (; rest != 0; rest /= kBase) result.push_back(static_cast<uint32_t>(rest % kBase));
  return result;
}

Decimal Decimal::from_limbs(Limbs limbs, bool is_negative, int scale) {
  while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
  Decimal result;
  result.scale_ = scale;
  if (limbs.size() <= 3) {
    unsigned __int128 value = 0;
    for (size_t i = limbs.size(); i-- > 0;) value = value * kBase + limbs[i];
    if (value <= static_cast<unsigned __int128>(INT64_MAX)) {
      result.small_ = is_negative ? -static_cast<int64_t>(value) : static_cast<int64_t>(value);
      return result;
    }
  }
  result.big_ = std::move(limbs);
  result.is_negative_ = is_negative;
  return result;
}

Decimal::Limbs Decimal::scaled_up(Limbs limbs, int digits) {
  if (limbs.empty()) return limbs;
  limbs.insert(limbs.begin(), digits / kDigitsPerLimb, 0);
  const auto factor = static_cast<uint64_t>(kPowersOfTen[digits % kDigitsPerLimb]);
  uint64_t carry = 0;
  for (uint32_t& limb : limbs) {
    carry += limb * factor;
    limb = static_cast<uint32_t>(carry % kBase);
    carry /= kBase;
  }
  if (carry != 0) limbs.push_back(static_cast<uint32_t>(carry));
  return limbs;
}

std::strong_ordering Decimal::compare(const Limbs& a, const Limbs& b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return std::lexicographical_compare_three_way(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

Decimal::Limbs Decimal::sum(const Limbs& a, const Limbs& b) {
  Limbs result;
  result.reserve(std::max(a.size(), b.size()) + 1);
  uint32_t carry = 0;
  for (size_t i = 0; i < std::max(a.size(), b.size()) || carry != 0; ++i) {
    const uint32_t limb = (i < a.size() ? a[i] : 0) + (i < b.size() ? b[i] : 0) + carry;
    result.push_back(limb % kBase);
    carry = limb / kBase;
  }
  return result;
}

Decimal::Limbs Decimal::difference(const Limbs& larger, const Limbs& smaller) {
  Limbs result = larger;
  int64_t borrow = 0;
  for (size_t i = 0; i < result.size() && (i < smaller.size() || borrow != 0); ++i) {
    int64_t limb = static_cast<int64_t>(result[i]) - (i < smaller.size() ? smaller[i] : 0) - borrow;
    borrow = limb < 0 ? 1 : 0;
    if (limb < 0) limb += kBase;
    result[i] = static_cast<uint32_t>(limb);
  }
  return result;
}

Decimal::Limbs Decimal::product(const Limbs& a, const Limbs& b) {
  Limbs result(a.size() + b.size(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    uint64_t carry = 0;
    for (size_t j = 0; j < b.size() || carry != 0; ++j) {
      carry += result[i + j] + static_cast<uint64_t>(a[i]) * (j < b.size() ? b[j] : 0);
      result[i + j] = static_cast<uint32_t>(carry % kBase);
      carry /= kBase;
    }
  }
  return result;
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
  size_t at = 0;
  const auto peek = [&] { return at < text.size() ? text[at] : '\0'; };
  const bool is_negative = peek() == '-';
  if (peek() == '-' || peek() == '+') ++at;

  std::string digits;
  int64_t scale = 0;
  bool has_digits = false;
  for (; is_digit(peek()); ++at) {
    has_digits = true;
    if (peek() != '0' || !digits.empty()) digits.push_back(peek());
  }
  if (peek() == '.') {
    for (++at; is_digit(peek()); ++at) {
      has_digits = true;
      ++scale;
      if (peek() != '0' || !digits.empty()) digits.push_back(peek());
    }
  }
  if (!has_digits) return std::nullopt;
  if (peek() == 'e' || peek() == 'E') {
    ++at;
    const bool is_negative_exponent = peek() == '-';
    if (peek() == '-' || peek() == '+') ++at;
    if (!is_digit(peek())) return std::nullopt;
    int64_t exponent = 0;
    for (; is_digit(peek()); ++at) exponent = std::min<int64_t>(exponent * 10 + (peek() - '0'), 1000000000);
    scale += is_negative_exponent ? exponent : -exponent;
  }
  if (at != text.size()) return std::nullopt;

  if (scale > kMaxDigitsAfter) out_of_range();
  if (scale < 0) {
    if (!digits.empty()) {
      if (static_cast<int64_t>(digits.size()) - scale > kMaxDigitsBefore) out_of_range();
      digits.append(static_cast<size_t>(-scale), '0');
    }
    scale = 0;
  }
  if (static_cast<int64_t>(digits.size()) - scale > kMaxDigitsBefore) out_of_range();

  if (digits.size() <= kMaxPowerInt64) {
    Decimal result;
    for (const char digit : digits) result.small_ = result.small_ * 10 + (digit - '0');
    if (is_negative) result.small_ = -result.small_;
    result.scale_ = static_cast<int32_t>(scale);
    return result;
  }
  Limbs limbs;
  for (size_t end = digits.size(); end > 0;) {
    const size_t begin = end > kDigitsPerLimb ? end - kDigitsPerLimb : 0;
    uint32_t limb = 0;
    for (size_t i = begin; i < end; ++i) limb = limb * 10 + static_cast<uint32_t>(digits[i] - '0');
    limbs.push_back(limb);
    end = begin;
  }
  return from_limbs(std::move(limbs), is_negative, static_cast<int>(scale));
}

std::string Decimal::to_string() const {
  std::string digits;
  for (const Limbs all = limbs(); const uint32_t limb : all) {
    uint32_t rest = limb;
    for (int i = 0; i < kDigitsPerLimb; ++i, rest /= 10) digits.push_back(static_cast<char>('0' + rest % 10));
  }
  while (digits.size() > static_cast<size_t>(scale_) && digits.back() == '0') digits.pop_back();
  while (digits.size() <= static_cast<size_t>(scale_)) digits.push_back('0');
  if (sign() < 0) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  if (scale_ > 0) digits.insert(digits.size() - static_cast<size_t>(scale_), 1, '.');
  return digits;
}

double Decimal::to_double() const {
  if (is_small() && scale_ == 0) return static_cast<double>(small_);
  // Both are exact as doubles, so their quotient is the nearest one.
  constexpr std::array kPowers{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr int64_t kExact = int64_t{1} << 53;
  if (is_small() && small_ >= -kExact && small_ <= kExact && static_cast<size_t>(scale_) < kPowers.size())
    return static_cast<double>(small_) / kPowers[static_cast<size_t>(scale_)];
  return std::strtod(to_string().c_str(), nullptr);
}

std::optional<int64_t> Decimal::to_int64() const {
  if (!is_small()) return std::nullopt;
  if (scale_ == 0 || small_ == 0) return small_;
  if (scale_ > kMaxPowerInt64 || small_ % kPowersOfTen[scale_] != 0) return std::nullopt;
  return small_ / kPowersOfTen[scale_];
}

int Decimal::sign() const {
  if (!is_small()) return is_negative_ ? -1 : 1;
  return (small_ > 0) - (small_ < 0);
}

Decimal Decimal::operator-() const {
  if (is_small() && small_ != INT64_MIN) {
    Decimal result(-small_);
    result.scale_ = scale_;
    return result;
  }
  return from_limbs(limbs(), sign() > 0, scale_);
}

Decimal operator+(const Decimal& a, const Decimal& b) {
  const int scale = std::max(a.scale_, b.scale_);
  if (a.is_small() && b.is_small()) {
    int64_t x = 0;
    int64_t y = 0;
    Decimal result;
    if (align_small(a.small_, a.scale_, b.small_, b.scale_, &x, &y) &&
        !__builtin_add_overflow(x, y, &result.small_)) {
      result.scale_ = scale;
      return result;
    }
  }
  const Decimal::Limbs x = Decimal::scaled_up(a.limbs(), scale - a.scale_);
  const Decimal::Limbs y = Decimal::scaled_up(b.limbs(), scale - b.scale_);
  if ((a.sign() < 0) == (b.sign() < 0)) return Decimal::from_limbs(Decimal::sum(x, y), a.sign() < 0, scale);
  return Decimal::compare(x, y) >= 0 ? Decimal::from_limbs(Decimal::difference(x, y), a.sign() < 0, scale)
                                     : Decimal::from_limbs(Decimal::difference(y, x), b.sign() < 0, scale);
}

Decimal operator*(const Decimal& a, const Decimal& b) {
  const int scale = a.scale_ + b.scale_;
  if (scale > kMaxDigitsAfter) out_of_range();
  constexpr size_t kMostLimbs = (kMaxDigitsBefore + kMaxDigitsAfter) / kDigitsPerLimb + 2;
  if (a.big_.size() + b.big_.size() > kMostLimbs) out_of_range();
  Decimal result;
  if (a.is_small() && b.is_small() && !__builtin_mul_overflow(a.small_, b.small_, &result.small_)) {
    result.scale_ = scale;
    return result;
  }
  return Decimal::from_limbs(Decimal::product(a.limbs(), b.limbs()), a.sign() * b.sign() < 0, scale);
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  if (a.is_small() && b.is_small()) {
    int64_t x = 0;
    int64_t y = 0;
    if (align_small(a.small_, a.scale_, b.small_, b.scale_, &x, &y)) return x <=> y;
  }
  if (a.sign() != b.sign()) return a.sign() <=> b.sign();
  const int scale = std::max(a.scale_, b.scale_);
  const auto magnitudes = Decimal::compare(Decimal::scaled_up(a.limbs(), scale - a.scale_),
                                           Decimal::scaled_up(b.limbs(), scale - b.scale_));
  return a.sign() < 0 ? 0 <=> magnitudes : magnitudes;
}

}  // namespace cdp
