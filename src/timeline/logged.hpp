#pragma once

#include "event/reading.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::timeline {

/// Which messages are events that happened before the horizon and that their users (`users`, in parallel)
/// have already, by source and insert id; ascending indexes. Costs a look at the users' events of the same
/// instants, and nothing where there is no such message.
std::vector<size_t> find_logged(pg::Spi& spi, std::span<const event::Received> messages,
                                std::span<const int64_t> users);

}  // namespace cdp::timeline
