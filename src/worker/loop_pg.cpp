/// The worker of one database: takes batches, sleeps, makes way, backs off, leaves. README.md has the states.

#include "base/time.hpp"
#include "pg/guard.hpp"
#include "pg/wake.hpp"
#include "worker/load.hpp"
#include "worker/turn_pg.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <unistd.h>
#include <utility>
#ifdef __GLIBC__
#include <malloc.h>
#endif

extern "C" {
#include <pgstat.h>
#include <postmaster/bgworker.h>
#include <postmaster/interrupt.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/lock.h>
#include <tcop/tcopprot.h>
#include <utils/guc.h>
#include <utils/wait_event.h>

PGDLLEXPORT void cdp_worker_main(Datum argument);
}

namespace cdp::worker {

namespace {

/// Exit codes as the postmaster reads them: 0 is for ever, 1 asks to be restarted after bgw_restart_time.
constexpr int kForEver = 0;
constexpr int kRestart = 1;

volatile sig_atomic_t is_asked_to_stay_away = false;
bool is_database_unreachable = false;

/// SIGUSR2, from cdp_worker_stop: as SIGTERM, but not to be restarted.
void on_stop_signal(SIGNAL_ARGS) {
  is_asked_to_stay_away = true;
  die(postgres_signal_arg);
}

/// An interrupted batch ends by FATAL, whose exit code of 1 would bring the worker back. Registered first,
/// this runs last, after everything of the server's own is put away.
void correct_exit_code(int code, Datum /*argument*/) {
  if (code == kRestart && (is_asked_to_stay_away || is_database_unreachable)) _exit(kForEver);
}

/// Connecting to a database that was dropped in the meantime fails for good; nobody need hear of it.
void notice_unreachable_database(ErrorData* error) {
  if (error->elevel != FATAL) return;
  if (error->sqlerrcode == ERRCODE_UNDEFINED_DATABASE) error->output_to_server = false;
  if (error->sqlerrcode == ERRCODE_UNDEFINED_DATABASE ||
      error->sqlerrcode == ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE)
    is_database_unreachable = true;
}

void connect(Oid database) {
  emit_log_hook_type hook_before = emit_log_hook;
  emit_log_hook = notice_unreachable_database;
  BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
  emit_log_hook = hook_before;
}

/// The lock by which there is one worker a database, and by which the others find it. Held to the end.
bool become_the_worker() {
  LOCKTAG tag;
  pg::set_worker_locktag(&tag, MyDatabaseId);
  return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
}

/// What a batch has needed the next one will need: keeps memory that is freed, to this much, instead of
/// giving it back to the system and asking for it anew, page by page.
void keep_memory() {
#ifdef __GLIBC__
  constexpr int kMostKept = 64 << 20;
  (void)mallopt(M_TRIM_THRESHOLD, kMostKept);
  (void)mallopt(M_MMAP_THRESHOLD, kMostKept / 2);
#endif
}

void leave_if_asked() {
  // In the open, between two transactions, stopping is no error: leave without a word.
  if (ProcDiePending) proc_exit(is_asked_to_stay_away ? kForEver : kRestart);
  CHECK_FOR_INTERRUPTS();
  if (!ConfigReloadPending) return;
  ConfigReloadPending = false;
  ProcessConfigFile(PGC_SIGHUP);
}

void act_on(const Turn& turn) {
  if (turn.outcome == Outcome::Leave) proc_exit(kForEver);
  if (turn.outcome == Outcome::MakeWay) proc_exit(kRestart);
}

/// Sleeps until `until` at most; with `ends_by_latch` a commit of new messages ends it. Looks once a second
/// whether to make way or to leave.
void sleep(TimestampTz until, bool ends_by_latch) {
  constexpr long kLongestMs = 1000;
  for (;;) {
    const long remaining_ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until);
    if (remaining_ms <= 0) return;
    const int events = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                                 std::min(remaining_ms, kLongestMs), PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    leave_if_asked();
    if (remaining_ms <= kLongestMs || (ends_by_latch && (events & WL_LATCH_SET) != 0)) return;
    Turn look;
    look.takes_batch = false;
    pg::free_error(run_turn(&look));
    act_on(look);
  }
}

/// Lets messages gather until `until`, not waked by them.
void gather(TimestampTz until) {
  const long remaining_ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until);
  if (remaining_ms > 0)
    (void)WaitLatch(nullptr, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, remaining_ms, PG_WAIT_EXTENSION);
  ResetLatch(MyLatch);
  leave_if_asked();
}

