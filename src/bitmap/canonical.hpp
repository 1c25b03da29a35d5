#pragma once

#include "bitmap/bitmap.hpp"
#include "bitmap/portable.hpp"

#include <cstdint>
#include <span>
#include <vector>

/// Writes the canonical portable form: equal sets give equal bytes. CRoaring's own serializer writes
/// containers as they are in memory, and its run optimization keeps runs and arrays of equal size apart.
namespace cdp::bitmap {

/// A run of consecutive elements, as CRoaring and the portable format keep it.
struct StoredRun {
  uint16_t start;
  uint16_t length;  ///< how many elements follow the start
};

/// A container in memory in whatever form, with what decides on its form in bytes. Keeps pointers.
class ContainerSource {
 public:
  /// Sorted elements without repetition.
  static ContainerSource of_array(uint16_t key, std::span<const uint16_t> elements);
  /// 1024 words, with the true number of their bits.
  static ContainerSource of_bitset(uint16_t key, const uint64_t* words, uint32_t cardinality);
  /// Sorted runs that neither overlap nor touch.
  static ContainerSource of_runs(uint16_t key, std::span<const StoredRun> runs);

  uint16_t key() const { return key_; }
  uint32_t cardinality() const { return cardinality_; }

  /// Runs if they are shorter; at equal size the others, as most writers of the format have it. An array
  /// counts two bytes more than it takes, as CRoaring counts it. Up to 32 elements are always an array: what
  /// runs would save of so few (at most 58 bytes) is worth less than bytes that are those of other writers.
  ContainerKind form() const;
  size_t byte_size() const;
  void write(uint8_t* out) const;

 private:
  template <class F>
  void for_each_run(F&& f) const;
  template <class F>
  void for_each_element(F&& f) const;
  void write_runs(uint8_t* out) const;
  void write_array(uint8_t* out) const;
  void write_bitset(uint8_t* out) const;

  const void* data_ = nullptr;
  uint32_t cardinality_ = 0;
  uint32_t runs_ = 0;  // of a bitset with too many for the run form: some number above what fits
  uint16_t key_ = 0;
  ContainerKind kind_ = ContainerKind::Array;
};

/// The size of a bitmap of these containers, which ascend by key.
size_t canonical_size(std::span<const ContainerSource> containers);

/// Writes it to the front of `out`, which must have that room; returns the size.
size_t write_canonical(std::span<const ContainerSource> containers, std::span<uint8_t> out);

}  // namespace cdp::bitmap
