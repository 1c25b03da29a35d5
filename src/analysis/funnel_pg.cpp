#include "pg/server.hpp"

#include "analysis/funnel_state.hpp"
#include "base/error.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"

#include <algorithm>
#include <memory_resource>
#include <string>
#include <vector>

extern "C" {
#include <catalog/pg_type.h>
#include <lib/stringinfo.h>
#include <libpq/pqformat.h>
#include <utils/array.h>
}

namespace cdp::analysis {

namespace {

static_assert(kLargestFunnelState < MaxAllocSize);
static_assert(alignof(FunnelState) <= MAXIMUM_ALIGNOF);

/// A new state in the current memory context, its unused room zeroed so that no stray memory leaves with it.
FunnelState* make_state(FunnelDefinition definition, uint64_t count) {
  const uint64_t size = funnel_state_size(grown_funnel_capacity(count));
  auto* state = static_cast<FunnelState*>(pg::guard([size] { return palloc0(size); }));
  SET_VARSIZE(state, size);
  state->version = FunnelState::kVersion;
  state->mode = FunnelState::kDefaultMode;
  state->steps = static_cast<uint8_t>(definition.steps);
  state->is_sorted = 1;
  state->within = definition.within;
  return state;
}

/// The state itself if it has room for `more` events, or a larger copy in the current memory context, which
/// the executor then moves to where the aggregate keeps its state.
FunnelState* with_room(FunnelState* state, uint64_t more) {
  const uint64_t count = state->count + more;
  if (count <= funnel_state_capacity(VARSIZE(state))) return state;
  FunnelState* larger = make_state(state->definition(), count);
  larger->append_all(*state);
  return larger;
}

/// A state as an argument: with a four-byte length word, aligned, its header checked.
FunnelState* state_argument(Datum datum) {
  auto* value = reinterpret_cast<struct varlena*>(DatumGetPointer(datum));
  if (VARATT_IS_EXTENDED(value)) value = pg::guard([value] { return pg_detoast_datum(value); });
  auto* state = reinterpret_cast<FunnelState*>(value);
  const char* problem = funnel_state_header_problem(*state, VARSIZE(state));
  if (problem != nullptr) throw Error(Category::Corrupt, std::string("state of a funnel ") + problem);
  return state;
}

/// Changing a state in place is only right where the executor owns it.
void require_aggregate(FunctionCallInfo fcinfo) {
  if (AggCheckCallContext(fcinfo, nullptr) == 0)
    throw Error(Category::State, "this function works only inside of the aggregate cdp_funnel");
}

Micros window_argument(const pg::Arguments& arguments, int i) {
  if (arguments.is_null(i))
    throw Error(Category::BadValue, "within must not be null", {},
                "Give the length of the conversion window, for example interval '1 day'.");
  const Micros within = pg::micros_of(DatumGetIntervalP(arguments.datum(i)), "within");
  if (within < 0)
    throw Error(Category::BadValue, "within must not be negative", {},
                "Give the length of the conversion window, for example interval '1 day'.");
  return within;
}

struct Steps {
  int count = 0;
  StepMask fulfilled = 0;
};

/// Reads the variadic array where it lies: its elements are one byte each, nulls left out.
Steps steps_argument(const pg::Arguments& arguments, int i) {
  if (arguments.is_null(i)) throw Error(Category::BadValue, "the array of steps must not be null");
  auto* value = reinterpret_cast<struct varlena*>(DatumGetPointer(arguments.datum(i)));
  if (VARATT_IS_EXTENDED(value)) value = pg::guard([value] { return pg_detoast_datum(value); });
  auto* array = reinterpret_cast<ArrayType*>(value);
  if (ARR_ELEMTYPE(array) != BOOLOID) throw Error(Category::Internal, "steps are not boolean");
  if (ARR_NDIM(array) > 1) throw Error(Category::BadValue, "the array of steps must have one dimension");
  Steps steps;
  steps.count = ARR_NDIM(array) == 0 ? 0 : ARR_DIMS(array)[0];
  if (steps.count == 0) throw Error(Category::BadValue, "a funnel needs at least one step");
  if (steps.count > kMostFunnelSteps)
    throw Error(Category::Limit, "a funnel has at most " + std::to_string(kMostFunnelSteps) + " steps",
                "It was given " + std::to_string(steps.count) + ".");
  const auto* element = reinterpret_cast<const uint8_t*>(ARR_DATA_PTR(array));
  const auto* present = ARR_NULLBITMAP(array);
  for (int step = 0; step < steps.count; ++step) {
    if (present != nullptr && (present[step / 8] >> (step % 8) & 1) == 0) continue;
    if (*element++ != 0) steps.fulfilled |= StepMask{1} << step;
  }
  return steps;
}

}  // namespace

}  // namespace cdp::analysis

