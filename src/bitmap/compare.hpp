#pragma once

#include "bitmap/portable.hpp"

#include <compare>
#include <cstdint>

/// Order and hash of stored sets, the same for every way in which the format can hold a set.
namespace cdp::bitmap {

/// The order of the ascending elements as of words in a dictionary: the first element that only one set has
/// decides, the set that has it being the smaller one unless the other ends before it. The empty set is the
/// smallest. Every byte is checked: throws Error(Corrupt). Cost: one pass; answers interrupts.
/// A set that continues has further elements, all larger than those of both.
std::strong_ordering compare(ByteView a, ByteView b, bool a_continues = false, bool b_continues = false);

/// A hash of the elements. Every byte is checked: throws Error(Corrupt). Cost: one pass; answers interrupts.
uint64_t hash(ByteView set, uint64_t seed = 0);

}  // namespace cdp::bitmap
