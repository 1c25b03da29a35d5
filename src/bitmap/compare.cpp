#include "bitmap/compare.hpp"

#include "base/hash.hpp"
#include "base/interrupt.hpp"
#include "bitmap/words.hpp"

#include <algorithm>
#include <bit>

namespace cdp::bitmap {

using detail::Words;

namespace {

/// Whether the words have a bit above that one.
bool has_above(const Words& words, size_t word, uint64_t bit) {
  if ((words[word] & ~(bit | (bit - 1))) != 0) return true;
  return std::any_of(words.begin() + static_cast<ptrdiff_t>(word) + 1, words.end(),
                     [](uint64_t more) { return more != 0; });
}

/// The order by two containers of one key; `a_goes_on` where the set has containers after this one.
std::strong_ordering compare(const Container& a, const Container& b, bool a_goes_on, bool b_goes_on) {
  if (a.kind == b.kind && std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end()))
    return std::strong_ordering::equal;
  Words left;
  Words right;
  detail::fill(left, a);
  detail::fill(right, b);
  for (size_t i = 0; i < left.size(); ++i) {
    const uint64_t difference = left[i] ^ right[i];
    if (difference == 0) continue;
    const uint64_t first = difference & (~difference + 1);
    if ((left[i] & first) != 0)
      return b_goes_on || has_above(right, i, first) ? std::strong_ordering::less
                                                     : std::strong_ordering::greater;
    return a_goes_on || has_above(left, i, first) ? std::strong_ordering::greater
                                                  : std::strong_ordering::less;
  }
  return std::strong_ordering::equal;
}

class Hasher {
 public:
  explicit Hasher(uint64_t seed) : state_(mix64(seed)) {}
  void add(uint64_t value) { state_ = mix64(state_ ^ value); }
  uint64_t value() const { return state_; }

 private:
  uint64_t state_;
};

}  // namespace

std::strong_ordering compare(ByteView a, ByteView b, bool a_continues, bool b_continues) {
  const View left(a);
  const View right(b);
  left.check();
  right.check();
  InterruptTicker ticker;
  for (uint32_t i = 0;; ++i) {
    ticker.tick();
    const bool left_ends = i == left.container_count();
    const bool right_ends = i == right.container_count();
    if (left_ends && right_ends) return std::strong_ordering::equal;
    if (left_ends) return a_continues ? std::strong_ordering::greater : std::strong_ordering::less;
    if (right_ends) return b_continues ? std::strong_ordering::less : std::strong_ordering::greater;
    if (left.key(i) != right.key(i)) return left.key(i) <=> right.key(i);
    const std::strong_ordering order =
        compare(left.container(i), right.container(i), a_continues || i + 1 < left.container_count(),
                b_continues || i + 1 < right.container_count());
    if (order != std::strong_ordering::equal) return order;
  }
}

// What is hashed of a container depends on its elements alone: the elements if an array can hold them, else
// the words of a bitset.
uint64_t hash(ByteView set, uint64_t seed) {
  const View view(set);
  view.check();
  Hasher hasher(seed);
  InterruptTicker ticker;
  Words words;
  for (uint32_t i = 0; i < view.container_count(); ++i) {
    ticker.tick();
    const Container container = view.container(i);
    hasher.add(uint64_t{container.key} << 32 | container.cardinality);
    if (container.kind == ContainerKind::Array) {
      for (uint32_t at = 0; at < container.cardinality; ++at) hasher.add(detail::element_at(container, at));
    } else if (container.cardinality <= kMostArrayElements) {
      detail::fill(words, container);
      for (size_t at = 0; at < words.size(); ++at)
        for (uint64_t word = words[at]; word != 0; word &= word - 1)
          hasher.add(64 * at + static_cast<size_t>(std::countr_zero(word)));
    } else {
      detail::fill(words, container);
      for (const uint64_t word : words) hasher.add(word);
    }
  }
  return hasher.value();
}

}  // namespace cdp::bitmap
