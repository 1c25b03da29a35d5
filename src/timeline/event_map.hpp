#pragma once

#include "timeline/history.hpp"

#include <cstdint>
#include <unordered_map>

namespace cdp::pg {
class Spi;
}

namespace cdp::timeline {

/// The demand's number of each event_no that it names.
std::unordered_map<int32_t, int> event_map(pg::Spi& spi, const Demand& demand);

}  // namespace cdp::timeline
