#include "bitmap/canonical.hpp"

#include "bitmap/words.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace cdp::bitmap {

using detail::kWords;

namespace {

uint32_t runs_of_array(std::span<const uint16_t> elements) {
  uint32_t runs = elements.empty() ? 0 : 1;
  for (size_t i = 1; i < elements.size(); ++i) runs += elements[i] != elements[i - 1] + 1 ? 1U : 0U;
  return runs;
}

uint32_t runs_of_bitset(const uint64_t* words) {
  // No container with more runs than this is written as runs, so there is no need to count on.
  constexpr uint32_t kMostUsefulRuns = 2048;
  uint32_t runs = 0;
  uint64_t carry = 0;
  for (size_t i = 0; i < kWords && runs < kMostUsefulRuns; ++i) {
    runs += static_cast<uint32_t>(std::popcount(words[i] & ~(words[i] << 1 | carry)));
    carry = words[i] >> 63;
  }
  return runs;
}

template <class T>
void store(uint8_t* out, T value) {
  std::memcpy(out, &value, sizeof(T));
}

}  // namespace

ContainerSource ContainerSource::of_array(uint16_t key, std::span<const uint16_t> elements) {
  ContainerSource source;
  source.key_ = key;
  source.data_ = elements.data();
  source.cardinality_ = static_cast<uint32_t>(elements.size());
  source.runs_ = runs_of_array(elements);
  return source;
}

ContainerSource ContainerSource::of_bitset(uint16_t key, const uint64_t* words, uint32_t cardinality) {
  ContainerSource source;
  source.kind_ = ContainerKind::Bitset;
  source.key_ = key;
  source.data_ = words;
  source.cardinality_ = cardinality;
  source.runs_ = runs_of_bitset(words);
  return source;
}

ContainerSource ContainerSource::of_runs(uint16_t key, std::span<const StoredRun> runs) {
  ContainerSource source;
  source.kind_ = ContainerKind::Run;
  source.key_ = key;
  source.data_ = runs.data();
  source.runs_ = static_cast<uint32_t>(runs.size());
  source.cardinality_ = source.runs_;
  for (const StoredRun run : runs) source.cardinality_ += run.length;
  return source;
}

ContainerKind ContainerSource::form() const {
  constexpr uint32_t kFew = 32;
  if (cardinality_ <= kFew) return ContainerKind::Array;
  const uint32_t as_runs = 2 + 4 * runs_;
  if (cardinality_ > kMostArrayElements)
    return as_runs < kBitsetBytes ? ContainerKind::Run : ContainerKind::Bitset;
  return as_runs < 2 * cardinality_ + 2 ? ContainerKind::Run : ContainerKind::Array;
}

size_t ContainerSource::byte_size() const {
  switch (form()) {
    case ContainerKind::Run:
      return 2 + 4 * static_cast<size_t>(runs_);
    case ContainerKind::Bitset:
      return kBitsetBytes;
    case ContainerKind::Array:
      break;
  }
  return 2 * static_cast<size_t>(cardinality_);
}

void ContainerSource::write(uint8_t* out) const {
  switch (form()) {
    case ContainerKind::Run:
      write_runs(out);
      break;
    case ContainerKind::Bitset:
      write_bitset(out);
      break;
    case ContainerKind::Array:
      write_array(out);
      break;
  }
}

/// Calls f(start, last) for each run, in order.
template <class F>
void ContainerSource::for_each_run(F&& f) const {
  if (kind_ == ContainerKind::Run) {
    const auto* runs = static_cast<const StoredRun*>(data_);
    for (uint32_t i = 0; i < runs_; ++i)
      f(static_cast<uint32_t>(runs[i].start), static_cast<uint32_t>(runs[i].start) + runs[i].length);
    return;
  }
  constexpr uint32_t kNone = 0x10000;
  uint32_t start = kNone;
  uint32_t last = kNone;
  for_each_element([&](uint32_t element) {
    if (start != kNone && element == last + 1) {
      last = element;
      return;
    }
    if (start != kNone) f(start, last);
    start = last = element;
  });
  if (start != kNone) f(start, last);
}

/// Calls f(element) for each element, in order.
template <class F>
void ContainerSource::for_each_element(F&& f) const {
  if (kind_ == ContainerKind::Array) {
    const auto* elements = static_cast<const uint16_t*>(data_);
    for (uint32_t i = 0; i < cardinality_; ++i) f(elements[i]);
  } else if (kind_ == ContainerKind::Bitset) {
    const auto* words = static_cast<const uint64_t*>(data_);
    for (size_t i = 0; i < kWords; ++i)
      for (uint64_t word = words[i]; word != 0; word &= word - 1)
        f(static_cast<uint32_t>(64 * i) + static_cast<uint32_t>(std::countr_zero(word)));
  } else {
    const auto* runs = static_cast<const StoredRun*>(data_);
    for (uint32_t i = 0; i < runs_; ++i)
      for (uint32_t more = 0; more <= runs[i].length; ++more) f(runs[i].start + more);
  }
}

