#pragma once

/// What differs between server versions. The only file that looks at PG_VERSION_NUM.

#include "pg/server.hpp"

#if PG_VERSION_NUM < 150000
#error "cdp needs PostgreSQL 15 or newer"
#endif

extern "C" {
#include <utils/backend_status.h>
#if PG_VERSION_NUM >= 160000
#include <varatt.h>
#endif
}

/// The library's version, that of the SQL objects it goes with.
#define CDP_VERSION "0.1.0"

namespace cdp::pg {

/// Makes the module's magic block visible and, from 18 on, names the module and its version.
#if PG_VERSION_NUM >= 180000
#define CDP_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "cdp", .version = CDP_VERSION)
#else
#define CDP_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/// How much detail ANALYZE is to keep of a column, once std_typanalyze() has been called: 100 by default.
template <class Stats>
int statistics_target(const Stats* stats) {
#if PG_VERSION_NUM >= 170000
  return stats->attstattarget;
#else
  return stats->attr->attstattarget;
#endif
}

/// One of the server's processes as last reported, from 1 to pgstat_fetch_stat_numbackends().
inline const PgBackendStatus& backend_status(int index) {
#if PG_VERSION_NUM >= 160000
  return pgstat_get_local_beentry_by_index(index)->backendStatus;
#else
  return pgstat_fetch_stat_local_beentry(index)->backendStatus;
#endif
}

}  // namespace cdp::pg
