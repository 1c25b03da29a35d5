#include "profile/number_slices.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <string>

namespace cdp::profile {

namespace {

using bitmap::BsiEntry;
using bitmap::Comparison;
using Digits = Decimal::Digits;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

constexpr std::array<int64_t, NumberSlices::kMostScale + 1> kPowers = [] {
  std::array<int64_t, NumberSlices::kMostScale + 1> powers{1};
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

/// The digits without zeros at the end of the fraction; nullopt where 64 bits do not hold them or too many
/// stand after the point.
std::optional<Digits> shortest_digits(const Decimal& number) {
  std::optional<Digits> digits = number.digits();
  if (!digits) return std::nullopt;
  while (digits->scale > 0 && digits->value % 10 == 0) {
    digits->value /= 10;
    --digits->scale;
  }
  if (digits->scale > NumberSlices::kMostScale || digits->value == std::numeric_limits<int64_t>::min())
    return std::nullopt;
  return digits;
}

/// The largest scale at which 64 bits hold the digits.
int32_t largest_scale(const Digits& digits) {
  const int64_t magnitude = std::abs(digits.value);
  int32_t scale = digits.scale;
  while (scale < NumberSlices::kMostScale && magnitude <= kMost / kPowers[scale + 1 - digits.scale]) ++scale;
  return scale;
}

int32_t best_scale(const std::vector<std::optional<Digits>>& numbers) {
  std::array<int64_t, NumberSlices::kMostScale + 2> change{};
  for (const std::optional<Digits>& digits : numbers) {
    if (!digits) continue;
    ++change.at(digits->scale);
    --change.at(largest_scale(*digits) + 1);
  }
  int32_t best = 0;
  int64_t held = 0;
  int64_t most = -1;
  for (int32_t scale = 0; scale <= NumberSlices::kMostScale; ++scale) {
    held += change.at(scale);
    if (held <= most) continue;
    most = held;
    best = scale;
  }
  return best;
}

/// An operand at a scale: the largest integer that is not above it, and whether it is that integer. Beyond 64
/// bits on one side.
struct Floor {
  enum class Side : uint8_t { Below, Within, Above };
  Side side = Side::Within;
  int64_t value = 0;
  bool is_exact = true;
};

Floor floor_of(const Decimal& operand, int32_t scale) {
  const Decimal scaled = operand * Decimal(kPowers.at(scale));
  if (scaled > Decimal(kMost)) return {Floor::Side::Above, 0, false};
  if (scaled < Decimal(std::numeric_limits<int64_t>::min())) return {Floor::Side::Below, 0, false};
  const std::string text = scaled.to_string();
  const size_t point = std::min(text.find('.'), text.size());
  Floor floor;
  std::from_chars(text.data(), text.data() + point, floor.value);
  floor.is_exact = Decimal(floor.value) == scaled;
  if (!floor.is_exact && scaled.sign() < 0) --floor.value;
  return floor;
}

}  // namespace

NumberSlices NumberSlices::of(std::span<const UserNumber> numbers) {
  std::vector<std::optional<Digits>> digits;
  digits.reserve(numbers.size());
  for (const UserNumber& number : numbers) digits.push_back(shortest_digits(number.number));
  NumberSlices slices;
  slices.scale = best_scale(digits);
  std::vector<BsiEntry> entries;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (digits[i] && digits[i]->scale <= slices.scale && slices.scale <= largest_scale(*digits[i]))
      entries.push_back({numbers[i].user, digits[i]->value * kPowers.at(slices.scale - digits[i]->scale)});
    else
      slices.others.push_back(numbers[i]);
  }
  slices.numbers = bitmap::Bsi::of(entries);
  return slices;
}

std::vector<UserNumber> NumberSlices::entries() const {
  std::vector<UserNumber> all = others;
  for (const BsiEntry& entry : numbers.entries())
    all.push_back({entry.id, Decimal::of({entry.value, scale})});
  std::sort(all.begin(), all.end(), [](const UserNumber& a, const UserNumber& b) { return a.user < b.user; });
  return all;
}

bitmap::Bitmap users_comparing(const bitmap::BsiReader& numbers, int32_t scale, Comparison comparison,
                               const Decimal& operand) {
  if (scale < 0 || scale > NumberSlices::kMostScale)
    throw Error(Category::Corrupt, "stored numbers of a trait are damaged",
                "Their scale is " + std::to_string(scale) + ".");
  const Floor floor = floor_of(operand, scale);
  const auto all = [&] { return numbers.between(std::numeric_limits<int64_t>::min(), kMost); };
  switch (comparison) {
    case Comparison::Equal:
      return floor.is_exact ? numbers.compare(Comparison::Equal, floor.value) : bitmap::Bitmap();
    case Comparison::NotEqual:
      return floor.is_exact ? numbers.compare(Comparison::NotEqual, floor.value) : all();
    case Comparison::Less:
    case Comparison::LessOrEqual:
      if (floor.side != Floor::Side::Within)
        return floor.side == Floor::Side::Above ? all() : bitmap::Bitmap();
      return numbers.compare(floor.is_exact ? comparison : Comparison::LessOrEqual, floor.value);
    case Comparison::Greater:
    case Comparison::GreaterOrEqual:
      if (floor.side != Floor::Side::Within)
        return floor.side == Floor::Side::Below ? all() : bitmap::Bitmap();
      return numbers.compare(floor.is_exact ? comparison : Comparison::Greater, floor.value);
  }
  throw Error(Category::Internal, "unknown comparison of numbers");
}

}  // namespace cdp::profile
