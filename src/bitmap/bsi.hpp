#pragma once

#include "bitmap/bitmap.hpp"
#include "bitmap/operand.hpp"

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Bit-sliced integers: a value of 64 bits for each of some ids (O'Neil and Quass, "Improved Query
/// Performance with Variant Indexes", SIGMOD 1997). One bitmap has the ids; slice i has those ids whose value
/// has bit i, in two's complement of as many bits as the values need, so that the last slice is that of the
/// sign.
namespace cdp::bitmap {

struct BsiEntry {
  uint32_t id;
  int64_t value;
  friend bool operator==(const BsiEntry&, const BsiEntry&) = default;
};

/// The bytes of such integers: a byte of version (1), one of how many slices there are (0 to 64), two zero
/// bytes, the sizes of ids and slices as 32-bit numbers, and those bitmaps in the portable format.
class BsiView {
 public:
  /// Checks where the bitmaps lie. Throws Error of `category` for other bytes than these.
  explicit BsiView(ByteView bytes, Category category = Category::Corrupt);

  ByteView ids() const { return ids_; }
  size_t slice_count() const { return slices_.size(); }
  ByteView slice(size_t i) const { return slices_[i]; }

  /// The value of an id, nullopt if it has none. Reads a container of each bitmap, unchecked.
  std::optional<int64_t> get(uint32_t id) const;

 private:
  friend class Bsi;
  [[noreturn]] void fail(const std::string& problem) const;

  size_t size_;
  Category category_;
  ByteView ids_;
  std::vector<ByteView> slices_;
};

/// The integers in memory, to make and change.
class Bsi {
 public:
  Bsi() = default;
  /// Of entries that ascend by id, unsigned, without repetition.
  static Bsi of(std::span<const BsiEntry> entries);
  /// Checks every byte, and that slices have no other ids. Throws as BsiView does.
  static Bsi from_bytes(ByteView bytes, Category category = Category::Corrupt);

  size_t byte_size() const;
  size_t write_to(std::span<uint8_t> out) const;
  std::string to_bytes() const;

  void set(uint32_t id, int64_t value);
  void remove(uint32_t id);

  /// Ascending by id, unsigned. Answers interrupts.
  std::vector<BsiEntry> entries() const;

 private:
  void trim();

  Bitmap ids_;
  std::vector<Bitmap> slices_;
};

/// Gathers values of ids in any order; those of one id are added up. Memory: 32 bytes an id at most, from the
/// resource.
class BsiBuilder {
 public:
  explicit BsiBuilder(std::pmr::memory_resource* memory) : entries_(memory) {}

  /// Throws Error(OutOfRange) where a sum leaves the 64-bit integers; it may come with a later call.
  void add(uint32_t id, int64_t value);
  void add(const Bsi& more);

  Bsi finish();
  // What an expanded value is asked for.
  size_t byte_size() { return finish().byte_size(); }
  size_t write_to(std::span<uint8_t> out) { return finish().write_to(out); }

 private:
  void settle();

  std::pmr::vector<BsiEntry> entries_;
  size_t settled_ = 0;  // how many of them ascend by id, without repetition
};

enum class Comparison : uint8_t { Less, LessOrEqual, Equal, NotEqual, GreaterOrEqual, Greater };

/// Questions to stored integers, about all ids or those that a set has. Every byte that is read is checked.
/// Cost: operations on as many bitmaps as there are slices; answer interrupts.
class BsiReader {
 public:
  /// Throws Error(Corrupt).
  explicit BsiReader(ByteView bytes);
  BsiReader(ByteView bytes, const Operand& within);

  /// The ids whose value compares so.
  Bitmap compare(Comparison comparison, int64_t value) const;
  /// The ids whose value is from `low` to `high`, both included.
  Bitmap between(int64_t low, int64_t high) const;

  uint64_t count() const { return ids_.cardinality(); }
  __int128 sum() const;
  std::optional<int64_t> min() const { return extreme(false); }  ///< nullopt without ids
  std::optional<int64_t> max() const { return extreme(true); }

  /// The `count` ids with the largest or smallest values; of ids with one value, the smaller ones come first.
  Bitmap first(uint64_t count, bool is_largest_first) const;

 private:
  /// The ids of `among` whose values have the bit, or have it not; in order of the values the sign is the
  /// other way round.
  Bitmap having(const Bitmap& among, size_t i, bool is_greater) const;
  std::optional<int64_t> extreme(bool is_largest) const;

  Bitmap ids_;
  std::vector<Operand> slices_;
};

/// `{1:10,-1:-5}`: ids as integers, in ascending order of their unsigned value, or `\x01…`, the bytes in
/// hexadecimal. Reading throws Error(BadText) that names the character, Error(OutOfRange) for a number that
/// is none of its type; writing throws Error(Limit) for more than 1 GB.
Bsi parse_bsi(std::string_view text);
std::string to_text(const Bsi& bsi);

}  // namespace cdp::bitmap
