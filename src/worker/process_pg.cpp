#include "base/background.hpp"
#include "base/error.hpp"
#include "event/inbox.hpp"
#include "event/store.hpp"
#include "pg/boundary.hpp"
#include "pg/clock.hpp"
#include "pg/compat.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "profile/changed_profiles.hpp"
#include "profile/trait_index.hpp"
#include "segment/backfill.hpp"
#include "segment/catalog.hpp"
#include "segment/changes.hpp"
#include "segment/chunks.hpp"
#include "segment/membership.hpp"
#include "segment/refresh.hpp"
#include "worker/batch_pg.hpp"
#include "worker/load.hpp"
#include "worker/piece.hpp"
#include "worker/process.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

extern "C" {
#include <access/xact.h>
#include <storage/ipc.h>
}

namespace cdp::worker {

namespace {

/// Messages are taken in pieces of at most so many, and of batch_bytes() / kPiecesOfBytes, so that memory is
/// bounded whatever the limit. A piece is read while the one before is applied, which takes more than kGrowth
/// times as long; the first is small, since nothing else can be done while it is read.
constexpr int64_t kMostMessages = 20000;
constexpr int64_t kFirstMessages = 2500;
constexpr int64_t kGrowth = 3;
constexpr int64_t kPiecesOfBytes = 4;

/// Errors that say nothing about the messages: the batch fails as a whole and is tried again.
bool is_passing(const pg::ServerError& error) {
  switch (ERRCODE_TO_CATEGORY(error.sqlstate())) {
    case MAKE_SQLSTATE('0', '8', '0', '0', '0'):  // connection
    case MAKE_SQLSTATE('4', '0', '0', '0', '0'):  // transaction rollback: deadlock, serialization
    case MAKE_SQLSTATE('5', '3', '0', '0', '0'):  // resources
    case MAKE_SQLSTATE('5', '7', '0', '0', '0'):  // operator intervention: cancel, shutdown
    case MAKE_SQLSTATE('5', '8', '0', '0', '0'):  // system
      return true;
    default:
      return error.sqlstate() == ERRCODE_READ_ONLY_SQL_TRANSACTION ||
             error.sqlstate() == ERRCODE_LOCK_NOT_AVAILABLE;
  }
}

/// Did another transaction change a row between our reading and our writing it, so that both may be tried
/// again?
bool is_stale_row(const pg::ServerError& error) {
  return error.sqlstate() == ERRCODE_T_R_SERIALIZATION_FAILURE && !IsolationUsesXactSnapshot();
}

/// Applies messages in a subtransaction. Returns why the database refuses one of them, if it does.
std::optional<std::string> try_to_apply(pg::Spi& spi, Piece& piece, segment::Clock clock, StageTimes& times) {
  // Whoever changes a row of ours holds it until he commits, so each try waits for one of them.
  constexpr int kMostTries = 10;
  for (int i = 1;; ++i) {
    try {
      pg::Arena arena("cdp batch");
      pg::InContext in_arena(arena.context());
      pg::in_subtransaction([&] { apply_batch(spi, piece, clock, times); });
      return std::nullopt;
    } catch (const pg::ServerError& error) {
      if (i < kMostTries && is_stale_row(error)) {
        segment::Catalog::invalidate();
        continue;
      }
      if (is_passing(error)) throw;
      return error.what();
    } catch (const Error& error) {
      if (error.category() == Category::Cancelled || error.category() == Category::Internal) throw;
      return error.message();
    }
  }
}

/// Up to when time may be followed while these messages wait, at most `until`: what they tell of may have
/// prevented what time would change.
Instant before(std::span<const event::Queued> waiting, Instant until) {
  for (const event::Queued& message : waiting)
    until = std::min(until, segment::earliest_effect(message.received_at));
  return until;
}

/// Applies messages; where the database refuses one of them, halves until it stands alone.
void apply(pg::Spi& spi, Piece& piece, segment::Clock clock, StageTimes& times) {
  const std::optional<std::string> reason = try_to_apply(spi, piece, clock, times);
  if (!reason) return;
  segment::Catalog::invalidate();
  const std::vector<event::Queued>& queued = piece.queued();
  const auto apply_alone = [&](std::vector<event::Queued> part, Instant until) {
    Piece alone(std::move(part));
    apply(spi, alone, {until, clock.now}, times);
  };
  if (queued.size() > 1) {
    const auto middle = queued.begin() + static_cast<ptrdiff_t>(queued.size() / 2);
    apply_alone({queued.begin(), middle}, before({middle, queued.end()}, clock.until));
    apply_alone({middle, queued.end()}, clock.until);
    return;
  }
  const event::Queued& message = queued.front();
  if (std::vector<event::Queued> singles = event::single_messages(message); !singles.empty()) {
    apply_alone(std::move(singles), clock.until);
    return;
  }
  const event::DeadLetter letter{
      {"failed", *reason}, message.payload, message.is_null, message.source, message.received_at};
  event::store_dead_letters(spi, std::span(&letter, 1));
}

/// Up to when time may be followed once `piece` is applied. `next` is read already; others may wait if
/// `is_at_limit`, received when the last one of these was or later.
Instant followed_until(const Piece& piece, const Piece* next, bool is_at_limit, bool keeps_up, Instant now) {
  if (next != nullptr) return before(next->queued(), now);
  if (!is_at_limit) return now;
  const event::Queued& last = piece.queued().back();
  if (keeps_up && last.received_at >= segment::earliest_effect(now)) return now;
  return before({&last, 1}, now);
}

/// A FATAL error ends the process without leaving scopes: threads that read must not outlive what they use.
void wait_for_threads_at_exit() {
  static bool is_registered = false;
  if (std::exchange(is_registered, true)) return;
  pg::guard([] { on_proc_exit([](int, Datum) { Background::wait_for_all(); }, 0); });
}

}  // namespace

Processed process(const Limits& limits, Reading reading) {
  // What this backend has learned.
  static Pace message_pace;
  static Pace user_pace;
  if (reading == Reading::InThread) wait_for_threads_at_exit();
  pg::Spi spi;
  segment::lock_processing();
  const Stopwatch total;
  event::Inbox inbox(spi);
  const Instant now = std::max(pg::now(), inbox.clock());
  segment::Announcement announcement(spi);
  bool has_worked = segment::compute_pending(spi, now, segment::Orphans::Take);
  if (profile::has_pending_trait_index() && !IsolationUsesXactSnapshot()) {
    profile::build_pending_trait_indexes(spi, false);
    has_worked = true;
  }

  Processed done;
  done.now = now;
  // Further messages may wait than are taken.
  bool is_time_up = false;
  const auto is_at_limit = [&] {
    return done.messages >= limits.messages || done.bytes >= limits.bytes || is_time_up;
  };
  Instant until = now;
  int64_t most_at_once = reading == Reading::InThread ? kFirstMessages : kMostMessages;
  const auto take = [&](Micros time, std::unique_ptr<Piece> applied) -> std::unique_ptr<Piece> {
    const StageTimes::Timer timer(done.times, Stage::Take);
    std::vector<event::Queued> queued =
        inbox.take(std::min({limits.messages - done.messages, most_at_once, message_pace.piece(time)}),
                   std::min(limits.bytes - done.bytes, batch_bytes() / kPiecesOfBytes));
    if (queued.empty()) return nullptr;
    done.messages += static_cast<int64_t>(queued.size());
    for (const event::Queued& message : queued) done.bytes += static_cast<int64_t>(message.payload.size());
    most_at_once = std::min(most_at_once * kGrowth, kMostMessages);
    auto piece = std::make_unique<Piece>(std::move(queued));
    if (reading == Reading::InThread) piece->read_ahead(event::current_reading_rules(), std::move(applied));
    return piece;
  };
  std::unique_ptr<Piece> piece;
  // Also a long computation of segments before, or a long backlog of messages, leaves time for one piece.
  std::unique_ptr<Piece> next = take(total.left_of(limits.time), nullptr);
  while (next) {
    std::unique_ptr<Piece> applied = std::exchange(piece, std::move(next));
    const auto size = static_cast<int64_t>(piece->queued().size());
    const Stopwatch stopwatch;
    if (!is_at_limit()) {
      const Micros left = limits.time == kNoTimeLimit
                              ? kNoTimeLimit
                              : total.left_of(limits.time) - message_pace.expected(size);
      is_time_up = left <= 0;
      if (!is_time_up) next = take(left, std::move(applied));
    }
    until = followed_until(*piece, next.get(), is_at_limit(), limits.keeps_up, now);
    apply(spi, *piece, {until, now}, done.times);
    message_pace.note(size, stopwatch.us());
  }
  const bool has_more_messages = is_at_limit();
  while (segment::follow_edited(spi, {until, now})) {
    has_worked = true;
    if (total.left_of(limits.time) <= 0) break;
  }
  is_time_up = false;
  while (done.users < limits.users && !is_time_up) {
    const StageTimes::Timer timer(done.times, Stage::Time);
    const Stopwatch piece;
    const int64_t users = segment::follow_time(
        spi, segment::Catalog::current(spi), {until, now},
        std::min({limits.users - done.users, kMostMessages, user_pace.piece(total.left_of(limits.time))}));
    if (users == 0) break;
    done.users += users;
    user_pace.note(users, piece.us());
    is_time_up = total.left_of(limits.time) <= 0;
  }
  has_worked |= inbox.has_changed() || done.users > 0;
  // What a batch could not empty, since someone had it, would be looked through by each one that follows.
  if (!inbox.has_changed()) inbox.empty_processed();
  // Batch after batch changes the same sizes.
  const bool is_under_way = limits.keeps_up && done.messages > 0;
  if (segment::settle_sizes(spi, is_under_way ? kSecond : 0)) has_worked = true;
  if (segment::forget_changes(spi, now)) has_worked = true;
  done.has_more = has_more_messages || done.users >= limits.users || is_time_up;
  if (has_worked) {
    event::forget_dead_letters(spi, now);
    inbox.save(now);
    announcement.send();
  }
  done.took = total.us();
  return done;
}

std::optional<Instant> next_due() {
  pg::Spi spi;
  return segment::next_due(spi);
}

}  // namespace cdp::worker

CDP_FUNCTION(cdp_process) {
  using namespace cdp;  // NOLINT(google-build-using-namespace)
  const pg::Arguments arguments(fcinfo);
  constexpr Micros kNoRefreshLimit = 0;
  worker::Limits limits;
  if (!arguments.is_null(0)) {
    limits.messages = arguments.integer(0);
    if (limits.messages < 1)
      throw Error(Category::BadValue,
                  "max_messages must be at least 1, not " + std::to_string(limits.messages));
  }
  // What takes longer than its interval runs once.
  const Instant now = pg::now();
  while (segment::refresh_due(now, kNoRefreshLimit)) {
  }
  return Int64GetDatum(worker::process(limits, worker::Reading::InLine).messages);
}
