#pragma once

#include "timeline/history.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::timeline {

/// Called with each user's history.
using HistoryCallback = std::function<void(int64_t user_no, const History& history)>;

/// Reads the histories that `demand` asks for: of `users`, or of everyone if nullopt, in ascending order of
/// user_no. Users without such events are not called for. Only what the demand names is read: with no
/// property columns the properties stay unread. Memory: one history at a time. Answers cancels.
void read_histories(pg::Spi& spi, const Demand& demand, const std::optional<std::vector<int64_t>>& users,
                    const HistoryCallback& callback);

}  // namespace cdp::timeline
