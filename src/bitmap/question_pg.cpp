/// Functions of roaringbitmap that ask one set.

#include "bitmap/question_pg.hpp"

#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"

extern "C" {
#include <access/detoast.h>
}

namespace cdp::bitmap {

namespace {

/// Values of a few chunks are as quickly read as a whole.
constexpr size_t kSmallest = 16384;

varatt_external pointer_of(Datum value) {
  varatt_external pointer;
  VARATT_EXTERNAL_GET_POINTER(pointer, DatumGetPointer(value));
  return pointer;
}

}  // namespace

bool PieceSource::fits(Datum value) {
  if (!VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(value))) return false;
  const varatt_external pointer = pointer_of(value);
  return !VARATT_EXTERNAL_IS_COMPRESSED(pointer) && static_cast<size_t>(pointer.va_rawsize) >= kSmallest;
}

PieceSource::PieceSource(Datum value)
    : value_(value), size_(static_cast<size_t>(pointer_of(value).va_rawsize) - VARHDRSZ) {}

ByteView PieceSource::read(size_t offset, size_t length) {
  const auto* slice = pg::guard(
      [&] { return PG_DETOAST_DATUM_SLICE(value_, static_cast<int32>(offset), static_cast<int32>(length)); });
  const size_t size = VARSIZE_ANY_EXHDR(slice);
  if (size != length)
    throw Error(Category::Corrupt, "stored roaringbitmap is damaged", "Its value ends early.");
  return {reinterpret_cast<const uint8_t*>(VARDATA_ANY(slice)), size};
}

}  // namespace cdp::bitmap

using namespace cdp;
using pg::Arguments;

namespace {

/// SQL's integer and the element it stands for: the same 32 bits.
uint32_t element(int32_t integer) { return static_cast<uint32_t>(integer); }

Datum element_or_null(FunctionCallInfo fcinfo, std::optional<uint32_t> found) {
  if (!found) return pg::null_result(fcinfo);
  return Int32GetDatum(static_cast<int32_t>(*found));
}

bool has(Datum set, int32_t integer) {
  return bitmap::ask(set, [&](auto&& form) { return bitmap::contains(form, element(integer)); });
}

uint64_t rank_in(Datum set, uint32_t element) {
  return bitmap::ask(set, [&](auto&& form) { return bitmap::rank(form, element); });
}

/// How many elements are less than `bound`, an end of a range as SQL gives it.
uint64_t count_below(Datum set, int64_t bound) {
  if (bound <= 0) return 0;
  return rank_in(set, static_cast<uint32_t>(std::min<int64_t>(bound, int64_t{1} << 32) - 1));
}

}  // namespace

CDP_FUNCTION(rb_cardinality) {
  const Datum set = Arguments(fcinfo).datum(0);
  if (bitmap::Accumulator* in_the_making = bitmap::expanded_union(set))
    return Int64GetDatum(static_cast<int64_t>(in_the_making->cardinality()));
  return Int64GetDatum(
      static_cast<int64_t>(bitmap::ask(set, [](auto&& form) { return bitmap::cardinality(form); })));
}

CDP_FUNCTION(rb_is_empty) {
  return BoolGetDatum(
      bitmap::ask(Arguments(fcinfo).datum(0), [](auto&& form) { return bitmap::is_empty(form); }));
}

CDP_FUNCTION(rb_min) {
  return element_or_null(
      fcinfo, bitmap::ask(Arguments(fcinfo).datum(0), [](auto&& form) { return bitmap::min(form); }));
}

CDP_FUNCTION(rb_max) {
  return element_or_null(
      fcinfo, bitmap::ask(Arguments(fcinfo).datum(0), [](auto&& form) { return bitmap::max(form); }));
}

CDP_FUNCTION(rb_contains_element) {
  const Arguments arguments(fcinfo);
  return BoolGetDatum(has(arguments.datum(0), arguments.integer(1)));
}

CDP_FUNCTION(rb_element_containedby) {
  const Arguments arguments(fcinfo);
  return BoolGetDatum(has(arguments.datum(1), arguments.integer(0)));
}

CDP_FUNCTION(rb_rank) {
  const Arguments arguments(fcinfo);
  return Int64GetDatum(static_cast<int64_t>(rank_in(arguments.datum(0), element(arguments.integer(1)))));
}

CDP_FUNCTION(rb_index) {
  const Arguments arguments(fcinfo);
  const Datum set = arguments.datum(0);
  if (!has(set, arguments.integer(1))) return Int64GetDatum(-1);
  return Int64GetDatum(static_cast<int64_t>(rank_in(set, element(arguments.integer(1)))) - 1);
}

CDP_FUNCTION(rb_range_cardinality) {
  const Arguments arguments(fcinfo);
  const uint64_t begin = count_below(arguments.datum(0), arguments.bigint(1));
  const uint64_t end = count_below(arguments.datum(0), arguments.bigint(2));
  return Int64GetDatum(end > begin ? static_cast<int64_t>(end - begin) : 0);
}
