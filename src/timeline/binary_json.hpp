#pragma once

#include "base/bytes.hpp"
#include "base/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cdp::timeline {

/// JSON values as bytes, exactly: numbers with the digits they were given, no order of members, of members
/// with one name the last. The lowest four bits of a value's first byte tell what it is:
///
///     0, 1, 2  null, false, true
///     3        a whole number: zigzag varint
///     4        digits and how many of them stand after the point (its length): zigzag varint
///     5        a number whose digits 64 bits do not hold: its length, its text
///     6        a string: its length in bytes, its bytes
///     7        a string of lower-case hexadecimal digits: how many pairs of them, these as bytes
///     8        a string that is a lower-case UUID: 16 bytes
///     9        an array: how many items, the items
///     10       an object: how many members; of each the length of its name, the name, the value
///
/// A length up to 14 stands in the upper four bits; they are 15 where it follows as a varint.

/// Deeper values are not packed: each level takes some of the stack.
constexpr int kMaxPackedDepth = 1000;

/// How much room values take when they are read, counted alike when they are packed, so that few bytes never
/// become a large value: 16 for every value, and the bytes of its strings, names and long numbers. Throws
/// Error(Limit) where arrays and objects nest more than kMaxPackedDepth levels.
constexpr uint64_t kValueWeight = 16;
uint64_t weight_of(const Json& value);
constexpr uint64_t string_weight(std::string_view string) { return kValueWeight + string.size(); }

/// Weight that may still be read.
class Allowance {
 public:
  explicit Allowance(uint64_t weight) : left_(weight) {}

  uint64_t left() const { return left_; }

  /// Throws Error(Corrupt) if there is not so much left.
  void take(uint64_t weight);
  /// The same for `times` values of that weight.
  void take(uint64_t weight, uint64_t times);

 private:
  uint64_t left_;
};

/// Appends a value. Throws Error(Limit) where arrays and objects nest more than kMaxPackedDepth levels.
void append_value(std::string& out, const Json& value);
void append_string_value(std::string& out, std::string_view string);

/// Reads a value. Throws Error(Corrupt). Answers cancels.
Json read_value(ByteReader& reader, Allowance& allowance);

/// A string of bytes that hold it as it is, or packed.
struct PackedString {
  enum class Kind : uint8_t { Plain, Hex, Uuid } kind;
  ByteView bytes;

  size_t size() const;                     ///< of the string, in bytes
  void append_to(std::string& out) const;  ///< appends the string
};

/// Reads a value that is a string; nullopt, and nothing is read, if it is something else.
std::optional<PackedString> read_string_value(ByteReader& reader);

/// Reads a value that is a number whose digits 64 bits hold; nullopt, and nothing is read, if it is something
/// else.
std::optional<Decimal::Digits> read_number_value(ByteReader& reader);

/// The 16 bytes of a UUID in lower case with its four hyphens; nullopt for other strings.
std::optional<std::string> packed_uuid(std::string_view string);
constexpr size_t kUuidBytes = 16;
constexpr size_t kUuidDigits = 36;

/// Is it made of the digits 0 to 9 and a to f alone?
bool is_lower_hex(std::string_view string);
/// Appends the digits two a byte; they are an even number.
void append_packed_hex(std::string& out, std::string_view digits);

}  // namespace cdp::timeline
