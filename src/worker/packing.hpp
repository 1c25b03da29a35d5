#pragma once

#include "base/time.hpp"

#include <cstdint>

namespace cdp::pg {
class Spi;
}

namespace cdp::worker {

/// Packs some recent events into cdp.timeline if it is time for it (cdp.pack_interval). Says whether there is
/// more to do at once. Requires the process lock.
bool pack_some(pg::Spi& spi, Instant now);

}  // namespace cdp::worker
