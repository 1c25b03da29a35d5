#pragma once

#include "bitmap/accumulator.hpp"

#include <cstdint>
#include <map>
#include <memory_resource>
#include <span>
#include <vector>

namespace cdp::bitmap {

/// A union of 64-bit numbers in the making, see Accumulator: one of those for each upper half that has many
/// elements, and a list of all others, which is put in order whenever it has doubled. Not to be used after
/// bad_alloc. Memory comes from the resource: that of the parts, and at most 24 bytes for each other element.
class Accumulator64 {
 public:
  explicit Accumulator64(std::pmr::memory_resource* memory);

  void add(uint64_t element);
  /// Adds all elements of a set in the portable format. Throws Error(Corrupt) as Accumulator::add() does.
  void add(ByteView set);

  /// Answers of the union so far; they order what was added since the last one.
  uint64_t cardinality();
  size_t byte_size();                       ///< of the canonical portable form
  size_t write_to(std::span<uint8_t> out);  ///< writes that form, which must fit; returns its size
  std::string to_bytes();

 private:
  Accumulator& make_part(uint32_t high);
  void settle();
  template <class F>
  void for_each_part(F&& f);

  std::pmr::memory_resource* memory_;
  std::pmr::map<uint32_t, Accumulator> parts_;
  Accumulator* last_ = nullptr;  // the part used last
  uint32_t last_high_ = 0;
  std::pmr::vector<uint64_t> others_;  // elements of upper halves that have no part
  size_t ordered_ = 0;                 // how many of them are in order, without repetition
};

inline void Accumulator64::add(uint64_t element) {
  const auto high = static_cast<uint32_t>(element >> 32);
  if (last_ == nullptr || last_high_ != high) {
    const auto found = parts_.find(high);
    if (found == parts_.end()) {
      constexpr size_t kFewest = 1024;
      others_.push_back(element);
      if (others_.size() >= kFewest && others_.size() / 2 > ordered_) settle();
      return;
    }
    last_ = &found->second;
    last_high_ = high;
  }
  last_->add(static_cast<uint32_t>(element));
}

}  // namespace cdp::bitmap
