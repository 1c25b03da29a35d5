#pragma once

#include "pg/server.hpp"

#include "bitmap/kinds_pg.hpp"

namespace cdp::bitmap {

/// The set in an SQL value of type roaringbitmap or roaringbitmap64 (plain, toasted or expanded), every byte
/// checked. Throws Error(Corrupt) for damaged bytes.
template <class Kind>
typename Kind::Set set_of(Datum value);
inline Bitmap bitmap_of(Datum value) { return set_of<Kind32>(value); }

/// The same to read only, without a copy where that can be; the value must stay as it is meanwhile.
template <class Kind>
typename Kind::Operand operand_of(Datum value);

/// A new SQL value in the current memory context.
Datum to_datum(const Bitmap& set);
Datum to_datum(const Bitmap64& set);
Datum to_datum(const Bsi& integers);

}  // namespace cdp::bitmap
