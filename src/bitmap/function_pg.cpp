/// Functions and operators of roaringbitmap.

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/expanded_pg.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"

extern "C" {
#include <catalog/pg_type_d.h>
#include <utils/array.h>
}

using namespace cdp;
using bitmap::Bitmap;
using bitmap::Operand;
using bitmap::SetOperation;
using bitmap::Versioned;
using pg::Arguments;

namespace {

Datum combined(FunctionCallInfo fcinfo, SetOperation operation) {
  const Arguments arguments(fcinfo);
  return bitmap::to_datum(bitmap::combine(operation, bitmap::operand_of(arguments.datum(0)),
                                          bitmap::operand_of(arguments.datum(1))));
}

/// Whether `question(a, b)` holds of the first two arguments.
template <class Question>
bool holds(FunctionCallInfo fcinfo, Question question) {
  const Arguments arguments(fcinfo);
  return question(bitmap::operand_of(arguments.datum(0)), bitmap::operand_of(arguments.datum(1)));
}

/// The set after `change(set, element)`. A large one is kept in memory and shares its storage with the one it
/// was made of, so that a loop that adds element after element copies nothing; src/bitmap/versioned.hpp.
template <class Change>
Datum changed(Datum value, int32_t integer, Change change) {
  constexpr size_t kLargest = 512;  // of a set that is as quickly written again
  const auto element = static_cast<uint32_t>(integer);
  if (Versioned* expanded = bitmap::expanded_bitmap(value)) {
    if (bitmap::is_writable(value)) {
      change(*expanded, element);
      return value;
    }
    Versioned next = expanded->successor();
    change(next, element);
    return bitmap::make_expanded(CurrentMemoryContext, std::move(next));
  }
  const ByteView bytes = pg::bytes_of(value);
  Versioned set(Bitmap::from_bytes(bytes));
  change(set, element);
  if (bytes.size() <= kLargest) return bitmap::to_datum(set.read());
  return bitmap::make_expanded(CurrentMemoryContext, std::move(set));
}

Datum with(Datum set, int32_t integer) {
  return changed(set, integer, [](Versioned& value, uint32_t element) { value.add(element); });
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

CDP_FUNCTION(rb_and) { return combined(fcinfo, SetOperation::And); }

CDP_FUNCTION(rb_or) { return combined(fcinfo, SetOperation::Or); }

CDP_FUNCTION(rb_xor) { return combined(fcinfo, SetOperation::Xor); }

CDP_FUNCTION(rb_andnot) { return combined(fcinfo, SetOperation::AndNot); }

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
  return changed(arguments.datum(0), arguments.integer(1),
                 [](Versioned& set, uint32_t element) { set.remove(element); });
}

CDP_FUNCTION(rb_contains) {
  return BoolGetDatum(
      holds(fcinfo, [](const Operand& whole, const Operand& part) { return whole.contains_all(part); }));
}

CDP_FUNCTION(rb_containedby) {
  return BoolGetDatum(
      holds(fcinfo, [](const Operand& part, const Operand& whole) { return whole.contains_all(part); }));
}

CDP_FUNCTION(rb_intersect) {
  return BoolGetDatum(holds(fcinfo, [](const Operand& a, const Operand& b) { return a.intersects(b); }));
}

CDP_FUNCTION(rb_equals) {
  return BoolGetDatum(holds(fcinfo, [](const Operand& a, const Operand& b) { return a == b; }));
}

CDP_FUNCTION(rb_not_equals) {
  return BoolGetDatum(!holds(fcinfo, [](const Operand& a, const Operand& b) { return a == b; }));
}
