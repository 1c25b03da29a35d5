#pragma once

#include "base/time.hpp"
#include "bitmap/bitmap.hpp"
#include "rule/rule.hpp"
#include "timeline/history.hpp"

namespace cdp::pg {
class Spi;
}

namespace cdp::segment {

/// The numbers of all users for whom a rule, bound to `demand`, holds at an instant. Where traits are
/// indexed (cdp.trait_index) those conditions are answered for all users at once. Then the profiles are read
/// of those users for whom that does not decide the rule, if it asks for more of the profile (without
/// any index: every profile), and the histories of those for whom the profile does not decide it, as far as
/// needed. Functions that the rule calls are asked of `asked`; nullptr: their stored values are read. Memory:
/// bitmaps of users, and one history. Answers cancels.
bitmap::Bitmap members_at(pg::Spi& spi, const rule::BoundRule& rule, const timeline::Demand& demand,
                          Instant at, rule::Calls* asked = nullptr);

}  // namespace cdp::segment
