#pragma once

namespace cdp::event {

/// Declares the room's settings.
void load();

}  // namespace cdp::event