void ContainerSource::write_runs(uint8_t* out) const {
  store(out, static_cast<uint16_t>(runs_));
  out += 2;
  for_each_run([&](uint32_t start, uint32_t last) {
    store(out, StoredRun{static_cast<uint16_t>(start), static_cast<uint16_t>(last - start)});
    out += 4;
  });
}

void ContainerSource::write_array(uint8_t* out) const {
  if (kind_ == ContainerKind::Array) {
    std::memcpy(out, data_, 2 * static_cast<size_t>(cardinality_));
    return;
  }
  for_each_element([&](uint32_t element) {
    store(out, static_cast<uint16_t>(element));
    out += 2;
  });
}

void ContainerSource::write_bitset(uint8_t* out) const {
  if (kind_ == ContainerKind::Bitset) {
    std::memcpy(out, data_, kBitsetBytes);
    return;
  }
  std::memset(out, 0, kBitsetBytes);
  for_each_element([&](uint32_t element) { out[element / 8] |= static_cast<uint8_t>(1U << (element % 8)); });
}

namespace {

/// What stands before the containers.
struct Header {
  uint32_t count;
  bool has_runs;

  bool has_offsets() const { return !has_runs || count >= detail::kFewestWithOffsets; }
  size_t size() const {
    const size_t start = has_runs ? 4 + (static_cast<size_t>(count) + 7) / 8 : 8;
    return start + (has_offsets() ? 8 : 4) * static_cast<size_t>(count);
  }
};

Header header_of(std::span<const ContainerSource> containers) {
  Header header{static_cast<uint32_t>(containers.size()), false};
  for (const ContainerSource& container : containers)
    header.has_runs = header.has_runs || container.form() == ContainerKind::Run;
  return header;
}

}  // namespace

size_t canonical_size(std::span<const ContainerSource> containers) {
  size_t size = header_of(containers).size();
  for (const ContainerSource& container : containers) size += container.byte_size();
  return size;
}

size_t write_canonical(std::span<const ContainerSource> containers, std::span<uint8_t> out) {
  const Header header = header_of(containers);
  uint8_t* flags = out.data() + 4;
  uint8_t* keys = flags + 4;
  if (header.has_runs) {
    store<uint32_t>(out.data(), detail::kCookieWithRuns | (header.count - 1) << 16);
    keys = flags + (header.count + 7) / 8;
    std::memset(flags, 0, (header.count + 7) / 8);
  } else {
    store<uint32_t>(out.data(), detail::kCookieWithoutRuns);
    store<uint32_t>(out.data() + 4, header.count);
  }
  uint8_t* offsets = keys + 4 * static_cast<size_t>(header.count);

  InterruptTicker ticker;
  size_t position = header.size();
  for (size_t i = 0; i < containers.size(); ++i) {
    ticker.tick();
    const ContainerSource& container = containers[i];
    if (container.form() == ContainerKind::Run) flags[i / 8] |= static_cast<uint8_t>(1U << (i % 8));
    store<uint16_t>(keys + 4 * i, container.key());
    store<uint16_t>(keys + 4 * i + 2, static_cast<uint16_t>(container.cardinality() - 1));
    if (header.has_offsets()) store<uint32_t>(offsets + 4 * i, static_cast<uint32_t>(position));
    container.write(out.data() + position);
    position += container.byte_size();
  }
  return position;
}

namespace {

ContainerSource source_of(const roaring_array_t& containers, int32_t i) {
  using roaring::internal::array_container_t;
  using roaring::internal::bitset_container_t;
  using roaring::internal::run_container_t;
  static_assert(sizeof(StoredRun) == sizeof(roaring::internal::rle16_t));
  const uint16_t key = containers.keys[i];
  const void* container = containers.containers[i];
  switch (containers.typecodes[i]) {
    case ARRAY_CONTAINER_TYPE: {
      const auto& array = *static_cast<const array_container_t*>(container);
      return ContainerSource::of_array(key, {array.array, static_cast<size_t>(array.cardinality)});
    }
    case BITSET_CONTAINER_TYPE: {
      const auto& bitset = *static_cast<const bitset_container_t*>(container);
      return ContainerSource::of_bitset(key, bitset.words, static_cast<uint32_t>(bitset.cardinality));
    }
    case RUN_CONTAINER_TYPE: {
      const auto& runs = *static_cast<const run_container_t*>(container);
      return ContainerSource::of_runs(
          key, {reinterpret_cast<const StoredRun*>(runs.runs), static_cast<size_t>(runs.n_runs)});
    }
    default:
      throw Error(Category::Internal, "bitmap has a container of unknown kind");
  }
}

std::vector<ContainerSource> sources_of(const roaring_array_t& containers) {
  std::vector<ContainerSource> sources;
  sources.reserve(static_cast<size_t>(containers.size));
  InterruptTicker ticker;
  for (int32_t i = 0; i < containers.size; ++i) {
    ticker.tick();
    sources.push_back(source_of(containers, i));
  }
  return sources;
}

}  // namespace

size_t Bitmap::byte_size() const { return canonical_size(sources_of(set_->high_low_container)); }

size_t Bitmap::write_to(std::span<uint8_t> out) const {
  return write_canonical(sources_of(set_->high_low_container), out);
}

}  // namespace cdp::bitmap
