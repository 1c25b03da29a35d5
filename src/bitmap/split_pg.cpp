/// Splitting a roaringbitmap by ranges of its elements.

#include "pg/server.hpp"

#include "base/interrupt.hpp"
#include "bitmap/bitmap_pg.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/memory.hpp"

using namespace cdp;
using bitmap::Bitmap;
using pg::Arguments;

CDP_FUNCTION(rb_split) {
  const Arguments arguments(fcinfo);
  const int32_t bits = arguments.integer(1);
  if (bits < 16 || bits > 31)
    throw Error(Category::BadValue, "bits must be 16 to 31, not " + std::to_string(bits));
  const Bitmap set = bitmap::bitmap_of(arguments.datum(0));
  pg::RowSink rows(fcinfo);
  pg::Arena arena("rb_split");
  const uint64_t size = uint64_t{1} << bits;
  for (std::optional<uint32_t> next = set.at_or_after(0); next;) {
    check_interrupts();
    const uint64_t chunk = *next / size;
    const uint64_t end = (chunk + 1) * size;
    {
      const pg::InContext in_arena(arena.context());
      rows.add({Int32GetDatum(static_cast<int32_t>(chunk)), bitmap::to_datum(set.within(chunk * size, end))});
    }
    arena.reset();
    next = end < Bitmap::kNumbers ? set.at_or_after(static_cast<uint32_t>(end)) : std::nullopt;
  }
  return 0;
}
