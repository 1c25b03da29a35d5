#include "segment/run_as_pg.hpp"

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "pg/act_as.hpp"
#include "pg/guard.hpp"

extern "C" {
#include <miscadmin.h>
#include <storage/lock.h>
}

namespace cdp::segment {

RunAs current_run_as() { return {pg::role_name(pg::current_role()), pg::current_search_path()}; }

bool may_run_as(const std::string& role) {
  const Oid found = pg::find_role(role);
  return found != InvalidOid ? pg::may_become(pg::current_role(), found) : superuser_arg(pg::current_role());
}

void read_as(const RunAs& run_as, const std::string& what, const std::string& table, const std::string& sql,
             const std::function<void(const pg::Rows&)>& take) {
  constexpr long kAtOnce = 10000;
  const Oid role = pg::find_role(run_as.role);
  if (role == InvalidOid)
    throw Error(Category::NotFound, "role \"" + run_as.role + "\", which runs " + what + ", does not exist",
                {}, "UPDATE " + table + " SET run_as names another one.");
  const pg::LatestSnapshot latest;
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  const pg::ActAs act_as(role, run_as.search_path);
  pg::Cursor cursor(spi, sql);
  for (;;) {
    check_interrupts();
    const pg::Rows rows = cursor.fetch(kAtOnce);
    take(rows);
    if (rows.empty()) return;
  }
}

std::optional<std::string> failure_of(Micros limit, const std::function<void()>& f) {
  try {
    pg::in_subtransaction([&] {
      const pg::TimeLimit time_limit(limit);
      f();
    });
    return std::nullopt;
  } catch (const pg::ServerError& error) {
    // What ends the process, or the caller's statement, is not the fault of what runs.
    const bool is_limit = limit > 0 && error.sqlstate() == ERRCODE_QUERY_CANCELED;
    if (!is_limit && ERRCODE_TO_CATEGORY(error.sqlstate()) == ERRCODE_OPERATOR_INTERVENTION) throw;
    return error.what();
  } catch (const Error& error) {
    if (error.category() == Category::Cancelled) throw;
    return error.message();
  }
}

bool lock_run(RunKind kind, int32_t number, bool waits) {
  constexpr uint16 kLockKind = 0xCD;
  return pg::guard([&] {
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, static_cast<uint32>(kind), static_cast<uint32>(number),
                         kLockKind);
    return LockAcquire(&tag, ExclusiveLock, false, !waits) != LOCKACQUIRE_NOT_AVAIL;
  });
}

}  // namespace cdp::segment
