#pragma once

#include "pg/server.hpp"

#include "bitmap/bitmap.hpp"
#include "bitmap/operand.hpp"

namespace cdp::bitmap {

/// The set in an SQL value of type roaringbitmap (plain, toasted or expanded), every byte checked. Throws
/// Error(Corrupt) for damaged bytes.
Bitmap bitmap_of(Datum value);

/// The same to read only, without a copy where that can be; the value must stay as it is meanwhile.
Operand operand_of(Datum value);

/// A new SQL value of type roaringbitmap in the current memory context.
Datum to_datum(const Bitmap& bitmap);

}  // namespace cdp::bitmap
