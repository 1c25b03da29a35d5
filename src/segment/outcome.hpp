#pragma once

#include "bitmap/bitmap.hpp"
#include "segment/catalog.hpp"
#include "segment/hints.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace cdp::segment {

/// Who entered and left a segment when its members were computed anew.
struct Outcome {
  const Definition* segment = nullptr;
  bitmap::Bitmap entered;
  bitmap::Bitmap exited;
};

/// What it means for a segment to have these members instead of those before.
Outcome outcome_of(const Definition& segment, const bitmap::Bitmap& before, const bitmap::Bitmap& after);

/// Writes outcomes to the users' rows, each once however many segments there are, and records the changes,
/// but for members that are still gathered; chunks and sizes are the caller's. `dues` are in ascending order
/// of users. Answers cancels.
void write_outcomes(std::span<const Outcome> outcomes, std::span<const Due> dues, Instant now, Reason reason);

/// Records the changes alone.
void record_outcome(const Outcome& outcome, Instant now, Reason reason);

}  // namespace cdp::segment
