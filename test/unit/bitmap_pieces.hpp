#pragma once

/// What the tests and fuzzers of bitmaps share besides the oracle.

#include "base/error.hpp"
#include "bitmap/stored.hpp"

#include <cstdint>
#include <cstdlib>
#include <list>
#include <string>
#include <string_view>
#include <vector>

namespace cdp::bitmap::testing {

inline ByteView view_of(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

inline void require(bool holds) {
  if (!holds) std::abort();
}

/// Calls `f` and forgets the Error that it may throw.
template <class F>
void try_to(F&& f) {
  try {
    f();
  } catch (const Error&) {
  }
}

/// Bytes that are given in parts, each a block of its own, so that sanitizers see each read outside of it.
/// Stops the program when it is asked for bytes that it has not. The bytes must live as long.
class Pieces : public ByteSource {
 public:
  explicit Pieces(ByteView bytes) : bytes_(bytes) {}

  size_t size() const override { return bytes_.size(); }
  ByteView read(size_t offset, size_t length) override {
    require(offset <= bytes_.size() && length <= bytes_.size() - offset);
    ++reads_;
    bytes_read_ += length;
    const ByteView part = bytes_.subspan(offset, length);
    given_.emplace_back(part.begin(), part.end());
    return {given_.back().data(), length};
  }

  size_t reads() const { return reads_; }
  size_t bytes_read() const { return bytes_read_; }

 private:
  ByteView bytes_;
  std::list<std::vector<uint8_t>> given_;
  size_t reads_ = 0;
  size_t bytes_read_ = 0;
};

/// What a fuzzer does with its input: the first byte says whether the rest is a text or bytes.
template <class TryText, class TryBytes>
int fuzz(const uint8_t* data, size_t size, TryText try_text, TryBytes try_bytes) {
  if (size == 0) return 0;
  if (data[0] == 't') {
    try_text(std::string_view(reinterpret_cast<const char*>(data + 1), size - 1));
  } else {
    try_bytes(ByteView(data + 1, size - 1));
  }
  return 0;
}

}  // namespace cdp::bitmap::testing
