#pragma once

#include "bitmap/bitmap.hpp"
#include "timeline/history.hpp"
#include "timeline/summary.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::timeline {

/// Called with each user's history.
using HistoryCallback = std::function<void(int64_t user_no, const History& history)>;

/// Asked, before a history is decoded, by what is known of all of it without: is it wanted?
using HistoryScreen = std::function<bool(int64_t user_no, const HistorySummary& summary)>;

/// Reads the histories that `demand` asks for, of these users, in ascending order of user_no. Users without
/// such events are not called for. Only what the demand names is read: with no property columns the
/// properties stay unread. Memory: one history at a time. Answers cancels.
void read_histories(pg::Spi& spi, const Demand& demand, const std::vector<int64_t>& users,
                    const HistoryCallback& callback);

/// The same of everyone, or of those in `users` unless it is nullptr; quick where these are many. Those that
/// `screen` does not want are passed over; it is asked only where a history is packed in one piece.
void read_all_histories(pg::Spi& spi, const Demand& demand, const bitmap::Bitmap* users,
                        const HistoryScreen& screen, const HistoryCallback& callback);

}  // namespace cdp::timeline
