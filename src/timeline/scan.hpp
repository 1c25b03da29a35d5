#pragma once

#include "base/time.hpp"
#include "timeline/history.hpp"
#include "timeline/packed.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::timeline {

/// What a scan of histories needs to see. Events are named by cdp.event_name.event_no.
struct ScanDemand {
  std::vector<int32_t> events;           ///< which events, ascending
  std::vector<PropertyPath> properties;  ///< which values of them
  Instant since = Instant::min();        ///< events at or after this time
  Instant until = Instant::max();        ///< and before this one
  int64_t first_user = 1;                ///< users from this number on
  int64_t last_user = INT64_MAX;         ///< to this one
};

/// The values of one event by their place in ScanDemand::properties; JSON null if absent.
using PropertyValues = std::function<Json(size_t place)>;

/// Takes in histories, user by user, each in order of time, events of equal time in order of arrival.
class HistoryVisitor {
 public:
  virtual ~HistoryVisitor() = default;

  /// A user begins.
  virtual void begin(int64_t user_no) = 0;

  /// Further events, packed: all of a chunk, of which at least one is demanded. Those outside of the demanded
  /// time are to be passed over. `property(i, place)` gives a value of the i-th event. False: no more of this
  /// user is wanted.
  virtual bool chunk(const TimelineView& timeline,
                     const std::function<Json(size_t i, size_t place)>& property) = 0;

  /// A further event, one that is demanded. False as above.
  virtual bool event(Instant time, int32_t event_no, const PropertyValues& property) = 0;

  /// The user's events are at their end, or no more were wanted.
  virtual void end() = 0;
};

/// Shows the visitor everyone's histories as far as they are demanded: packed and recent events as one, in
/// ascending order of user_no. Users without such events are not shown. Properties are read only where they
/// are asked for. Memory: one chunk, and the recent events of one user. Answers cancels.
void scan_histories(pg::Spi& spi, const ScanDemand& demand, HistoryVisitor& visitor);

}  // namespace cdp::timeline
