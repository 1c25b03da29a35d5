#pragma once

#include "base/bytes.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

namespace cdp::timeline {

constexpr size_t bytes_of_bits(uint64_t bits) { return (bits + 7) / 8; }

/// Appends numbers of chosen widths to a byte string, lowest bit first and without gaps.
class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}

  /// `width` is 0 to 64; `value` has no bits beyond it.
  void put(uint64_t value, unsigned width) {
    word_ |= value << used_;
    used_ += width;
    if (used_ < 64) return;
    append(8);
    used_ -= 64;
    word_ = used_ == 0 ? 0 : value >> (width - used_);
  }

  /// Writes what is left, the last byte filled up with zeros.
  void finish() { append(bytes_of_bits(used_)); }

 private:
  void append(size_t bytes) { out_.append(reinterpret_cast<const char*>(&word_), bytes); }

  std::string& out_;
  uint64_t word_ = 0;
  unsigned used_ = 0;  ///< bits of word_, less than 64
};

/// Reads what BitWriter wrote. The caller makes sure that the bytes hold all bits that it asks for.
class BitReader {
 public:
  explicit BitReader(ByteView bytes) : bytes_(bytes) {}

  /// `width` is 0 to 64.
  uint64_t get(unsigned width) {
    const size_t byte = position_ >> 3;
    const unsigned shift = position_ & 7;
    position_ += width;
    uint64_t word = 0;
    uint8_t ninth = 0;
    if (byte + 9 <= bytes_.size()) {
      std::memcpy(&word, bytes_.data() + byte, 8);
      ninth = bytes_[byte + 8];
    } else {
      std::memcpy(&word, bytes_.data() + byte, std::min<size_t>(8, bytes_.size() - byte));
    }
    word >>= shift;
    if (shift + width > 64) word |= static_cast<uint64_t>(ninth) << (64 - shift);
    return width == 64 ? word : word & ((uint64_t{1} << width) - 1);
  }

 private:
  ByteView bytes_;
  size_t position_ = 0;  ///< in bits
};

}  // namespace cdp::timeline
