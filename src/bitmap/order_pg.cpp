/// Order and hash of roaringbitmap and roaringbitmap64: what their operator classes are made of.

#include "pg/server.hpp"

#include "bitmap/compare.hpp"
#include "bitmap/operand64.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"

using namespace cdp;
using pg::Arguments;

namespace {

std::strong_ordering order_of_rb(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  return bitmap::compare(arguments.bytes(0), arguments.bytes(1));
}

std::strong_ordering order_of_rb64(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  return bitmap::compare64(arguments.bytes(0), arguments.bytes(1));
}

uint64_t hash_of_rb(ByteView set, uint64_t seed) { return bitmap::hash(set, seed); }
uint64_t hash_of_rb64(ByteView set, uint64_t seed) { return bitmap::hash_set64(set, seed); }

Datum sign_of(std::strong_ordering order) { return Int32GetDatum(order < 0 ? -1 : order > 0 ? 1 : 0); }

}  // namespace

// The server asks of a hash with a seed that seed 0 gives the one without in the lower 32 bits.
#define CDP_ORDER_FUNCTIONS(prefix)                                                              \
  CDP_FUNCTION(prefix##_cmp) { return sign_of(order_of_##prefix(fcinfo)); }                      \
  CDP_FUNCTION(prefix##_lt) { return BoolGetDatum(order_of_##prefix(fcinfo) < 0); }              \
  CDP_FUNCTION(prefix##_le) { return BoolGetDatum(order_of_##prefix(fcinfo) <= 0); }             \
  CDP_FUNCTION(prefix##_gt) { return BoolGetDatum(order_of_##prefix(fcinfo) > 0); }              \
  CDP_FUNCTION(prefix##_ge) { return BoolGetDatum(order_of_##prefix(fcinfo) >= 0); }             \
  CDP_FUNCTION(prefix##_hash) {                                                                  \
    return Int32GetDatum(static_cast<int32_t>(hash_of_##prefix(Arguments(fcinfo).bytes(0), 0))); \
  }                                                                                              \
  CDP_FUNCTION(prefix##_hash_extended) {                                                         \
    const Arguments arguments(fcinfo);                                                           \
    return Int64GetDatum(static_cast<int64_t>(                                                   \
        hash_of_##prefix(arguments.bytes(0), static_cast<uint64_t>(arguments.bigint(1)))));      \
  }

CDP_ORDER_FUNCTIONS(rb)
CDP_ORDER_FUNCTIONS(rb64)

#undef CDP_ORDER_FUNCTIONS
