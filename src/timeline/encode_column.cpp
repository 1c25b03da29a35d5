#include "timeline/encode_column.hpp"

#include "timeline/compression.hpp"
#include "timeline/integer_stream.hpp"
#include "timeline/value_kind.hpp"

#include <algorithm>
#include <functional>

namespace cdp::timeline {

namespace {

/// Bits that are packed already rarely become fewer; where they are few it is not tried.
constexpr size_t kLeastCompressibleNumbers = 256;

bool may_be_compressible(const EncodedColumn& column) {
  switch (column.encoding) {
    case Encoding::Uuids:
      return false;
    case Encoding::Integers:
    case Encoding::Decimals:
    case Encoding::ShortestDecimals:
    case Encoding::MixedDecimals:
    case Encoding::Booleans:
    case Encoding::DigitStrings:
    case Encoding::HexStrings:
    case Encoding::Delays:
      return column.bytes.size() >= kLeastCompressibleNumbers;
    default:
      return column.bytes.size() >= kLeastCompressible;
  }
}

void compress(EncodedColumn& column) {
  std::string shorter = compressed(column.bytes);
  if (shorter.size() + varint_size(column.bytes.size()) >= column.bytes.size()) return;
  column.raw_size = column.bytes.size();
  column.bytes = std::move(shorter);
}

/// What the values are, apart.
struct Kinds {
  std::vector<int64_t> kinds;
  std::vector<Decimal::Digits> numbers;
  std::vector<std::string_view> strings;
  std::vector<const Json*> others;
  size_t distinct = 0;
};

void add_value(Kinds& kinds, const Json& value) {
  ValueKind kind = ValueKind::Other;
  if (const std::string* string = value.string()) {
    kind = ValueKind::String;
    kinds.strings.emplace_back(*string);
  } else if (const Decimal* number = value.number(); number != nullptr && number->digits()) {
    kind = ValueKind::Number;
    kinds.numbers.push_back(*number->digits());
  } else if (const bool* boolean = value.boolean()) {
    kind = *boolean ? ValueKind::True : ValueKind::False;
  } else if (value.is_null()) {
    kind = ValueKind::Null;
  } else {
    kinds.others.push_back(&value);
  }
  kinds.kinds.push_back(static_cast<int64_t>(kind));
}

std::vector<std::string> written(std::span<const Json* const> values) {
  std::vector<std::string> result;
  result.reserve(values.size());
  for (const Json* value : values) append_value(result.emplace_back(), *value);
  return result;
}

std::string as_booleans(std::span<const int64_t> kinds) {
  std::string out((kinds.size() + 7) / 8, '\0');
  for (size_t i = 0; i < kinds.size(); ++i)
    if (kinds[i] == static_cast<int64_t>(ValueKind::True)) out[i / 8] |= static_cast<char>(1 << i % 8);
  return out;
}

template <class Propose>
void append_part(std::string& out, bool is_there, Propose&& propose) {
  if (!is_there) return;
  Candidates candidates;
  propose(candidates);
  const EncodedColumn part = candidates.shortest();
  out.push_back(static_cast<char>(part.encoding));
  append_varint(out, part.bytes.size());
  out += part.bytes;
}

std::string as_mixed(const Kinds& kinds) {
  std::string out;
  append_integers(out, kinds.kinds);
  append_part(out, !kinds.numbers.empty(), [&](Candidates& parts) { propose_numbers(kinds.numbers, parts); });
  append_part(out, !kinds.strings.empty(), [&](Candidates& parts) { propose_strings(kinds.strings, parts); });
  append_part(out, !kinds.others.empty(),
              [&](Candidates& parts) { propose_written(written(kinds.others), parts); });
  return out;
}

/// Nulls and Booleans alone.
void propose_plain(const Kinds& kinds, std::span<const Json* const> values, Candidates& candidates) {
  const bool has_null = std::count(kinds.kinds.begin(), kinds.kinds.end(), 0) != 0;
  if (std::adjacent_find(kinds.kinds.begin(), kinds.kinds.end(), std::not_equal_to<>()) ==
      kinds.kinds.end()) {
    std::string out;
    append_value(out, *values[0]);
    candidates.add(Encoding::Constant, std::move(out));
    return;
  }
  if (!has_null) candidates.add(Encoding::Booleans, as_booleans(kinds.kinds));
  candidates.add(Encoding::Mixed, as_mixed(kinds));
}

}  // namespace

void Candidates::add(Encoding encoding, std::string bytes) {
  columns_.push_back({encoding, std::move(bytes), 0});
}

EncodedColumn Candidates::shortest() {
  return std::move(*std::min_element(
      columns_.begin(), columns_.end(),
      [](const EncodedColumn& a, const EncodedColumn& b) { return a.bytes.size() < b.bytes.size(); }));
}

EncodedColumn Candidates::shortest_compressed() {
  for (EncodedColumn& column : columns_)
    if (may_be_compressible(column)) compress(column);
  return shortest();
}

EncodedColumn encode_values(std::span<const Json* const> values) {
  Kinds kinds;
  kinds.kinds.reserve(values.size());
  for (const Json* value : values) add_value(kinds, *value);
  Candidates candidates;
  if (kinds.numbers.size() == values.size()) {
    propose_numbers(kinds.numbers, candidates);
  } else if (kinds.strings.size() == values.size()) {
    propose_strings(kinds.strings, candidates);
  } else if (kinds.numbers.empty() && kinds.strings.empty() && kinds.others.empty()) {
    propose_plain(kinds, values, candidates);
  } else {
    propose_written(written(values), candidates);
    if (kinds.others.size() != values.size()) candidates.add(Encoding::Mixed, as_mixed(kinds));
  }
  return candidates.shortest_compressed();
}

EncodedColumn encode_strings(std::span<const std::string_view> values) {
  Candidates candidates;
  propose_strings(values, candidates);
  return candidates.shortest_compressed();
}

EncodedColumn encode_integers(std::span<const int64_t> values) {
  Candidates candidates;
  std::string out;
  append_integers(out, values);
  candidates.add(Encoding::Integers, std::move(out));
  return candidates.shortest_compressed();
}

}  // namespace cdp::timeline
