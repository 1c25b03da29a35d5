/// When recent events are packed.

#include "base/error.hpp"
#include "pg/boundary.hpp"
#include "pg/spi.hpp"
#include "segment/membership.hpp"
#include "session/store.hpp"
#include "timeline/packing.hpp"
#include "worker/load.hpp"
#include "worker/packing.hpp"

#include <algorithm>

namespace cdp::worker {

namespace {

/// Events that are packed in one transaction: batches wait meanwhile.
constexpr int64_t kEventsAtOnce = 5000;
/// Between two looks at whether it is time.
constexpr Micros kLookInterval = 10 * kSecond;

/// All that is recent at present; less where an older snapshot keeps the closed table from being emptied.
int64_t pack_all(pg::Spi& spi, Instant now) {
  timeline::Packing packing(spi, session::session_starts());
  int64_t events = packing.pack(INT64_MAX).events;
  if (packing.empty_closed() && packing.close_open(now)) events += packing.pack(INT64_MAX).events;
  return events;
}

}  // namespace

bool pack_some(pg::Spi& spi, Instant now) {
  static const Instant first_look = now;
  static Instant next_look = Instant::min();
  if (now < next_look || pack_interval() == 0) return false;
  timeline::Packing packing(spi, session::session_starts());
  if (packing.pack(kEventsAtOnce).has_more) return true;
  next_look = now + std::min(kLookInterval, pack_interval());
  const bool is_closed_empty = packing.empty_closed();
  // Before the first closing it is not known since when events gather.
  if (now < std::max(packing.opened_at(), first_look) + pack_interval()) return false;
  if (!is_closed_empty || !packing.close_open(now)) return false;
  next_look = now;
  return true;
}

}  // namespace cdp::worker

using namespace cdp;  // NOLINT(google-build-using-namespace): the function below is the room's outside

CDP_FUNCTION(cdp_pack) {
  pg::Spi spi;
  segment::lock_processing();
  static pg::Query clock("SELECT clock_timestamp()");
  const Instant now = clock(spi).instant(0, 0);
  return Int64GetDatum(worker::pack_all(spi, now));
}
