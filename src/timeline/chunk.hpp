#pragma once

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "timeline/details.hpp"
#include "timeline/user_events.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cdp::timeline {

/// An event as it is packed: everything that a row of cdp.recent_event has but its user.
struct PackableEvent {
  Instant time;
  int32_t event_no = 0;
  bool begins_session = false;
  EventDetails details;

  EventKey key() const { return {time, details.arrival_no}; }
};

/// Events of one user, packed: the values of a row of cdp.timeline.
struct Chunk {
  Instant first;
  int64_t first_arrival = 0;
  Instant last;
  int32_t size = 0;
  std::string timeline;
  std::string details;
};

/// Packs events, which are in order of their keys, in as few chunks of equal size as hold them with at most
/// `most_events` each; in more where their details are very large.
std::vector<Chunk> pack_chunks(std::span<const PackableEvent> events, size_t most_events,
                               PropertyNames& names);

/// The events of a chunk. Throws Error(Corrupt).
std::vector<PackableEvent> unpack_chunk(ByteView timeline, ByteView details, const PropertyNames& names);

}  // namespace cdp::timeline
