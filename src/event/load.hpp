#pragma once

namespace cdp::event {

/// Defines the setting of this room: cdp.unknown_events. For the module's load.
void load();

/// Are events without a schema refused?
bool rejects_unknown_events();

}  // namespace cdp::event
