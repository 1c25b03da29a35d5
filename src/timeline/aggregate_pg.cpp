/// The aggregates that make timelines. Their state is an AggregateState in a bytea.

#include "pg/server.hpp"

#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "timeline/aggregate_state.hpp"
#include "timeline/timeline_pg.hpp"

namespace cdp::timeline {

namespace {

AggregateState state_at(struct varlena* value) { return {reinterpret_cast<uint8_t*>(value), VARSIZE(value)}; }

/// A new state in the current memory context, its unused room zeroed so that no stray memory leaves with it.
struct varlena* make_state(uint64_t used) {
  const uint64_t size = grown_state_size(used);
  auto* value = static_cast<struct varlena*>(pg::guard([size] { return palloc0(size); }));
  SET_VARSIZE(value, size);
  AggregateState::begin(reinterpret_cast<uint8_t*>(value));
  return value;
}

/// A state as an argument, with a four-byte length word.
struct varlena* state_argument(Datum datum) {
  auto* value = reinterpret_cast<struct varlena*>(DatumGetPointer(datum));
  if (VARATT_IS_EXTENDED(value)) value = pg::guard([value] { return pg_detoast_datum(value); });
  return value;
}

/// Changing a state in place is only right where the executor owns it.
void require_aggregate(FunctionCallInfo fcinfo) {
  if (AggCheckCallContext(fcinfo, nullptr) == 0)
    throw Error(Category::State, "this function works only inside of an aggregate of timelines");
}

/// Appends what takes so many `bytes` to the state that is the first argument, or to a new one if that is
/// null. A state without room for it is copied to a larger one in the current memory context, which the
/// executor then moves to where the aggregate keeps its state.
template <class... What>
Datum appended(const pg::Arguments& arguments, uint64_t bytes, const What&... what) {
  struct varlena* value = nullptr;
  if (arguments.is_null(0)) {
    value = make_state(AggregateState::kHeaderBytes + bytes);
  } else {
    value = state_argument(arguments.datum(0));
    const AggregateState state = state_at(value);
    if (state.size() - state.used() < bytes) {
      value = make_state(state.used() + bytes);
      state_at(value).append(state);
    }
  }
  state_at(value).append(what...);
  return PointerGetDatum(value);
}

/// The state as it is, for what does not count.
Datum unchanged(FunctionCallInfo fcinfo) {
  const pg::Arguments arguments(fcinfo);
  return arguments.is_null(0) ? pg::null_result(fcinfo) : arguments.datum(0);
}

/// Arguments: state, ts, event, and whether it begins a session if there are four.
template <class Event>
Datum add_event(FunctionCallInfo fcinfo, Event event_of) {
  const pg::Arguments arguments(fcinfo);
  require_aggregate(fcinfo);
  if (arguments.is_null(1) || arguments.is_null(2)) return unchanged(fcinfo);
  const bool begins_session = arguments.count() > 3 && !arguments.is_null(3) && arguments.boolean(3);
  const auto event = event_of(arguments);
  return appended(arguments, AggregateState::bytes_for(event), arguments.instant(1), event, begins_session);
}

}  // namespace

}  // namespace cdp::timeline

using namespace cdp;
using namespace cdp::timeline;

CDP_FUNCTION(cdp_timeline_transition_named) {
  return add_event(fcinfo, [](const pg::Arguments& arguments) { return arguments.text(2); });
}

CDP_FUNCTION(cdp_timeline_transition_numbered) {
  return add_event(fcinfo, [](const pg::Arguments& arguments) { return arguments.integer(2); });
}

CDP_FUNCTION(cdp_timeline_merge_transition) {
  const pg::Arguments arguments(fcinfo);
  require_aggregate(fcinfo);
  if (arguments.is_null(1)) return unchanged(fcinfo);
  const TimelineView timeline = timeline_argument(arguments.datum(1));
  return appended(arguments, AggregateState::bytes_for(timeline), timeline);
}

CDP_FUNCTION(cdp_timeline_combine) {
  const pg::Arguments arguments(fcinfo);
  require_aggregate(fcinfo);
  if (arguments.is_null(1)) return unchanged(fcinfo);
  const AggregateState other = state_at(state_argument(arguments.datum(1)));
  return appended(arguments, other.used() - AggregateState::kHeaderBytes, other);
}

CDP_FUNCTION(cdp_timeline_final) {
  const pg::Arguments arguments(fcinfo);
  require_aggregate(fcinfo);
  if (arguments.is_null(0)) return pg::null_result(fcinfo);
  const std::string bytes = state_at(state_argument(arguments.datum(0))).finish();
  // Whoever makes an aggregate of these functions can give them any bytes to begin with.
  require_valid_names(TimelineView::open(bytes_in(bytes)), Category::BadBinary);
  return pg::to_varlena(bytes);
}
