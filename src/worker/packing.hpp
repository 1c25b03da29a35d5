#pragma once

#include "base/time.hpp"

#include <cstdint>

namespace cdp::pg {
class Spi;
}

namespace cdp::worker {

/// Packs some recent events into cdp.timeline if it is time for it (cdp.pack_interval). Says when to go on if
/// there is more, else Instant::max(). Requires the process lock.
Instant pack_some(pg::Spi& spi, Instant now);

}  // namespace cdp::worker
