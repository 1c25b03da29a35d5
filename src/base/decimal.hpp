#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdp {

/// An exact decimal number, as PostgreSQL's numeric has it: any sign, up to 131,072 digits before and
/// 16,383 after the point. It keeps the number of digits after the point it was written with (1.50 prints
/// as 1.50) and compares by value (1.50 = 1.5). Values whose digits fit 64 bits need no allocation.
class Decimal {
 public:
  /// How many digits may stand after the point.
  static constexpr int32_t kMaxScale = 16383;

  Decimal() = default;
  Decimal(int64_t value) : small_(value) {}  // NOLINT(google-explicit-constructor): an exact conversion

  /// Reads `-12.50`, `.5`, `1e3`, `1.5E-7`: digits with an optional sign, point and exponent. nullopt if the
  /// text is no such number; throws Error(OutOfRange) beyond the digits above.
  static std::optional<Decimal> parse(std::string_view text);

  /// Plain digits without an exponent, as numeric prints.
  std::string to_string() const;

  /// The nearest double; infinite beyond its range.
  double to_double() const;

  /// The value if it is a whole number that fits 64 bits, else nullopt.
  std::optional<int64_t> to_int64() const;

  /// The digits as one number and how many of them stand after the point; nullopt where 64 bits do not hold
  /// them.
  struct Digits {
    int64_t value;
    int32_t scale;
  };
  std::optional<Digits> digits() const {
    return is_small() ? std::optional(Digits{small_, scale_}) : std::nullopt;
  }
  /// The number with these digits; `scale` is 0 to kMaxScale.
  static Decimal of(Digits digits) {
    Decimal result(digits.value);
    result.scale_ = digits.scale;
    return result;
  }

  /// -1, 0 or 1.
  int sign() const;

  Decimal operator-() const;
  friend Decimal operator+(const Decimal& a, const Decimal& b);
  friend Decimal operator-(const Decimal& a, const Decimal& b) { return a + -b; }
  friend Decimal operator*(const Decimal& a, const Decimal& b);
  Decimal& operator+=(const Decimal& b) { return *this = *this + b; }
  Decimal& operator-=(const Decimal& b) { return *this = *this + -b; }

  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);
  friend bool operator==(const Decimal& a, const Decimal& b) { return (a <=> b) == 0; }

 private:
  /// Magnitude in base 10^9, lowest limb first, no zero limb on top.
  using Limbs = std::vector<uint32_t>;

  static Limbs scaled_up(Limbs limbs, int digits);
  static std::strong_ordering compare(const Limbs& a, const Limbs& b);
  static Limbs sum(const Limbs& a, const Limbs& b);
  static Limbs difference(const Limbs& larger, const Limbs& smaller);
  static Limbs product(const Limbs& a, const Limbs& b);
  static Decimal from_limbs(Limbs limbs, bool is_negative, int scale);
  Limbs limbs() const;
  bool is_small() const { return big_.empty(); }

  int64_t small_ = 0;         ///< the digits as one number, where big_ is empty
  int32_t scale_ = 0;         ///< how many of the digits stand after the point
  bool is_negative_ = false;  ///< the sign, where big_ is not empty
  Limbs big_;
};

}  // namespace cdp
