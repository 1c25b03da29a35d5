#pragma once

#include "base/json.hpp"
#include "base/time.hpp"
#include "rule/rule.hpp"
#include "timeline/history.hpp"

namespace cdp::pg {
class Spi;
}

namespace cdp::segment {

/// What members_at() would read for a rule, and about how many users it has; as an object, which
/// docs/segments.md describes. Reads the indexes, and up to 200 users of whom they do not decide; functions
/// that the rule calls are asked of `asked`.
Json reading_plan(pg::Spi& spi, const rule::BoundRule& rule, const timeline::Demand& demand, Instant at,
                  rule::Calls* asked);

}  // namespace cdp::segment
