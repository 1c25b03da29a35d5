#pragma once

#include "base/bytes.hpp"
#include "base/error.hpp"

#include <cstdint>
#include <vector>

namespace cdp::bitmap {

/// The bytes of a set of 64-bit numbers in the portable format: how many parts there are (64 bits), and for
/// each the upper halves of its elements (32 bits) and the lower ones as a portable bitmap. Numbers are
/// little-endian (github.com/RoaringBitmap/RoaringFormatSpec, "extension for 64-bit implementations").
///
/// Parts ascend by their upper half, unsigned, and are not empty. Keeps a view: the bytes must live as long.
class View64 {
 public:
  struct Part {
    uint32_t high;
    ByteView set;  ///< a bitmap of portable.hpp; of its bytes only what says where it ends has been looked at
  };

  /// Reads where the parts are. Throws Error of `category` where they leave the bytes, do not ascend, or have
  /// no container, or where bytes follow them. Cost: that of the parts; answers interrupts.
  explicit View64(ByteView bytes, Category category = Category::Corrupt);

  const std::vector<Part>& parts() const& { return parts_; }
  const std::vector<Part>& parts() const&& = delete;  // they would not outlive it
  /// The part of that upper half; empty bytes if there is none.
  ByteView find(uint32_t high) const;

  /// Checks every byte of every part. Throws as above; answers interrupts.
  void check() const;

  /// Calls `f()`, which reads the part, so that errors say which one it was.
  template <class F>
  auto in(const Part& part, F&& f) const {
    try {
      return f();
    } catch (const Error& error) {
      if (error.category() != Category::Corrupt && error.category() != category_) throw;
      fail_in(part, error);
    }
  }

 private:
  [[noreturn]] void fail(const char* problem, size_t position) const;
  [[noreturn]] void fail_in(const Part& part, const Error& error) const;

  ByteView bytes_;
  Category category_;
  std::vector<Part> parts_;
};

}  // namespace cdp::bitmap
