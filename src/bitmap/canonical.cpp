/// Writes bitmaps in the canonical portable form. CRoaring's own serializer writes containers as they are in
/// memory, and its run optimization keeps runs and arrays of equal size apart, so that neither gives equal
/// bytes for equal sets.

#include "bitmap/bitmap.hpp"
#include "bitmap/portable.hpp"

#include <cstring>

namespace cdp::bitmap {

namespace {

using roaring::internal::array_container_t;
using roaring::internal::bitset_container_t;
using roaring::internal::rle16_t;
using roaring::internal::run_container_t;

constexpr size_t kWords = kBitsetBytes / 8;

/// A container in memory, of any kind, with what decides on its form in bytes.
class Source {
 public:
  Source(const roaring_array_t& containers, int32_t i)
      : kind_(containers.typecodes[i]), container_(containers.containers[i]) {
    switch (kind_) {
      case ARRAY_CONTAINER_TYPE:
        measure_array();
        break;
      case BITSET_CONTAINER_TYPE:
        measure_bitset();
        break;
      case RUN_CONTAINER_TYPE:
        measure_runs();
        break;
      default:
        throw Error(Category::Internal, "bitmap has a container of unknown kind");
    }
  }

  uint32_t cardinality() const { return cardinality_; }

  /// Runs if they are shorter; at equal size the others, as most writers of the format have it. An array
  /// counts two bytes more than it takes, as CRoaring counts it.
  ContainerKind form() const {
    const uint32_t as_runs = 2 + 4 * runs_;
    if (cardinality_ > kMostArrayElements)
      return as_runs < kBitsetBytes ? ContainerKind::Run : ContainerKind::Bitset;
    return as_runs < 2 * cardinality_ + 2 ? ContainerKind::Run : ContainerKind::Array;
  }

  size_t byte_size() const {
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

  void write(uint8_t* out) const {
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

 private:
  const array_container_t& array() const { return *static_cast<const array_container_t*>(container_); }
  const bitset_container_t& bitset() const { return *static_cast<const bitset_container_t*>(container_); }
  const run_container_t& runs() const { return *static_cast<const run_container_t*>(container_); }

  void measure_array() {
    const uint16_t* elements = array().array;
    cardinality_ = static_cast<uint32_t>(array().cardinality);
    runs_ = cardinality_ > 0 ? 1 : 0;
    for (uint32_t i = 1; i < cardinality_; ++i) runs_ += elements[i] != elements[i - 1] + 1 ? 1 : 0;
  }

  void measure_bitset() {
    cardinality_ = static_cast<uint32_t>(bitset().cardinality);
    // No container with more runs than this is written as runs, so there is no need to count on.
    constexpr uint32_t kMostUsefulRuns = 2048;
    uint64_t carry = 0;
    for (size_t i = 0; i < kWords && runs_ < kMostUsefulRuns; ++i) {
      const uint64_t word = bitset().words[i];
      runs_ += static_cast<uint32_t>(std::popcount(word & ~(word << 1 | carry)));
      carry = word >> 63;
    }
  }

  void measure_runs() {
    runs_ = static_cast<uint32_t>(runs().n_runs);
    cardinality_ = runs_;
    for (uint32_t i = 0; i < runs_; ++i) cardinality_ += runs().runs[i].length;
  }

  /// Calls f(start, last) for each run, in order.
  template <class F>
  void for_each_run(F&& f) const {
    if (kind_ == RUN_CONTAINER_TYPE) {
      for (uint32_t i = 0; i < runs_; ++i) {
        const rle16_t run = runs().runs[i];
        f(static_cast<uint32_t>(run.value), static_cast<uint32_t>(run.value) + run.length);
      }
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
  void for_each_element(F&& f) const {
    if (kind_ == ARRAY_CONTAINER_TYPE) {
      for (uint32_t i = 0; i < cardinality_; ++i) f(array().array[i]);
    } else if (kind_ == BITSET_CONTAINER_TYPE) {
      for (size_t i = 0; i < kWords; ++i)
        for (uint64_t word = bitset().words[i]; word != 0; word &= word - 1)
          f(static_cast<uint32_t>(64 * i) + static_cast<uint32_t>(std::countr_zero(word)));
    } else {
      for (uint32_t i = 0; i < runs_; ++i) {
        const rle16_t run = runs().runs[i];
        for (uint32_t more = 0; more <= run.length; ++more) f(run.value + more);
      }
    }
  }

  void write_runs(uint8_t* out) const {
    const auto count = static_cast<uint16_t>(runs_);
    std::memcpy(out, &count, 2);
    out += 2;
    for_each_run([&](uint32_t start, uint32_t last) {
      const std::array<uint16_t, 2> run{static_cast<uint16_t>(start), static_cast<uint16_t>(last - start)};
      std::memcpy(out, run.data(), 4);
      out += 4;
    });
  }

  void write_array(uint8_t* out) const {
    if (kind_ == ARRAY_CONTAINER_TYPE) {
      std::memcpy(out, array().array, 2 * static_cast<size_t>(cardinality_));
      return;
    }
    for_each_element([&](uint32_t element) {
      const auto low = static_cast<uint16_t>(element);
      std::memcpy(out, &low, 2);
      out += 2;
    });
  }

  void write_bitset(uint8_t* out) const {
    if (kind_ == BITSET_CONTAINER_TYPE) {
      std::memcpy(out, bitset().words, kBitsetBytes);
      return;
    }
    std::memset(out, 0, kBitsetBytes);
    for_each_element(
        [&](uint32_t element) { out[element / 8] |= static_cast<uint8_t>(1U << (element % 8)); });
  }

  uint8_t kind_;
  const void* container_;
  uint32_t cardinality_ = 0;
  uint32_t runs_ = 0;  // of a bitset with too many for the run form: some number above what fits
};

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

template <class T>
void store(uint8_t* out, T value) {
  std::memcpy(out, &value, sizeof(T));
}

}  // namespace

size_t Bitmap::byte_size() const {
  const roaring_array_t& containers = set_->high_low_container;
  InterruptTicker ticker;
  Header header{static_cast<uint32_t>(containers.size), false};
  size_t body = 0;
  for (int32_t i = 0; i < containers.size; ++i) {
    ticker.tick();
    const Source source(containers, i);
    header.has_runs = header.has_runs || source.form() == ContainerKind::Run;
    body += source.byte_size();
  }
  return header.size() + body;
}

size_t Bitmap::write_to(std::span<uint8_t> out) const {
  const roaring_array_t& containers = set_->high_low_container;
  InterruptTicker ticker;
  Header header{static_cast<uint32_t>(containers.size), false};
  for (int32_t i = 0; i < containers.size && !header.has_runs; ++i) {
    ticker.tick();
    header.has_runs = Source(containers, i).form() == ContainerKind::Run;
  }

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

  size_t position = header.size();
  for (int32_t i = 0; i < containers.size; ++i) {
    ticker.tick();
    const Source source(containers, i);
    const auto at = static_cast<size_t>(i);
    if (source.form() == ContainerKind::Run) flags[at / 8] |= static_cast<uint8_t>(1U << (at % 8));
    store<uint16_t>(keys + 4 * at, containers.keys[i]);
    store<uint16_t>(keys + 4 * at + 2, static_cast<uint16_t>(source.cardinality() - 1));
    if (header.has_offsets()) store<uint32_t>(offsets + 4 * at, static_cast<uint32_t>(position));
    source.write(out.data() + position);
    position += source.byte_size();
  }
  return position;
}

}  // namespace cdp::bitmap
