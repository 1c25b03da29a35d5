/// The type cdp_timeline: its text and binary forms.

#include "pg/server.hpp"

#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "timeline/packed_operations.hpp"
#include "timeline/packed_text.hpp"
#include "timeline/timeline_pg.hpp"

extern "C" {
#include <libpq/pqformat.h>
#include <mb/pg_wchar.h>
}

namespace cdp::timeline {

static_assert(kMostPackedBytes < MaxAllocSize);

TimelineView timeline_argument(Datum value) { return TimelineView::open(pg::bytes_of(value)); }

void require_valid_names(const TimelineView& timeline, Category category) {
  if (!timeline.is_named()) return;
  TimelineView::Index entries = timeline.index();
  while (const std::optional<IndexEntry> entry = entries.next()) {
    const std::string_view name = entry->name;
    if (!pg::guard([&] { return pg_verifymbstr(name.data(), static_cast<int>(name.size()), true); }))
      throw Error(category, "name of an event in a timeline is no text of this database's encoding");
  }
}

}  // namespace cdp::timeline

using namespace cdp;
using namespace cdp::timeline;
using pg::Arguments;

namespace {}  // namespace

CDP_FUNCTION(cdp_timeline_in) {
  const std::string bytes = timeline_from_text(Arguments(fcinfo).cstring(0));
  require_valid_names(TimelineView::open(bytes_in(bytes)), Category::BadText);
  return pg::to_varlena(bytes);
}

CDP_FUNCTION(cdp_timeline_out) {
  const std::string text = timeline_to_text(Arguments(fcinfo).bytes(0));
  if (text.size() >= MaxAllocSize)
    throw Error(Category::Limit, "timeline is too large for its text form",
                "It takes " + std::to_string(text.size()) + " bytes.", "Use the binary form.");
  return pg::to_cstring(text);
}

CDP_FUNCTION(cdp_timeline_recv) {
  auto* message = reinterpret_cast<StringInfo>(Arguments(fcinfo).datum(0));
  const int size = message->len - message->cursor;
  const char* received = pg::guard([&] { return pq_getmsgbytes(message, size); });
  const ByteView bytes(reinterpret_cast<const uint8_t*>(received), static_cast<size_t>(size));
  check_timeline(bytes);
  require_valid_names(TimelineView::open(bytes), Category::BadBinary);
  return pg::to_varlena(bytes);
}

CDP_FUNCTION(cdp_timeline_send) {
  const ByteView bytes = Arguments(fcinfo).bytes(0);
  (void)TimelineView::open(bytes);
  return pg::to_varlena(bytes);
}
