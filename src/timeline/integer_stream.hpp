#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cdp::timeline {

/// Integers in few bytes. How many there are is not kept; the reader has to know.
///
///     1   form (bits 0 to 2), differences (3), base (4 and 5), divisor (6)
///         [divisor: the numbers were divided by it; varint, then the remainder they have in common, varint]
///         [differences: the first number, zigzag varint; what follows are the differences between
///         neighbours] [base: the least number, zigzag varint; or a mark that each is a zigzag number itself]
///         the numbers, less the base:
///     constant      nothing
///     packed        width in bits (1 byte), the numbers
///     two, four     that many widths (1 byte each), of each number which width (1 or 2 bits), the numbers
///     dictionary    how many distinct ones (varint), those as a stream of their own, of each number which
///     one runs          how many (varint), their values and their lengths, each a stream of its own
///
/// Numbers of bits follow one another without gaps. Differences are modulo 2^64, so any integers will do.

/// Appends `values` in the form that takes the fewest bytes. Cost: n log n where they might repeat, else n.
void append_integers(std::string& out, std::span<const int64_t> values);

/// Reads `count` integers. Throws Error(Corrupt) for bytes that no append_integers() has written so, where
/// that makes a difference. Memory: that of `count` integers, which the caller has bounded.
std::vector<int64_t> read_integers(ByteReader& reader, size_t count);
/// The same, as many as `values` has room for.
void read_integers(ByteReader& reader, std::span<int64_t> values);

/// Small numbers are near zero whatever their sign: 0, -1, 1, -2 … as 0, 1, 2, 3 …
constexpr uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t from_zigzag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

/// How many bytes a varint takes.
constexpr size_t varint_size(uint64_t value) {
  size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

inline void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

}  // namespace cdp::timeline
