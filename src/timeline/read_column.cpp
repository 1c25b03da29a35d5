#include "timeline/bit_packing.hpp"
#include "timeline/column.hpp"
#include "timeline/encode_column.hpp"
#include "timeline/integer_stream.hpp"
#include "timeline/value_kind.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace cdp::timeline {

namespace {

constexpr const char* kWhat = "column of packed details";

int32_t read_scale(ByteReader& reader) {
  const uint64_t scale = reader.varint();
  if (scale > static_cast<uint64_t>(Decimal::kMaxScale)) reader.fail("has too many digits after the point");
  return static_cast<int32_t>(scale);
}

std::vector<Decimal::Digits> digits_of(std::span<const int64_t> digits, int32_t scale) {
  std::vector<Decimal::Digits> numbers;
  numbers.reserve(digits.size());
  for (const int64_t value : digits) numbers.push_back({value, scale});
  return numbers;
}

void remove_zeros(Decimal::Digits& number) {
  for (; number.scale > 0 && number.value % 10 == 0; number.value /= 10) --number.scale;
}

std::vector<Decimal::Digits> read_mixed_decimals(ByteReader& reader, size_t count) {
  const std::vector<int64_t> scales = read_integers(reader, count);
  const std::vector<int64_t> digits = read_integers(reader, count);
  std::vector<Decimal::Digits> numbers;
  numbers.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    if (scales[i] < 0 || scales[i] > Decimal::kMaxScale) reader.fail("has too many digits after the point");
    numbers.push_back({digits[i], static_cast<int32_t>(scales[i])});
  }
  return numbers;
}

/// A column of numbers other than a constant; nullopt if it is none.
std::optional<std::vector<Decimal::Digits>> read_digits(Encoding encoding, ByteReader& reader, size_t count) {
  switch (encoding) {
    case Encoding::Integers:
      return digits_of(read_integers(reader, count), 0);
    case Encoding::Decimals: {
      const int32_t scale = read_scale(reader);
      return digits_of(read_integers(reader, count), scale);
    }
    case Encoding::ShortestDecimals: {
      const int32_t scale = read_scale(reader);
      std::vector<Decimal::Digits> numbers = digits_of(read_integers(reader, count), scale);
      std::for_each(numbers.begin(), numbers.end(), remove_zeros);
      return numbers;
    }
    case Encoding::MixedDecimals:
      return read_mixed_decimals(reader, count);
    default:
      return std::nullopt;
  }
}

uint64_t read_dictionary_size(ByteReader& reader, size_t count) {
  const uint64_t size = reader.varint();
  if (size > count) reader.fail("has a dictionary of a wrong size");
  return size;
}

std::vector<uint32_t> read_codes(ByteReader& reader, size_t count, uint64_t size) {
  const std::vector<int64_t> numbers = read_integers(reader, count);
  std::vector<uint32_t> codes;
  codes.reserve(count);
  for (const int64_t code : numbers) {
    if (code < 0 || static_cast<uint64_t>(code) >= size) reader.fail("has a code that its dictionary lacks");
    codes.push_back(static_cast<uint32_t>(code));
  }
  return codes;
}

// ---- Strings ------------------------------------------------------------------------------------------

/// Makes room, so that what is appended does not move what is there.
void reserve_storage(StringValues& strings, size_t bytes) {
  constexpr size_t kNeverInPlace = 64;
  strings.storage.reserve(std::max(bytes, kNeverInPlace));
}

/// Adds a value; where it is packed there must be room for it.
void add_string(StringValues& strings, const PackedString& string) {
  if (string.kind == PackedString::Kind::Plain) {
    strings.values.emplace_back(reinterpret_cast<const char*>(string.bytes.data()), string.bytes.size());
    return;
  }
  const size_t begin = strings.storage.size();
  string.append_to(strings.storage);
  strings.values.emplace_back(strings.storage.data() + begin, string.size());
}

void number_in_turn(StringValues& strings) {
  strings.codes.resize(strings.values.size());
  std::iota(strings.codes.begin(), strings.codes.end(), 0);
}

void read_plain_strings(ByteReader& reader, size_t count, StringValues& strings) {
  const std::vector<int64_t> lengths = read_integers(reader, count);
  strings.values.reserve(count);
  for (const int64_t length : lengths)  // a negative one is too long
    add_string(strings, {PackedString::Kind::Plain, reader.take(static_cast<uint64_t>(length))});
}

void read_packed_strings(ByteReader& reader, size_t count, PackedString::Kind kind, size_t bytes_each,
                         size_t digits_each, StringValues& strings) {
  if (bytes_each == 0 || bytes_each > reader.remaining() / count) reader.fail("ends too early");
  strings.values.reserve(count);
  reserve_storage(strings, count * digits_each);
  for (size_t i = 0; i < count; ++i) add_string(strings, {kind, reader.take(bytes_each)});
}

