#pragma once

namespace cdp::timeline {

/// Declares the room's settings.
void load();

}  // namespace cdp::timeline
