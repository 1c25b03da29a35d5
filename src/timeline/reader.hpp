#pragma once

#include "base/time.hpp"
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

/// Which histories are wanted, and how much of them; by default all of everyone's.
struct Selection {
  int64_t first_user = INT64_MIN;         ///< of users from this number on
  int64_t last_user = INT64_MAX;          ///< to this one
  const bitmap::Bitmap* users = nullptr;  ///< only of these; nullptr: of everyone
  Instant since = Instant::min();         ///< events before this time are not needed
  Instant until = Instant::max();         ///< nor those at this one or later
  /// Asked where a history is packed in one piece and nobody has looked into it: may it be wanted, having so
  /// many events of whatever kind within these times? Empty: yes.
  std::function<bool(int64_t user_no, const Occurrences& all)> may_want;
  /// Asked then, by what is known of the events without decoding them. Empty: yes.
  std::function<bool(int64_t user_no, const HistorySummary& summary)> wants;
};

/// Tells which of a demand's events, by number, are needed of a user; nullptr: all that it asks for.
using NeededEvents = std::function<const std::vector<bool>*(int64_t user_no)>;

/// Reads the histories that `demand` asks for, of these users, in ascending order of user_no. Users without
/// such events are not called for. Only what the demand names is read: with no property columns the
/// properties stay unread. Memory: one history at a time. Answers cancels.
void read_histories(pg::Spi& spi, const Demand& demand, const std::vector<int64_t>& users, Numbers numbers,
                    const HistoryCallback& callback, const NeededEvents& needed = {});

/// The same of everyone who is selected; quick where these are many.
void read_all_histories(pg::Spi& spi, const Demand& demand, const Selection& selection,
                        const HistoryCallback& callback);

}  // namespace cdp::timeline