void read_digit_strings(ByteReader& reader, size_t count, StringValues& strings) {
  constexpr size_t kMaxDigits = 20;
  const std::vector<int64_t> numbers = read_integers(reader, count);
  strings.values.reserve(count);
  reserve_storage(strings, count * kMaxDigits);
  for (const int64_t number : numbers) {
    const size_t begin = strings.storage.size();
    strings.storage += std::to_string(number);
    strings.values.emplace_back(strings.storage.data() + begin, strings.storage.size() - begin);
  }
}

/// Values that are strings; false if one is none.
bool read_string_values(ByteReader& reader, uint64_t size, StringValues& strings) {
  constexpr size_t kMostDigitsAByte = 3;
  const size_t room = reader.remaining() * kMostDigitsAByte;
  strings.values.reserve(size);
  for (uint64_t i = 0; i < size; ++i) {
    const std::optional<PackedString> string = read_string_value(reader);
    if (!string) return false;
    if (string->kind != PackedString::Kind::Plain && strings.storage.empty()) reserve_storage(strings, room);
    add_string(strings, *string);
  }
  return true;
}

bool read_strings(Encoding encoding, ByteReader& reader, size_t count, StringValues& strings) {
  strings.values.clear();
  strings.codes.clear();
  strings.storage.clear();
  switch (encoding) {
    case Encoding::Constant:
      if (!read_string_values(reader, 1, strings)) return false;
      strings.codes.assign(count, 0);
      break;
    case Encoding::Dictionary: {
      const uint64_t size = read_dictionary_size(reader, count);
      if (!read_string_values(reader, size, strings)) return false;
      strings.codes = read_codes(reader, count, size);
      break;
    }
    case Encoding::Strings:
      read_plain_strings(reader, count, strings);
      number_in_turn(strings);
      break;
    case Encoding::HexStrings: {
      const uint64_t digits = reader.varint();
      if (digits % 2 != 0) reader.fail("has an odd number of hexadecimal digits");
      read_packed_strings(reader, count, PackedString::Kind::Hex, digits / 2, digits, strings);
      number_in_turn(strings);
      break;
    }
    case Encoding::Uuids:
      read_packed_strings(reader, count, PackedString::Kind::Uuid, kUuidBytes, kUuidDigits, strings);
      number_in_turn(strings);
      break;
    case Encoding::DigitStrings:
      read_digit_strings(reader, count, strings);
      number_in_turn(strings);
      break;
    default:
      return false;
  }
  reader.expect_end();
  return true;
}

// ---- Values of any kind -------------------------------------------------------------------------------

class ColumnReader {
 public:
  ColumnReader(ByteReader& reader, Allowance& allowance, std::vector<Json>& values)
      : reader_(reader), allowance_(allowance), values_(values) {}

  void read(Encoding encoding, size_t count, bool may_be_mixed) {
    switch (encoding) {
      case Encoding::Constant: {
        repeat(read_weighed(), count);
        break;
      }
      case Encoding::Booleans: {
        allowance_.take(kValueWeight, count);
        BitReader bits(reader_.take(bytes_of_bits(count)));
        for (size_t i = 0; i < count; ++i) values_.emplace_back(bits.get(1) != 0);
        break;
      }
      case Encoding::Dictionary:
        read_dictionary(count);
        break;
      case Encoding::Values:
        for (size_t i = 0; i < count; ++i) values_.push_back(read_value(reader_, allowance_));
        break;
      case Encoding::Mixed:
        if (!may_be_mixed) reader_.fail("has columns that nest");
        read_mixed(count);
        break;
      default:
        read_numbers_or_strings(encoding, count);
    }
  }

 private:
  struct Weighed {
    Json value;
    uint64_t weight;
    bool is_used = false;
  };

  Weighed read_weighed() {
    const uint64_t before = allowance_.left();
    Json value = read_value(reader_, allowance_);
    return {std::move(value), before - allowance_.left(), false};
  }

  /// The value, which was paid for once, `times` times.
  void repeat(const Weighed& weighed, size_t times) {
    allowance_.take(weighed.weight, times - 1);
    values_.insert(values_.end(), times, weighed.value);
  }

  void read_dictionary(size_t count) {
    const uint64_t size = read_dictionary_size(reader_, count);
    std::vector<Weighed> distinct;
    for (uint64_t i = 0; i < size; ++i) distinct.push_back(read_weighed());
    for (const uint32_t code : read_codes(reader_, count, size)) {
      Weighed& weighed = distinct[code];
      if (weighed.is_used) allowance_.take(weighed.weight);  // its first use is paid
      weighed.is_used = true;
      values_.push_back(weighed.value);
    }
  }

