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
using bitmap::Accumulator;
using bitmap::Bitmap;
using bitmap::Operand;
using bitmap::Versioned;
using pg::Arguments;

namespace {

MemoryContext state_context(FunctionCallInfo fcinfo) {
  MemoryContext context = nullptr;
  return AggCheckCallContext(fcinfo, &context) != 0 ? context : CurrentMemoryContext;
}

/// The result for a null value: the state as it is.
Datum unchanged(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  return arguments.is_null(0) ? pg::null_result(fcinfo) : arguments.datum(0);
}

/// A state that is a union in the making, writable; begun here if there is none.
bitmap::ExpandedUnion open_union(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  if (arguments.is_null(0)) return bitmap::make_union(state_context(fcinfo));
  const Datum state = arguments.datum(0);
  if (bitmap::is_writable(state))
    if (Accumulator* writable = bitmap::expanded_union(state)) return {state, writable};
  const bitmap::ExpandedUnion made = bitmap::make_union(state_context(fcinfo));
  made.set->add(pg::bytes_of(state));
  return made;
}

/// Folds one more set into a state that is a bitmap by `combine(state, set)`; the first set begins it.
template <class Combine>
Datum fold(FunctionCallInfo fcinfo, Combine combine) {
  const Arguments arguments(fcinfo);
  if (arguments.is_null(1)) return unchanged(fcinfo);
  const Datum value = arguments.datum(1);
  if (arguments.is_null(0))
    return bitmap::make_expanded(state_context(fcinfo), Versioned(bitmap::bitmap_of(value)));
  const Operand set = bitmap::operand_of(value);
  Datum state = arguments.datum(0);
  if (!bitmap::is_writable(state) || bitmap::expanded_bitmap(state) == nullptr)
    state = bitmap::make_expanded(state_context(fcinfo), Versioned(bitmap::bitmap_of(state)));
  combine(bitmap::expanded_bitmap(state)->write(), set);
  return state;
}

}  // namespace

CDP_FUNCTION(rb_build_trans) {
  const Arguments arguments(fcinfo);
  if (arguments.is_null(1)) return unchanged(fcinfo);
  const bitmap::ExpandedUnion state = open_union(fcinfo);
  state.set->add(static_cast<uint32_t>(arguments.integer(1)));
  return state.value;
}

CDP_FUNCTION(rb_or_trans) {
  const Arguments arguments(fcinfo);
  if (arguments.is_null(1)) return unchanged(fcinfo);
  const bitmap::ExpandedUnion state = open_union(fcinfo);
  state.set->add(pg::bytes_of(arguments.datum(1)));
  return state.value;
}

CDP_FUNCTION(rb_and_trans) {
  return fold(fcinfo, [](Bitmap& state, const Operand& set) { state &= set; });
}

CDP_FUNCTION(rb_xor_trans) {
  return fold(fcinfo, [](Bitmap& state, const Operand& set) { state ^= set; });
}
