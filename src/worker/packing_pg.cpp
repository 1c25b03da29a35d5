/// When recent events are packed.

#include "base/error.hpp"
#include "pg/boundary.hpp"
#include "pg/clock.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "segment/membership.hpp"
#include "session/store.hpp"
#include "timeline/packing.hpp"
#include "worker/attempt_pg.hpp"
#include "worker/load.hpp"
#include "worker/packing.hpp"
#include "worker/stages.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace cdp::worker {

namespace {

/// Events that are packed in one transaction: batches wait meanwhile. Where messages wait already, all of
/// them are late, and the more recent events there are, the slower goes each: then, too, packing goes on.
constexpr int64_t kEventsAtOnce = 5000;
constexpr int64_t kEventsAtOnceInTraffic = 1000;
/// After a step the packing rests so many times as long as it took: those who write keep the machine.
constexpr Micros kRests = 5;
/// Between two looks at whether it is time.
constexpr Micros kLookInterval = 10 * kSecond;
/// After a failure.
constexpr Micros kFailureInterval = 60 * kSecond;

/// All that is recent at present, or about `most_events` of it; less where an older snapshot keeps the closed
/// table from being emptied.
int64_t pack_now(pg::Spi& spi, Instant now, int64_t most_events) {
  timeline::Packing packing(spi, session::session_starts());
  const timeline::Packed rest = packing.pack(most_events);
  if (rest.has_more || rest.events >= most_events) return rest.events;
  if (!packing.empty_closed() || !packing.close_open(now)) return rest.events;
  return rest.events + packing.pack(most_events - rest.events).events;
}

/// Says whether there is more to do at once, and when to look next.
bool pack_if_due(pg::Spi& spi, Instant now, Traffic traffic, Instant* next_look) {
  static const Instant first_look = now;
  timeline::Packing packing(spi, session::session_starts());
  const int64_t most_events = traffic == Traffic::Some ? kEventsAtOnceInTraffic : kEventsAtOnce;
  if (packing.pack(most_events).has_more) return true;
  *next_look = now + std::min(kLookInterval, pack_interval());
  const bool is_closed_empty = packing.empty_closed();
  // Before the first closing it is not known since when events gather.
  const Instant since = packing.opened_at().is_finite() ? packing.opened_at() : first_look;
  if (now < since + pack_interval()) return false;
  if (!is_closed_empty || !packing.close_open(now)) return false;
  *next_look = now;
  return true;
}

/// Tells the server's log, and whoever asks cdp_health().
void report_failure(pg::Spi& spi, const std::string& message) {
  static pg::Query query(
      "UPDATE cdp.worker SET packing_error = $1, packing_error_at = clock.now,"
      " packing_fails_since = coalesce(packing_fails_since, clock.now)"
      " FROM (SELECT clock_timestamp() AS now) AS clock");
  (void)query(spi, message);
  pg::guard([&] {
    ereport(WARNING, (errmsg("cdp worker: events could not be packed: %s", message.c_str()),
                      errdetail("They stay where they are, and count as before.")));
  });
}

void record_success(pg::Spi& spi) {
  static pg::Query query(
      "UPDATE cdp.worker SET packing_fails_since = NULL WHERE packing_fails_since IS NOT NULL");
  (void)query(spi);
}

}  // namespace

Instant pack_some(pg::Spi& spi, Instant now, Traffic traffic) {
  static Instant next_look = Instant::min();
  static bool has_more = false;
  static bool may_have_failed = true;  // perhaps a process before this one
  if (pack_interval() == 0) return Instant::max();
  if (now < next_look) return has_more ? next_look : Instant::max();
  const Stopwatch stopwatch;
  const std::optional<std::string> failure =
      failure_of([&] { has_more = pack_if_due(spi, now, traffic, &next_look); });
  if (!failure) {
    if (has_more) next_look = now + (1 + kRests) * stopwatch.us();
    if (std::exchange(may_have_failed, false)) record_success(spi);
    return has_more ? next_look : Instant::max();
  }
  report_failure(spi, *failure);
  // Messages go on being taken; what keeps events from being packed is looked at once in a while.
  may_have_failed = true;
  has_more = false;
  next_look = now + kFailureInterval;
  return Instant::max();
}

}  // namespace cdp::worker

using namespace cdp;  // NOLINT(google-build-using-namespace): the function below is the room's outside

CDP_FUNCTION(cdp_pack) {
  const pg::Arguments arguments(fcinfo);
  int64_t most_events = INT64_MAX;
  if (!arguments.is_null(0)) {
    most_events = arguments.integer(0);
    if (most_events < 1)
      throw Error(Category::BadValue, "max_events must be at least 1, not " + std::to_string(most_events));
  }
  segment::refuse_old_snapshot("cdp_pack() cannot run");
  pg::Spi spi;
  segment::lock_processing();
  return Int64GetDatum(worker::pack_now(spi, pg::now(), most_events));
}
