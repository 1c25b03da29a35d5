/// The launcher: one process of a server that preloads the library. It starts a worker in every database
/// once, when the server has started and when a database is new; a worker without the extension leaves at
/// once. Afterwards the postmaster restarts workers, and CREATE EXTENSION starts new ones.

#include "pg/boundary.hpp"
#include "pg/guard.hpp"
#include "worker/start_pg.hpp"

#include <algorithm>
#include <vector>

extern "C" {
#include <access/genam.h>
#include <access/heapam.h>
#include <access/table.h>
#include <access/tableam.h>
#include <access/xact.h>
#include <catalog/pg_database.h>
#include <postmaster/bgworker.h>
#include <postmaster/interrupt.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <tcop/tcopprot.h>
#include <utils/snapmgr.h>
#include <utils/wait_event.h>

PGDLLEXPORT void cdp_launcher_main(Datum argument);
PGDLLEXPORT void cdp_worker_main(Datum argument);
}

namespace cdp::worker {

namespace {

constexpr int kScanIntervalMs = 10000;

bool preloaded = false;

/// Databases that people connect to. Templates are left out: a worker would stand in the way of copying them.
std::vector<Oid> connectable_databases() {
  std::vector<Oid> databases;
  pg::guard([] {
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
  });
  struct Scan {
    Relation table;
    TableScanDesc scan;
  };
  const Scan scan = pg::guard([] {
    Relation table = table_open(DatabaseRelationId, AccessShareLock);
    return Scan{table, table_beginscan_catalog(table, 0, nullptr)};
  });
  while (HeapTuple tuple = pg::guard([&] { return heap_getnext(scan.scan, ForwardScanDirection); })) {
    const auto* database = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
    if (database->datallowconn && !database->datistemplate) databases.push_back(database->oid);
  }
  pg::guard([&] {
    table_endscan(scan.scan);
    table_close(scan.table, AccessShareLock);
    CommitTransactionCommand();
  });
  return databases;
}

/// Starts a worker in each database that is not in `known`, and makes `known` the present ones.
void start_new_databases(std::vector<Oid>* known, bool* is_full_reported) {
  std::vector<Oid> started;
  bool is_full = false;
  for (const Oid database : connectable_databases()) {
    const bool is_known = std::find(known->begin(), known->end(), database) != known->end();
    if (is_known || register_worker(database))
      started.push_back(database);
    else
      is_full = true;
  }
  *known = std::move(started);
  if (is_full && !*is_full_reported)
    pg::guard([] {
      ereport(WARNING, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
                        errmsg("cdp: no free worker slot for a database"),
                        errhint("Raise max_worker_processes; each database with cdp takes one.")));
    });
  *is_full_reported = is_full;
}

void run_launcher(void* /*argument*/) {
  std::vector<Oid> known;
  bool is_full_reported = false;
  for (;;) {
    start_new_databases(&known, &is_full_reported);
    pg::guard([] {
      (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kScanIntervalMs,
                      PG_WAIT_EXTENSION);
      ResetLatch(MyLatch);
      // Stopping is no error: leave without a word.
      if (ProcDiePending) proc_exit(1);
      CHECK_FOR_INTERRUPTS();
    });
  }
}

}  // namespace

bool is_preloaded() { return preloaded; }
void set_preloaded() { preloaded = true; }

bool register_worker(Oid database) {
  BackgroundWorker worker = {};
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
  worker.bgw_restart_time = 2;
  worker.bgw_main_arg = ObjectIdGetDatum(database);
  strlcpy(worker.bgw_library_name, "cdp", sizeof worker.bgw_library_name);
  strlcpy(worker.bgw_function_name, "cdp_worker_main", sizeof worker.bgw_function_name);
  strlcpy(worker.bgw_name, "cdp worker", sizeof worker.bgw_name);
  strlcpy(worker.bgw_type, "cdp worker", sizeof worker.bgw_type);
  // Without a handle this takes a lock and fills a slot, nothing that could fail.
  return RegisterDynamicBackgroundWorker(&worker, nullptr);
}

}  // namespace cdp::worker

void cdp_launcher_main(Datum /*argument*/) {
  pqsignal(SIGTERM, die);
  BackgroundWorkerUnblockSignals();
  BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
  cdp::pg::enter(cdp::worker::run_launcher, nullptr);
}
