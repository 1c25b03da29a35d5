/// The functions of cdp_timeline that make timelines of timelines, and that read them.

#include "pg/server.hpp"

#include "base/interrupt.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "timeline/packed_operations.hpp"
#include "timeline/timeline_pg.hpp"

#include <string_view>
#include <vector>

extern "C" {
#include <catalog/pg_type.h>
#include <utils/array.h>
}

using namespace cdp;
using namespace cdp::timeline;
using pg::Arguments;

namespace {

/// What the index says of the event that the second argument names or numbers.
template <bool kIsNamed>
std::optional<IndexEntry> entry_asked_for(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  const TimelineView timeline = timeline_argument(arguments.datum(0));
  require_named(timeline, kIsNamed);
  if constexpr (kIsNamed)
    return timeline.find(arguments.text(1));
  else
    return timeline.find(arguments.integer(1));
}

Datum count_of(const std::optional<IndexEntry>& entry) { return Int64GetDatum(entry ? entry->count : 0); }

Datum instant_or_null(FunctionCallInfo fcinfo, bool is_there, Instant time) {
  return is_there ? pg::to_datum(time) : pg::null_result(fcinfo);
}

Datum first_of(FunctionCallInfo fcinfo, const std::optional<IndexEntry>& entry) {
  return instant_or_null(fcinfo, entry.has_value(), entry ? entry->first : Instant());
}

Datum last_of(FunctionCallInfo fcinfo, const std::optional<IndexEntry>& entry) {
  return instant_or_null(fcinfo, entry.has_value(), entry ? entry->last : Instant());
}

/// The elements of a text[], nulls left out; bytes of the array.
std::vector<std::string_view> names_of(Datum array) {
  struct Elements {
    Datum* values;
    bool* nulls;
    int count;
  };
  const auto elements = pg::guard([&] {
    Elements found{};
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &found.values,
                      &found.nulls, &found.count);
    return found;
  });
  std::vector<std::string_view> names;
  for (int i = 0; i < elements.count; ++i)
    if (!elements.nulls[i]) names.push_back(pg::text_of(elements.values[i]));
  return names;
}

/// What rows of events show: the name, the number, each null where events are known the other way.
struct Shown {
  std::optional<Datum> name;
  std::optional<Datum> number;
};

Shown shown(const TimelineView& timeline, const IndexEntry& entry) {
  if (timeline.is_named()) return {pg::to_text(entry.name), std::nullopt};
  return {std::nullopt, Int32GetDatum(entry.number)};
}

}  // namespace

CDP_FUNCTION(cdp_timeline_merge) {
  const Arguments arguments(fcinfo);
  return pg::to_varlena(merge_timelines(arguments.bytes(0), arguments.bytes(1)));
}

CDP_FUNCTION(cdp_timeline_slice) {
  const Arguments arguments(fcinfo);
  if (arguments.is_null(0)) return pg::null_result(fcinfo);
  return pg::to_varlena(slice_timeline(arguments.bytes(0),
                                       arguments.is_null(1) ? Instant::min() : arguments.instant(1),
                                       arguments.is_null(2) ? Instant::max() : arguments.instant(2)));
}

CDP_FUNCTION(cdp_timeline_filter_named) {
  const Arguments arguments(fcinfo);
  const std::vector<std::string_view> names = names_of(arguments.datum(1));
  return pg::to_varlena(filter_timeline(arguments.bytes(0), std::span(names)));
}

CDP_FUNCTION(cdp_timeline_filter_numbered) {
  const Arguments arguments(fcinfo);
  const std::vector<int32_t> numbers = pg::integers_of(arguments.datum(1));
  return pg::to_varlena(filter_timeline(arguments.bytes(0), std::span(numbers)));
}

CDP_FUNCTION(cdp_timeline_count) {
  return Int64GetDatum(timeline_argument(Arguments(fcinfo).datum(0)).size());
}

CDP_FUNCTION(cdp_timeline_count_named) { return count_of(entry_asked_for<true>(fcinfo)); }

CDP_FUNCTION(cdp_timeline_count_numbered) { return count_of(entry_asked_for<false>(fcinfo)); }

CDP_FUNCTION(cdp_timeline_first) {
  const TimelineView timeline = timeline_argument(Arguments(fcinfo).datum(0));
  return instant_or_null(fcinfo, !timeline.empty(), timeline.first());
}

CDP_FUNCTION(cdp_timeline_first_named) { return first_of(fcinfo, entry_asked_for<true>(fcinfo)); }

CDP_FUNCTION(cdp_timeline_first_numbered) { return first_of(fcinfo, entry_asked_for<false>(fcinfo)); }

CDP_FUNCTION(cdp_timeline_last) {
  const TimelineView timeline = timeline_argument(Arguments(fcinfo).datum(0));
  return instant_or_null(fcinfo, !timeline.empty(), timeline.last());
}

CDP_FUNCTION(cdp_timeline_last_named) { return last_of(fcinfo, entry_asked_for<true>(fcinfo)); }

CDP_FUNCTION(cdp_timeline_last_numbered) { return last_of(fcinfo, entry_asked_for<false>(fcinfo)); }

CDP_FUNCTION(cdp_timeline_has_named) { return BoolGetDatum(entry_asked_for<true>(fcinfo).has_value()); }

CDP_FUNCTION(cdp_timeline_has_numbered) { return BoolGetDatum(entry_asked_for<false>(fcinfo).has_value()); }

CDP_FUNCTION(cdp_timeline_sessions) {
  return Int64GetDatum(timeline_argument(Arguments(fcinfo).datum(0)).session_count());
}

CDP_FUNCTION(cdp_timeline_unpack) {
  const TimelineView timeline = timeline_argument(Arguments(fcinfo).datum(0));
  pg::RowSink rows(fcinfo);
  std::vector<uint32_t> codes(timeline.size());
  std::vector<Instant> times(timeline.size());
  timeline.decode_events(std::span(codes));
  timeline.decode_times(times);
  std::vector<Shown> events;
  TimelineView::Index entries = timeline.index();
  while (const std::optional<IndexEntry> entry = entries.next()) events.push_back(shown(timeline, *entry));
  InterruptTicker ticker;
  for (uint32_t i = 0; i < timeline.size(); ++i) {
    ticker.tick();
    const Shown& event = events[codes[i]];
    rows.add({pg::to_datum(times[i]), event.name, event.number, BoolGetDatum(timeline.begins_session(i))});
  }
  return 0;
}

CDP_FUNCTION(cdp_timeline_events) {
  const TimelineView timeline = timeline_argument(Arguments(fcinfo).datum(0));
  pg::RowSink rows(fcinfo);
  TimelineView::Index entries = timeline.index();
  InterruptTicker ticker;
  while (const std::optional<IndexEntry> entry = entries.next()) {
    ticker.tick();
    const Shown event = shown(timeline, *entry);
    rows.add({event.name, event.number, Int64GetDatum(entry->count), pg::to_datum(entry->first),
              pg::to_datum(entry->last)});
  }
  return 0;
}
