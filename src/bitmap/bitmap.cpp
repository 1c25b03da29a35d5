#include "bitmap/bitmap.hpp"

#include <algorithm>
#include <new>

namespace cdp::bitmap {

Bitmap::Bitmap(roaring_bitmap_t* made) : set_(made) {
  if (made == nullptr) throw std::bad_alloc();
}

Bitmap::Bitmap() : Bitmap(roaring_bitmap_create()) {}

Bitmap::Bitmap(const Bitmap& other) : Bitmap(roaring_bitmap_copy(other.set_.get())) {}

Bitmap& Bitmap::operator=(const Bitmap& other) {
  *this = Bitmap(other);
  return *this;
}

Bitmap Bitmap::of(std::span<const uint32_t> values) {
  Bitmap bitmap;
  bitmap.add_many(values);
  return bitmap;
}

Bitmap Bitmap::from_bytes(ByteView bytes, Category category) {
  View(bytes, category).check();
  // CRoaring accepts all that check() accepts, so what remains to fail is its memory.
  return Bitmap(
      roaring_bitmap_portable_deserialize_safe(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Bitmap Bitmap::union_of(std::span<const Bitmap> bitmaps) {
  std::vector<const roaring_bitmap_t*> sets;
  sets.reserve(bitmaps.size());
  for (const Bitmap& bitmap : bitmaps) sets.push_back(bitmap.set_.get());
  return Bitmap(roaring_bitmap_or_many(sets.size(), sets.data()));
}

std::string Bitmap::to_bytes() const {
  std::string bytes(byte_size(), '\0');
  write_to({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
  return bytes;
}

void Bitmap::add_many(std::span<const uint32_t> elements) {
  constexpr size_t kPiece = 65536;
  for (; !elements.empty(); elements = elements.subspan(std::min(kPiece, elements.size()))) {
    check_interrupts();
    roaring_bitmap_add_many(set_.get(), std::min(kPiece, elements.size()), elements.data());
  }
}

std::optional<uint32_t> Bitmap::min() const {
  if (is_empty()) return std::nullopt;
  return roaring_bitmap_minimum(set_.get());
}

std::optional<uint32_t> Bitmap::max() const {
  if (is_empty()) return std::nullopt;
  return roaring_bitmap_maximum(set_.get());
}

// CRoaring forbids the same bitmap on both sides of its in-place operations.

Bitmap& Bitmap::operator|=(const Bitmap& other) {
  if (this != &other) roaring_bitmap_or_inplace(set_.get(), other.set_.get());
  return *this;
}

Bitmap& Bitmap::operator&=(const Bitmap& other) {
  if (this != &other) roaring_bitmap_and_inplace(set_.get(), other.set_.get());
  return *this;
}

Bitmap& Bitmap::operator-=(const Bitmap& other) {
  if (this == &other) return *this = Bitmap();
  roaring_bitmap_andnot_inplace(set_.get(), other.set_.get());
  return *this;
}

Bitmap& Bitmap::operator^=(const Bitmap& other) {
  if (this == &other) return *this = Bitmap();
  roaring_bitmap_xor_inplace(set_.get(), other.set_.get());
  return *this;
}

Bitmap Bitmap::shifted(int64_t offset) const { return Bitmap(roaring_bitmap_add_offset(set_.get(), offset)); }

std::vector<uint32_t> Bitmap::to_vector() const {
  std::vector<uint32_t> elements(cardinality());
  roaring_bitmap_to_uint32_array(set_.get(), elements.data());
  return elements;
}

}  // namespace cdp::bitmap
