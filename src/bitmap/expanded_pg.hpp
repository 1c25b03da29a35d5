#pragma once

#include "pg/server.hpp"

#include "bitmap/accumulator.hpp"
#include "bitmap/versioned.hpp"

namespace cdp::bitmap {

/// Expanded values of type roaringbitmap: sets in a memory context of their own that become bytes only where
/// they are stored, sent or given to a function that asks for bytes (src/include/utils/expandeddatum.h of the
/// server). The states of the aggregates are such values, so that a state is of the type itself: other
/// processes and nodes get it as plain bytes and can combine it. There are two kinds: bitmaps, and unions in
/// the making.

/// Whether the holder of this expanded value may change it in place.
bool is_writable(Datum value);

/// The bitmap of an expanded value of that kind; nullptr if the value is of another form.
Versioned* expanded_bitmap(Datum value);
/// An expanded value, writable, in a new child of `parent`.
Datum make_expanded(MemoryContext parent, Versioned bitmap);

/// The union of an expanded value of that kind; nullptr if the value is of another form.
Accumulator* expanded_union(Datum value);
/// An expanded value, writable, in a new child of `parent`, and its union, which has nothing yet.
struct ExpandedUnion {
  Datum value;
  Accumulator* set;
};
ExpandedUnion make_union(MemoryContext parent);

}  // namespace cdp::bitmap
