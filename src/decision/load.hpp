#pragma once

namespace cdp::decision {

/// Defines the settings of this room: cdp.seed and cdp.log_decisions. For the module's load.
void load();

}  // namespace cdp::decision
