#include "bitmap/counts.hpp"

#include "base/interrupt.hpp"
#include "bitmap/words.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

namespace cdp::bitmap {

using detail::count_bits;
using detail::element_at;
using detail::for_each_word;
using detail::kWords;
using detail::load;
using detail::word_at;
using detail::Words;

namespace {

/// Counts the elements of one key, whose containers come from the sets that have it, in the sets' order.
class KeyCounter {
 public:
  uint64_t all(std::vector<Container>& containers) {
    // The smallest first: what remains can only become less.
    std::sort(containers.begin(), containers.end(),
              [](const Container& a, const Container& b) { return a.cardinality < b.cardinality; });
    return first_with_rest(containers, true);
  }

  uint64_t first_only(const std::vector<Container>& containers) { return first_with_rest(containers, false); }

  uint64_t any(const std::vector<Container>& containers) {
    if (gather_few(containers)) {
      return static_cast<uint64_t>(std::unique(elements_.begin(), elements_.end()) - elements_.begin());
    }
    words_.fill(0);
    for (const Container& container : containers)
      for_each_word(container, [&](size_t i, uint64_t bits) { words_[i] |= bits; });
    return count_bits(reinterpret_cast<const uint8_t*>(words_.data()));
  }

  uint64_t odd(const std::vector<Container>& containers) {
    words_.fill(0);
    for (const Container& container : containers)
      for_each_word(container, [&](size_t i, uint64_t bits) { words_[i] ^= bits; });
    return count_bits(reinterpret_cast<const uint8_t*>(words_.data()));
  }

 private:
  /// Keeps of `elements_`, which ascend, those that are in the container, or those that are not.
  void filter(const Container& container, bool keep_common) {
    // Without branches on what is found: it is as good as random. `out` is never after what is read.
    auto out = elements_.begin();
    const auto keep = [&](uint16_t element, bool is_common) {
      *out = element;
      out += is_common == keep_common ? 1 : 0;
    };
    switch (container.kind) {
      case ContainerKind::Bitset:
        for (const uint16_t element : elements_)
          keep(element, (container.bytes[element / 8] >> (element % 8) & 1) != 0);
        break;
      case ContainerKind::Array: {
        constexpr uint32_t kFew = 256;
        if (container.cardinality > kFew) {  // looked up without a branch, faster than merged
          detail::fill(others_, container);
          for (const uint16_t element : elements_)
            keep(element, (others_[element / 64] >> (element % 64) & 1) != 0);
          break;
        }
        size_t mine = 0;
        uint32_t theirs = 0;
        while (mine < elements_.size() && theirs < container.cardinality) {
          const uint16_t a = elements_[mine];
          const uint16_t b = element_at(container, theirs);
          *out = a;
          out += (keep_common ? a == b : a < b) ? 1 : 0;
          mine += a <= b ? 1 : 0;
          theirs += b <= a ? 1 : 0;
        }
        if (!keep_common)
          while (mine < elements_.size()) *out++ = elements_[mine++];
        break;
      }
      case ContainerKind::Run: {
        size_t at = 2;
        const auto last = [&] {
          return uint32_t{load<uint16_t>(container.bytes.data() + at)} +
                 load<uint16_t>(container.bytes.data() + at + 2);
        };
        for (const uint16_t element : elements_) {
          while (at < container.bytes.size() && last() < element) at += 4;
          keep(element,
               at < container.bytes.size() && load<uint16_t>(container.bytes.data() + at) <= element);
        }
        break;
      }
    }
    elements_.erase(out, elements_.end());
  }

  /// Elements of the first that are in all others, or in no other.
  uint64_t first_with_rest(const std::vector<Container>& containers, bool keep_common) {
    const Container& first = containers.front();
    if (containers.size() == 1) return first.cardinality;
    if (first.kind == ContainerKind::Array) {
      elements_.resize(first.cardinality);
      std::memcpy(elements_.data(), first.bytes.data(), first.bytes.size());
      for (size_t i = 1; i < containers.size() && !elements_.empty(); ++i) filter(containers[i], keep_common);
      return elements_.size();
    }
    detail::fill(words_, first);
    for (size_t i = 1; i < containers.size(); ++i) {
      if (keep_common) {
        if (containers[i].kind == ContainerKind::Bitset) {
          for (size_t word = 0; word < kWords; ++word) words_[word] &= word_at(containers[i], word);
        } else {
          detail::fill(others_, containers[i]);
          for (size_t word = 0; word < kWords; ++word) words_[word] &= others_[word];
        }
      } else {
        for_each_word(containers[i], [&](size_t word, uint64_t bits) { words_[word] &= ~bits; });
      }
    }
    return count_bits(reinterpret_cast<const uint8_t*>(words_.data()));
  }

