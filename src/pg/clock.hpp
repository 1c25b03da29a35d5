#pragma once

#include "pg/server.hpp"

#include "base/time.hpp"

namespace cdp::pg {

/// Declares the setting cdp.now.
void declare_clock();

/// The instant that everything takes for now: cdp.now where it is set, else the server's clock. What measures
/// how long something takes, and waits, does not ask here.
Instant now();

/// Is cdp.now set, so that time stands still?
bool is_clock_set();

}  // namespace cdp::pg
