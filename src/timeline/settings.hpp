#pragma once

#include <cstddef>
#include <cstdint>

namespace cdp::timeline {

/// cdp.chunk_events: the most events of a chunk. One with less than half of it takes further events that
/// follow it; from there on they begin another.
size_t chunk_events();

/// cdp.history_cache: how much memory histories take that a process keeps, in bytes.
size_t history_cache_bytes();
/// cdp.keep_history_from: from how many events on a user's history is kept.
int64_t keep_history_from();

}  // namespace cdp::timeline
