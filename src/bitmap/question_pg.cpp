/// Functions of roaringbitmap and roaringbitmap64 that ask one set.

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
using bitmap::Kind32;
using bitmap::Kind64;
using bitmap::Questions;
using pg::Arguments;

namespace {

Datum count_datum(uint64_t count) { return Int64GetDatum(static_cast<int64_t>(count)); }

template <class Kind>
Datum element_or_null(FunctionCallInfo fcinfo, std::optional<typename Kind::Element> found) {
  if (!found) return pg::null_result(fcinfo);
  return Kind::datum(*found);
}

template <class Kind>
Datum cardinality(FunctionCallInfo fcinfo) {
  const Datum set = Arguments(fcinfo).datum(0);
  if (typename Kind::Union* in_the_making = bitmap::expanded_union<Kind>(set))
    return count_datum(in_the_making->cardinality());
  return count_datum(Questions<Kind>::cardinality(set));
}

/// Whether the element in one argument is in the set in another.
template <class Kind>
Datum contains(FunctionCallInfo fcinfo, int set, int element) {
  const Arguments arguments(fcinfo);
  return BoolGetDatum(
      Questions<Kind>::contains(arguments.datum(set), Kind::element(arguments.datum(element))));
}

template <class Kind>
Datum rank(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  return count_datum(Questions<Kind>::rank(arguments.datum(0), Kind::element(arguments.datum(1))));
}

template <class Kind>
Datum index(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  const Datum set = arguments.datum(0);
  const typename Kind::Element element = Kind::element(arguments.datum(1));
  if (!Questions<Kind>::contains(set, element)) return Int64GetDatum(-1);
  return count_datum(Questions<Kind>::rank(set, element) - 1);
}

/// The element at a position from the front, or, where that is negative, from the end.
template <class Kind>
Datum nth(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  const Datum set = arguments.datum(0);
  int64_t index = arguments.bigint(1);
  if (index < 0) index += static_cast<int64_t>(Questions<Kind>::cardinality(set));
  if (index < 0) return pg::null_result(fcinfo);
  return element_or_null<Kind>(fcinfo, Questions<Kind>::nth(set, static_cast<uint64_t>(index)));
}

/// How many elements are less than `bound`, an end of a range as SQL gives it.
uint64_t count_below(Datum set, int64_t bound) {
  if (bound <= 0) return 0;
  return Questions<Kind32>::rank(set, static_cast<uint32_t>(std::min<int64_t>(bound, int64_t{1} << 32) - 1));
}

/// The same for unsigned numbers; of an end 0 stands for 2^64.
uint64_t count_below(Datum set, uint64_t bound) {
  return bound == 0 ? 0 : Questions<Kind64>::rank(set, bound - 1);
}

}  // namespace

#define CDP_QUESTIONS(prefix, Kind)                                                         \
  CDP_FUNCTION(prefix##_cardinality) { return cardinality<Kind>(fcinfo); }                  \
  CDP_FUNCTION(prefix##_is_empty) {                                                         \
    return BoolGetDatum(Questions<Kind>::is_empty(Arguments(fcinfo).datum(0)));             \
  }                                                                                         \
  CDP_FUNCTION(prefix##_min) {                                                              \
    return element_or_null<Kind>(fcinfo, Questions<Kind>::min(Arguments(fcinfo).datum(0))); \
  }                                                                                         \
  CDP_FUNCTION(prefix##_max) {                                                              \
    return element_or_null<Kind>(fcinfo, Questions<Kind>::max(Arguments(fcinfo).datum(0))); \
  }                                                                                         \
  CDP_FUNCTION(prefix##_contains_element) { return contains<Kind>(fcinfo, 0, 1); }          \
  CDP_FUNCTION(prefix##_element_containedby) { return contains<Kind>(fcinfo, 1, 0); }       \
  CDP_FUNCTION(prefix##_rank) { return rank<Kind>(fcinfo); }                                \
  CDP_FUNCTION(prefix##_index) { return index<Kind>(fcinfo); }                              \
  CDP_FUNCTION(prefix##_nth) { return nth<Kind>(fcinfo); }

CDP_QUESTIONS(rb, Kind32)
CDP_QUESTIONS(rb64, Kind64)

#undef CDP_QUESTIONS

CDP_FUNCTION(rb_range_cardinality) {
  const Arguments arguments(fcinfo);
  const uint64_t begin = count_below(arguments.datum(0), arguments.bigint(1));
  const uint64_t end = count_below(arguments.datum(0), arguments.bigint(2));
  return Int64GetDatum(end > begin ? static_cast<int64_t>(end - begin) : 0);
}

CDP_FUNCTION(rb64_range_cardinality) {
  const Arguments arguments(fcinfo);
  const Datum set = arguments.datum(0);
  const uint64_t begin = count_below(set, static_cast<uint64_t>(arguments.bigint(1)));
  const auto bound = static_cast<uint64_t>(arguments.bigint(2));
  const uint64_t end = bound == 0 ? Questions<Kind64>::cardinality(set) : count_below(set, bound);
  return Int64GetDatum(end > begin ? static_cast<int64_t>(end - begin) : 0);
}
