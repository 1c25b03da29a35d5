/// cdp_worker_start, cdp_worker_stop, and the start at the end of CREATE EXTENSION.

#include "base/error.hpp"
#include "pg/boundary.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "pg/wake.hpp"
#include "worker/start_pg.hpp"

#include <csignal>

extern "C" {
#include <access/xact.h>
#include <access/xlog.h>
#include <storage/latch.h>
#include <utils/wait_event.h>
}

namespace cdp::worker {

namespace {

bool is_start_wanted = false;
bool is_registered = false;

/// A worker that starts before the commit would not see the extension or that it may run.
void at_transaction_end(XactEvent event, void* /*argument*/) {
  if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE) return;
  const bool is_wanted = is_start_wanted && event == XACT_EVENT_COMMIT;
  is_start_wanted = false;
  if (is_wanted && !register_worker(MyDatabaseId))
    ereport(WARNING, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
                      errmsg("the worker of this database did not start: no free worker slot"),
                      errhint("Raise max_worker_processes, or call cdp_process() yourself.")));
}

void start_at_commit() {
  if (!is_registered) {
    pg::guard([] { RegisterXactCallback(at_transaction_end, nullptr); });
    is_registered = true;
  }
  is_start_wanted = true;
}

/// Asks the worker to leave for good and waits until it is gone.
void stop_and_wait(int pid) {
  constexpr int kStepMs = 20;
  constexpr int kLongestMs = 60000;
  for (int waited_ms = 0; pg::find_worker(MyDatabaseId) == pid; waited_ms += kStepMs) {
    if (waited_ms >= kLongestMs)
      throw Error(Category::State, "the worker did not stop within a minute",
                  "Its process id is " + std::to_string(pid) + ".",
                  "See pg_stat_activity for what it waits for; call cdp_worker_stop() again.");
    if (waited_ms % 1000 == 0) (void)kill(pid, SIGUSR2);
    pg::guard([] {
      (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kStepMs, PG_WAIT_EXTENSION);
      ResetLatch(MyLatch);
      CHECK_FOR_INTERRUPTS();
    });
  }
}

}  // namespace

}  // namespace cdp::worker

using namespace cdp;

CDP_FUNCTION(cdp_worker_start) {
  if (RecoveryInProgress())
    throw Error(Category::State, "the worker does not run on a standby", {},
                "Start it on the primary server.");
  pg::Spi spi;
  static pg::Query allow("UPDATE cdp.worker SET stopped_at = NULL WHERE stopped_at IS NOT NULL");
  (void)allow(spi);
  if (pg::find_worker(MyDatabaseId) != 0) return BoolGetDatum(false);
  worker::start_at_commit();
  return BoolGetDatum(true);
}

CDP_FUNCTION(cdp_worker_stop) {
  if (RecoveryInProgress())
    throw Error(Category::State, "the worker does not run on a standby", {},
                "Stop it on the primary server.");
  worker::is_start_wanted = false;
  const int pid = pg::find_worker(MyDatabaseId);
  // Only then the row: a worker that waits for it would never leave.
  if (pid != 0) worker::stop_and_wait(pid);
  pg::Spi spi;
  static pg::Query forbid("UPDATE cdp.worker SET stopped_at = clock_timestamp()");
  (void)forbid(spi);
  return BoolGetDatum(pid != 0);
}

CDP_FUNCTION(cdp_worker_start_if_preloaded) {
  if (worker::is_preloaded() && !IsBinaryUpgrade && !RecoveryInProgress()) worker::start_at_commit();
  PG_RETURN_VOID();
}
