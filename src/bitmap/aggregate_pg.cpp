/// Transition functions of the aggregates of roaringbitmap. A state is an expanded roaringbitmap, or the
/// plain value that another process sent; null as long as no row counted. The functions that take a set serve
/// as combine functions as well. What is expanded and writable is changed in place, anything else is copied
/// first, so that no caller can see a value change under it.

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/expanded_pg.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"

using namespace cdp;
using bitmap::Bitmap;
using pg::Arguments;

namespace {

MemoryContext state_context(FunctionCallInfo fcinfo) {
  MemoryContext context = nullptr;
  return AggCheckCallContext(fcinfo, &context) != 0 ? context : CurrentMemoryContext;
}

/// The state, now expanded and writable; must not be null.
bitmap::Expanded open_state(FunctionCallInfo fcinfo) {
  const Datum state = Arguments(fcinfo).datum(0);
  if (Bitmap* writable = bitmap::writable_bitmap(state)) return {state, writable};
  return bitmap::make_expanded(state_context(fcinfo), bitmap::bitmap_of(state));
}

/// Folds one more set into the state by `combine(state, set)`; the first set begins it.
template <class Combine>
Datum fold(FunctionCallInfo fcinfo, Combine combine) {
  const Arguments arguments(fcinfo);
  if (arguments.is_null(1)) {
    if (arguments.is_null(0)) return pg::null_result(fcinfo);
    return arguments.datum(0);
  }
  const Datum value = arguments.datum(1);
  if (arguments.is_null(0))
    return bitmap::make_expanded(state_context(fcinfo), bitmap::bitmap_of(value)).value;
  const bitmap::Expanded state = open_state(fcinfo);
  if (const Bitmap* expanded = bitmap::expanded_bitmap(value)) {
    combine(*state.bitmap, *expanded);
  } else {
    combine(*state.bitmap, bitmap::bitmap_of(value));
  }
  return state.value;
}

}  // namespace

CDP_FUNCTION(rb_build_trans) {
  const Arguments arguments(fcinfo);
  if (arguments.is_null(1)) {
    if (arguments.is_null(0)) return pg::null_result(fcinfo);
    return arguments.datum(0);
  }
  const bitmap::Expanded state =
      arguments.is_null(0) ? bitmap::make_expanded(state_context(fcinfo), Bitmap()) : open_state(fcinfo);
  state.bitmap->add(static_cast<uint32_t>(arguments.integer(1)));
  return state.value;
}

CDP_FUNCTION(rb_or_trans) {
  return fold(fcinfo, [](Bitmap& state, const Bitmap& set) { state |= set; });
}

CDP_FUNCTION(rb_and_trans) {
  return fold(fcinfo, [](Bitmap& state, const Bitmap& set) { state &= set; });
}

CDP_FUNCTION(rb_xor_trans) {
  return fold(fcinfo, [](Bitmap& state, const Bitmap& set) { state ^= set; });
}
