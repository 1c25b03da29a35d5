/// Of roaringbitmap and roaringbitmap64: counts of what several sets have in common, and statistics of one.

#include "pg/server.hpp"

#include "base/interrupt.hpp"
#include "bitmap/counts.hpp"
#include "bitmap/frozen.hpp"
#include "bitmap/operand64.hpp"
#include "bitmap/portable.hpp"
#include "bitmap/view64.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"

#include <array>
#include <span>
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

constexpr std::array<uint8_t, 8> kEmpty64{};

/// How many elements an operation on sets gives.
struct Count32 {
  static constexpr ByteView empty() { return kEmpty; }
  static uint64_t of(SetOperation operation, std::span<const ByteView> sets) {
    // Two have a way of their own.
    return sets.size() == 2 ? bitmap::cardinality_of(operation, sets[0], sets[1])
                            : bitmap::cardinality_of(operation, sets);
  }
};

struct Count64 {
  static constexpr ByteView empty() { return kEmpty64; }
  static uint64_t of(SetOperation operation, std::span<const ByteView> sets) {
    return bitmap::cardinality_of64(operation, sets);
  }
};

template <class Count>
Datum count_of_two(FunctionCallInfo fcinfo, SetOperation operation) {
  const Arguments arguments(fcinfo);
  const std::array<ByteView, 2> sets{arguments.bytes(0), arguments.bytes(1)};
  return Int64GetDatum(static_cast<int64_t>(Count::of(operation, sets)));
}

/// The count over an array of sets. Null elements make the result null, or are empty sets.
template <class Count>
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
      sets.push_back(Count::empty());
    } else {
      return pg::null_result(fcinfo);
    }
  }
  return Int64GetDatum(static_cast<int64_t>(Count::of(operation, sets)));
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

class Statistics {
 public:
  void add(const bitmap::View& view) {
    InterruptTicker ticker;
    for (uint32_t i = 0; i < view.container_count(); ++i) {
      ticker.tick();
      const bitmap::Container container = view.container(i);
      for (Share* share : {&shares_[static_cast<size_t>(container.kind)], &total_}) {
        share->containers += 1;
        share->elements += container.cardinality;
        share->bytes += container.bytes.size();
      }
    }
  }

  std::string json(size_t bytes) const {
    const auto share = [&](bitmap::ContainerKind kind, const char* name) {
      return ", " + shares_[static_cast<size_t>(kind)].json(name);
    };
    return "{\"elements\": " + std::to_string(total_.elements) + ", \"bytes\": " + std::to_string(bytes) +
           ", \"containers\": " + std::to_string(total_.containers) +
           share(bitmap::ContainerKind::Array, "arrays") + share(bitmap::ContainerKind::Bitset, "bitsets") +
           share(bitmap::ContainerKind::Run, "runs") + "}";
  }

 private:
  std::array<Share, 3> shares_;
  Share total_;
};

}  // namespace

#define CDP_COUNT_FUNCTIONS(prefix, Count, name, operation)                                      \
  CDP_FUNCTION(prefix##_##name##_cardinality) { return count_of_two<Count>(fcinfo, operation); } \
  CDP_FUNCTION(prefix##_##name##_cardinality_many) {                                             \
    return count_of_array<Count>(fcinfo, operation, false);                                      \
  }                                                                                              \
  CDP_FUNCTION(prefix##_##name##_cardinality_null2empty) {                                       \
    return count_of_array<Count>(fcinfo, operation, true);                                       \
  }

CDP_COUNT_FUNCTIONS(rb, Count32, and, SetOperation::And)
CDP_COUNT_FUNCTIONS(rb, Count32, or, SetOperation::Or)
CDP_COUNT_FUNCTIONS(rb, Count32, xor, SetOperation::Xor)
CDP_COUNT_FUNCTIONS(rb, Count32, andnot, SetOperation::AndNot)
CDP_COUNT_FUNCTIONS(rb64, Count64, and, SetOperation::And)
CDP_COUNT_FUNCTIONS(rb64, Count64, or, SetOperation::Or)
CDP_COUNT_FUNCTIONS(rb64, Count64, xor, SetOperation::Xor)
CDP_COUNT_FUNCTIONS(rb64, Count64, andnot, SetOperation::AndNot)

#undef CDP_COUNT_FUNCTIONS

CDP_FUNCTION(rb_jaccard_dist) {
  const Arguments arguments(fcinfo);
  return Float8GetDatum(bitmap::jaccard_index(arguments.bytes(0), arguments.bytes(1)));
}

CDP_FUNCTION(rb64_jaccard_dist) {
  const Arguments arguments(fcinfo);
  return Float8GetDatum(bitmap::jaccard_index64(arguments.bytes(0), arguments.bytes(1)));
}

CDP_FUNCTION(rb_runoptimize) { return Arguments(fcinfo).datum(0); }

CDP_FUNCTION(rb_stats) {
  const ByteView bytes = Arguments(fcinfo).bytes(0);
  Statistics statistics;
  statistics.add(bitmap::View(bytes));
  return pg::to_jsonb(std::string_view(statistics.json(bytes.size())));
}

CDP_FUNCTION(rb64_stats) {
  const ByteView bytes = Arguments(fcinfo).bytes(0);
  const bitmap::View64 view(bytes);
  Statistics statistics;
  for (const bitmap::View64::Part& part : view.parts())
    view.in(part, [&] { statistics.add(bitmap::View(part.set)); });
  return pg::to_jsonb(std::string_view(statistics.json(bytes.size())));
}
