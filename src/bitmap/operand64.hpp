#pragma once

#include "bitmap/bitmap64.hpp"
#include "bitmap/operand.hpp"

#include <compare>
#include <span>
#include <vector>

/// Operations on two or more sets of 64-bit numbers: those of 32-bit ones, part by part.
namespace cdp::bitmap {

/// A set that an operation reads, see Operand. What it was made of must live as long and stay as it is.
class Operand64 {
 public:
  struct Part {
    uint32_t high;
    Operand set;
  };

  explicit Operand64(const Bitmap64& set);
  /// Every byte is checked: throws Error(Corrupt) for anything that is not exactly one valid set.
  explicit Operand64(ByteView bytes);

  const std::vector<Part>& parts() const& { return parts_; }
  const std::vector<Part>& parts() const&& = delete;  // they would not outlive it

  bool contains_all(const Operand64& other) const;
  bool intersects(const Operand64& other) const;
  friend bool operator==(const Operand64& a, const Operand64& b);

 private:
  std::vector<Part> parts_;  // ascending by upper half
};

bool operator==(const Operand64& a, const Operand64& b);

/// The elements of both, of any, of exactly one, or of `a` without those of `b`. Throws bad_alloc; answers
/// interrupts.
Bitmap64 combine(SetOperation operation, const Operand64& a, const Operand64& b);

/// Keep of a set what the other has too, or change for each element of the other whether the set has it.
/// Parts of which the other has nothing are not touched.
Bitmap64& operator&=(Bitmap64& set, const Operand64& other);
Bitmap64& operator^=(Bitmap64& set, const Operand64& other);

/// How many elements the operation gives; see cardinality_of() in counts.hpp.
uint64_t cardinality_of64(SetOperation operation, std::span<const ByteView> sets);

/// Common elements divided by all elements of both sets: 1 for equal sets, also for two empty ones.
double jaccard_index64(ByteView a, ByteView b);

/// Order and hash of stored sets, as in compare.hpp.
std::strong_ordering compare64(ByteView a, ByteView b);
uint64_t hash_set64(ByteView set, uint64_t seed = 0);

}  // namespace cdp::bitmap
