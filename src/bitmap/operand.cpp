#include "bitmap/operand.hpp"

#include <new>

namespace cdp::bitmap {

Operand::Operand(const Bitmap& bitmap) : set_(bitmap.set_.get()) {}

Operand::Operand(ByteView bytes) : set_(nullptr) {
  View(bytes).check();
  view_.reset(roaring_bitmap_portable_deserialize_frozen(reinterpret_cast<const char*>(bytes.data())));
  if (view_ == nullptr) throw std::bad_alloc();  // the bytes are checked, so what remains to fail is memory
  set_ = view_.get();
}

Bitmap combine(SetOperation operation, const Operand& a, const Operand& b) {
  switch (operation) {
    case SetOperation::And:
      return Bitmap(roaring_bitmap_and(a.set_, b.set_));
    case SetOperation::Or:
      return Bitmap(roaring_bitmap_or(a.set_, b.set_));
    case SetOperation::Xor:
      return Bitmap(roaring_bitmap_xor(a.set_, b.set_));
    case SetOperation::AndNot:
      return Bitmap(roaring_bitmap_andnot(a.set_, b.set_));
  }
  return Bitmap();
}

// CRoaring forbids the same bitmap on both sides of its in-place operations.

Bitmap& operator&=(Bitmap& bitmap, const Operand& set) {
  if (bitmap.set_.get() != set.set_) roaring_bitmap_and_inplace(bitmap.set_.get(), set.set_);
  return bitmap;
}

Bitmap& operator^=(Bitmap& bitmap, const Operand& set) {
  if (bitmap.set_.get() == set.set_) return bitmap = Bitmap();
  roaring_bitmap_xor_inplace(bitmap.set_.get(), set.set_);
  return bitmap;
}

}  // namespace cdp::bitmap
