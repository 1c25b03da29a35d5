#include "bitmap/frozen.hpp"

#include "base/interrupt.hpp"

#include <algorithm>
#include <bit>
#include <new>

namespace cdp::bitmap {

using detail::load;

namespace {

/// The position of the first container of bytes of which View has checked the header.
size_t body_position(ByteView bytes, uint32_t count) {
  const bool has_runs = (load<uint32_t>(bytes.data()) & 0xffff) == detail::kCookieWithRuns;
  const bool has_offsets = !has_runs || count >= detail::kFewestWithOffsets;
  return (has_runs ? 4 + (static_cast<size_t>(count) + 7) / 8 : 8) +
         (has_offsets ? 8 : 4) * static_cast<size_t>(count);
}

/// Without an exit inside of the loop, so that it vectorizes.
void check_runs(const View& view, const Container& container, size_t position) {
  const uint8_t* at = container.bytes.data() + 2;
  const size_t count = (container.bytes.size() - 2) / 4;
  uint32_t elements = static_cast<uint32_t>(count);
  uint32_t faults = 0;
  for (size_t i = 0; i < count; ++i) elements += load<uint16_t>(at + 4 * i + 2);
  for (size_t i = 1; i < count; ++i) {
    const uint32_t last = uint32_t{load<uint16_t>(at + 4 * i - 4)} + load<uint16_t>(at + 4 * i - 2);
    faults |= last >= load<uint16_t>(at + 4 * i) ? 1U : 0U;
  }
  if (count > 0 && uint32_t{load<uint16_t>(at + 4 * count - 4)} + load<uint16_t>(at + 4 * count - 2) > 0xffff)
    faults = 1;
  if (faults != 0) view.fail("runs overlap or leave their container", position);
  if (elements != container.cardinality)
    view.fail("the runs have another number of elements than stated", position);
}

/// Elements of a container that are at most `low`.
uint32_t rank_within(const Container& container, uint32_t low) {
  const uint8_t* at = container.bytes.data();
  uint32_t found = 0;
  switch (container.kind) {
    case ContainerKind::Array:
      for (uint32_t size = container.cardinality; size > 0;) {  // a binary search that always ends
        const uint32_t half = size / 2;
        if (load<uint16_t>(at + 2 * static_cast<size_t>(found + half)) <= low) {
          found += half + 1;
          size -= half + 1;
        } else {
          size = half;
        }
      }
      break;
    case ContainerKind::Bitset:
      for (uint32_t i = 0; i < low / 64; ++i)
        found += static_cast<uint32_t>(std::popcount(load<uint64_t>(at + 8 * static_cast<size_t>(i))));
      found += static_cast<uint32_t>(
          std::popcount(load<uint64_t>(at + 8 * static_cast<size_t>(low / 64)) << (63 - low % 64)));
      break;
    case ContainerKind::Run:
      for (size_t i = 2; i < container.bytes.size(); i += 4) {
        const uint32_t start = load<uint16_t>(at + i);
        if (start > low) break;
        found += std::min<uint32_t>(low - start, load<uint16_t>(at + i + 2)) + 1;
      }
      break;
  }
  return found;
}

/// The element of a container that has `index` smaller ones, which is less than the cardinality stated.
uint32_t nth_within(const View& view, const Container& container, uint32_t index) {
  const uint8_t* at = container.bytes.data();
  switch (container.kind) {
    case ContainerKind::Array:
      return load<uint16_t>(at + 2 * static_cast<size_t>(index));
    case ContainerKind::Bitset:
      for (uint32_t i = 0; i < kBitsetBytes / 8; ++i) {
        auto word = load<uint64_t>(at + 8 * static_cast<size_t>(i));
        const auto bits = static_cast<uint32_t>(std::popcount(word));
        if (index < bits) {
          for (; index > 0; --index) word &= word - 1;
          return 64 * i + static_cast<uint32_t>(std::countr_zero(word));
        }
        index -= bits;
      }
      break;
    case ContainerKind::Run:
      for (size_t i = 2; i < container.bytes.size(); i += 4) {
        const uint32_t length = load<uint16_t>(at + i + 2);
        if (index <= length) return (load<uint16_t>(at + i) + index) & 0xffff;
        index -= length + 1;
      }
      break;
  }
  view.fail("a container has fewer elements than stated", 0);
}

}  // namespace

void check_layout(ByteView bytes) {
  const View view(bytes);
  InterruptTicker ticker;
  size_t position = body_position(bytes, view.container_count());
  for (uint32_t i = 0; i < view.container_count(); ++i) {
    ticker.tick();
    if (i > 0 && view.key(i) <= view.key(i - 1)) view.fail("the keys do not ascend", 0);
    const Container container = view.container(i);
    if (container.bytes.data() != bytes.data() + position)
      view.fail("a container is said to lie elsewhere", position);
    if (container.kind == ContainerKind::Run) check_runs(view, container, position);
    position += container.bytes.size();
  }
  if (position != bytes.size()) view.fail("there are bytes after its end", position);
}

Frozen::Frozen(ByteView bytes) {
  check_layout(bytes);
  set_.reset(roaring_bitmap_portable_deserialize_frozen(reinterpret_cast<const char*>(bytes.data())));
  if (set_ == nullptr) throw std::bad_alloc();  // the layout is checked, so what remains to fail is memory
}

uint64_t and_cardinality(const Frozen& a, const Frozen& b) {
  const uint64_t common = roaring_bitmap_and_cardinality(a.set_.get(), b.set_.get());
  if (common > std::min(a.cardinality(), b.cardinality()))
    throw Error(Category::Corrupt, "stored roaringbitmap is damaged",
                "A container has more elements than stated.");
  return common;
}

uint64_t cardinality_of(SetOperation operation, ByteView a, ByteView b) {
  const Frozen left(a);
  const Frozen right(b);
  check_interrupts();
  const uint64_t common = and_cardinality(left, right);
  switch (operation) {
    case SetOperation::And:
      return common;
    case SetOperation::Or:
      return left.cardinality() + right.cardinality() - common;
    case SetOperation::Xor:
      return left.cardinality() + right.cardinality() - 2 * common;
    case SetOperation::AndNot:
      return left.cardinality() - common;
  }
  return 0;
}

double jaccard_index(ByteView a, ByteView b) {
  const Frozen left(a);
  const Frozen right(b);
  check_interrupts();
  const uint64_t common = and_cardinality(left, right);
  const uint64_t all = left.cardinality() + right.cardinality() - common;
  return all == 0 ? 1 : static_cast<double>(common) / static_cast<double>(all);
}

uint64_t rank(ByteView bytes, uint32_t element) {
  const View view(bytes);
  const uint32_t key = element >> 16;
  uint64_t found = 0;
  for (uint32_t i = 0; i < view.container_count() && view.key(i) <= key; ++i)
    found += view.key(i) < key ? view.cardinality(i) : rank_within(view.container(i), element & 0xffff);
  return found;
}

uint64_t count_below(ByteView bytes, uint64_t bound) {
  if (bound == 0) return 0;
  return rank(bytes, static_cast<uint32_t>(std::min<uint64_t>(bound - 1, 0xffffffff)));
}

std::optional<uint32_t> nth(ByteView bytes, uint64_t index) {
  const View view(bytes);
  for (uint32_t i = 0; i < view.container_count(); ++i) {
    const uint32_t count = view.cardinality(i);
    if (index < count)
      return uint32_t{view.key(i)} << 16 | nth_within(view, view.container(i), static_cast<uint32_t>(index));
    index -= count;
  }
  return std::nullopt;
}

}  // namespace cdp::bitmap
