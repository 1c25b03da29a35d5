#pragma once

#include <cstdint>

/// The columns of the room's tables, as far as they are read without a statement.
namespace cdp::profile {

/// cdp.profile
enum ProfileColumn : uint8_t { kProfileUser, kProfileUserId, kProfileTraits, kProfileTraitTimes };

/// cdp.trait_value
enum TraitValueColumn : uint8_t { kValueIndex, kValueNo, kIsElement, kValue, kValueHash, kValueChunks };
/// cdp.trait_chunk
enum TraitChunkColumn : uint8_t { kChunkIndex, kChunkValue, kChunkNo, kChunkUsers };
/// cdp.trait_number
enum TraitNumberColumn : uint8_t { kNumberIndex, kNumberChunk, kNumberScale, kNumberSlices, kNumberOthers };

/// The index that stands for all users, and the value that stands for any but null.
constexpr int64_t kEveryone = 0;
constexpr int64_t kAnyValue = 0;

}  // namespace cdp::profile
