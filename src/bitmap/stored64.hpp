#pragma once

#include "bitmap/stored.hpp"

#include <cstdint>
#include <optional>

/// Questions to a stored set of 64-bit numbers, answered part by part as those of stored.hpp, and with their
/// errors. Each reads what says where the parts before it end, and of its own part what its answer needs.
namespace cdp::bitmap {

/// How many parts the set states to have: what the cost of the other questions grows with.
uint64_t part_count(ByteSource& source);

bool contains64(ByteSource& source, uint64_t element);
uint64_t cardinality64(ByteSource& source);
bool is_empty64(ByteSource& source);
std::optional<uint64_t> min64(ByteSource& source);  ///< nullopt if empty
std::optional<uint64_t> max64(ByteSource& source);  ///< nullopt if empty
uint64_t rank64(ByteSource& source, uint64_t element);
std::optional<uint64_t> nth64(ByteSource& source, uint64_t index);  ///< nullopt if there are not so many

}  // namespace cdp::bitmap
