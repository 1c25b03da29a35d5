#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <xxhash.h>

/// The bytes of packed details, version 1, as pack_details.cpp writes and details.cpp reads them. Integers
/// are little-endian.
///
///     head  1  version
///           4  checksum of the rest of the head
///              size of the head in bytes, number of events (varints)
///           1  what follows: kHasInsertIds, kHasProperties, kHasContext, kHasPresences
///              [how many properties] [how many of context] [how many presences] (varints)
///              presences: which events have a value. A varint; if it is 0, a bit for each event. Else so
///              many pairs of varints: events without a value, then events with one; those after the last
///              pair have none columns: arrival numbers, [insert ids], sources, instants of receipt,
///              properties, context.
///                 [number of the name, less the one before and 1 (varint)]
///              1  encoding, kIsPartial, kIsOutside, kIsCompressed
///                 [which presence, from 0] stored size [size before compression] (varints)
///              the bytes of those columns that are not outside
///     then     the other columns: 4 bytes checksum and the column's bytes
namespace cdp::timeline {

constexpr uint8_t kDetailsVersion = 1;
constexpr size_t kChecksumBytes = 4;

constexpr uint8_t kHasInsertIds = 1 << 0;
constexpr uint8_t kHasProperties = 1 << 1;
constexpr uint8_t kHasContext = 1 << 2;
constexpr uint8_t kHasPresences = 1 << 3;

constexpr uint8_t kEncodingBits = 15;
constexpr uint8_t kIsPartial = 1 << 4;
constexpr uint8_t kIsOutside = 1 << 5;
constexpr uint8_t kIsCompressed = 1 << 6;

/// Columns up to this size stand in the head, while together they are no larger than the second: what is read
/// anyhow from a value's first TOAST chunk.
constexpr size_t kMaxColumnInHead = 256;
constexpr size_t kMaxColumnsInHead = 1536;

/// Names packed details in errors.
constexpr const char* kDetails = "packed details of events";

/// The lower half of XXH3.
inline uint32_t checksum_of(ByteView bytes) {
  return static_cast<uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

/// Throws Error(Corrupt) unless the bytes have that checksum.
inline void require_checksum(const ByteReader& reader, ByteView bytes, uint32_t checksum) {
  if (checksum_of(bytes) != checksum) reader.fail("have a wrong checksum");
}

}  // namespace cdp::timeline
