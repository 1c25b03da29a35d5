#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <functional>
#include <string_view>

namespace cdp {

/// By how much local time is ahead of UTC, and the first instant at which that may be different.
struct ZoneOffset {
  Micros ahead = 0;
  Instant until = Instant::max();
};

/// A time zone: its offset at an instant. The core knows none but UTC; where others come from, the caller
/// says (src/pg/time_zone.hpp: from the server).
using TimeZone = std::function<ZoneOffset(Instant)>;

/// The zone of a name of the tz database; nullptr if there is none. The zone lives on.
using TimeZones = std::function<const TimeZone*(std::string_view name)>;

/// Local dates of a zone. Remembers the last offset: instants close to each other are quick.
class LocalTime {
 public:
  /// nullptr is UTC; else the zone must outlive this.
  explicit LocalTime(const TimeZone* zone) : zone_(zone) {}

  ZoneOffset offset(Instant t);

  /// The local date at `t`, as days since 2000-01-01.
  int64_t day(Instant t);

  /// The microsecond of the local day, from 0.
  Micros time_of_day(Instant t);

  /// When a local date begins. Where midnight comes twice it is the first one; where clocks pass over it, the
  /// instant at which they do.
  Instant start_of_day(int64_t day);

 private:
  int64_t local_us(Instant t) { return (t + offset(t).ahead).us; }

  const TimeZone* zone_;
  Instant known_since_ = Instant::max();  ///< `known_` holds from here on
  ZoneOffset known_;
};

/// 0 for Monday to 6 for Sunday; `day` in days since 2000-01-01.
int weekday_of(int64_t day);

}  // namespace cdp
