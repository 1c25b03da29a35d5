#include "worker/turn_pg.hpp"

#include "pg/boundary.hpp"
#include "pg/clock.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "segment/refresh.hpp"
#include "worker/backfilling.hpp"
#include "worker/folding.hpp"
#include "worker/load.hpp"
#include "worker/packing.hpp"
#include "worker/process.hpp"

#include <algorithm>
#include <limits>

extern "C" {
#include <access/xact.h>
#include <catalog/pg_database.h>
#include <catalog/pg_extension.h>
#include <commands/extension.h>
#include <pgstat.h>
#include <storage/lmgr.h>
#include <storage/lock.h>
#include <utils/snapmgr.h>
#include <utils/timestamp.h>
}

namespace cdp::worker {

namespace {

/// Takes, until the end of the transaction, the lock that connecting takes: DROP DATABASE, RENAME, SET
/// TABLESPACE and a copy as template hold a stronger one while they wait, at most five seconds, for everyone
/// to leave, and they wait without a limit for this one. False if such a command is under way.
bool lock_database() {
  return pg::guard([] {
    LOCKTAG tag;
    SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, MyDatabaseId, 0);
    return LockAcquire(&tag, RowExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
  });
}

/// Keeps DROP EXTENSION out until the end of the transaction, so that it neither deadlocks with the batch's
/// table locks nor pulls tables away in the middle. False if there is no extension.
bool lock_extension() {
  return pg::guard([] {
    const Oid extension = get_extension_oid("cdp", true);
    if (!OidIsValid(extension)) return false;
    LockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
    return get_extension_oid("cdp", true) == extension;
  });
}

/// False if the worker was stopped while it started: the row's newest version decides.
bool record_start(pg::Spi& spi) {
  static pg::Query query(
      "INSERT INTO cdp.worker AS w (pid, started_at) VALUES ($1, clock_timestamp())"
      " ON CONFLICT (is_single) DO UPDATE SET pid = excluded.pid, started_at = excluded.started_at,"
      " stopped_at = NULL, retry_at = NULL"
      " WHERE w.stopped_at IS NULL OR w.stopped_at <= pg_postmaster_start_time()");
  return query(spi, static_cast<int32_t>(MyProcPid)).size() == 1;
}

/// Adds a batch to the sums of the ten seconds in which it ended. Seven rows are used in turn: the minute
/// that is asked for, and the seconds under way.
void record_rate(pg::Spi& spi, const Processed& done) {
  static pg::Query query(
      "INSERT INTO cdp.worker_period AS p (slot, began_at, messages, stage_us)"
      " SELECT (number % 7)::smallint, to_timestamp(number * 10), $1, $2"
      " FROM (SELECT floor(extract(epoch FROM clock_timestamp()) / 10)::bigint AS number) AS now"
      " ON CONFLICT (slot) DO UPDATE SET began_at = excluded.began_at,"
      " messages = excluded.messages"
      " + CASE WHEN p.began_at = excluded.began_at THEN p.messages ELSE 0 END,"
      " stage_us = CASE WHEN p.began_at = excluded.began_at THEN"
      " (SELECT jsonb_object_agg(key, value::bigint + coalesce((p.stage_us->>key)::bigint, 0))"
      " FROM jsonb_each_text(excluded.stage_us)) ELSE excluded.stage_us END");
  const std::string times = done.times.json(done.took);
  (void)query(spi, done.messages, pg::JsonText{times});
}

void record_success(pg::Spi& spi, const Processed& done) {
  static pg::Query query(
      "UPDATE cdp.worker SET retry_at = NULL, messages_total = messages_total + $1,"
      " last_batch_at = CASE WHEN $1 > 0 THEN clock_timestamp() ELSE last_batch_at END,"
      " last_batch_messages = CASE WHEN $1 > 0 THEN $1 ELSE last_batch_messages END");
  (void)query(spi, done.messages);
  if (done.messages > 0) record_rate(spi, done);
}

void work(Turn* turn) {
  if (turn->is_start) {
    pg::Spi spi;
    if (!record_start(spi)) {
      turn->outcome = Outcome::Leave;
      return;
    }
  }
  if (!turn->takes_batch) return;
  if (turn->refreshes) {
    (void)segment::refresh_due(pg::now(), refresh_timeout());
    return;
  }
  if (turn->backfills) {
    pg::Spi spi;
    backfill_some(spi);
    return;
  }
  // Under load there always are messages.
  constexpr bool kKeepsUp = true;
  const Processed done = process({batch_size(), batch_bytes(), batch_time(), batch_size(), kKeepsUp},
                                 reads_ahead() ? Reading::InThread : Reading::InLine);
  turn->messages = done.messages;
  turn->has_more = done.has_more;
  const Traffic traffic = done.has_more       ? Traffic::Waiting
                          : done.messages > 0 ? Traffic::Some
                                              : Traffic::None;
  Instant next_step = Instant::max();
  {
    pg::Spi spi;
    next_step = pack_some(spi, done.now, traffic);
    if (traffic != Traffic::Waiting) next_step = std::min(next_step, fold_some(spi, done.now));
  }
  {
    pg::Spi spi;
    const Instant backfill = next_backfill(spi, traffic);
    turn->wants_backfill = backfill.us <= GetCurrentTimestamp();
    next_step = std::min(next_step, backfill);
  }
  turn->wants_refresh = segment::is_refresh_due(done.now);
  // Where time stands still nothing becomes due.
  turn->next_due_us =
      pg::is_clock_set() ? Instant::max().us : std::min(next_due().value_or(Instant::max()), next_step).us;
  // An idle worker writes nothing: no transaction number, no WAL.
  if (turn->messages == 0 && !turn->was_failing) return;
  pg::Spi spi;
  record_success(spi, done);
}

void in_transaction(void* argument) {
  auto* turn = static_cast<Turn*>(argument);
  pg::guard([] {
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
  });
  if (!lock_database())
    turn->outcome = Outcome::MakeWay;
  else if (!lock_extension())
    turn->outcome = Outcome::Leave;
  else
    work(turn);
  pg::guard([] {
    PopActiveSnapshot();
    CommitTransactionCommand();
  });
}

struct Failure {
  const ErrorData* error;
  int retry_after_ms;
};

void in_failure_transaction(void* argument) {
  const auto* failure = static_cast<const Failure*>(argument);
  pg::guard([] {
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
  });
  if (lock_database() && lock_extension()) {
    pg::Spi spi;
    static pg::Query query(
        "UPDATE cdp.worker SET errors_total = errors_total + 1, last_error = $1,"
        " last_error_at = clock_timestamp(), retry_at = clock_timestamp() + $2 * interval '1 millisecond'");
    const char* message = failure->error->message != nullptr ? failure->error->message : "";
    (void)query(spi, message, static_cast<int32_t>(failure->retry_after_ms));
  }
  pg::guard([] {
    PopActiveSnapshot();
    CommitTransactionCommand();
  });
}

/// Runs `body(argument)`; rolls back what it left open if it failed.
ErrorData* run(void (*body)(void*), void* argument) {
  struct Call {
    void (*body)(void*);
    void* argument;
  } call{body, argument};
  ErrorData* error = pg::call_catching(
      [](void* made) {
        const auto* plain = static_cast<Call*>(made);
        pg::enter(plain->body, plain->argument);
      },
      &call);
  if (error != nullptr) AbortCurrentTransaction();
  pgstat_report_stat(false);
  return error;
}

}  // namespace

ErrorData* run_turn(Turn* turn) { return run(in_transaction, turn); }

void record_failure(const ErrorData* error, int retry_after_ms) {
  Failure failure{error, retry_after_ms};
  pg::free_error(run(in_failure_transaction, &failure));
}

}  // namespace cdp::worker
