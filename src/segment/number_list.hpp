#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cdp::segment {

/// Numbers of segments as cdp.membership.segments keeps them: of each the difference to the one before (the
/// first to 0) as an unsigned LEB128 integer, so that most take a byte. `numbers` ascend and are not
/// negative.
std::string pack_numbers(const std::vector<int32_t>& numbers);

/// The same back. Throws Error(Corrupt) for bytes that pack_numbers() does not write.
std::vector<int32_t> unpack_numbers(ByteView packed);

}  // namespace cdp::segment
