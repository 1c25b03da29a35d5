/// What a GIN index over the elements of roaringbitmap and roaringbitmap64 values asks: the keys of a value
/// and of a query, and whether the keys found satisfy the query (src/include/access/gin.h of the server).

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"

#include <algorithm>
#include <span>

extern "C" {
#include <access/gin.h>
#include <access/stratnum.h>
}

using namespace cdp;
using bitmap::Kind32;
using bitmap::Kind64;
using pg::Arguments;

namespace {

// The numbers of the operators in the operator class.
constexpr StrategyNumber kOverlaps = 1;
constexpr StrategyNumber kContains = 2;
constexpr StrategyNumber kContainedBy = 3;
constexpr StrategyNumber kEquals = 4;
constexpr StrategyNumber kContainsElement = 5;

Datum no_keys(int32* count) {
  *count = 0;
  return PointerGetDatum(nullptr);
}

/// The elements of a set as keys of the index.
template <class Kind>
Datum keys_of(Datum value, int32* count) {
  constexpr size_t kMostKeys = MaxAllocSize / sizeof(Datum);
  const typename Kind::Set set = bitmap::set_of<Kind>(value);
  const uint64_t size = set.cardinality();
  if (size > kMostKeys)
    throw Error(Category::Limit,
                std::string(Kind::kType) + " has too many elements for an index over elements",
                "It has " + std::to_string(size) + ", a row at most " + std::to_string(kMostKeys) + ".",
                "Split it into rows of smaller ones by ranges of elements, and index those.");
  if (size == 0) return no_keys(count);
  auto* keys = pg::guard([&] { return static_cast<Datum*>(palloc(size * sizeof(Datum))); });
  Datum* out = keys;
  set.for_each([&](typename Kind::Element element) { *out++ = Kind::datum(element); });
  *count = static_cast<int32>(size);
  return PointerGetDatum(keys);
}

template <class T>
T* pointer(const Arguments& arguments, int i) {
  return reinterpret_cast<T*>(arguments.datum(i));
}

template <class Kind>
Datum extract_value(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  return keys_of<Kind>(arguments.datum(0), pointer<int32>(arguments, 1));
}

template <class Kind>
Datum extract_query(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  auto* count = pointer<int32>(arguments, 1);
  auto* mode = pointer<int32>(arguments, 6);
  const auto strategy = static_cast<StrategyNumber>(DatumGetUInt16(arguments.datum(2)));
  if (strategy == kContainsElement) {
    auto* keys = pg::guard([] { return static_cast<Datum*>(palloc(sizeof(Datum))); });
    keys[0] = arguments.datum(0);
    *count = 1;
    return PointerGetDatum(keys);
  }
  const Datum keys = keys_of<Kind>(arguments.datum(0), count);
  // Every set contains the empty one; the empty set is in every one and equals itself.
  if (strategy == kContains && *count == 0) *mode = GIN_SEARCH_MODE_ALL;
  if (strategy == kContainedBy || (strategy == kEquals && *count == 0)) *mode = GIN_SEARCH_MODE_INCLUDE_EMPTY;
  return keys;
}

}  // namespace

CDP_FUNCTION(rb_gin_extract_value) { return extract_value<Kind32>(fcinfo); }

CDP_FUNCTION(rb_gin_extract_query) { return extract_query<Kind32>(fcinfo); }

CDP_FUNCTION(rb64_gin_extract_value) { return extract_value<Kind64>(fcinfo); }

CDP_FUNCTION(rb64_gin_extract_query) { return extract_query<Kind64>(fcinfo); }

CDP_FUNCTION(rb_gin_consistent) {
  const Arguments arguments(fcinfo);
  const std::span<const bool> found(pointer<const bool>(arguments, 0),
                                    static_cast<size_t>(arguments.integer(3)));
  const auto strategy = static_cast<StrategyNumber>(DatumGetUInt16(arguments.datum(1)));
  auto* recheck = pointer<bool>(arguments, 5);
  *recheck = strategy == kContainedBy || strategy == kEquals;
  const auto is_found = [](bool key) { return key; };
  if (strategy == kContainedBy) return BoolGetDatum(true);
  if (strategy == kOverlaps) return BoolGetDatum(std::any_of(found.begin(), found.end(), is_found));
  return BoolGetDatum(std::all_of(found.begin(), found.end(), is_found));
}

CDP_FUNCTION(rb_gin_triconsistent) {
  const Arguments arguments(fcinfo);
  const std::span<const GinTernaryValue> found(pointer<const GinTernaryValue>(arguments, 0),
                                               static_cast<size_t>(arguments.integer(3)));
  const auto strategy = static_cast<StrategyNumber>(DatumGetUInt16(arguments.datum(1)));
  const auto has = [&](GinTernaryValue value) {
    return std::find(found.begin(), found.end(), value) != found.end();
  };
  GinTernaryValue result = GIN_MAYBE;
  if (strategy == kOverlaps) {
    result = has(GIN_TRUE) ? GIN_TRUE : has(GIN_MAYBE) ? GIN_MAYBE : GIN_FALSE;
  } else if (strategy != kContainedBy) {
    result = has(GIN_FALSE) ? GIN_FALSE : strategy == kEquals || has(GIN_MAYBE) ? GIN_MAYBE : GIN_TRUE;
  }
  return CharGetDatum(result);
}
