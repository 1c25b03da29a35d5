#include "base/hash.hpp"
#include "timeline/encode_column.hpp"
#include "timeline/integer_stream.hpp"

#include <algorithm>
#include <bit>

namespace cdp::timeline {

namespace {

/// The distinct ones of some byte strings in the order of their first mention, and which of them each is.
struct Distinct {
  std::vector<uint32_t> firsts;  ///< where each stands first
  std::vector<int64_t> codes;
};

template <class Text>
Distinct distinct_of(std::span<const Text> values) {
  Distinct distinct;
  distinct.codes.reserve(values.size());
  // Open addressing: numbers of distinct values from 1, 0 for an empty place.
  std::vector<uint32_t> places(std::bit_ceil(2 * values.size()), 0);
  for (uint32_t i = 0; i < values.size(); ++i) {
    size_t place = quick_hash64(values[i]) & (places.size() - 1);
    while (places[place] != 0 && values[distinct.firsts[places[place] - 1]] != values[i])
      place = (place + 1) & (places.size() - 1);
    if (places[place] == 0) {
      distinct.firsts.push_back(i);
      places[place] = static_cast<uint32_t>(distinct.firsts.size());
    }
    distinct.codes.push_back(places[place] - 1);
  }
  return distinct;
}

template <class Text>
bool all_equal(std::span<const Text> values) {
  return std::all_of(values.begin(), values.end(), [&](const Text& value) { return value == values[0]; });
}

/// The dictionary where that may help; `append` appends a value.
template <class Text, class Append>
void propose_dictionary(std::span<const Text> values, Candidates& candidates, Append&& append) {
  if (values.size() < 3) return;
  const Distinct distinct = distinct_of(values);
  if (distinct.firsts.size() == values.size()) return;
  std::string out;
  append_varint(out, distinct.firsts.size());
  for (const uint32_t first : distinct.firsts) append(out, values[first]);
  append_integers(out, distinct.codes);
  candidates.add(Encoding::Dictionary, std::move(out));
}

/// The string as a number that is written just so.
std::optional<int64_t> number_of(std::string_view string) {
  constexpr size_t kMaxDigits = 18;
  if (string.empty() || string.size() > kMaxDigits || (string[0] == '0' && string.size() > 1))
    return std::nullopt;
  int64_t number = 0;
  for (const char c : string) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

std::optional<std::string> as_digit_strings(std::span<const std::string_view> values) {
  std::vector<int64_t> numbers;
  for (const std::string_view value : values) {
    const std::optional<int64_t> number = number_of(value);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  std::string out;
  append_integers(out, numbers);
  return out;
}

std::optional<std::string> as_uuids(std::span<const std::string_view> values) {
  std::string out;
  for (const std::string_view value : values) {
    const std::optional<std::string> uuid = packed_uuid(value);
    if (!uuid) return std::nullopt;
    out += *uuid;
  }
  return out;
}

std::optional<std::string> as_hex_strings(std::span<const std::string_view> values) {
  const size_t digits = values[0].size();
  if (digits == 0 || digits % 2 != 0 ||
      !std::all_of(values.begin(), values.end(),
                   [&](std::string_view value) { return value.size() == digits && is_lower_hex(value); }))
    return std::nullopt;
  std::string out;
  append_varint(out, digits);
  for (const std::string_view value : values) append_packed_hex(out, value);
  return out;
}

std::string as_strings(std::span<const std::string_view> values) {
  std::vector<int64_t> lengths;
  lengths.reserve(values.size());
  size_t total = 0;
  for (const std::string_view value : values) {
    lengths.push_back(static_cast<int64_t>(value.size()));
    total += value.size();
  }
  std::string out;
  append_integers(out, lengths);
  out.reserve(out.size() + total);
  for (const std::string_view value : values) out += value;
  return out;
}

}  // namespace

void propose_strings(std::span<const std::string_view> values, Candidates& candidates) {
  if (all_equal(values)) {
    std::string out;
    append_string_value(out, values[0]);
    candidates.add(Encoding::Constant, std::move(out));
    return;
  }
  propose_dictionary(values, candidates,
                     [](std::string& out, std::string_view value) { append_string_value(out, value); });
  if (std::optional<std::string> uuids = as_uuids(values)) {
    candidates.add(Encoding::Uuids, *std::move(uuids));
    return;
  }
  if (std::optional<std::string> numbers = as_digit_strings(values))
    candidates.add(Encoding::DigitStrings, *std::move(numbers));
  if (std::optional<std::string> hex = as_hex_strings(values))
    candidates.add(Encoding::HexStrings, *std::move(hex));
  candidates.add(Encoding::Strings, as_strings(values));
}

void propose_written(std::span<const std::string> values, Candidates& candidates) {
  if (all_equal(values)) {
    candidates.add(Encoding::Constant, values[0]);
    return;
  }
  propose_dictionary(values, candidates, [](std::string& out, std::string_view value) { out += value; });
  std::string out;
  for (const std::string& value : values) out += value;
  candidates.add(Encoding::Values, std::move(out));
}

}  // namespace cdp::timeline