using namespace cdp;
using namespace cdp::analysis;

CDP_FUNCTION(cdp_funnel_state_in) {
  return pg::to_varlena(funnel_state_from_text(pg::Arguments(fcinfo).cstring(0)));
}

CDP_FUNCTION(cdp_funnel_state_out) {
  const ByteView body = state_argument(pg::Arguments(fcinfo).datum(0))->body();
  if (2 * body.size() + 3 > MaxAllocSize)
    throw Error(Category::Limit, "state of a funnel is too large for its text form",
                "It takes " + std::to_string(body.size()) + " bytes.", "Use the binary form.");
  return pg::to_cstring(funnel_state_to_text(body));
}

CDP_FUNCTION(cdp_funnel_state_recv) {
  auto* message = reinterpret_cast<StringInfo>(pg::Arguments(fcinfo).datum(0));
  const int size = message->len - message->cursor;
  const char* bytes = pg::guard([=] { return pq_getmsgbytes(message, size); });
  const ByteView body(reinterpret_cast<const uint8_t*>(bytes), static_cast<size_t>(size));
  const char* problem = funnel_state_problem(body);
  if (problem != nullptr) throw Error(Category::BadBinary, std::string("state of a funnel ") + problem);
  return pg::to_varlena(body);
}

CDP_FUNCTION(cdp_funnel_state_send) {
  return pg::to_varlena(state_argument(pg::Arguments(fcinfo).datum(0))->body());
}

CDP_FUNCTION(cdp_funnel_transition) {
  const pg::Arguments arguments(fcinfo);
  require_aggregate(fcinfo);
  const Micros within = window_argument(arguments, 2);
  const Steps steps = steps_argument(arguments, 3);
  const FunnelDefinition definition{steps.count, within};
  const bool is_stored = !arguments.is_null(1) && steps.fulfilled != 0;

  // The first row makes a state even if it fulfils no step, so that rows of one group are held against each
  // other in whatever order they come.
  FunnelState* state =
      arguments.is_null(0) ? make_state(definition, is_stored ? 1 : 0) : state_argument(arguments.datum(0));
  require_same_funnel(*state, definition);
  if (is_stored) {
    state = with_room(state, 1);
    state->append({arguments.instant(1), steps.fulfilled});
  }
  return PointerGetDatum(state);
}

CDP_FUNCTION(cdp_funnel_combine) {
  const pg::Arguments arguments(fcinfo);
  require_aggregate(fcinfo);
  if (arguments.is_null(0) && arguments.is_null(1)) return pg::null_result(fcinfo);
  if (arguments.is_null(1)) return arguments.datum(0);
  const FunnelState* other = state_argument(arguments.datum(1));
  FunnelState* state = arguments.is_null(0) ? make_state(other->definition(), other->count)
                                            : state_argument(arguments.datum(0));
  require_same_funnel(*state, other->definition());
  state = with_room(state, other->count);
  state->append_all(*other);
  return PointerGetDatum(state);
}

CDP_FUNCTION(cdp_funnel_final) {
  const pg::Arguments arguments(fcinfo);
  if (arguments.is_null(0)) return Int32GetDatum(0);
  const FunnelState* state = state_argument(arguments.datum(0));
  if (state->is_sorted) return Int32GetDatum(funnel_depth(state->definition(), state->all_events()));

  // The state stays as it is: a moving window or another aggregate may go on with it.
  pg::ContextResource memory(CurrentMemoryContext);
  std::pmr::vector<FunnelEvent> events(&memory);
  events.assign(state->all_events().begin(), state->all_events().end());
  sort_by_time(events);
  return Int32GetDatum(funnel_depth(state->definition(), events));
}
