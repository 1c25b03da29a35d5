#pragma once

#include "decision/random.hpp"

namespace cdp::decision {

/// The setting cdp.log_decisions.
bool logs_decisions();

/// This connection's random numbers: seeded by the operating system's strong source, or by cdp.seed where
/// that is not 0; then setting it starts the stream anew.
Random& random();

}  // namespace cdp::decision
