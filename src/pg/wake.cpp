#include "pg/wake.hpp"

#include "pg/guard.hpp"

extern "C" {
#include <access/xact.h>
#include <storage/latch.h>
#include <storage/lock.h>
#include <storage/proc.h>
#include <storage/procarray.h>
}

namespace cdp::pg {

namespace {

constexpr uint32 kLockKey = 0x63647000;  // "cdp" and a zero
constexpr uint16 kLockKind = 0xCD;       // 1 and 2 are SQL's advisory locks

/// The worker as last found. The slot is shared memory that is never given back, so a stale one may be read
/// and even woken; a process that is woken for nothing goes back to sleep.
PGPROC* worker_slot = nullptr;
int worker_pid = 0;
TimestampTz looked_at = 0;

bool is_wanted = false;
bool is_registered = false;

bool is_worker_known() { return worker_slot != nullptr && worker_slot->pid == worker_pid; }

void at_transaction_end(XactEvent event, void* /*argument*/) {
  if (event == XACT_EVENT_COMMIT && is_wanted && is_worker_known()) SetLatch(&worker_slot->procLatch);
  if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
    is_wanted = false;
}

void look_for_worker() {
  constexpr int kMillisecondsBetweenLooks = 1000;
  const TimestampTz now = GetCurrentTimestamp();
  if (looked_at != 0 && !TimestampDifferenceExceeds(looked_at, now, kMillisecondsBetweenLooks)) return;
  looked_at = now;
  worker_slot = nullptr;
  worker_pid = find_worker(MyDatabaseId);
  if (worker_pid != 0) worker_slot = guard([] { return BackendPidGetProc(worker_pid); });
}

}  // namespace

void set_worker_locktag(LOCKTAG* tag, Oid database) {
  SET_LOCKTAG_ADVISORY(*tag, database, kLockKey, 0, kLockKind);
}

int find_worker(Oid database) {
  return guard([&] {
    LOCKTAG tag;
    set_worker_locktag(&tag, database);
    int pid = 0;
    const LockData* held = GetLockStatusData();
    for (int i = 0; i < held->nelements && pid == 0; ++i)
      if (memcmp(&held->locks[i].locktag, &tag, sizeof tag) == 0 && held->locks[i].holdMask != 0)
        pid = held->locks[i].pid;
    pfree(held->locks);
    pfree(const_cast<LockData*>(held));
    return pid;
  });
}

void wake_worker_at_commit() {
  if (is_wanted) return;
  if (!is_registered) {
    guard([] { RegisterXactCallback(at_transaction_end, nullptr); });
    is_registered = true;
  }
  if (!is_worker_known()) look_for_worker();
  is_wanted = true;
}

}  // namespace cdp::pg
