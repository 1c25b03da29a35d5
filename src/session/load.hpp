#pragma once

namespace cdp::session {

/// Declares the room's settings.
void load();

}  // namespace cdp::session
