/// Transition functions of the aggregates of roaringbitmap and roaringbitmap64. A state is an expanded value
/// of the type, or the plain value that another process sent; null as long as no row counted. The functions
/// that take a set serve as combine functions as well. What is expanded and writable is changed in place,
/// anything else is copied first, so that no caller can see a value change under it.

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/expanded_pg.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"

using namespace cdp;
using bitmap::Kind32;
using bitmap::Kind64;
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
template <class Kind>
bitmap::ExpandedUnion<Kind> open_union(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  if (arguments.is_null(0)) return bitmap::make_union<Kind>(state_context(fcinfo));
  const Datum state = arguments.datum(0);
  if (bitmap::is_writable(state))
    if (typename Kind::Union* writable = bitmap::expanded_union<Kind>(state)) return {state, writable};
  const bitmap::ExpandedUnion<Kind> made = bitmap::make_union<Kind>(state_context(fcinfo));
  made.set->add(pg::bytes_of(state));
  return made;
}

/// Adds an element to a union.
template <class Kind>
Datum build_trans(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  if (arguments.is_null(1)) return unchanged(fcinfo);
  const bitmap::ExpandedUnion<Kind> state = open_union<Kind>(fcinfo);
  state.set->add(Kind::element(arguments.datum(1)));
  return state.value;
}

/// Adds a set to a union.
template <class Kind>
Datum or_trans(FunctionCallInfo fcinfo) {
  const Arguments arguments(fcinfo);
  if (arguments.is_null(1)) return unchanged(fcinfo);
  const bitmap::ExpandedUnion<Kind> state = open_union<Kind>(fcinfo);
  state.set->add(pg::bytes_of(arguments.datum(1)));
  return state.value;
}

/// Folds one more set into a state that is a set by `combine(state, set)`; the first set begins it.
template <class Kind, class Combine>
Datum fold(FunctionCallInfo fcinfo, Combine combine) {
  const Arguments arguments(fcinfo);
  if (arguments.is_null(1)) return unchanged(fcinfo);
  const Datum value = arguments.datum(1);
  const auto begin = [&](Datum first) {
    return bitmap::make_expanded<Kind>(state_context(fcinfo),
                                       typename Kind::Growing(bitmap::set_of<Kind>(first)));
  };
  if (arguments.is_null(0)) return begin(value);
  const typename Kind::Operand set = bitmap::operand_of<Kind>(value);
  Datum state = arguments.datum(0);
  if (!bitmap::is_writable(state) || bitmap::expanded_set<Kind>(state) == nullptr) state = begin(state);
  combine(Kind::write(*bitmap::expanded_set<Kind>(state)), set);
  return state;
}

template <class Kind>
Datum and_trans(FunctionCallInfo fcinfo) {
  return fold<Kind>(fcinfo, [](auto& state, const auto& set) { state &= set; });
}

template <class Kind>
Datum xor_trans(FunctionCallInfo fcinfo) {
  return fold<Kind>(fcinfo, [](auto& state, const auto& set) { state ^= set; });
}

}  // namespace

CDP_FUNCTION(rb_build_trans) { return build_trans<Kind32>(fcinfo); }

CDP_FUNCTION(rb_or_trans) { return or_trans<Kind32>(fcinfo); }

CDP_FUNCTION(rb_and_trans) { return and_trans<Kind32>(fcinfo); }

CDP_FUNCTION(rb_xor_trans) { return xor_trans<Kind32>(fcinfo); }

CDP_FUNCTION(rb64_build_trans) { return build_trans<Kind64>(fcinfo); }

CDP_FUNCTION(rb64_or_trans) { return or_trans<Kind64>(fcinfo); }

CDP_FUNCTION(rb64_and_trans) { return and_trans<Kind64>(fcinfo); }

CDP_FUNCTION(rb64_xor_trans) { return xor_trans<Kind64>(fcinfo); }
