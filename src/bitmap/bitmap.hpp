#pragma once

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "bitmap/portable.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <roaring/roaring.h>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cdp::bitmap {

class Operand;

/// What sets have to do with each other: elements of all, of any, of an odd number of them, or of the first
/// and no other.
enum class SetOperation : uint8_t { And, Or, Xor, AndNot };

/// A set of 32-bit unsigned numbers, compressed (a roaring bitmap of CRoaring).
///
/// A value type: copies are deep. Of a moved-from bitmap only destruction and assignment are allowed.
/// Functions that make a bitmap throw bad_alloc where memory is out.
class Bitmap {
 public:
  /// The empty set.
  Bitmap();
  Bitmap(const Bitmap& other);
  Bitmap(Bitmap&& other) noexcept = default;
  Bitmap& operator=(const Bitmap& other);
  Bitmap& operator=(Bitmap&& other) noexcept = default;
  ~Bitmap() = default;

  /// The set of the values, which may be in any order and repeat.
  static Bitmap of(std::span<const uint32_t> values);

  /// Reads the portable format, every byte checked. Throws Error of `category` for anything that is not
  /// exactly one valid bitmap: Corrupt for stored bytes, BadBinary or BadText for what a client sent.
  static Bitmap from_bytes(ByteView bytes, Category category = Category::Corrupt);

  /// The union of all; faster than one `|=` after the other.
  static Bitmap union_of(std::span<const Bitmap> bitmaps);

  /// The portable format in its canonical form: equal sets give equal bytes, whatever they were made from.
  /// A container of more than 32 elements is kept as runs where that is shortest; else it is an array (up to
  /// 4096 elements) or a bitset.
  std::string to_bytes() const;
  /// The size of those bytes, at most 538 MB. Cost: one pass over the containers.
  size_t byte_size() const;
  /// Writes those bytes to the front of `out`, which must have room for byte_size(); returns their number.
  size_t write_to(std::span<uint8_t> out) const;

  /// Adds or removes an element; says whether that changed the set.
  bool add(uint32_t element) { return roaring_bitmap_add_checked(set_.get(), element); }
  bool remove(uint32_t element) { return roaring_bitmap_remove_checked(set_.get(), element); }

  /// What is between `begin` and `end` (exclusive, at most 2^32; an empty or reversed range has nothing):
  /// adds all of it, removes all of it, or changes for each number whether it is in the set. Cost: by
  /// containers. Answer interrupts.
  void fill(uint64_t begin, uint64_t end);
  void clear(uint64_t begin, uint64_t end);
  void flip(uint64_t begin, uint64_t end);
  /// The elements of such a range as a set of their own.
  Bitmap within(uint64_t begin, uint64_t end) const;

  /// How many elements are at most `element`. Cost: one pass over the containers before it.
  uint64_t rank(uint32_t element) const { return roaring_bitmap_rank(set_.get(), element); }
  /// How many elements are less than `bound`.
  uint64_t count_below(uint64_t bound) const {
    return bound == 0 ? 0 : rank(static_cast<uint32_t>(std::min(bound, kNumbers) - 1));
  }
  /// The element that has `index` smaller ones; nullopt if there is none.
  std::optional<uint32_t> nth(uint64_t index) const;
  /// The smallest element that is at least `bound`; nullopt if there is none.
  std::optional<uint32_t> at_or_after(uint32_t bound) const;
  /// The numbers that can be elements.
  static constexpr uint64_t kNumbers = uint64_t{1} << 32;

  /// Reads the elements in descending order from the largest that is at most `upper`. The bitmap must stay as
  /// it is meanwhile.
  class DescendingReader {
   public:
    DescendingReader(const Bitmap& bitmap, uint32_t upper);

    /// Fills `elements` from its front; returns how many, 0 at the end.
    size_t read(std::span<uint32_t> elements);

   private:
    roaring_uint32_iterator_t iterator_;
  };

  void add_many(std::span<const uint32_t> elements);

  /// Is a user's number in the set that `users` points to? For pg::OrderedScan::set_filter().
  static bool has_user(const void* users, int64_t user_no) noexcept {
    return static_cast<const Bitmap*>(users)->contains(static_cast<uint32_t>(user_no));
  }

  bool contains(uint32_t element) const { return roaring_bitmap_contains(set_.get(), element); }
  bool contains_all(const Bitmap& other) const {
    return roaring_bitmap_is_subset(other.set_.get(), set_.get());
  }
  bool intersects(const Bitmap& other) const {
    return roaring_bitmap_intersect(set_.get(), other.set_.get());
  }
  bool is_empty() const { return roaring_bitmap_is_empty(set_.get()); }
  uint64_t cardinality() const { return roaring_bitmap_get_cardinality(set_.get()); }
  std::optional<uint32_t> min() const;  ///< nullopt if empty
  std::optional<uint32_t> max() const;  ///< nullopt if empty

  Bitmap& operator|=(const Bitmap& other);  ///< union
  Bitmap& operator&=(const Bitmap& other);  ///< intersection
  Bitmap& operator-=(const Bitmap& other);  ///< without the elements of `other`
  Bitmap& operator^=(const Bitmap& other);  ///< what is in exactly one of both

  /// Every element plus `offset`, without those that leave 0 … 2^32 - 1. Cheap where `offset` is a multiple
  /// of 65536: containers are copied as they are.
  Bitmap shifted(int64_t offset) const;

  /// Equality as sets.
  friend bool operator==(const Bitmap& a, const Bitmap& b) {
    return roaring_bitmap_equals(a.set_.get(), b.set_.get());
  }

  /// Reads the elements in ascending order, a piece at a time. The bitmap must stay as it is meanwhile.
  class Reader {
   public:
    explicit Reader(const Bitmap& bitmap) { roaring_iterator_init(bitmap.set_.get(), &iterator_); }
    /// Begins with the smallest element that is at least `lower`.
    Reader(const Bitmap& bitmap, uint32_t lower) : Reader(bitmap) {
      roaring_uint32_iterator_move_equalorlarger(&iterator_, lower);
    }

    /// Fills `elements` from its front; returns how many, 0 at the end.
    size_t read(std::span<uint32_t> elements) {
      return roaring_uint32_iterator_read(&iterator_, elements.data(),
                                          static_cast<uint32_t>(elements.size()));
    }

   private:
    roaring_uint32_iterator_t iterator_;
  };

  /// Calls `f(element)` for each element in ascending order; answers interrupts.
  template <class F>
  void for_each(F&& f) const {
    std::array<uint32_t, 1024> piece;
    Reader reader(*this);
    while (const size_t count = reader.read(piece)) {
      check_interrupts();
      for (size_t i = 0; i < count; ++i) f(piece[i]);
    }
  }

  /// The elements in ascending order.
  std::vector<uint32_t> to_vector() const;

 private:
  friend class Operand;
  friend Bitmap combine(SetOperation operation, const Operand& a, const Operand& b);
  friend Bitmap& operator&=(Bitmap& bitmap, const Operand& set);
  friend Bitmap& operator^=(Bitmap& bitmap, const Operand& set);

  struct Free {
    void operator()(roaring_bitmap_t* set) const noexcept { roaring_bitmap_free(set); }
  };
  using Pointer = std::unique_ptr<roaring_bitmap_t, Free>;

  /// Takes over what CRoaring made; throws bad_alloc for NULL.
  explicit Bitmap(roaring_bitmap_t* made);

  Pointer set_;
};

}  // namespace cdp::bitmap
