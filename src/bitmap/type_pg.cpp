/// The types roaringbitmap and roaringbitmap64: their text and binary forms, and the casts from bytea and
/// from one to the other.

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/load.hpp"
#include "bitmap/text.hpp"
#include "bitmap/view64.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"

#include <type_traits>

extern "C" {
#include <libpq/pqformat.h>
}

using namespace cdp;
using bitmap::Bitmap;
using bitmap::Bitmap64;
using bitmap::Kind32;
using bitmap::Kind64;
using bitmap::Versioned;
using pg::Arguments;

namespace {

void check(const Kind32&, ByteView bytes) { bitmap::View(bytes).check(); }
void check(const Kind64&, ByteView bytes) { bitmap::View64(bytes).check(); }

template <class Kind>
Datum out(FunctionCallInfo fcinfo) {
  const Datum value = Arguments(fcinfo).datum(0);
  if (bitmap::output_format() == bitmap::OutputFormat::Array)
    return pg::to_cstring(bitmap::to_array_text(bitmap::set_of<Kind>(value)));
  const ByteView bytes = pg::bytes_of(value);
  check(Kind(), bytes);
  return pg::to_cstring(bitmap::to_hex_text(bytes, std::is_same_v<Kind, Kind64>));
}

template <class Kind>
Datum receive(FunctionCallInfo fcinfo) {
  auto* message = reinterpret_cast<StringInfo>(Arguments(fcinfo).datum(0));
  const int size = message->len - message->cursor;
  const char* bytes = pg::guard([&] { return pq_getmsgbytes(message, size); });
  return bitmap::to_datum(Kind::Set::from_bytes(
      {reinterpret_cast<const uint8_t*>(bytes), static_cast<size_t>(size)}, Category::BadBinary));
}

template <class Kind>
Datum send(FunctionCallInfo fcinfo) {
  const ByteView bytes = pg::bytes_of(Arguments(fcinfo).datum(0));
  check(Kind(), bytes);
  return pg::to_varlena(bytes);
}

template <class Kind>
Datum from_bytea(FunctionCallInfo fcinfo) {
  return bitmap::to_datum(Kind::Set::from_bytes(Arguments(fcinfo).bytes(0), Category::BadBinary));
}

constexpr uint64_t kNegative = uint64_t{1} << 31;  // from here on the 32-bit elements are negative integers

}  // namespace

CDP_FUNCTION(roaringbitmap_in) {
  return bitmap::to_datum(bitmap::parse_bitmap(Arguments(fcinfo).cstring(0)));
}

CDP_FUNCTION(roaringbitmap_out) { return out<Kind32>(fcinfo); }

CDP_FUNCTION(roaringbitmap_recv) { return receive<Kind32>(fcinfo); }

CDP_FUNCTION(roaringbitmap_send) { return send<Kind32>(fcinfo); }

CDP_FUNCTION(roaringbitmap_from_bytea) { return from_bytea<Kind32>(fcinfo); }

CDP_FUNCTION(roaringbitmap64_in) {
  return bitmap::to_datum(bitmap::parse_bitmap64(Arguments(fcinfo).cstring(0)));
}

CDP_FUNCTION(roaringbitmap64_out) { return out<Kind64>(fcinfo); }

CDP_FUNCTION(roaringbitmap64_recv) { return receive<Kind64>(fcinfo); }

CDP_FUNCTION(roaringbitmap64_send) { return send<Kind64>(fcinfo); }

CDP_FUNCTION(roaringbitmap64_from_bytea) { return from_bytea<Kind64>(fcinfo); }

// The casts keep the integers, not the unsigned numbers: -1 stays -1.

CDP_FUNCTION(rb64_from_roaringbitmap) {
  const Bitmap set = bitmap::bitmap_of(Arguments(fcinfo).datum(0));
  return bitmap::to_datum(
      Bitmap64::from_parts({{0, Versioned(set.within(0, kNegative))},
                            {UINT32_MAX, Versioned(set.within(kNegative, Bitmap::kNumbers))}}));
}

CDP_FUNCTION(rb64_to_roaringbitmap) {
  const Bitmap64 set = bitmap::set_of<Kind64>(Arguments(fcinfo).datum(0));
  const Bitmap64 outside =
      set.within(kNegative, ~kNegative);  // between the largest and the smallest integer, unsigned
  if (const std::optional<uint64_t> first = outside.min())
    throw Error(
        Category::OutOfRange,
        "value \"" + std::to_string(static_cast<int64_t>(*first)) + "\" is out of range for type integer",
        "The elements of a roaringbitmap are integers.");
  Bitmap narrow;
  for (const Bitmap64::Part& part : set.parts()) narrow |= part.set.read();
  return bitmap::to_datum(narrow);
}
