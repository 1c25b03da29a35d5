#pragma once

#include "pg/server.hpp"

#include "bitmap/bitmap.hpp"

namespace cdp::bitmap {

/// Expanded values of type roaringbitmap: a Bitmap in a memory context of its own that is changed in place
/// and becomes bytes only where it is stored, sent or given to a function that asks for bytes
/// (src/include/utils/expandeddatum.h of the server). The states of the aggregates are such values, so that
/// a state is of the type itself: other processes and nodes get it as plain bytes and can combine it.

/// The bitmap to read of an expanded value; nullptr if the value is of another form.
const Bitmap* expanded_bitmap(Datum value);

/// The bitmap of an expanded value that its holder may change; nullptr if the value is of another form.
Bitmap* writable_bitmap(Datum value);

/// An expanded value in a new child of `parent`, and where its bitmap is.
struct Expanded {
  Datum value;
  Bitmap* bitmap;
};
Expanded make_expanded(MemoryContext parent, Bitmap bitmap);

}  // namespace cdp::bitmap
