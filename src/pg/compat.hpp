#pragma once

/// What differs between server versions. The only file that looks at PG_VERSION_NUM.

#include "pg/server.hpp"

#if PG_VERSION_NUM < 150000
#error "cdp needs PostgreSQL 15 or newer"
#endif

#if PG_VERSION_NUM >= 160000
extern "C" {
#include <varatt.h>
}
#endif

namespace cdp::pg {

/// Makes the module's magic block visible and, from 18 on, names the module and its version.
#if PG_VERSION_NUM >= 180000
#define CDP_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "cdp", .version = "0.1.0")
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

}  // namespace cdp::pg