  /// The elements of all containers in order, if they are so few that this is faster than a bitset.
  bool gather_few(const std::vector<Container>& containers) {
    constexpr size_t kFew = 128;
    size_t count = 0;
    for (const Container& container : containers) {
      count += container.cardinality;
      if (container.kind != ContainerKind::Array || count > kFew) return false;
    }
    elements_.clear();
    for (const Container& container : containers)
      for (uint32_t i = 0; i < container.cardinality; ++i) elements_.push_back(element_at(container, i));
    std::sort(elements_.begin(), elements_.end());
    return true;
  }

  std::vector<uint16_t> elements_;
  Words words_;
  Words others_;
};

/// A place among the containers of a set.
struct Cursor {
  View view;
  uint32_t at = 0;

  bool is_at_end() const { return at == view.container_count(); }
  uint16_t key() const { return view.key(at); }
  /// Goes to the first key that is at least `wanted`.
  void seek(uint16_t wanted) {
    uint32_t step = 1;
    while (at + step < view.container_count() && view.key(at + step) < wanted) step *= 2;
    uint32_t low = at + step / 2;
    uint32_t high = std::min(at + step, view.container_count());
    while (low < high) {
      const uint32_t middle = low + (high - low) / 2;
      if (view.key(middle) < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    at = low;
  }
};

/// The keys that all sets have.
uint64_t count_all(std::vector<Cursor>& cursors) {
  InterruptTicker ticker;
  KeyCounter counter;
  std::vector<Container> containers;
  uint64_t total = 0;
  const auto is_at_end = [](const Cursor& cursor) { return cursor.is_at_end(); };
  while (std::none_of(cursors.begin(), cursors.end(), is_at_end)) {
    ticker.tick();
    uint16_t wanted = 0;
    for (const Cursor& cursor : cursors) wanted = std::max(wanted, cursor.key());
    bool is_common = true;
    for (Cursor& cursor : cursors) {
      cursor.seek(wanted);
      is_common = is_common && !cursor.is_at_end() && cursor.key() == wanted;
    }
    if (!is_common) continue;
    containers.clear();
    for (Cursor& cursor : cursors) containers.push_back(cursor.view.container(cursor.at++));
    total += counter.all(containers);
  }
  return total;
}

/// The keys that any set has, or that the first has.
uint64_t count_any(SetOperation operation, std::vector<Cursor>& cursors) {
  InterruptTicker ticker;
  KeyCounter counter;
  std::vector<Container> containers;
  uint64_t total = 0;
  for (;;) {
    ticker.tick();
    constexpr uint32_t kNone = 0x10000;
    uint32_t key = kNone;
    if (operation == SetOperation::AndNot) {
      if (cursors.front().is_at_end()) break;
      key = cursors.front().key();
      for (size_t i = 1; i < cursors.size(); ++i)
        if (!cursors[i].is_at_end()) cursors[i].seek(static_cast<uint16_t>(key));
    } else {
      for (const Cursor& cursor : cursors)
        if (!cursor.is_at_end()) key = std::min<uint32_t>(key, cursor.key());
      if (key == kNone) break;
    }
    containers.clear();
    for (Cursor& cursor : cursors)
      if (!cursor.is_at_end() && cursor.key() == key)
        containers.push_back(cursor.view.container(cursor.at++));
    if (containers.size() == 1) {
      total += containers.front().cardinality;
    } else if (operation == SetOperation::Or) {
      total += counter.any(containers);
    } else if (operation == SetOperation::Xor) {
      total += counter.odd(containers);
    } else {
      total += counter.first_only(containers);
    }
  }
  return total;
}

}  // namespace

uint64_t cardinality_of(SetOperation operation, std::span<const ByteView> sets) {
  if (sets.empty()) return 0;
  if (sets.size() == 2) return cardinality_of(operation, sets[0], sets[1]);
  std::vector<Cursor> cursors;
  cursors.reserve(sets.size());
  for (const ByteView set : sets) {
    check_layout(set);
    cursors.push_back({View(set)});
  }
  return operation == SetOperation::And ? count_all(cursors) : count_any(operation, cursors);
}

}  // namespace cdp::bitmap
