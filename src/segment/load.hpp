#pragma once

namespace cdp::segment {

/// Declares the room's settings.
void load();

}  // namespace cdp::segment