/// Tells the server's log of a failure, once until a turn succeeds or fails differently.
void report(const ErrorData* error, int retry_after_ms, char* reported, size_t size) {
  const char* message = error->message != nullptr ? error->message : "unknown error";
  if (strncmp(reported, message, size - 1) == 0) return;
  strlcpy(reported, message, size);
  // Told once: what is tried again is counted in cdp.worker_status.
  ereport(WARNING, (errcode(error->sqlerrcode),
                    errmsg("cdp worker: a batch failed and was rolled back; next try in %d ms: %s",
                           retry_after_ms, message),
                    error->detail != nullptr ? errdetail_internal("%s", error->detail) : 0,
                    error->hint != nullptr ? errhint("%s", error->hint) : 0,
                    error->context != nullptr ? errcontext("%s", error->context) : 0));
}

[[noreturn]] void work_for_ever() {
  constexpr int kShortestRetryMs = 1000;
  constexpr int kLongestRetryMs = 30000;
  constexpr int kShortestSleepMs = 10;
  // Where many messages come, batches begin at most this often: each costs the same few statements and a
  // commit, and the more there are, the less one costs.
  constexpr int kManyMessages = 10;
  constexpr int64_t kGatherMs = 5;
  constexpr int64_t kVeryManyASecond = 20000;
  constexpr int64_t kGatherLongestMs = 250;
  char reported[256] = "";
  int retry_ms = 0;  // 0 unless the turn before failed
  bool is_start = true;
  // A query or function of segments, or a step of what goes on in the background, between two batches, so
  // that neither starves the other.
  bool refreshes = false;
  bool backfills = false;
  TimestampTz begin = GetCurrentTimestamp();
  for (;;) {
    Turn turn;
    turn.is_start = is_start;
    turn.was_failing = retry_ms > 0;
    turn.refreshes = std::exchange(refreshes, false);
    turn.backfills = !turn.refreshes && std::exchange(backfills, false);
    pgstat_report_activity(STATE_RUNNING, turn.refreshes   ? "running a query or function of segments"
                                          : turn.backfills ? "computing members"
                                                           : "taking messages");
    const TimestampTz since = std::exchange(begin, GetCurrentTimestamp());
    ErrorData* error = run_turn(&turn);
    pgstat_report_activity(STATE_IDLE, nullptr);
    leave_if_asked();
    const TimestampTz now = GetCurrentTimestamp();
    if (error != nullptr) {
      retry_ms = std::clamp(2 * retry_ms, kShortestRetryMs, kLongestRetryMs);
      report(error, retry_ms, reported, sizeof reported);
      record_failure(error, retry_ms);
      pg::free_error(error);
      sleep(now + retry_ms * kMillisecond, false);
      continue;
    }
    act_on(turn);
    is_start = false;
    retry_ms = 0;
    reported[0] = '\0';
    refreshes = turn.wants_refresh;
    backfills = backfills || turn.wants_backfill;
    if (turn.has_more || turn.refreshes || refreshes || turn.backfills || backfills) continue;
    if (turn.messages >= kManyMessages) {
      const int64_t a_second = turn.messages * kSecond / std::max<int64_t>(begin - since, 1);
      const int64_t gather_ms =
          a_second < kVeryManyASecond ? kGatherMs : std::min(a_second / 200, kGatherLongestMs);
      gather(begin + gather_ms * kMillisecond);
      continue;
    }
    // A due time that has passed is no reason to spin.
    const TimestampTz due = std::max<TimestampTz>(turn.next_due_us, now + kShortestSleepMs * kMillisecond);
    sleep(std::min(now + poll_interval_ms() * kMillisecond, due), true);
  }
}

}  // namespace

}  // namespace cdp::worker

void cdp_worker_main(Datum argument) {
  using namespace cdp::worker;
  on_proc_exit(correct_exit_code, 0);
  pqsignal(SIGTERM, die);
  pqsignal(SIGUSR2, on_stop_signal);
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  BackgroundWorkerUnblockSignals();
  connect(DatumGetObjectId(argument));
  if (!become_the_worker()) proc_exit(kForEver);
  keep_memory();
  work_for_ever();
}
