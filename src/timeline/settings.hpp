#pragma once

#include <cstddef>

namespace cdp::timeline {

/// cdp.chunk_events: the most events of a chunk. One with less than half of it takes further events that
/// follow it; from there on they begin another.
size_t chunk_events();

}  // namespace cdp::timeline
