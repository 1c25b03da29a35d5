#pragma once

#include "bitmap/bitmap.hpp"
#include "bitmap/portable.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <roaring/roaring.h>

namespace cdp::bitmap {

/// Checks what decides on where the containers lie: keys ascend, offsets are true, arrays ascend, runs ascend
/// within their container and have as many elements as stated, nothing is missing and nothing follows. Bits
/// of bitsets are not counted. Throws Error(Corrupt). Cost: one pass over headers, arrays and runs; answers
/// interrupts. Returns the cardinality that the headers state.
uint64_t check_layout(ByteView bytes);

/// A read-only bitmap over portable bytes whose containers are not copied, for counts of two sets. The bytes
/// must live as long, and may have any alignment.
///
/// Its bytes pass check_layout(). That is less than Bitmap::from_bytes() checks: a bitset of another
/// cardinality than stated gives a wrong count or Error(Corrupt), never a read outside of the bytes.
class Frozen {
 public:
  /// Throws Error(Corrupt) as above, bad_alloc.
  explicit Frozen(ByteView bytes);

  uint64_t cardinality() const { return cardinality_; }
  bool intersects(const Frozen& other) const {
    return roaring_bitmap_intersect(set_.get(), other.set_.get());
  }

 private:
  friend uint64_t and_cardinality(const Frozen& a, const Frozen& b);

  struct Free {
    void operator()(roaring_bitmap_t* set) const noexcept { roaring_bitmap_free(set); }
  };
  uint64_t cardinality_;
  std::unique_ptr<roaring_bitmap_t, Free> set_;
};

/// How many elements both sets have. Throws Error(Corrupt) if that is more than one of them has.
uint64_t and_cardinality(const Frozen& a, const Frozen& b);

/// How many elements the operation on two sets gives.
uint64_t cardinality_of(SetOperation operation, ByteView a, ByteView b);

/// Common elements divided by all elements of both sets: 1 for equal sets, also for two empty ones.
double jaccard_index(ByteView a, ByteView b);

/// Questions to stored bytes that read the header and one container, as those of portable.hpp.
uint64_t rank(ByteView bytes, uint32_t element);              ///< how many elements are at most `element`
std::optional<uint32_t> nth(ByteView bytes, uint64_t index);  ///< the element that has `index` smaller ones

}  // namespace cdp::bitmap
