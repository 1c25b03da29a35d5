#pragma once

#include <cstdint>

namespace cdp::pg {

/// Which rows there are: as for a statement that begins now, or as for the statement that called (of a
/// function that is stable).
enum class Sees : uint8_t { WhatIsDone, WhatTheCallerSees };

}  // namespace cdp::pg
