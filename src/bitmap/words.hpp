#pragma once

#include <cstddef>
#include <cstdint>

/// Words of 64 bits that hold a container's 65536 bits.
namespace cdp::bitmap::detail {

constexpr size_t kWords = 1024;

inline uint64_t bits_from(uint32_t low) { return ~uint64_t{0} << (low % 64); }
inline uint64_t bits_up_to(uint32_t low) { return ~uint64_t{0} >> (63 - low % 64); }

/// Calls `f(word, bits)` for the words that have bits from `start` to `last`.
template <class F>
void for_each_word_of_run(uint32_t start, uint32_t last, F&& f) {
  const size_t first_word = start / 64;
  const size_t last_word = last / 64;
  if (first_word == last_word) {
    f(first_word, bits_from(start) & bits_up_to(last));
    return;
  }
  f(first_word, bits_from(start));
  for (size_t i = first_word + 1; i < last_word; ++i) f(i, ~uint64_t{0});
  f(last_word, bits_up_to(last));
}

}  // namespace cdp::bitmap::detail
