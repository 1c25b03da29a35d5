/// The type rb_bsi: integers of ids, bit-sliced, with questions about all ids or those in a roaringbitmap.

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/bsi.hpp"
#include "bitmap/expanded_pg.hpp"
#include "bitmap/text.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"

#include <algorithm>
#include <string>

extern "C" {
#include <libpq/pqformat.h>
#include <utils/numeric.h>
}

using namespace cdp;
using bitmap::Bitmap;
using bitmap::Bsi;
using bitmap::BsiBuilder;
using bitmap::BsiReader;
using bitmap::BsiView;
using bitmap::Comparison;
using bitmap::Kind32;
using bitmap::KindBsi;
using pg::Arguments;

namespace {

/// The integers of the first argument; with an argument at `within`, of the ids in that set.
BsiReader reader_of(FunctionCallInfo fcinfo, int within) {
  const Arguments arguments(fcinfo);
  const ByteView bytes = arguments.bytes(0);
  if (arguments.count() <= within) return BsiReader(bytes);
  return BsiReader(bytes, bitmap::operand_of<Kind32>(arguments.datum(within)));
}

Datum compared(FunctionCallInfo fcinfo, Comparison comparison) {
  return bitmap::to_datum(reader_of(fcinfo, 2).compare(comparison, Arguments(fcinfo).bigint(1)));
}

Datum bigint_or_null(FunctionCallInfo fcinfo, std::optional<int64_t> value) {
  if (!value) return pg::null_result(fcinfo);
  return Int64GetDatum(*value);
}

/// The first ids in order of their values; none for a count below 1.
Datum first_ids(FunctionCallInfo fcinfo, bool is_largest_first) {
  const int64_t count = std::max<int64_t>(Arguments(fcinfo).bigint(1), 0);
  return bitmap::to_datum(reader_of(fcinfo, 2).first(static_cast<uint64_t>(count), is_largest_first));
}

std::string decimal(__int128 value) {
  // Magnitudes are at most 2^95: 2^32 values of 64 bits.
  std::string digits;
  for (auto rest = static_cast<unsigned __int128>(value < 0 ? -value : value); rest != 0; rest /= 10)
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
  if (digits.empty()) digits = "0";
  if (value < 0) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

Datum to_numeric(__int128 value) {
  const std::string digits = decimal(value);
  return pg::guard([&] {
    return DirectFunctionCall3(numeric_in, CStringGetDatum(digits.c_str()), ObjectIdGetDatum(InvalidOid),
                               Int32GetDatum(-1));
  });
}

/// A state of rb_bsi_agg to add to: the one given if it may be changed, else one with what it has.
bitmap::ExpandedUnion<KindBsi> open_state(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  MemoryContext context = nullptr;
  if (AggCheckCallContext(fcinfo, &context) == 0) context = CurrentMemoryContext;
  if (arguments.is_null(0)) return bitmap::make_union<KindBsi>(context);
  const Datum state = arguments.datum(0);
  if (bitmap::is_writable(state))
    if (BsiBuilder* writable = bitmap::expanded_union<KindBsi>(state)) return {state, writable};
  const bitmap::ExpandedUnion<KindBsi> made = bitmap::make_union<KindBsi>(context);
  made.set->add(Bsi::from_bytes(pg::bytes_of(state)));
  return made;
}

/// The result of a transition that adds nothing.
Datum unchanged(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  return arguments.is_null(0) ? pg::null_result(fcinfo) : arguments.datum(0);
}

}  // namespace

// ---- Forms ----

CDP_FUNCTION(rb_bsi_in) { return bitmap::to_datum(bitmap::parse_bsi(Arguments(fcinfo).cstring(0))); }

CDP_FUNCTION(rb_bsi_out) {
  return pg::to_cstring(bitmap::to_text(Bsi::from_bytes(Arguments(fcinfo).bytes(0))));
}

CDP_FUNCTION(rb_bsi_recv) {
  auto* message = reinterpret_cast<StringInfo>(Arguments(fcinfo).datum(0));
  const int size = message->len - message->cursor;
  const char* bytes = pg::guard([&] { return pq_getmsgbytes(message, size); });
  return bitmap::to_datum(Bsi::from_bytes(
      {reinterpret_cast<const uint8_t*>(bytes), static_cast<size_t>(size)}, Category::BadBinary));
}

CDP_FUNCTION(rb_bsi_send) {
  const ByteView bytes = Arguments(fcinfo).bytes(0);
  (void)Bsi::from_bytes(bytes);
  return pg::to_varlena(bytes);
}

CDP_FUNCTION(rb_bsi_from_bytea) {
  return bitmap::to_datum(Bsi::from_bytes(Arguments(fcinfo).bytes(0), Category::BadBinary));
}

// ---- Making and changing ----

CDP_FUNCTION(rb_bsi_trans) {
  const Arguments arguments(fcinfo);
  if (arguments.is_null(1) || arguments.is_null(2)) return unchanged(fcinfo);
  const bitmap::ExpandedUnion<KindBsi> state = open_state(fcinfo);
  state.set->add(static_cast<uint32_t>(arguments.integer(1)), arguments.bigint(2));
  return state.value;
}

CDP_FUNCTION(rb_bsi_add_trans) {
  const Arguments arguments(fcinfo);
  if (arguments.is_null(1)) return unchanged(fcinfo);
  const bitmap::ExpandedUnion<KindBsi> state = open_state(fcinfo);
  state.set->add(Bsi::from_bytes(arguments.bytes(1)));
  return state.value;
}

CDP_FUNCTION(rb_bsi_add) {
  const Arguments arguments(fcinfo);
  BsiBuilder sums(std::pmr::new_delete_resource());
  sums.add(Bsi::from_bytes(arguments.bytes(0)));
  sums.add(Bsi::from_bytes(arguments.bytes(1)));
  return bitmap::to_datum(sums.finish());
}

CDP_FUNCTION(rb_bsi_set) {
  const Arguments arguments(fcinfo);
  Bsi integers = Bsi::from_bytes(arguments.bytes(0));
  integers.set(static_cast<uint32_t>(arguments.integer(1)), arguments.bigint(2));
  return bitmap::to_datum(integers);
}

CDP_FUNCTION(rb_bsi_remove) {
  const Arguments arguments(fcinfo);
  Bsi integers = Bsi::from_bytes(arguments.bytes(0));
  integers.remove(static_cast<uint32_t>(arguments.integer(1)));
  return bitmap::to_datum(integers);
}

// ---- Questions ----

CDP_FUNCTION(rb_bsi_get) {
  const Arguments arguments(fcinfo);
  const BsiView view(arguments.bytes(0));
  return bigint_or_null(fcinfo, view.get(static_cast<uint32_t>(arguments.integer(1))));
}

CDP_FUNCTION(rb_bsi_ids) {
  return bitmap::to_datum(Bitmap::from_bytes(BsiView(Arguments(fcinfo).bytes(0)).ids()));
}

CDP_FUNCTION(rb_bsi_cardinality) {
  return Int64GetDatum(static_cast<int64_t>(bitmap::cardinality(BsiView(Arguments(fcinfo).bytes(0)).ids())));
}

CDP_FUNCTION(rb_bsi_iterate) {
  const Bsi integers = Bsi::from_bytes(Arguments(fcinfo).bytes(0));
  pg::RowSink rows(fcinfo);
  InterruptTicker ticker;
  for (const bitmap::BsiEntry& entry : integers.entries()) {
    ticker.tick();
    rows.add({Int32GetDatum(static_cast<int32_t>(entry.id)), Int64GetDatum(entry.value)});
  }
  return 0;
}

CDP_FUNCTION(rb_bsi_lt) { return compared(fcinfo, Comparison::Less); }

CDP_FUNCTION(rb_bsi_le) { return compared(fcinfo, Comparison::LessOrEqual); }

CDP_FUNCTION(rb_bsi_eq) { return compared(fcinfo, Comparison::Equal); }

CDP_FUNCTION(rb_bsi_ne) { return compared(fcinfo, Comparison::NotEqual); }

CDP_FUNCTION(rb_bsi_ge) { return compared(fcinfo, Comparison::GreaterOrEqual); }

CDP_FUNCTION(rb_bsi_gt) { return compared(fcinfo, Comparison::Greater); }

CDP_FUNCTION(rb_bsi_between) {
  const Arguments arguments(fcinfo);
  return bitmap::to_datum(reader_of(fcinfo, 3).between(arguments.bigint(1), arguments.bigint(2)));
}

CDP_FUNCTION(rb_bsi_sum) {
  const BsiReader reader = reader_of(fcinfo, 1);
  return reader.count() == 0 ? pg::null_result(fcinfo) : to_numeric(reader.sum());
}

CDP_FUNCTION(rb_bsi_avg) {
  const BsiReader reader = reader_of(fcinfo, 1);
  if (reader.count() == 0) return pg::null_result(fcinfo);
  const Datum sum = to_numeric(reader.sum());
  const Datum count = to_numeric(static_cast<__int128>(reader.count()));
  return pg::guard([&] { return DirectFunctionCall2(numeric_div, sum, count); });
}

CDP_FUNCTION(rb_bsi_min) { return bigint_or_null(fcinfo, reader_of(fcinfo, 1).min()); }

CDP_FUNCTION(rb_bsi_max) { return bigint_or_null(fcinfo, reader_of(fcinfo, 1).max()); }

CDP_FUNCTION(rb_bsi_top) { return first_ids(fcinfo, true); }

CDP_FUNCTION(rb_bsi_bottom) { return first_ids(fcinfo, false); }
