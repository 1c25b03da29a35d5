#include "timeline/encode_column.hpp"
#include "timeline/integer_stream.hpp"

#include <algorithm>

namespace cdp::timeline {

namespace {

bool ends_with_zero(Decimal::Digits number) { return number.scale > 0 && number.value % 10 == 0; }

/// The digits at the largest scale, where that says how each was written: without zeros at the end.
std::optional<std::string> as_shortest(std::span<const Decimal::Digits> values) {
  int32_t scale = 0;
  for (const Decimal::Digits& value : values) {
    if (ends_with_zero(value)) return std::nullopt;
    scale = std::max(scale, value.scale);
  }
  std::vector<int64_t> digits;
  digits.reserve(values.size());
  for (const Decimal::Digits& value : values) {
    const std::optional<int64_t> scaled = digits_at_scale(value, scale);
    if (!scaled) return std::nullopt;
    digits.push_back(*scaled);
  }
  std::string out;
  append_varint(out, static_cast<uint64_t>(scale));
  append_integers(out, digits);
  return out;
}

}  // namespace

std::optional<int64_t> digits_at_scale(Decimal::Digits number, int32_t scale) {
  const int32_t gap = scale - number.scale;
  int64_t digits = 0;
  if (number.value == 0) return 0;
  if (gap > kMaxPowerOfTen || __builtin_mul_overflow(number.value, kPowersOfTen[gap], &digits))
    return std::nullopt;
  return digits;
}

void propose_numbers(std::span<const Decimal::Digits> values, Candidates& candidates) {
  std::vector<int64_t> digits;
  digits.reserve(values.size());
  bool has_one_scale = true;
  bool has_one_value = true;
  for (const Decimal::Digits& value : values) {
    digits.push_back(value.value);
    has_one_scale = has_one_scale && value.scale == values[0].scale;
    has_one_value = has_one_value && value.value == values[0].value;
  }
  std::string out;
  if (has_one_scale && has_one_value) {
    append_value(out, Json(Decimal::of(values[0])));
    candidates.add(Encoding::Constant, std::move(out));
    return;
  }
  if (has_one_scale) {
    if (values[0].scale != 0) append_varint(out, static_cast<uint64_t>(values[0].scale));
    append_integers(out, digits);
    candidates.add(values[0].scale == 0 ? Encoding::Integers : Encoding::Decimals, std::move(out));
    return;
  }
  if (std::optional<std::string> shortest = as_shortest(values))
    candidates.add(Encoding::ShortestDecimals, *std::move(shortest));
  std::vector<int64_t> scales;
  scales.reserve(values.size());
  for (const Decimal::Digits& value : values) scales.push_back(value.scale);
  append_integers(out, scales);
  append_integers(out, digits);
  candidates.add(Encoding::MixedDecimals, std::move(out));
}

}  // namespace cdp::timeline
