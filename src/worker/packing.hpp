#pragma once

#include "base/time.hpp"
#include "worker/traffic.hpp"

namespace cdp::pg {
class Spi;
}

namespace cdp::worker {

/// Packs some recent events into cdp.timeline if it is time for it (cdp.pack_interval); fewer at once where
/// messages come and none waits. Says when to go on if there is more, else Instant::max(). Requires the
/// process lock.
Instant pack_some(pg::Spi& spi, Instant now, Traffic traffic);

}  // namespace cdp::worker
