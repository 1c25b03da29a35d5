#pragma once

#include "pg/server.hpp"

namespace cdp::pg {

using Body = Datum (*)(FunctionCallInfo);

/// Runs `body`, a C++ function that may throw, on behalf of the server. What it throws comes out as an
/// SQL error after every C++ frame is left: a ServerError as it was, an Error with the SQLSTATE of its
/// category, bad_alloc as 53200, anything else as XX000. Its frame holds only plain data.
Datum enter(FunctionCallInfo fcinfo, Body body);

/// The same for a hook or callback of any signature: `body(argument)`.
void enter(void (*body)(void*), void* argument);

}  // namespace cdp::pg

/// Opens an SQL-callable function: CDP_FUNCTION(cdp_x) { … return datum; } with `fcinfo` in scope.
#define CDP_FUNCTION(name)                                                                 \
  static Datum name##_body(FunctionCallInfo fcinfo);                                       \
  extern "C" {                                                                             \
  PG_FUNCTION_INFO_V1(name);                                                               \
  PGDLLEXPORT Datum name(PG_FUNCTION_ARGS) { return cdp::pg::enter(fcinfo, name##_body); } \
  }                                                                                        \
  static Datum name##_body([[maybe_unused]] FunctionCallInfo fcinfo)
