#pragma once

#include "base/time.hpp"

namespace cdp::pg {
class Spi;
}

namespace cdp::worker {

/// Folds some changed profiles into the trait indexes if it is time for it. Says when to go on if there is
/// more, else Instant::max(). Requires the process lock.
Instant fold_some(pg::Spi& spi, Instant now);

}  // namespace cdp::worker
