/// Counts of what several sets have in common, and statistics of one.

#include "pg/server.hpp"

#include "base/interrupt.hpp"
#include "bitmap/counts.hpp"
#include "bitmap/frozen.hpp"
#include "bitmap/portable.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

extern "C" {
#include <catalog/pg_type_d.h>
#include <utils/array.h>
}

using namespace cdp;
using bitmap::SetOperation;
using pg::Arguments;

namespace {

/// The portable bytes of the empty set.
constexpr std::array<uint8_t, 8> kEmpty{0x3a, 0x30, 0, 0, 0, 0, 0, 0};

Datum count_of_two(FunctionCallInfo fcinfo, SetOperation operation) {
  const Arguments arguments(fcinfo);
  return Int64GetDatum(
      static_cast<int64_t>(bitmap::cardinality_of(operation, arguments.bytes(0), arguments.bytes(1))));
}

/// The count over an array of sets. Null elements make the result null, or are empty sets.
Datum count_of_array(FunctionCallInfo fcinfo, SetOperation operation, bool nulls_are_empty) {
  const Arguments arguments(fcinfo);
  Datum* elements = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  pg::guard([&] {
    ArrayType* array = DatumGetArrayTypeP(arguments.datum(0));
    deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_INT, &elements, &nulls, &count);
  });
  if (count == 0) return nulls_are_empty ? Int64GetDatum(0) : pg::null_result(fcinfo);
  std::vector<ByteView> sets;
  sets.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    if (!nulls[i]) {
      sets.push_back(pg::bytes_of(elements[i]));
    } else if (nulls_are_empty) {
      sets.emplace_back(kEmpty);
    } else {
      return pg::null_result(fcinfo);
    }
  }
  return Int64GetDatum(static_cast<int64_t>(bitmap::cardinality_of(operation, sets)));
}

/// Containers of one kind.
struct Share {
  uint64_t containers = 0;
  uint64_t elements = 0;
  uint64_t bytes = 0;

  std::string json(const char* name) const {
    return std::string("\"") + name + "\": {\"containers\": " + std::to_string(containers) +
           ", \"elements\": " + std::to_string(elements) + ", \"bytes\": " + std::to_string(bytes) + "}";
  }
};

}  // namespace

#define CDP_COUNT_FUNCTIONS(name, operation)                                                      \
  CDP_FUNCTION(rb_##name##_cardinality) { return count_of_two(fcinfo, operation); }               \
  CDP_FUNCTION(rb_##name##_cardinality_many) { return count_of_array(fcinfo, operation, false); } \
  CDP_FUNCTION(rb_##name##_cardinality_null2empty) { return count_of_array(fcinfo, operation, true); }

CDP_COUNT_FUNCTIONS(and, SetOperation::And)
CDP_COUNT_FUNCTIONS(or, SetOperation::Or)
CDP_COUNT_FUNCTIONS(xor, SetOperation::Xor)
CDP_COUNT_FUNCTIONS(andnot, SetOperation::AndNot)

#undef CDP_COUNT_FUNCTIONS

CDP_FUNCTION(rb_jaccard_dist) {
  const Arguments arguments(fcinfo);
  return Float8GetDatum(bitmap::jaccard_index(arguments.bytes(0), arguments.bytes(1)));
}

CDP_FUNCTION(rb_runoptimize) { return Arguments(fcinfo).datum(0); }

CDP_FUNCTION(rb_stats) {
  const ByteView bytes = Arguments(fcinfo).bytes(0);
  const bitmap::View view(bytes);
  std::array<Share, 3> shares;
  Share total;
  InterruptTicker ticker;
  for (uint32_t i = 0; i < view.container_count(); ++i) {
    ticker.tick();
    const bitmap::Container container = view.container(i);
    for (Share* share : {&shares[static_cast<size_t>(container.kind)], &total}) {
      share->containers += 1;
      share->elements += container.cardinality;
      share->bytes += container.bytes.size();
    }
  }
  const auto share = [&](bitmap::ContainerKind kind, const char* name) {
    return ", " + shares[static_cast<size_t>(kind)].json(name);
  };
  const std::string text =
      "{\"elements\": " + std::to_string(total.elements) + ", \"bytes\": " + std::to_string(bytes.size()) +
      ", \"containers\": " + std::to_string(total.containers) +
      share(bitmap::ContainerKind::Array, "arrays") + share(bitmap::ContainerKind::Bitset, "bitsets") +
      share(bitmap::ContainerKind::Run, "runs") + "}";
  return pg::to_jsonb(std::string_view(text));
}
