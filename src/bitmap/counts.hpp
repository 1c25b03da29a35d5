#pragma once

#include "bitmap/frozen.hpp"

#include <span>

namespace cdp::bitmap {

/// How many elements the operation on any number of sets gives: 0 for none, the cardinality of a single one.
///
/// Works container by container on the bytes; no set is made. The bytes pass check_layout(), so that
/// Error(Corrupt) or a wrong count may come of damaged ones, never a read outside of them. Cost: one pass
/// over the containers whose key another set has as well (with And: all sets); answers interrupts.
uint64_t cardinality_of(SetOperation operation, std::span<const ByteView> sets);

}  // namespace cdp::bitmap
