#pragma once

#include "bitmap/portable.hpp"

#include <array>
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

using Words = std::array<uint64_t, kWords>;

inline uint16_t element_at(const Container& array, uint32_t i) {
  return load<uint16_t>(array.bytes.data() + 2 * static_cast<size_t>(i));
}

inline uint64_t word_at(const Container& bitset, size_t i) {
  return load<uint64_t>(bitset.bytes.data() + 8 * i);
}

/// Calls `f(start, last)` for each run of a container, which check_layout() or View::check() has seen to lie
/// within it.
template <class F>
void for_each_run(const Container& container, F&& f) {
  for (size_t at = 2; at < container.bytes.size(); at += 4) {
    const uint32_t start = load<uint16_t>(container.bytes.data() + at);
    f(start, start + load<uint16_t>(container.bytes.data() + at + 2));
  }
}

/// Calls `f(word, bits)` for the words that the container has bits in; one may come more than once.
template <class F>
void for_each_word(const Container& container, F&& f) {
  switch (container.kind) {
    case ContainerKind::Array:
      for (uint32_t i = 0; i < container.cardinality; ++i) {
        const uint16_t element = element_at(container, i);
        f(element / 64U, uint64_t{1} << (element % 64));
      }
      break;
    case ContainerKind::Bitset:
      for (size_t i = 0; i < kWords; ++i) f(i, word_at(container, i));
      break;
    case ContainerKind::Run:
      for_each_run(container, [&](uint32_t start, uint32_t last) { for_each_word_of_run(start, last, f); });
      break;
  }
}

/// Makes the words those of the container.
inline void fill(Words& words, const Container& container) {
  words.fill(0);
  for_each_word(container, [&](size_t i, uint64_t bits) { words[i] |= bits; });
}

}  // namespace cdp::bitmap::detail
