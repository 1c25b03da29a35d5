#pragma once

#include "base/time.hpp"
#include "timeline/history_cache.hpp"

#include <cstdint>
#include <span>

namespace cdp::pg {
class Spi;
}

namespace cdp::timeline {

/// The histories that this process keeps: those of the demand, as far as nobody else has changed events
/// since. What a transaction or subtransaction changed is forgotten if it is rolled back. Requires the
/// process lock, as do the others.
HistoryCache& kept_histories(pg::Spi& spi, const Demand& demand);

/// Whose event, and its time.
struct StoredTime {
  int64_t user_no;
  Instant time;
};

/// Events were stored, in the order of their arrival, which is later than all others'.
void note_stored(pg::Spi& spi, std::span<const StoredTime> events);

/// Users' events changed in whatever other way.
void note_changed(pg::Spi& spi, std::span<const int64_t> users);

/// Events of users with these numbers, both ends in, were packed.
void note_packed(pg::Spi& spi, int64_t first_user, int64_t last_user);

}  // namespace cdp::timeline
