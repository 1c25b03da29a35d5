#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

/// What reading and writing a packed timeline share; packed.hpp has the format.

namespace cdp::timeline::format {

static_assert(std::endian::native == std::endian::little);

constexpr uint8_t kVersion = 1;
constexpr size_t kChecksumAt = 1;
constexpr size_t kFlagsAt = 5;

// Flags.
constexpr uint8_t kNumbered = 1;
constexpr int kUnitShift = 1;
constexpr int kSessionsShift = 3;
constexpr uint8_t kAllFlags = 0x1f;

/// Units of times, in microseconds.
constexpr std::array<uint64_t, 3> kUnits{1, 1000, 1000000};

/// Lengths of distances in bits are 0 to kLongestLength, and 64; stored as 0 to kLengthOf64, in 6 bits each.
constexpr uint32_t kLongestLength = 56;
constexpr uint32_t kLengthOf64 = kLongestLength + 1;
constexpr size_t kLengthsBytes = 3;
/// Sums of kMostPackedEvents distances up to this length stay below 2^64.
constexpr uint32_t kLongestSafeLength = 40;

constexpr uint32_t length_of_stored(uint32_t stored) { return stored == kLengthOf64 ? 64 : stored; }

/// The smallest length that holds a distance, as it is stored.
constexpr uint32_t stored_length_of(uint64_t distance) {
  return std::min(static_cast<uint32_t>(std::bit_width(distance)), kLengthOf64);
}

/// The largest number of so many bits.
constexpr uint64_t largest_of(uint32_t bits) { return bits == 0 ? 0 : ~uint64_t{0} >> (64 - bits); }

/// How many bits a code has where so many different events occur.
constexpr uint8_t code_bits(uint32_t distinct) {
  const int needed = distinct <= 1 ? 0 : std::bit_width(distinct - 1);
  return static_cast<uint8_t>(needed == 0 ? 0 : std::bit_ceil(static_cast<unsigned>(needed)));
}

/// Bytes of so many bits.
constexpr uint64_t bytes_of_bits(uint64_t bits) { return (bits + 7) / 8; }

constexpr uint64_t zigzag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t unzigzag(uint64_t value) { return static_cast<int64_t>(value >> 1 ^ (~(value & 1) + 1)); }

inline uint64_t load64(const uint8_t* from) {
  uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

/// The lower half of XXH3.
uint32_t checksum(const uint8_t* bytes, size_t size);

/// Puts the checksum into a timeline of which all else is there.
void seal(std::string& bytes);

}  // namespace cdp::timeline::format
