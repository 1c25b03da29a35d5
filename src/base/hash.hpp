#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace cdp {

/// A well mixed 64-bit number of a 64-bit one: the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
/// Distinct inputs give distinct outputs.
constexpr uint64_t mix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// FNV-1a of 64 bits, mixed. The same on every machine; may be stored.
constexpr uint64_t hash64(std::string_view text, uint64_t seed = 0) {
  uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  return mix64(hash);
}

/// As good as hash64() for telling texts apart, eight bytes at a time. The same on every machine; may be
/// stored.
inline uint64_t quick_hash64(std::string_view text, uint64_t seed = 0) {
  const auto word_at = [&](size_t position, size_t bytes) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + position, bytes);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
  };
  uint64_t hash = mix64(seed ^ text.size());
  size_t position = 0;
  for (; position + 8 <= text.size(); position += 8) hash = mix64(hash ^ word_at(position, 8));
  if (position < text.size()) hash = mix64(hash ^ word_at(position, text.size() - position));
  return hash;
}

/// FNV-1a of 32 bits, unmixed, as experiments hash users (GrowthBook's v2 hash builds on it).
constexpr uint32_t fnv1a32(std::string_view text) {
  uint32_t hash = 0x811c9dc5U;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x01000193U;
  return hash;
}

}  // namespace cdp
