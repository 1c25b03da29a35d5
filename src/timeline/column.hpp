#pragma once

#include "base/json.hpp"
#include "timeline/binary_json.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The values of one column, those of the events that have one, in the encoding that takes the fewest bytes.

namespace cdp::timeline {

/// How the values of a column are written. Integers are streams of integer_stream.hpp, values are those of
/// binary_json.hpp.
enum class Encoding : uint8_t {
  Constant,          ///< one value that all have
  Integers,          ///< whole numbers: integers
  Decimals,          ///< how many digits stand after the point (varint), the digits as integers
  ShortestDecimals,  ///< the same, but each number without the zeros it would end with
  MixedDecimals,     ///< how many digits stand after each one's point, the digits, both integers
  Booleans,          ///< a bit each
  Dictionary,        ///< how many distinct values (varint), these; of each which one, as integers
  Strings,           ///< the lengths as integers, the bytes
  HexStrings,        ///< lower-case hexadecimal digits: how many each has (varint), these two a byte
  Uuids,             ///< 16 bytes each, lower case
  DigitStrings,      ///< strings that are whole numbers without leading zeros: integers
  Values,            ///< value after value
  Mixed,             ///< of each its kind, as integers; numbers, strings, other values, each as a column
  Delays,            ///< integers to be added to the events' times (only of received_at)
};
constexpr uint8_t kMaxEncoding = static_cast<uint8_t>(Encoding::Delays);

/// A column's bytes. `raw_size` is 0, or their size before they were compressed.
struct EncodedColumn {
  Encoding encoding = Encoding::Constant;
  std::string bytes;
  size_t raw_size = 0;
};

/// At least one value each.
EncodedColumn encode_values(std::span<const Json* const> values);
EncodedColumn encode_strings(std::span<const std::string_view> values);
EncodedColumn encode_integers(std::span<const int64_t> values);

/// The functions that read a column take `raw`, its bytes before they were compressed, and `count`, how many
/// values there are, at least one. They throw Error(Corrupt). What they allocate is bounded by `count`, three
/// times the bytes, and the allowance.

/// The values, one after the other.
void read_column(Encoding encoding, ByteView raw, size_t count, Allowance& allowance,
                 std::vector<Json>& values);

/// The values, each perhaps that of several events, and of each event which of them. Replaces what is in
/// both.
void read_distinct(Encoding encoding, ByteView raw, size_t count, Allowance& allowance,
                   std::vector<Json>& values, std::vector<uint32_t>& codes);

/// The digits of the values at one scale if all of them are numbers and 64 bits hold that; else false.
bool read_numbers(Encoding encoding, ByteView raw, size_t count, std::vector<int64_t>& digits,
                  int32_t* scale);

/// Strings, each of which may be the value of several events. May be moved, not copied.
struct StringValues {
  std::vector<std::string_view> values;  ///< into the column's bytes or `storage`
  std::vector<uint32_t> codes;           ///< of each event which of the values
  std::string storage;                   ///< what the bytes have in another form; empty or long

  StringValues() = default;
  StringValues(StringValues&&) = default;
  StringValues& operator=(StringValues&&) = default;
};

/// The values if all of them are strings; else false. What `strings` has in it is replaced; it may point into
/// `raw`.
bool read_strings(Encoding encoding, ByteView raw, size_t count, StringValues& strings);

}  // namespace cdp::timeline
