/// Order and hash of roaringbitmap: what its operator classes are made of.

#include "pg/server.hpp"

#include "bitmap/compare.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"

using namespace cdp;
using pg::Arguments;

namespace {

std::strong_ordering order_of(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  return bitmap::compare(arguments.bytes(0), arguments.bytes(1));
}

}  // namespace

CDP_FUNCTION(rb_cmp) {
  const std::strong_ordering order = order_of(fcinfo);
  return Int32GetDatum(order < 0 ? -1 : order > 0 ? 1 : 0);
}

CDP_FUNCTION(rb_lt) { return BoolGetDatum(order_of(fcinfo) < 0); }

CDP_FUNCTION(rb_le) { return BoolGetDatum(order_of(fcinfo) <= 0); }

CDP_FUNCTION(rb_gt) { return BoolGetDatum(order_of(fcinfo) > 0); }

CDP_FUNCTION(rb_ge) { return BoolGetDatum(order_of(fcinfo) >= 0); }

CDP_FUNCTION(rb_hash) {
  return Int32GetDatum(static_cast<int32_t>(bitmap::hash(Arguments(fcinfo).bytes(0))));
}

// The server asks that seed 0 gives the hash above in the lower 32 bits.
CDP_FUNCTION(rb_hash_extended) {
  const Arguments arguments(fcinfo);
  return Int64GetDatum(
      static_cast<int64_t>(bitmap::hash(arguments.bytes(0), static_cast<uint64_t>(arguments.bigint(1)))));
}
