#include "bitmap/portable.hpp"

#include "bitmap/words.hpp"

#include <string>

namespace cdp::bitmap {

using detail::ascends;
using detail::count_bits;
using detail::load;

namespace {

/// A run of a container: its first element and how many follow.
struct Run {
  uint32_t start;
  uint32_t length;
  uint32_t last() const { return start + length; }
};

uint32_t run_count(const Container& container) { return load<uint16_t>(container.bytes.data()); }

Run run_at(const Container& container, uint32_t i) {
  const uint8_t* at = container.bytes.data() + 2 + 4 * static_cast<size_t>(i);
  return {load<uint16_t>(at), load<uint16_t>(at + 2)};
}

uint16_t element_at(const Container& container, uint32_t i) {
  return load<uint16_t>(container.bytes.data() + 2 * static_cast<size_t>(i));
}

/// The first of `count` indexes for which `is_beyond` holds, `count` if none; they are in order.
template <class Predicate>
uint32_t first_beyond(uint32_t count, Predicate is_beyond) {
  uint32_t low = 0;
  while (low < count) {
    const uint32_t middle = low + (count - low) / 2;
    if (is_beyond(middle)) {
      count = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

bool container_contains(const Container& container, uint16_t low) {
  switch (container.kind) {
    case ContainerKind::Array: {
      const uint32_t after =
          first_beyond(container.cardinality, [&](uint32_t i) { return element_at(container, i) > low; });
      return after > 0 && element_at(container, after - 1) == low;
    }
    case ContainerKind::Bitset:
      return (container.bytes[low / 8] >> (low % 8) & 1) != 0;
    case ContainerKind::Run: {
      const uint32_t after =
          first_beyond(run_count(container), [&](uint32_t i) { return run_at(container, i).start > low; });
      return after > 0 && low <= run_at(container, after - 1).last();
    }
  }
  return false;
}

uint32_t lowest(const View& view, const Container& container) {
  switch (container.kind) {
    case ContainerKind::Array:
      return element_at(container, 0);
    case ContainerKind::Run:
      if (run_count(container) == 0) view.fail("a container has no elements", 0);
      return run_at(container, 0).start;
    case ContainerKind::Bitset:
      for (uint32_t i = 0; i < detail::kWords; ++i) {
        const auto word = load<uint64_t>(container.bytes.data() + 8 * static_cast<size_t>(i));
        if (word != 0) return 64 * i + static_cast<uint32_t>(std::countr_zero(word));
      }
  }
  view.fail("a container has no elements", 0);
}

uint32_t highest(const View& view, const Container& container) {
  switch (container.kind) {
    case ContainerKind::Array:
      return element_at(container, container.cardinality - 1);
    case ContainerKind::Run:
      if (run_count(container) == 0) view.fail("a container has no elements", 0);
      return run_at(container, run_count(container) - 1).last() & 0xffff;
    case ContainerKind::Bitset:
      for (uint32_t i = detail::kWords; i-- > 0;) {
        const auto word = load<uint64_t>(container.bytes.data() + 8 * static_cast<size_t>(i));
        if (word != 0) return 64 * i + 63 - static_cast<uint32_t>(std::countl_zero(word));
      }
  }
  view.fail("a container has no elements", 0);
}

uint32_t whole(uint16_t key, uint32_t low) { return static_cast<uint32_t>(key) << 16 | low; }

}  // namespace

size_t detail::count_descents(const uint8_t* elements, size_t count) {
  constexpr size_t kBlock = 64;
  size_t total = 0;
  size_t i = 1;
  for (; i + kBlock <= count; i += kBlock) {
    const uint8_t* at = elements + 2 * i;
    uint16_t descents = 0;
    for (size_t k = 0; k < kBlock; ++k)
      descents = static_cast<uint16_t>(
          descents + (load<uint16_t>(at + 2 * k - 2) >= load<uint16_t>(at + 2 * k) ? 1 : 0));
    total += descents;
  }
  for (; i < count; ++i)
    total += load<uint16_t>(elements + 2 * i - 2) >= load<uint16_t>(elements + 2 * i) ? 1 : 0;
  return total;
}

uint32_t detail::count_bits(const uint8_t* words) {
  constexpr size_t kBlock = 16;
  uint32_t total = 0;
  for (size_t block = 0; block < kBitsetBytes / 8; block += kBlock) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < kBlock; ++i) {
      uint64_t x = load<uint64_t>(words + 8 * (block + i));
      x -= (x >> 1) & 0x5555555555555555ULL;
      x = (x & 0x3333333333333333ULL) + ((x >> 2) & 0x3333333333333333ULL);
      bytes += (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;  // at most 16 times 8 in each byte
    }
    bytes = (bytes & 0x00ff00ff00ff00ffULL) + ((bytes >> 8) & 0x00ff00ff00ff00ffULL);
    total += static_cast<uint32_t>((bytes * 0x0001000100010001ULL) >> 48);
  }
  return total;
}

View::View(ByteView bytes, Category category) : bytes_(bytes), category_(category) {
  if (bytes.size() < 4) fail("it ends within its header", bytes.size());
  const auto cookie = load<uint32_t>(bytes.data());
  size_t end = 4;
  if ((cookie & 0xffff) == detail::kCookieWithRuns) {
    has_runs_ = true;
    count_ = (cookie >> 16) + 1;
    flags_at_ = end;
    end += (count_ + 7) / 8;
    has_offsets_ = count_ >= detail::kFewestWithOffsets;
  } else if (cookie == detail::kCookieWithoutRuns) {
    if (bytes.size() < 8) fail("it ends within its header", bytes.size());
    count_ = load<uint32_t>(bytes.data() + 4);
    if (count_ > detail::kMostContainers) fail("it states more than 65536 containers", 4);
    has_offsets_ = true;
    end += 4;
  } else {
    fail("it does not begin as the portable format does", 0);
  }
  keys_at_ = end;
  end += 4 * static_cast<size_t>(count_);
  offsets_at_ = end;
  if (has_offsets_) end += 4 * static_cast<size_t>(count_);
  body_at_ = end;
  if (bytes.size() < end) fail("it ends within its header", bytes.size());
}

void View::fail(const char* problem, size_t position) const {
  throw Error(
      category_,
      category_ == Category::Corrupt ? "stored roaringbitmap is damaged" : "invalid roaringbitmap bytes",
      std::string(problem) + ", at byte " + std::to_string(position) + " of " +
          std::to_string(bytes_.size()) + ".");
}

uint16_t View::key(uint32_t i) const {
  return load<uint16_t>(bytes_.data() + keys_at_ + 4 * static_cast<size_t>(i));
}

uint32_t View::cardinality(uint32_t i) const {
  return load<uint16_t>(bytes_.data() + keys_at_ + 4 * static_cast<size_t>(i) + 2) + 1U;
}

bool View::is_run(uint32_t i) const { return has_runs_ && (bytes_[flags_at_ + i / 8] >> (i % 8) & 1) != 0; }

Container View::container_at(uint32_t i, size_t position) const {
  Container container{ContainerKind::Array, key(i), cardinality(i), {}};
  size_t size = 0;
  if (is_run(i)) {
    container.kind = ContainerKind::Run;
    if (position > bytes_.size() || bytes_.size() - position < 2)
      fail("it ends within a container", position);
    size = 2 + 4 * static_cast<size_t>(load<uint16_t>(bytes_.data() + position));
  } else if (container.cardinality > kMostArrayElements) {
    container.kind = ContainerKind::Bitset;
    size = kBitsetBytes;
  } else {
    size = 2 * static_cast<size_t>(container.cardinality);
  }
  if (position < body_at_ || position > bytes_.size()) fail("a container is said to lie elsewhere", position);
  if (bytes_.size() - position < size) fail("it ends within a container", position);
  container.bytes = bytes_.subspan(position, size);
  return container;
}

Container View::container(uint32_t i) const {
  if (has_offsets_)
    return container_at(i, load<uint32_t>(bytes_.data() + offsets_at_ + 4 * static_cast<size_t>(i)));
  size_t position = body_at_;
  for (uint32_t before = 0; before < i; ++before) position += container_at(before, position).bytes.size();
  return container_at(i, position);
}

size_t View::end() const {
  if (count_ == 0) return body_at_;
  const Container last = container(count_ - 1);
  return static_cast<size_t>(last.bytes.data() - bytes_.data()) + last.bytes.size();
}

std::optional<Container> View::find(uint16_t wanted) const {
  const uint32_t after = first_beyond(count_, [&](uint32_t i) { return key(i) > wanted; });
  if (after == 0 || key(after - 1) != wanted) return std::nullopt;
  return container(after - 1);
}

void View::check_elements(const Container& container) const {
  const auto position = static_cast<size_t>(container.bytes.data() - bytes_.data());
  switch (container.kind) {
    case ContainerKind::Array:
      if (!ascends(container.bytes.data(), container.cardinality))
        fail("the elements of an array do not ascend", position);
      break;
    case ContainerKind::Bitset:
      if (count_bits(container.bytes.data()) != container.cardinality)
        fail("a bitset has another number of elements than stated", position);
      break;
    case ContainerKind::Run: {
      uint32_t elements = 0;
      uint32_t next = 0;  // the lowest element that the next run may begin with
      for (uint32_t i = 0; i < run_count(container); ++i) {
        const Run run = run_at(container, i);
        if (run.start < next) fail("runs overlap, touch or do not ascend", position + 2 + 4 * size_t{i});
        if (run.last() > 0xffff) fail("a run ends beyond its container", position + 2 + 4 * size_t{i});
        elements += run.length + 1;
        next = run.last() + 2;
      }
      if (elements != container.cardinality)
        fail("the runs have another number of elements than stated", position);
      break;
    }
  }
}

void View::check_flags() const {
  if (has_runs_ && count_ % 8 != 0 && bytes_[flags_at_ + count_ / 8] >> (count_ % 8) != 0)
    fail("there are flags of containers that do not exist", flags_at_ + count_ / 8);
}

Container View::check_place(uint32_t i, size_t position) const {
  if (i > 0 && key(i) <= key(i - 1)) fail("the keys do not ascend", keys_at_ + 4 * static_cast<size_t>(i));
  const size_t offset_at = offsets_at_ + 4 * static_cast<size_t>(i);
  if (has_offsets_ && load<uint32_t>(bytes_.data() + offset_at) != position)
    fail("a container is said to lie elsewhere", offset_at);
  return container_at(i, position);
}

void View::check() const {
  for_each_container([&](const Container& container) { check_elements(container); });
}

bool contains(ByteView bytes, uint32_t element) {
  const std::optional<Container> container = View(bytes).find(static_cast<uint16_t>(element >> 16));
  return container && container_contains(*container, static_cast<uint16_t>(element));
}

uint64_t cardinality(ByteView bytes) {
  const View view(bytes);
  uint64_t total = 0;
  for (uint32_t i = 0; i < view.container_count(); ++i) total += view.cardinality(i);
  return total;
}

std::optional<uint32_t> min(ByteView bytes) {
  const View view(bytes);
  if (view.container_count() == 0) return std::nullopt;
  const Container container = view.container(0);
  return whole(container.key, lowest(view, container));
}

std::optional<uint32_t> max(ByteView bytes) {
  const View view(bytes);
  if (view.container_count() == 0) return std::nullopt;
  const Container container = view.container(view.container_count() - 1);
  return whole(container.key, highest(view, container));
}

}  // namespace cdp::bitmap
