#pragma once

/// A slow reader of the portable format, written from the specification alone, and sets to try: what the
/// bitmap tests and the fuzzer compare with. Shares nothing with the code under test.

#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace cdp::bitmap::oracle {

using Set = std::set<uint32_t>;

/// The elements that the bytes stand for, in order; nullopt if they break any rule of the format.
inline std::optional<std::vector<uint32_t>> decode(const std::string& bytes) {
  size_t at = 0;
  bool is_short = false;
  const auto number = [&](int size) {
    uint64_t value = 0;
    for (int i = 0; i < size; ++i, ++at) {
      if (at >= bytes.size()) {
        is_short = true;
        return uint64_t{0};
      }
      value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[at])) << (8 * i);
    }
    return value;
  };

  const uint64_t cookie = number(4);
  const bool has_runs = (cookie & 0xffff) == 12347;
  if (!has_runs && cookie != 12346) return std::nullopt;
  const uint64_t count = has_runs ? (cookie >> 16) + 1 : number(4);
  if (is_short || count > 65536) return std::nullopt;
  std::vector<bool> is_run(count, false);
  if (has_runs) {
    for (uint64_t i = 0; i < (count + 7) / 8 * 8; i += 8) {
      const uint64_t flags = number(1);
      for (uint64_t bit = 0; bit < 8; ++bit) {
        if ((flags >> bit & 1) == 0) continue;
        if (i + bit >= count) return std::nullopt;
        is_run[i + bit] = true;
      }
    }
  }
  std::vector<std::pair<uint64_t, uint64_t>> heads;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t key = number(2);
    heads.emplace_back(key, number(2) + 1);
    if (i > 0 && heads[i - 1].first >= key) return std::nullopt;
  }
  std::vector<uint64_t> offsets;
  if (!has_runs || count >= 4)
    for (uint64_t i = 0; i < count; ++i) offsets.push_back(number(4));
  if (is_short) return std::nullopt;

  std::vector<uint32_t> elements;
  for (uint64_t i = 0; i < count; ++i) {
    if (!offsets.empty() && offsets[i] != at) return std::nullopt;
    const auto [key, cardinality] = heads[i];
    std::vector<uint64_t> low;
    if (is_run[i]) {
      const uint64_t runs = number(2);
      for (uint64_t run = 0; run < runs; ++run) {
        const uint64_t start = number(2);
        const uint64_t length = number(2);
        if (is_short || start + length > 65535) return std::nullopt;
        if (run > 0 && start <= low.back() + 1) return std::nullopt;
        for (uint64_t more = 0; more <= length; ++more) low.push_back(start + more);
      }
    } else if (cardinality <= 4096) {
      for (uint64_t element = 0; element < cardinality; ++element) {
        low.push_back(number(2));
        if (is_short || (element > 0 && low[element - 1] >= low[element])) return std::nullopt;
      }
    } else {
      for (uint64_t byte = 0; byte < 8192; ++byte) {
        const uint64_t bits = number(1);
        for (uint64_t bit = 0; bit < 8; ++bit)
          if ((bits >> bit & 1) != 0) low.push_back(8 * byte + bit);
      }
    }
    if (is_short || low.size() != cardinality) return std::nullopt;
    for (const uint64_t element : low) elements.push_back(static_cast<uint32_t>(key << 16 | element));
  }
  if (at != bytes.size()) return std::nullopt;
  return elements;
}

inline std::vector<uint32_t> sorted(const Set& set) { return {set.begin(), set.end()}; }

/// A random set whose containers are of every kind: sparse, dense, runs, at the limits between them.
inline Set random_set(std::mt19937& random) {
  Set set;
  const auto below = [&](uint32_t limit) { return static_cast<uint32_t>(random() % limit); };
  const uint32_t containers = below(7);
  for (uint32_t i = 0; i < containers; ++i) {
    constexpr uint32_t kKeys[] = {0, 1, 2, 3, 0x7fff, 0x8000, 0xfffe, 0xffff};
    const uint32_t base = kKeys[below(8)] << 16;
    switch (below(5)) {
      case 0:  // an array
        for (uint32_t n = below(200); n > 0; --n) set.insert(base + below(65536));
        break;
      case 1:  // exactly at the limit of an array, or one off
        for (uint32_t n = 4095 + below(3), step = 15; n > 0; --n) set.insert(base + step * n);
        break;
      case 2:  // a bitset
        for (uint32_t n = 6000 + below(20000); n > 0; --n) set.insert(base + below(65536));
        break;
      case 3:  // runs, some of two elements: as long as an array of the same
        for (uint32_t n = below(300), start = below(50); n > 0 && start < 65536; --n) {
          const uint32_t length = below(3) == 0 ? below(500) : 2;
          for (uint32_t more = 0; more < length && start + more < 65536; ++more)
            set.insert(base + start + more);
          start += length + 1 + below(80);
        }
        break;
      default:  // full, or all but one
        for (uint32_t element = 0; element < 65536; ++element) set.insert(base + element);
        if (below(2) == 0) set.erase(base + below(65536));
    }
  }
  return set;
}

}  // namespace cdp::bitmap::oracle
