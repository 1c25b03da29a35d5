#pragma once

#include "base/local_time.hpp"

namespace cdp::pg {

/// The time zones that the server knows (pg_timezone_names), whatever the case of their names. Each is loaded
/// once per backend.
const TimeZones& time_zones();

}  // namespace cdp::pg
