#pragma once

#include "base/time.hpp"
#include "worker/traffic.hpp"

namespace cdp::pg {
class Spi;
}

namespace cdp::worker {

/// When, by the machine's clock, members are to be gathered next in the background; Instant::max() if there
/// are none.
Instant next_backfill(pg::Spi& spi, Traffic traffic);

/// Gathers members for a short while, in a transaction of its own.
void backfill_some(pg::Spi& spi);

}  // namespace cdp::worker
