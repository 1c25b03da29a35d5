/// Functions and operators of roaringbitmap.

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/portable.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"

extern "C" {
#include <catalog/pg_type_d.h>
#include <utils/array.h>
}

using namespace cdp;
using bitmap::Bitmap;
using pg::Arguments;

namespace {

/// SQL's integer and the element it stands for: the same 32 bits.
uint32_t element(int32_t integer) { return static_cast<uint32_t>(integer); }

Datum element_or_null(FunctionCallInfo fcinfo, std::optional<uint32_t> found) {
  if (!found) return pg::null_result(fcinfo);
  return Int32GetDatum(static_cast<int32_t>(*found));
}

/// The result of an operation that changes its left operand.
template <class Operation>
Datum changed(FunctionCallInfo fcinfo, Operation operation) {
  const Arguments arguments(fcinfo);
  Bitmap left = bitmap::bitmap_of(arguments.datum(0));
  operation(left, bitmap::bitmap_of(arguments.datum(1)));
  return bitmap::to_datum(left);
}

Datum with(Datum set, int32_t integer) {
  Bitmap changed = bitmap::bitmap_of(set);
  changed.add(element(integer));
  return bitmap::to_datum(changed);
}

bool is_subset(Datum part, Datum whole) {
  return bitmap::bitmap_of(whole).contains_all(bitmap::bitmap_of(part));
}

bool are_equal(Datum a, Datum b) {
  const Bitmap left = bitmap::bitmap_of(a);
  return left == bitmap::bitmap_of(b);
}

}  // namespace

CDP_FUNCTION(rb_build) {
  const Arguments arguments(fcinfo);
  const ArrayType* array = pg::guard([&] {
    ArrayType* flat = DatumGetArrayTypeP(arguments.datum(0));
    if (array_contains_nulls(flat))
      ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("array must not contain nulls"),
                      errhint("Leave them out with array_remove(array, NULL).")));
    return flat;
  });
  const int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
  const auto* elements = reinterpret_cast<const uint32_t*>(ARR_DATA_PTR(array));
  return bitmap::to_datum(Bitmap::of({elements, static_cast<size_t>(count)}));
}

CDP_FUNCTION(rb_to_array) {
  constexpr size_t kMostElements = MaxAllocSize / sizeof(Datum);  // as the server limits arrays
  const Bitmap set = bitmap::bitmap_of(Arguments(fcinfo).datum(0));
  const uint64_t count = set.cardinality();
  if (count > kMostElements)
    throw Error(
        Category::Limit, "roaringbitmap has too many elements for an array",
        "It has " + std::to_string(count) + ", an array at most " + std::to_string(kMostElements) + ".",
        "Use rb_iterate.");
  if (count == 0) return pg::guard([] { return PointerGetDatum(construct_empty_array(INT4OID)); });

  const size_t size = ARR_OVERHEAD_NONULLS(1) + sizeof(uint32_t) * count;
  auto* array = pg::guard([&] { return static_cast<ArrayType*>(palloc(size)); });
  SET_VARSIZE(array, size);
  array->ndim = 1;
  array->dataoffset = 0;
  array->elemtype = INT4OID;
  ARR_DIMS(array)[0] = static_cast<int>(count);
  ARR_LBOUND(array)[0] = 1;
  auto* out = reinterpret_cast<uint32_t*>(ARR_DATA_PTR(array));
  set.for_each([&](uint32_t value) { *out++ = value; });
  return PointerGetDatum(array);
}

CDP_FUNCTION(rb_cardinality) {
  return Int64GetDatum(static_cast<int64_t>(bitmap::cardinality(Arguments(fcinfo).bytes(0))));
}

CDP_FUNCTION(rb_is_empty) { return BoolGetDatum(bitmap::is_empty(Arguments(fcinfo).bytes(0))); }

CDP_FUNCTION(rb_min) { return element_or_null(fcinfo, bitmap::min(Arguments(fcinfo).bytes(0))); }

CDP_FUNCTION(rb_max) { return element_or_null(fcinfo, bitmap::max(Arguments(fcinfo).bytes(0))); }

CDP_FUNCTION(rb_and) {
  return changed(fcinfo, [](Bitmap& left, const Bitmap& right) { left &= right; });
}

CDP_FUNCTION(rb_or) {
  return changed(fcinfo, [](Bitmap& left, const Bitmap& right) { left |= right; });
}

CDP_FUNCTION(rb_xor) {
  return changed(fcinfo, [](Bitmap& left, const Bitmap& right) { left ^= right; });
}

CDP_FUNCTION(rb_andnot) {
  return changed(fcinfo, [](Bitmap& left, const Bitmap& right) { left -= right; });
}

CDP_FUNCTION(rb_add) {
  const Arguments arguments(fcinfo);
  return with(arguments.datum(0), arguments.integer(1));
}

CDP_FUNCTION(rb_add_to) {
  const Arguments arguments(fcinfo);
  return with(arguments.datum(1), arguments.integer(0));
}

CDP_FUNCTION(rb_remove) {
  const Arguments arguments(fcinfo);
  Bitmap set = bitmap::bitmap_of(arguments.datum(0));
  set.remove(element(arguments.integer(1)));
  return bitmap::to_datum(set);
}

CDP_FUNCTION(rb_contains) {
  const Arguments arguments(fcinfo);
  return BoolGetDatum(is_subset(arguments.datum(1), arguments.datum(0)));
}

CDP_FUNCTION(rb_contains_element) {
  const Arguments arguments(fcinfo);
  return BoolGetDatum(bitmap::contains(arguments.bytes(0), element(arguments.integer(1))));
}

CDP_FUNCTION(rb_containedby) {
  const Arguments arguments(fcinfo);
  return BoolGetDatum(is_subset(arguments.datum(0), arguments.datum(1)));
}

CDP_FUNCTION(rb_element_containedby) {
  const Arguments arguments(fcinfo);
  return BoolGetDatum(bitmap::contains(arguments.bytes(1), element(arguments.integer(0))));
}

CDP_FUNCTION(rb_intersect) {
  const Arguments arguments(fcinfo);
  const Bitmap left = bitmap::bitmap_of(arguments.datum(0));
  return BoolGetDatum(left.intersects(bitmap::bitmap_of(arguments.datum(1))));
}

CDP_FUNCTION(rb_equals) {
  const Arguments arguments(fcinfo);
  return BoolGetDatum(are_equal(arguments.datum(0), arguments.datum(1)));
}

CDP_FUNCTION(rb_not_equals) {
  const Arguments arguments(fcinfo);
  return BoolGetDatum(!are_equal(arguments.datum(0), arguments.datum(1)));
}
