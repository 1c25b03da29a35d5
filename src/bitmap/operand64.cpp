#include "bitmap/operand64.hpp"

#include "base/hash.hpp"
#include "base/interrupt.hpp"
#include "bitmap/compare.hpp"
#include "bitmap/counts.hpp"
#include "bitmap/view64.hpp"

#include <algorithm>

namespace cdp::bitmap {

namespace {

/// Walks the parts of both sets in the order of their upper halves: `f(a, b)` gets those of one upper half,
/// nullptr where a set has none, and says whether to go on.
template <class A, class B, class F>
void for_each_pair(A& a, const B& b, F&& f) {
  size_t i = 0;
  size_t j = 0;
  InterruptTicker ticker;
  while (i < a.size() || j < b.size()) {
    ticker.tick();
    const bool has_a = j == b.size() || (i < a.size() && a[i].high <= b[j].high);
    const bool has_b = i == a.size() || (j < b.size() && b[j].high <= a[i].high);
    if (!f(has_a ? &a[i] : nullptr, has_b ? &b[j] : nullptr)) return;
    if (has_a) ++i;
    if (has_b) ++j;
  }
}

}  // namespace

Operand64::Operand64(const Bitmap64& set) {
  parts_.reserve(set.parts().size());
  for (const Bitmap64::Part& part : set.parts()) parts_.push_back({part.high, Operand(part.set.read())});
}

Operand64::Operand64(ByteView bytes) {
  const View64 view(bytes);
  parts_.reserve(view.parts().size());
  for (const View64::Part& part : view.parts())
    parts_.push_back({part.high, view.in(part, [&] { return Operand(part.set); })});
}

bool Operand64::contains_all(const Operand64& other) const {
  bool result = true;
  for_each_pair(parts_, other.parts_, [&](const Part* own, const Part* others) {
    if (others != nullptr) result = own != nullptr && own->set.contains_all(others->set);
    return result;
  });
  return result;
}

bool Operand64::intersects(const Operand64& other) const {
  bool result = false;
  for_each_pair(parts_, other.parts_, [&](const Part* own, const Part* others) {
    result = own != nullptr && others != nullptr && own->set.intersects(others->set);
    return !result;
  });
  return result;
}

bool operator==(const Operand64& a, const Operand64& b) {
  return std::equal(
      a.parts_.begin(), a.parts_.end(), b.parts_.begin(), b.parts_.end(),
      [](const auto& one, const auto& other) { return one.high == other.high && one.set == other.set; });
}

Bitmap64 combine(SetOperation operation, const Operand64& a, const Operand64& b) {
  const bool keeps_a = operation != SetOperation::And;
  const bool keeps_b = operation == SetOperation::Or || operation == SetOperation::Xor;
  std::vector<Bitmap64::Part> parts;
  for_each_pair(a.parts(), b.parts(), [&](const Operand64::Part* one, const Operand64::Part* other) {
    if (one != nullptr && other != nullptr) {
      parts.push_back({one->high, Versioned(combine(operation, one->set, other->set))});
    } else if (one != nullptr && keeps_a) {
      parts.push_back({one->high, Versioned(one->set.copy())});
    } else if (other != nullptr && keeps_b) {
      parts.push_back({other->high, Versioned(other->set.copy())});
    }
    return true;
  });
  return Bitmap64::from_parts(std::move(parts));
}

Bitmap64& operator&=(Bitmap64& set, const Operand64& other) {
  std::vector<Bitmap64::Part> old = set.take_parts();
  std::vector<Bitmap64::Part> parts;
  for_each_pair(old, other.parts(), [&](Bitmap64::Part* own, const Operand64::Part* others) {
    if (own == nullptr || others == nullptr) return true;
    own->set.write() &= others->set;
    parts.push_back(std::move(*own));
    return true;
  });
  return set = Bitmap64::from_parts(std::move(parts));
}

Bitmap64& operator^=(Bitmap64& set, const Operand64& other) {
  std::vector<Bitmap64::Part> old = set.take_parts();
  std::vector<Bitmap64::Part> parts;
  for_each_pair(old, other.parts(), [&](Bitmap64::Part* own, const Operand64::Part* others) {
    if (own == nullptr) {
      parts.push_back({others->high, Versioned(others->set.copy())});
      return true;
    }
    if (others != nullptr) own->set.write() ^= others->set;
    parts.push_back(std::move(*own));
    return true;
  });
  return set = Bitmap64::from_parts(std::move(parts));
}

uint64_t cardinality_of64(SetOperation operation, std::span<const ByteView> sets) {
  std::vector<View64> views;
  views.reserve(sets.size());
  for (const ByteView set : sets) views.emplace_back(set);
  std::vector<size_t> next(views.size(), 0);
  std::vector<ByteView> parts;
  uint64_t total = 0;
  InterruptTicker ticker;
  while (true) {
    ticker.tick();
    // The smallest upper half that no set has passed, and the parts that have it.
    uint64_t high = UINT64_MAX;
    for (size_t i = 0; i < views.size(); ++i)
      if (next[i] < views[i].parts().size()) high = std::min<uint64_t>(high, views[i].parts()[next[i]].high);
    if (high == UINT64_MAX) return total;
    parts.clear();
    bool has_first = false;
    for (size_t i = 0; i < views.size(); ++i) {
      if (next[i] == views[i].parts().size() || views[i].parts()[next[i]].high != high) continue;
      if (i == 0) has_first = true;
      parts.push_back(views[i].parts()[next[i]++].set);
    }
    if (operation == SetOperation::And && parts.size() < views.size()) continue;
    if (operation == SetOperation::AndNot && !has_first) continue;
    total += cardinality_of(operation, parts);
  }
}

double jaccard_index64(ByteView a, ByteView b) {
  const ByteView sets[] = {a, b};
  const uint64_t all = cardinality_of64(SetOperation::Or, sets);
  if (all == 0) return 1;
  return static_cast<double>(cardinality_of64(SetOperation::And, sets)) / static_cast<double>(all);
}

std::strong_ordering compare64(ByteView a, ByteView b) {
  const View64 left(a);
  const View64 right(b);
  InterruptTicker ticker;
  for (size_t i = 0;; ++i) {
    ticker.tick();
    const bool left_ends = i == left.parts().size();
    const bool right_ends = i == right.parts().size();
    if (left_ends || right_ends) return right_ends <=> left_ends;
    const View64::Part& one = left.parts()[i];
    const View64::Part& other = right.parts()[i];
    if (one.high != other.high) return one.high <=> other.high;
    const std::strong_ordering order = left.in(one, [&] {
      return compare(one.set, other.set, i + 1 < left.parts().size(), i + 1 < right.parts().size());
    });
    if (order != std::strong_ordering::equal) return order;
  }
}

uint64_t hash_set64(ByteView set, uint64_t seed) {
  const View64 view(set);
  uint64_t result = mix64(seed);
  InterruptTicker ticker;
  for (const View64::Part& part : view.parts()) {
    ticker.tick();
    result = view.in(part, [&] { return hash(part.set, mix64(result ^ part.high)); });
  }
  return result;
}

}  // namespace cdp::bitmap
