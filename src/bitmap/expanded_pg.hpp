#pragma once

#include "pg/server.hpp"

#include "bitmap/kinds_pg.hpp"

namespace cdp::bitmap {

/// Expanded values of roaringbitmap, roaringbitmap64 and rb_bsi: sets in a memory context of their own that
/// become bytes only where they are stored, sent or given to a function that asks for bytes
/// (src/include/utils/expandeddatum.h of the server). The states of the aggregates are such values, so that a
/// state is of the type itself: other processes and nodes get it as plain bytes and can combine it. There are
/// two forms: sets, and unions in the making.

/// Whether the holder of this expanded value may change it in place.
bool is_writable(Datum value);

/// The set of an expanded value of that form; nullptr if the value is of another one.
template <class Kind>
typename Kind::Growing* expanded_set(Datum value);
/// An expanded value, writable, in a new child of `parent`.
template <class Kind>
Datum make_expanded(MemoryContext parent, typename Kind::Growing set);

/// The union of an expanded value of that form; nullptr if the value is of another one.
template <class Kind>
typename Kind::Union* expanded_union(Datum value);
/// An expanded value, writable, in a new child of `parent`, and its union, which has nothing yet.
template <class Kind>
struct ExpandedUnion {
  Datum value;
  typename Kind::Union* set;
};
template <class Kind>
ExpandedUnion<Kind> make_union(MemoryContext parent);

}  // namespace cdp::bitmap
