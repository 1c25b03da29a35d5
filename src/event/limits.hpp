#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <cstddef>

namespace cdp::event {

/// Limits of a message; what is beyond one is refused, nothing is cut off.
constexpr size_t kMaxMessageBytes = 1024 * 1024;
/// Of ids, and of the names of events, properties, traits.
constexpr size_t kMaxNameBytes = 255;
/// Of properties, traits and context: how many members each may have, those of nested objects not counted.
constexpr size_t kMaxMembers = 1000;
/// How deep a payload of several messages may nest. A message ends at kMaxJsonDepth; more is read so that one
/// too deep costs only itself and not the others of its payload.
constexpr int kMaxPayloadDepth = 1000;
/// How far an event may be ahead of the instant at which it was received; up to there it counts as then.
constexpr Micros kMaxClockSkew = 5 * kMinute;

}  // namespace cdp::event
