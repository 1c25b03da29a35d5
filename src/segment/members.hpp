#pragma once

#include "base/time.hpp"
#include "bitmap/bitmap.hpp"
#include "rule/rule.hpp"
#include "timeline/history.hpp"

namespace cdp::pg {
class Spi;
}

namespace cdp::segment {

/// The numbers of all users for whom a rule, bound to `demand`, holds at an instant. Reads every profile if
/// the rule asks for one, then the histories of those users for whom the profile does not decide it, as far
/// as needed. Memory: bitmaps of users, and one history. Answers cancels.
bitmap::Bitmap members_at(pg::Spi& spi, const rule::BoundRule& rule, const timeline::Demand& demand,
                          Instant at);

}  // namespace cdp::segment
