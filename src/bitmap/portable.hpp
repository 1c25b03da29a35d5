#pragma once

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/interrupt.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

/// The portable format of roaring bitmaps read in place, without making a Bitmap of it.
///
/// Source of the format: https://github.com/RoaringBitmap/RoaringFormatSpec. A set of 32-bit numbers is cut
/// into containers by the upper 16 bits (the key); a container holds the lower 16 bits as a sorted array
/// (at most 4096 of them), as a bitset of 8192 bytes, or as runs. All integers are little-endian.
namespace cdp::bitmap {

/// How a container keeps its elements.
enum class ContainerKind : uint8_t { Array, Bitset, Run };

constexpr uint32_t kMostArrayElements = 4096;
constexpr size_t kBitsetBytes = 8192;

/// One container within the bytes of a bitmap.
struct Container {
  ContainerKind kind;
  uint16_t key;          ///< upper 16 bits of its elements
  uint32_t cardinality;  ///< as the header states it, 1 to 65536
  ByteView bytes;  ///< uint16_t elements; 1024 words of 64 bits; or the count of runs and (start, length - 1)
};

/// The bytes of a bitmap, of which the header is checked. Reading a container checks that it lies within the
/// bytes; the elements of a container are not checked by anything but check(). Whatever the bytes are, no
/// function reads outside of them. Keeps a view: the bytes must live as long.
/// All functions throw Error of the category given, with the position of what is wrong as detail.
class View {
 public:
  /// Cost: constant.
  explicit View(ByteView bytes, Category category = Category::Corrupt);

  uint32_t container_count() const { return count_; }
  uint16_t key(uint32_t i) const;
  uint32_t cardinality(uint32_t i) const;
  Container container(uint32_t i) const;

  /// Where the last container ends, and with it the bitmap.
  size_t end() const;

  /// The container of that key; nullopt if there is none. Cost: a binary search.
  std::optional<Container> find(uint16_t key) const;

  /// Checks every byte: keys and elements ascend, runs neither overlap nor touch, cardinalities and offsets
  /// are true, nothing is missing and nothing follows. Cost: one pass; answers interrupts.
  void check() const;

  /// Checks one container's elements: they ascend, and are as many as stated.
  void check_elements(const Container& container) const;

  /// Checks all but the elements of containers, calling `f(container)` for each before the next one is
  /// looked at. Cost: one pass over the header; answers interrupts.
  template <class F>
  void for_each_container(F&& f) const {
    check_flags();
    InterruptTicker ticker;
    size_t position = body_at_;
    for (uint32_t i = 0; i < count_; ++i) {
      ticker.tick();
      const Container container = check_place(i, position);
      position += container.bytes.size();
      f(container);
    }
    if (position != bytes_.size()) fail("there are bytes after its end", position);
  }

  [[noreturn]] void fail(const char* problem, size_t position) const;

 private:
  bool is_run(uint32_t i) const;
  Container container_at(uint32_t i, size_t position) const;
  void check_flags() const;
  Container check_place(uint32_t i, size_t position) const;

  ByteView bytes_;
  Category category_;
  uint32_t count_ = 0;
  bool has_runs_ = false;
  bool has_offsets_ = false;
  size_t flags_at_ = 0;    // one bit a container: is it of runs
  size_t keys_at_ = 0;     // uint16_t key and uint16_t cardinality - 1 of each container
  size_t offsets_at_ = 0;  // uint32_t position of each container
  size_t body_at_ = 0;
};

/// Questions to stored bytes that read the header and at most one container. A false header or container
/// gives an Error or a wrong answer, never a read outside of the bytes.
bool contains(ByteView bytes, uint32_t element);
uint64_t cardinality(ByteView bytes);
std::optional<uint32_t> min(ByteView bytes);  ///< nullopt if empty
std::optional<uint32_t> max(ByteView bytes);  ///< nullopt if empty
inline bool is_empty(ByteView bytes) { return View(bytes).container_count() == 0; }

namespace detail {
static_assert(std::endian::native == std::endian::little, "the portable format is read in place");

/// An integer at any address.
template <class T>
T load(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

/// At how many places among `count` integers of 16 bits one is not larger than the one before. Goes by blocks
/// of one size, which vectorize.
size_t count_descents(const uint8_t* elements, size_t count);
inline bool ascends(const uint8_t* elements, size_t count) { return count_descents(elements, count) == 0; }

/// Elements of a bitset's 1024 words. The steps are those of Warren, Hacker's Delight, section 5-1, on all
/// words of a block at once, which every processor vectorizes; the instruction that counts bits is not on all
/// of them.
uint32_t count_bits(const uint8_t* words);

constexpr uint16_t kCookieWithRuns = 12347;
constexpr uint32_t kCookieWithoutRuns = 12346;
constexpr uint32_t kFewestWithOffsets = 4;  // of a bitmap with runs; one without always has offsets
constexpr uint32_t kMostContainers = 65536;
}  // namespace detail

}  // namespace cdp::bitmap
