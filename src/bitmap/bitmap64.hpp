#pragma once

#include "bitmap/bitmap.hpp"
#include "bitmap/versioned.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cdp::bitmap {

/// A set of 64-bit unsigned numbers: for each upper half a bitmap of the lower ones.
///
/// A value type whose copies share their parts until one of them is changed, see versioned.hpp. Ranges have
/// both ends included, so that the last number can be one. Functions that make a set throw bad_alloc where
/// memory is out.
class Bitmap64 {
 public:
  struct Part {
    uint32_t high;
    Versioned set;  ///< never empty
  };

  /// The empty set.
  Bitmap64() = default;

  /// The set of the values, which may be in any order and repeat.
  static Bitmap64 of(std::span<const uint64_t> values);
  /// Reads the portable format, every byte checked; throws as Bitmap::from_bytes() does.
  static Bitmap64 from_bytes(ByteView bytes, Category category = Category::Corrupt);
  /// The set of these parts, of which those that are empty are dropped; they ascend by their upper half.
  static Bitmap64 from_parts(std::vector<Part> parts);

  /// The portable format in its canonical form, see Bitmap::to_bytes().
  std::string to_bytes() const;
  size_t byte_size() const;
  size_t write_to(std::span<uint8_t> out) const;

  /// A copy that is made for being changed, see Versioned::successor().
  Bitmap64 successor();

  /// Cost: that of one element, and of how many parts there are.
  void add(uint64_t element);
  void remove(uint64_t element);

  /// Add, remove or change all numbers from `first` to `last`; nothing where that is less. Answer interrupts.
  /// fill() and flip() throw Error(Limit) where the result would have more than 1 GB in any case.
  void fill(uint64_t first, uint64_t last);
  void clear(uint64_t first, uint64_t last);
  void flip(uint64_t first, uint64_t last);
  /// The elements from `first` to `last` as a set of their own.
  Bitmap64 within(uint64_t first, uint64_t last) const;
  /// Every element plus `distance`, without those that leave the numbers.
  Bitmap64 shifted(int64_t distance) const;

  /// How many elements are at most `element`.
  uint64_t rank(uint64_t element) const;
  /// The element that has `index` smaller ones; nullopt if there is none.
  std::optional<uint64_t> nth(uint64_t index) const;

  bool contains(uint64_t element) const;
  bool is_empty() const { return parts_.empty(); }
  uint64_t cardinality() const;
  std::optional<uint64_t> min() const;  ///< nullopt if empty
  std::optional<uint64_t> max() const;  ///< nullopt if empty

  const std::vector<Part>& parts() const { return parts_; }
  /// The parts, to make another set of; this one is empty afterwards.
  std::vector<Part> take_parts() { return std::exchange(parts_, {}); }

  /// Reads the elements that are at least `lower` in ascending order, a piece at a time. The set must stay as
  /// it is meanwhile.
  class Reader {
   public:
    explicit Reader(const Bitmap64& set, uint64_t lower = 0);
    /// Fills `elements` from its front; returns how many, 0 at the end.
    size_t read(std::span<uint64_t> elements);

   private:
    const Bitmap64* set_;
    size_t part_;
    std::optional<Bitmap::Reader> reader_;  // of that part; none yet: it begins with the next one
  };

  /// The same in descending order from the largest element that is at most `upper`.
  class DescendingReader {
   public:
    DescendingReader(const Bitmap64& set, uint64_t upper);
    size_t read(std::span<uint64_t> elements);

   private:
    const Bitmap64* set_;
    size_t part_;  // one more than the index of the part that is read
    std::optional<Bitmap::DescendingReader> reader_;
  };

  /// Calls `f(element)` for each element in ascending order; answers interrupts.
  template <class F>
  void for_each(F&& f) const {
    for (const Part& part : parts_)
      part.set.read().for_each([&](uint32_t low) { f(uint64_t{part.high} << 32 | low); });
  }

 private:
  /// The index of the first part whose upper half is at least `high`.
  size_t index_of(uint32_t high) const;

  std::vector<Part> parts_;  // ascending by upper half
};

}  // namespace cdp::bitmap
