#pragma once

#include "segment/membership.hpp"
#include "worker/piece.hpp"
#include "worker/stages.hpp"

namespace cdp::pg {
class Spi;
}

namespace cdp::worker {

/// Applies a piece of messages with every effect of theirs, room by room.
void apply_batch(pg::Spi& spi, Piece& piece, segment::Clock clock, StageTimes& times);

}  // namespace cdp::worker
