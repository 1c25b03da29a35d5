#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace cdp {

using ByteView = std::span<const uint8_t>;

/// The bytes of a string, which must outlive the view.
inline ByteView bytes_in(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

/// Reads a byte string from its front; every read checks the end. Integers are little-endian.
/// `what` names the value in errors, which are of category Corrupt.
class ByteReader {
 public:
  ByteReader(ByteView bytes, const char* what) : bytes_(bytes), what_(what) {}

  size_t remaining() const { return bytes_.size() - position_; }
  size_t position() const { return position_; }

  ByteView take(size_t count) {
    if (count > remaining()) fail("ends too early");
    ByteView taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }

  template <class T>
  T fixed() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }

  /// An unsigned LEB128 integer of at most ten bytes.
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = fixed<uint8_t>();
      if (shift == 63 && byte > 1) fail("has an integer that is too large");
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail("has an integer that is too long");
  }

  /// Throws unless all bytes were read.
  void expect_end() {
    if (remaining() != 0) fail("has trailing bytes");
  }

  [[noreturn]] void fail(const char* problem) const {
    throw Error(Category::Corrupt, std::string(what_) + " " + problem,
                "At byte " + std::to_string(position_) + " of " + std::to_string(bytes_.size()) + ".");
  }

 private:
  ByteView bytes_;
  const char* what_;
  size_t position_ = 0;
};

/// Appends to a byte string what ByteReader reads.
class ByteWriter {
 public:
  template <class T>
  void fixed(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const size_t at = bytes_.size();
    bytes_.resize(at + sizeof(T));
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
  }

  void varint(uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<char>(value));
  }

  void text(std::string_view text) { bytes_ += text; }

  const std::string& bytes() const { return bytes_; }
  std::string release() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace cdp