  void read_numbers_or_strings(Encoding encoding, size_t count) {
    if (const auto numbers = read_digits(encoding, reader_, count)) {
      allowance_.take(kValueWeight, count);
      for (const Decimal::Digits& number : *numbers) values_.emplace_back(Decimal::of(number));
      return;
    }
    StringValues strings;
    if (!read_strings(encoding, reader_, count, strings)) reader_.fail("has values in an unknown encoding");
    for (const uint32_t code : strings.codes) {
      allowance_.take(string_weight(strings.values[code]));
      values_.emplace_back(strings.values[code]);
    }
  }

  std::vector<Json> read_part(size_t count) {
    std::vector<Json> values;
    if (count == 0) return values;
    const auto encoding = reader_.fixed<uint8_t>();
    if (encoding > kMaxEncoding) reader_.fail("has a part in an unknown encoding");
    ByteReader part(reader_.take(reader_.varint()), kWhat);
    ColumnReader(part, allowance_, values).read(static_cast<Encoding>(encoding), count, false);
    part.expect_end();
    return values;
  }

  void read_mixed(size_t count) {
    const std::vector<int64_t> kinds = read_integers(reader_, count);
    std::array<size_t, kValueKinds> counts{};
    for (const int64_t kind : kinds) {
      if (kind < 0 || kind >= kValueKinds) reader_.fail("has a value of an unknown kind");
      ++counts[static_cast<size_t>(kind)];
    }
    allowance_.take(kValueWeight, counts[0] + counts[1] + counts[2]);
    std::array<std::vector<Json>, kValueKinds> parts;
    std::array<size_t, kValueKinds> next{};
    for (const ValueKind kind : {ValueKind::Number, ValueKind::String, ValueKind::Other}) {
      const auto i = static_cast<size_t>(kind);
      parts[i] = read_part(counts[i]);
    }
    for (const int64_t number : kinds) {
      const auto kind = static_cast<size_t>(number);
      if (kind >= static_cast<size_t>(ValueKind::Number))
        values_.push_back(std::move(parts[kind][next[kind]++]));
      else if (kind == static_cast<size_t>(ValueKind::Null))
        values_.emplace_back();
      else
        values_.emplace_back(kind == static_cast<size_t>(ValueKind::True));
    }
  }

  ByteReader& reader_;
  Allowance& allowance_;
  std::vector<Json>& values_;
};

}  // namespace

void read_column(Encoding encoding, ByteView raw, size_t count, Allowance& allowance,
                 std::vector<Json>& values) {
  ByteReader reader(raw, kWhat);
  values.reserve(values.size() + count);
  ColumnReader(reader, allowance, values).read(encoding, count, true);
  reader.expect_end();
}

void read_distinct(Encoding encoding, ByteView raw, size_t count, Allowance& allowance,
                   std::vector<Json>& values, std::vector<uint32_t>& codes) {
  values.clear();
  if (encoding != Encoding::Constant && encoding != Encoding::Dictionary) {
    read_column(encoding, raw, count, allowance, values);
    codes.resize(count);
    std::iota(codes.begin(), codes.end(), 0);
    return;
  }
  ByteReader reader(raw, kWhat);
  const uint64_t size = encoding == Encoding::Constant ? 1 : read_dictionary_size(reader, count);
  for (uint64_t i = 0; i < size; ++i) values.push_back(read_value(reader, allowance));
  if (encoding == Encoding::Constant)
    codes.assign(count, 0);
  else
    codes = read_codes(reader, count, size);
  reader.expect_end();
}

bool read_numbers(Encoding encoding, ByteView raw, size_t count, std::vector<int64_t>& digits,
                  int32_t* scale) {
  ByteReader reader(raw, kWhat);
  switch (encoding) {
    case Encoding::Constant: {
      const std::optional<Decimal::Digits> number = read_number_value(reader);
      if (!number) return false;
      digits.assign(count, number->value);
      *scale = number->scale;
      break;
    }
    case Encoding::Integers:
      *scale = 0;
      digits.resize(count);
      read_integers(reader, digits);
      break;
    case Encoding::Decimals:
    case Encoding::ShortestDecimals:
      *scale = read_scale(reader);
      digits.resize(count);
      read_integers(reader, digits);
      break;
    case Encoding::MixedDecimals: {
      const std::vector<Decimal::Digits> numbers = read_mixed_decimals(reader, count);
      *scale = 0;
      for (const Decimal::Digits& number : numbers) *scale = std::max(*scale, number.scale);
      digits.clear();
      digits.reserve(count);
      for (const Decimal::Digits& number : numbers) {
        const std::optional<int64_t> scaled = digits_at_scale(number, *scale);
        if (!scaled) return false;
        digits.push_back(*scaled);
      }
      break;
    }
    default:
      return false;
  }
  reader.expect_end();
  return true;
}

bool read_strings(Encoding encoding, ByteView raw, size_t count, StringValues& strings) {
  ByteReader reader(raw, kWhat);
  return read_strings(encoding, reader, count, strings);
}

}  // namespace cdp::timeline
