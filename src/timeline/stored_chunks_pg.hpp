#pragma once

#include "pg/index_lookup.hpp"
#include "timeline/chunk.hpp"
#include "timeline/packed.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace cdp::timeline {

/// A row of cdp.timeline: all of it but the packed bytes is read.
struct StoredChunk {
  uint64_t place = 0;
  EventKey first;
  Instant last;
  int32_t size = 0;
};

/// The columns of cdp.timeline.
enum ChunkColumn : uint8_t {
  kChunkUser,
  kChunkFirst,
  kChunkNumber,
  kChunkLast,
  kChunkSize,
  kChunkTimeline,
  kChunkDetails
};

inline StoredChunk stored_chunk(const pg::StoredRow& row) {
  return {row.place(),
          {row.instant(kChunkFirst), row.bigint(kChunkNumber)},
          row.instant(kChunkLast),
          row.integer(kChunkSize)};
}

/// The timeline of a row of cdp.timeline. In the row its details mostly follow it, so that it may be read
/// beyond its end.
inline TimelineView timeline_of(const pg::StoredRow& row) {
  const ByteView bytes = pg::bytes_of(row.datum(kChunkTimeline));
  return TimelineView::open(bytes, row.bytes_behind(bytes));
}

/// The events of a row of cdp.timeline.
inline std::vector<PackableEvent> events_of(const pg::StoredRow& row, const PropertyNames& names) {
  return unpack_chunk(pg::bytes_of(row.datum(kChunkTimeline)), pg::bytes_of(row.datum(kChunkDetails)), names);
}

}  // namespace cdp::timeline
