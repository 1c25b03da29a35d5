#include "bitmap/frozen.hpp"

#include "base/interrupt.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <new>

namespace cdp::bitmap {

using detail::load;

namespace {

/// Whether the runs ascend without overlap within their container; adds up their elements. In blocks of fixed
/// size and without an exit, so that it vectorizes.
bool are_sound(const uint8_t* runs, size_t count, uint32_t& elements) {
  constexpr size_t kBlock = 16;
  const auto start = [](uint32_t run) { return run & 0xffff; };
  const auto length = [](uint32_t run) { return run >> 16; };
  uint32_t sum = static_cast<uint32_t>(count);
  uint32_t faults = 0;
  size_t i = 0;
  for (; i + kBlock < count; i += kBlock) {
    for (size_t k = 0; k < kBlock; ++k) {
      const auto run = load<uint32_t>(runs + 4 * (i + k));
      const auto next = load<uint32_t>(runs + 4 * (i + k) + 4);
      sum += length(run);
      // The difference is below 0, so its upper bits are set, unless the next run begins after this one.
      faults |= start(next) - 1 - start(run) - length(run);
    }
  }
  for (; i < count; ++i) {
    const auto run = load<uint32_t>(runs + 4 * i);
    const uint32_t limit = i + 1 < count ? start(load<uint32_t>(runs + 4 * i + 4)) : 0x10000;
    sum += length(run);
    faults |= limit - 1 - start(run) - length(run);
  }
  elements = sum;
  return faults <= 0xffff;
}

void check_runs(const View& view, ByteView runs, uint32_t cardinality, size_t position) {
  uint32_t elements = 0;
  if (!are_sound(runs.data(), runs.size() / 4, elements))
    view.fail("runs overlap or leave their container", position);
  if (elements != cardinality) view.fail("the runs have another number of elements than stated", position);
}

/// Checks that arrays ascend, all those that lie side by side in one go: among their elements as many may not
/// ascend as begin an array and are not larger than the end of the one before. `heads` are the entries of the
/// table of keys; `place(i)` says where a container begins, also for the count of containers, and
/// `is_run(i)` whether it is of runs.
template <class Place, class IsRun>
void check_arrays(const View& view, ByteView bytes, const uint8_t* heads, Place place, IsRun is_run) {
  const uint32_t count = view.container_count();
  InterruptTicker ticker;
  for (uint32_t i = 0; i < count;) {
    const auto is_array = [&](uint32_t k) {
      return (load<uint32_t>(heads + 4 * size_t{k}) >> 16) < kMostArrayElements && !is_run(k);
    };
    if (!is_array(i)) {
      ++i;
      continue;
    }
    const size_t begin = place(i);
    size_t allowed = 0;
    for (++i; i < count && is_array(i); ++i) {
      ticker.tick();
      const uint8_t* at = bytes.data() + place(i);
      allowed += load<uint16_t>(at - 2) >= load<uint16_t>(at) ? 1 : 0;
    }
    if (detail::count_descents(bytes.data() + begin, (place(i) - begin) / 2) != allowed)
      view.fail("the elements of an array do not ascend, there or later", begin);
  }
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

uint64_t check_layout(ByteView bytes) {
  const View view(bytes);  // the header lies within the bytes
  const uint32_t count = view.container_count();
  const bool has_runs = (load<uint32_t>(bytes.data()) & 0xffff) == detail::kCookieWithRuns;
  const bool has_offsets = !has_runs || count >= detail::kFewestWithOffsets;
  const uint8_t* flags = bytes.data() + 4;
  const size_t keys_at = has_runs ? 4 + (static_cast<size_t>(count) + 7) / 8 : 8;
  const uint8_t* keys = bytes.data() + keys_at;
  const uint8_t* offsets = keys + 4 * static_cast<size_t>(count);
  size_t position = keys_at + (has_offsets ? 8 : 4) * static_cast<size_t>(count);

  InterruptTicker ticker;
  std::array<size_t, detail::kFewestWithOffsets> places{};  // of containers without a table of offsets
  uint64_t total = 0;
  uint32_t next_key = 0;  // the lowest key that may come
  for (size_t i = 0; i < count; ++i) {
    ticker.tick();
    const auto head = load<uint32_t>(keys + 4 * i);
    if ((head & 0xffff) < next_key) view.fail("the keys do not ascend", keys_at + 4 * i);
    next_key = (head & 0xffff) + 1;
    if (has_offsets && load<uint32_t>(offsets + 4 * i) != position)
      view.fail("a container is said to lie elsewhere", position);
    const uint32_t cardinality = (head >> 16) + 1;
    size_t size = cardinality <= kMostArrayElements ? 2 * static_cast<size_t>(cardinality) : kBitsetBytes;
    if (has_runs && (flags[i / 8] >> (i % 8) & 1) != 0) {
      if (bytes.size() - position < 2) view.fail("it ends within a container", position);
      size = 2 + 4 * static_cast<size_t>(load<uint16_t>(bytes.data() + position));
      if (bytes.size() - position < size) view.fail("it ends within a container", position);
      check_runs(view, bytes.subspan(position + 2, size - 2), cardinality, position);
    }
    if (bytes.size() - position < size) view.fail("it ends within a container", position);
    if (!has_offsets) places[i] = position;
    position += size;
    total += cardinality;
  }
  if (position != bytes.size()) view.fail("there are bytes after its end", position);
  const auto is_run = [&](size_t i) { return has_runs && (flags[i / 8] >> (i % 8) & 1) != 0; };
  if (has_offsets) {
    check_arrays(
        view, bytes, keys,
        [&](size_t i) { return i < count ? load<uint32_t>(offsets + 4 * i) : bytes.size(); }, is_run);
  } else {
    places[count] = position;
    check_arrays(
        view, bytes, keys, [&](size_t i) { return places[i]; }, is_run);
  }
  return total;
}

Frozen::Frozen(ByteView bytes) : cardinality_(check_layout(bytes)) {
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
