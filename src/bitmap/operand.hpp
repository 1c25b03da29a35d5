#pragma once

#include "bitmap/bitmap.hpp"
#include "bitmap/frozen.hpp"

#include <memory>
#include <roaring/roaring.h>

namespace cdp::bitmap {

/// A set that an operation reads: a bitmap in memory, or bytes that are viewed in place and not copied. What
/// it was made of must live as long and stay as it is.
class Operand {
 public:
  explicit Operand(const Bitmap& bitmap);
  /// Every byte is checked: throws Error(Corrupt) for anything that is not exactly one valid bitmap.
  explicit Operand(ByteView bytes);

  /// A bitmap of its own. Throws bad_alloc.
  Bitmap copy() const { return Bitmap(roaring_bitmap_copy(set_)); }

  uint64_t cardinality() const { return roaring_bitmap_get_cardinality(set_); }
  bool contains_all(const Operand& other) const { return roaring_bitmap_is_subset(other.set_, set_); }
  bool intersects(const Operand& other) const { return roaring_bitmap_intersect(set_, other.set_); }
  /// How many elements both have.
  uint64_t common(const Operand& other) const { return roaring_bitmap_and_cardinality(set_, other.set_); }
  friend bool operator==(const Operand& a, const Operand& b) { return roaring_bitmap_equals(a.set_, b.set_); }

  /// The elements of both, of any, of exactly one, or of `a` without those of `b`. Throws bad_alloc.
  friend Bitmap combine(SetOperation operation, const Operand& a, const Operand& b);

  /// Keep of a bitmap what this set has too, or change for each of its elements whether the bitmap has it.
  friend Bitmap& operator&=(Bitmap& bitmap, const Operand& set);
  friend Bitmap& operator^=(Bitmap& bitmap, const Operand& set);

 private:
  struct Free {
    void operator()(roaring_bitmap_t* set) const noexcept { roaring_bitmap_free(set); }
  };

  std::unique_ptr<roaring_bitmap_t, Free> view_;  // of bytes
  const roaring_bitmap_t* set_;
};

Bitmap combine(SetOperation operation, const Operand& a, const Operand& b);
Bitmap& operator&=(Bitmap& bitmap, const Operand& set);
Bitmap& operator^=(Bitmap& bitmap, const Operand& set);

}  // namespace cdp::bitmap
