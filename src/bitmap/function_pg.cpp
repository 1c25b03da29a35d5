/// Functions and operators of roaringbitmap and roaringbitmap64.

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/expanded_pg.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"

#include <algorithm>

extern "C" {
#include <utils/array.h>
}

using namespace cdp;
using bitmap::Kind32;
using bitmap::Kind64;
using bitmap::SetOperation;
using pg::Arguments;

namespace {

template <class Kind>
Datum combined(FunctionCallInfo fcinfo, SetOperation operation) {
  const Arguments arguments(fcinfo);
  return bitmap::to_datum(bitmap::combine(operation, bitmap::operand_of<Kind>(arguments.datum(0)),
                                          bitmap::operand_of<Kind>(arguments.datum(1))));
}

/// Whether all elements of argument `part` are in argument `whole`.
template <class Kind>
Datum contains(FunctionCallInfo fcinfo, int whole, int part) {
  const Arguments arguments(fcinfo);
  return BoolGetDatum(bitmap::operand_of<Kind>(arguments.datum(whole))
                          .contains_all(bitmap::operand_of<Kind>(arguments.datum(part))));
}

template <class Kind>
Datum intersects(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  return BoolGetDatum(
      bitmap::operand_of<Kind>(arguments.datum(0)).intersects(bitmap::operand_of<Kind>(arguments.datum(1))));
}

template <class Kind>
bool equals(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  return bitmap::operand_of<Kind>(arguments.datum(0)) == bitmap::operand_of<Kind>(arguments.datum(1));
}

/// The set after `change(set, element)`. A large one is kept in memory and shares its storage with the one it
/// was made of, so that a loop that adds element after element copies nothing; src/bitmap/versioned.hpp.
template <class Kind, class Change>
Datum changed(Datum value, Datum integer, Change change) {
  constexpr size_t kLargest = 512;  // of a set that is as quickly written again
  using Growing = typename Kind::Growing;
  const typename Kind::Element element = Kind::element(integer);
  if (Growing* expanded = bitmap::expanded_set<Kind>(value)) {
    if (bitmap::is_writable(value)) {
      change(*expanded, element);
      return value;
    }
    Growing next = expanded->successor();
    change(next, element);
    return bitmap::make_expanded<Kind>(CurrentMemoryContext, std::move(next));
  }
  const ByteView bytes = pg::bytes_of(value);
  Growing set(Kind::Set::from_bytes(bytes));
  change(set, element);
  if (bytes.size() <= kLargest) return bitmap::to_datum(Kind::read(set));
  return bitmap::make_expanded<Kind>(CurrentMemoryContext, std::move(set));
}

template <class Kind>
Datum with(Datum set, Datum integer) {
  return changed<Kind>(set, integer, [](auto& value, auto element) { value.add(element); });
}

template <class Kind>
Datum without(Datum set, Datum integer) {
  return changed<Kind>(set, integer, [](auto& value, auto element) { value.remove(element); });
}

template <class Kind>
Datum build(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  const ArrayType* array = pg::guard([&] {
    ArrayType* flat = DatumGetArrayTypeP(arguments.datum(0));
    if (array_contains_nulls(flat))
      ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("array must not contain nulls"),
                      errhint("Leave them out with array_remove(array, NULL).")));
    return flat;
  });
  const int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
  const auto* elements = reinterpret_cast<const typename Kind::Element*>(ARR_DATA_PTR(array));
  return bitmap::to_datum(Kind::Set::of({elements, static_cast<size_t>(count)}));
}

template <class Kind>
Datum to_array(FunctionCallInfo fcinfo) {
  using Element = typename Kind::Element;
  // As the server limits arrays.
  constexpr size_t kMostElements =
      std::min(MaxAllocSize / sizeof(Datum), (MaxAllocSize - 64) / sizeof(Element));
  const typename Kind::Set set = bitmap::set_of<Kind>(Arguments(fcinfo).datum(0));
  const uint64_t count = set.cardinality();
  if (count > kMostElements)
    throw Error(
        Category::Limit, std::string(Kind::kType) + " has too many elements for an array",
        "It has " + std::to_string(count) + ", an array at most " + std::to_string(kMostElements) + ".",
        "Use " + std::string(Kind::kIterate) + ".");
  if (count == 0) return pg::guard([] { return PointerGetDatum(construct_empty_array(Kind::kElementType)); });

  const size_t size = ARR_OVERHEAD_NONULLS(1) + sizeof(Element) * count;
  auto* array = pg::guard([&] { return static_cast<ArrayType*>(palloc(size)); });
  SET_VARSIZE(array, size);
  array->ndim = 1;
  array->dataoffset = 0;
  array->elemtype = Kind::kElementType;
  ARR_DIMS(array)[0] = static_cast<int>(count);
  ARR_LBOUND(array)[0] = 1;
  auto* out = reinterpret_cast<Element*>(ARR_DATA_PTR(array));
  set.for_each([&](Element value) { *out++ = value; });
  return PointerGetDatum(array);
}

}  // namespace

#define CDP_SET_FUNCTIONS(prefix, Kind)                                                                     \
  CDP_FUNCTION(prefix##_build) { return build<Kind>(fcinfo); }                                              \
  CDP_FUNCTION(prefix##_to_array) { return to_array<Kind>(fcinfo); }                                        \
  CDP_FUNCTION(prefix##_and) { return combined<Kind>(fcinfo, SetOperation::And); }                          \
  CDP_FUNCTION(prefix##_or) { return combined<Kind>(fcinfo, SetOperation::Or); }                            \
  CDP_FUNCTION(prefix##_xor) { return combined<Kind>(fcinfo, SetOperation::Xor); }                          \
  CDP_FUNCTION(prefix##_andnot) { return combined<Kind>(fcinfo, SetOperation::AndNot); }                    \
  CDP_FUNCTION(prefix##_add) { return with<Kind>(Arguments(fcinfo).datum(0), Arguments(fcinfo).datum(1)); } \
  CDP_FUNCTION(prefix##_add_to) {                                                                           \
    return with<Kind>(Arguments(fcinfo).datum(1), Arguments(fcinfo).datum(0));                              \
  }                                                                                                         \
  CDP_FUNCTION(prefix##_remove) {                                                                           \
    return without<Kind>(Arguments(fcinfo).datum(0), Arguments(fcinfo).datum(1));                           \
  }                                                                                                         \
  CDP_FUNCTION(prefix##_contains) { return contains<Kind>(fcinfo, 0, 1); }                                  \
  CDP_FUNCTION(prefix##_containedby) { return contains<Kind>(fcinfo, 1, 0); }                               \
  CDP_FUNCTION(prefix##_intersect) { return intersects<Kind>(fcinfo); }                                     \
  CDP_FUNCTION(prefix##_equals) { return BoolGetDatum(equals<Kind>(fcinfo)); }                              \
  CDP_FUNCTION(prefix##_not_equals) { return BoolGetDatum(!equals<Kind>(fcinfo)); }

CDP_SET_FUNCTIONS(rb, Kind32)
CDP_SET_FUNCTIONS(rb64, Kind64)

#undef CDP_SET_FUNCTIONS
