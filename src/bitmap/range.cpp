/// Ranges and positions of the elements of a Bitmap.

#include "bitmap/bitmap.hpp"

#include <algorithm>

namespace cdp::bitmap {

namespace {

/// Calls `f(first, last)` for pieces of the range, so that no call takes long. CRoaring has no check of its
/// own.
template <class F>
void in_pieces(uint64_t begin, uint64_t end, F&& f) {
  constexpr uint64_t kPiece = uint64_t{1} << 28;  // 4096 containers
  end = std::min(end, Bitmap::kNumbers);
  while (begin < end) {
    check_interrupts();
    const uint64_t next = std::min(end, (begin / kPiece + 1) * kPiece);
    f(static_cast<uint32_t>(begin), static_cast<uint32_t>(next - 1));
    begin = next;
  }
}

}  // namespace

void Bitmap::fill(uint64_t begin, uint64_t end) {
  in_pieces(begin, end,
            [&](uint32_t first, uint32_t last) { roaring_bitmap_add_range_closed(set_.get(), first, last); });
}

void Bitmap::clear(uint64_t begin, uint64_t end) {
  in_pieces(begin, end, [&](uint32_t first, uint32_t last) {
    roaring_bitmap_remove_range_closed(set_.get(), first, last);
  });
}

void Bitmap::flip(uint64_t begin, uint64_t end) {
  in_pieces(begin, end, [&](uint32_t first, uint32_t last) {
    roaring_bitmap_flip_inplace(set_.get(), first, uint64_t{last} + 1);
  });
}

Bitmap Bitmap::within(uint64_t begin, uint64_t end) const {
  Bitmap range;
  range.fill(begin, end);
  check_interrupts();
  return Bitmap(roaring_bitmap_and(set_.get(), range.set_.get()));
}

std::optional<uint32_t> Bitmap::nth(uint64_t index) const {
  uint32_t found = 0;
  if (index >= kNumbers || !roaring_bitmap_select(set_.get(), static_cast<uint32_t>(index), &found))
    return std::nullopt;
  return found;
}

std::optional<uint32_t> Bitmap::at_or_after(uint32_t bound) const {
  roaring_uint32_iterator_t iterator;
  roaring_iterator_init(set_.get(), &iterator);
  if (!roaring_uint32_iterator_move_equalorlarger(&iterator, bound)) return std::nullopt;
  return iterator.current_value;
}

Bitmap::DescendingReader::DescendingReader(const Bitmap& bitmap, uint32_t upper) {
  roaring_iterator_init(bitmap.set_.get(), &iterator_);
  if (!roaring_uint32_iterator_move_equalorlarger(&iterator_, upper)) {
    roaring_iterator_init_last(bitmap.set_.get(), &iterator_);
  } else if (iterator_.current_value > upper) {
    roaring_uint32_iterator_previous(&iterator_);
  }
}

size_t Bitmap::DescendingReader::read(std::span<uint32_t> elements) {
  size_t count = 0;
  while (count < elements.size() && iterator_.has_value) {
    elements[count++] = iterator_.current_value;
    roaring_uint32_iterator_previous(&iterator_);
  }
  return count;
}

}  // namespace cdp::bitmap
