#pragma once

#include "base/decimal.hpp"
#include "bitmap/bsi.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace cdp::profile {

struct UserNumber {
  uint32_t user = 0;
  Decimal number;

  friend bool operator==(const UserNumber&, const UserNumber&) = default;
};

/// Exact numbers of users as bit slices of integers: each number times 10 to the power of a common scale.
/// Those that 64 bits do not hold at that scale stand beside.
struct NumberSlices {
  int32_t scale = 0;  ///< 0 to kMostScale; the one that leaves the fewest beside, the least of several
  bitmap::Bsi numbers;
  std::vector<UserNumber> others;  ///< ascending by user

  static constexpr int32_t kMostScale = 18;

  /// Of numbers that ascend by user, without repetition.
  static NumberSlices of(std::span<const UserNumber> numbers);

  /// Ascending by user.
  std::vector<UserNumber> entries() const;
};

/// The users whose sliced number, at this scale, compares so with `operand`. Exact.
bitmap::Bitmap users_comparing(const bitmap::BsiReader& numbers, int32_t scale, bitmap::Comparison comparison,
                               const Decimal& operand);

}  // namespace cdp::profile
