#pragma once

#include <cstdint>

namespace cdp::worker {

/// Declares the room's settings; registers the launcher where the library is being preloaded.
void load();

/// cdp.poll_interval in milliseconds, and cdp.batch_size in messages.
int poll_interval_ms();
int64_t batch_size();

}  // namespace cdp::worker
