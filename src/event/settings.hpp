#pragma once

#include "base/time.hpp"

namespace cdp::event {

/// cdp.deduplication_horizon: how long insert ids are remembered.
Micros deduplication_horizon();
/// cdp.dead_letter_retention: how long dead letters are kept; 0 is for ever.
Micros dead_letter_retention();
/// cdp.unknown_events: are events without a schema refused?
bool rejects_unknown_events();

}  // namespace cdp::event
