/// When changed profiles are folded into the trait indexes.

#include "base/error.hpp"
#include "pg/boundary.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "profile/changed_profiles.hpp"
#include "profile/trait_index.hpp"
#include "worker/folding.hpp"
#include "worker/stages.hpp"

#include <optional>

namespace cdp::worker {

namespace {

/// Users that are folded in one transaction: batches wait meanwhile.
constexpr int64_t kUsersAtOnce = 20000;
/// After a step the folding rests so many times as long as it took.
constexpr Micros kRests = 5;
/// Between two looks at whether it is time.
constexpr Micros kLookInterval = kSecond;
/// So long a change waits for others, unless so many wait: each costs a question the read of a profile.
constexpr Micros kMostWait = 10 * kSecond;
constexpr int64_t kManyChanges = 1000;
/// After a failure.
constexpr Micros kFailureInterval = 60 * kSecond;

class Folding {
 public:
  /// When to go on; Instant::max() if there is nothing to do at once.
  Instant step(pg::Spi& spi, Instant now) {
    if (now < next_look_) return is_folding_ ? next_look_ : Instant::max();
    next_look_ = now + kLookInterval;
    if (!is_folding_ && !is_due(now)) return Instant::max();
    const Stopwatch stopwatch;
    const std::optional<profile::Folded> folded =
        profile::fold_changed_profiles(spi, next_chunk_, kUsersAtOnce);
    is_folding_ = folded.has_value();
    next_chunk_ = folded ? folded->next_chunk : 0;
    if (!folded) return Instant::max();
    next_look_ = now + (1 + kRests) * stopwatch.us();
    return next_look_;
  }

  void rest_after_failure(Instant now) {
    is_folding_ = false;
    next_chunk_ = 0;
    next_look_ = now + kFailureInterval;
  }

 private:
  bool is_due(Instant now) {
    const int64_t changes =
        profile::watched_traits().empty() ? 0 : profile::count_changed_profiles(kManyChanges);
    if (changes == 0) {
      waiting_since_.reset();
      return false;
    }
    if (!waiting_since_) waiting_since_ = now;
    if (changes < kManyChanges && now < *waiting_since_ + kMostWait) return false;
    waiting_since_.reset();
    return true;
  }

  Instant next_look_ = Instant::min();
  bool is_folding_ = false;  ///< a pass through the chunks is under way
  int64_t next_chunk_ = 0;
  std::optional<Instant> waiting_since_;
};

void report_failure(const char* message) {
  pg::guard([&] {
    ereport(WARNING,
            (errmsg("cdp worker: changed profiles could not be folded into trait indexes: %s", message),
             errdetail("Rules read those profiles, and answer as before.")));
  });
}

}  // namespace

Instant fold_some(pg::Spi& spi, Instant now) {
  static Folding folding;
  try {
    Instant next = Instant::max();
    pg::in_subtransaction([&] { next = folding.step(spi, now); });
    return next;
  } catch (const Error& error) {
    if (error.category() == Category::Cancelled) throw;
    report_failure(error.what());
  } catch (const pg::ServerError& error) {
    if (ERRCODE_TO_CATEGORY(error.sqlstate()) == ERRCODE_OPERATOR_INTERVENTION) throw;
    report_failure(error.what());
  }
  folding.rest_after_failure(now);
  return Instant::max();
}

}  // namespace cdp::worker
