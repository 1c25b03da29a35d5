/// When members are gathered in the background.

#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "segment/backfill.hpp"
#include "segment/catalog.hpp"
#include "segment/changes.hpp"
#include "worker/attempt_pg.hpp"
#include "worker/backfilling.hpp"
#include "worker/load.hpp"
#include "worker/pace.hpp"

#include <algorithm>
#include <optional>
#include <string>

extern "C" {
#include <utils/timestamp.h>
}

namespace cdp::worker {

namespace {

/// A step takes about so long: messages wait meanwhile. The longer one where none came lately, since a step
/// by several processes costs some milliseconds whatever it does.
constexpr Micros kStep = 30 * kMillisecond;
constexpr Micros kStepAlone = 250 * kMillisecond;
constexpr Micros kLately = 2 * kSecond;
/// Where there are always messages there is a step this often all the same.
constexpr Micros kLongestRest = 2 * kSecond;
/// After a failure.
constexpr Micros kFailureInterval = 60 * kSecond;

class Backfilling {
 public:
  Instant next(Traffic traffic) {
    if (traffic != Traffic::None) busy_at_ = machine_now();
    return traffic == Traffic::Waiting ? std::max(next_, last_ + kLongestRest) : next_;
  }

  void step(pg::Spi& spi) {
    const Instant begin = machine_now();
    const bool is_alone = begin > busy_at_ + kLately;
    segment::Announcement announcement(spi);
    const segment::Gathered done = segment::gather_members(spi, segment::processing_now(spi),
                                                           pace_.piece(is_alone ? kStepAlone : kStep));
    announcement.send();
    last_ = machine_now();
    const Micros took = last_.us - begin.us;
    if (done.users > 0) pace_.note(done.users, took);
    // The share of the time that a step is to be of it and of the rest after it.
    next_ = last_ + took * (100 - backfill_share()) / backfill_share();
  }

  void rest_after_failure() { next_ = last_ = machine_now() + kFailureInterval; }

 private:
  /// cdp.now may stand still.
  static Instant machine_now() { return {GetCurrentTimestamp()}; }

  Pace pace_;
  Instant busy_at_ = Instant::min();
  Instant last_ = Instant::min();  ///< when the last step ended
  Instant next_ = Instant::min();
};

Backfilling backfilling;

void report_failure(const char* message) {
  pg::guard([&] {
    ereport(WARNING,
            (errmsg("cdp worker: members of segments could not be computed: %s", message),
             errdetail("Those segments keep the members they have; it is tried again in a minute.")));
  });
}

}  // namespace

Instant next_backfill(pg::Spi& spi, Traffic traffic) {
  return segment::is_gathering(spi) ? backfilling.next(traffic) : Instant::max();
}

void backfill_some(pg::Spi& spi) {
  segment::lock_processing();
  const std::optional<std::string> failure = failure_of([&] { backfilling.step(spi); });
  if (!failure) return;
  segment::Catalog::invalidate();
  report_failure(failure->c_str());
  backfilling.rest_after_failure();
}

}  // namespace cdp::worker
