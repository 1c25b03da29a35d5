/// The type roaringbitmap: its text and binary forms, and its cast from bytea.

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/load.hpp"
#include "bitmap/text.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"

extern "C" {
#include <libpq/pqformat.h>
}

using namespace cdp;
using bitmap::Bitmap;
using pg::Arguments;

CDP_FUNCTION(roaringbitmap_in) {
  return bitmap::to_datum(bitmap::parse_bitmap(Arguments(fcinfo).cstring(0)));
}

CDP_FUNCTION(roaringbitmap_out) {
  const Datum value = Arguments(fcinfo).datum(0);
  if (bitmap::output_format() == bitmap::OutputFormat::Array)
    return pg::to_cstring(bitmap::to_array_text(bitmap::bitmap_of(value)));
  const ByteView bytes = pg::bytes_of(value);
  bitmap::View(bytes).check();
  return pg::to_cstring(bitmap::to_hex_text(bytes));
}

CDP_FUNCTION(roaringbitmap_recv) {
  auto* message = reinterpret_cast<StringInfo>(Arguments(fcinfo).datum(0));
  const int size = message->len - message->cursor;
  const char* bytes = pg::guard([&] { return pq_getmsgbytes(message, size); });
  return bitmap::to_datum(Bitmap::from_bytes(
      {reinterpret_cast<const uint8_t*>(bytes), static_cast<size_t>(size)}, Category::BadBinary));
}

CDP_FUNCTION(roaringbitmap_send) {
  const ByteView bytes = pg::bytes_of(Arguments(fcinfo).datum(0));
  bitmap::View(bytes).check();
  return pg::to_varlena(bytes);
}

CDP_FUNCTION(roaringbitmap_from_bytea) {
  return bitmap::to_datum(Bitmap::from_bytes(Arguments(fcinfo).bytes(0), Category::BadBinary));
}
