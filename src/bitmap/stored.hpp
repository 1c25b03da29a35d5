#pragma once

#include "bitmap/portable.hpp"

#include <cstdint>
#include <optional>

/// Questions to a stored set that lies in pieces (a large value out of its row), answered from as few of its
/// bytes as they need. The answers and errors are those of portable.hpp and frozen.hpp: a false header or
/// container gives an Error or a wrong answer, never a read outside of the bytes.
namespace cdp::bitmap {

/// Bytes of which any part can be had.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual size_t size() const = 0;
  /// The part of that offset and length, which lies within the size; good as long as the source.
  virtual ByteView read(size_t offset, size_t length) = 0;
};

/// The size of the set at the start of the source, which may have more. Reads the header's start and what
/// says where the last container ends.
size_t extent(ByteSource& source);

/// Reads the header's start, a few pieces of the table of keys, and what of the element's container decides.
bool contains(ByteSource& source, uint32_t element);
/// Reads the table of keys.
uint64_t cardinality(ByteSource& source);
/// Reads the header's start.
bool is_empty(ByteSource& source);
/// Read one entry of the table of keys and one container; nullopt if the set is empty.
std::optional<uint32_t> min(ByteSource& source);
std::optional<uint32_t> max(ByteSource& source);
/// Reads the table of keys up to the element's and one container: how many elements are at most `element`.
uint64_t rank(ByteSource& source, uint32_t element);
/// Reads the table of keys and one container: the element that has `index` smaller ones; nullopt if there is
/// none.
std::optional<uint32_t> nth(ByteSource& source, uint64_t index);

}  // namespace cdp::bitmap
