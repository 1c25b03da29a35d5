#include "pg/table_watch.hpp"

#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/trigger.hpp"

#include <utility>

extern "C" {
#include <catalog/namespace.h>
#include <utils/inval.h>
#include <utils/lsyscache.h>
}

namespace cdp::pg {

TableWatch* TableWatch::first = nullptr;

void TableWatch::invalidate(Datum /*argument*/, Oid relation) {
  for (TableWatch* watch = first; watch != nullptr; watch = watch->next_)
    for (const Oid table : watch->tables_)
      if (relation == InvalidOid || relation == table) watch->is_current_ = false;
}

bool TableWatch::has_changed() {
  // A backend may register few callbacks: one serves all.
  if (first == nullptr) guard([] { CacheRegisterRelcacheCallback(invalidate, 0); });
  if (!std::exchange(is_registered_, true)) next_ = std::exchange(first, this);
  // New tables of these names (the extension was made anew) have other numbers.
  const auto found = guard([&] {
    const Oid schema = get_namespace_oid("cdp", false);
    std::array<Oid, kMostTables> oids{};
    for (size_t i = 0; i < kMostTables && names_[i] != nullptr; ++i)
      oids[i] = get_relname_relid(names_[i], schema);
    return oids;
  });
  if (std::exchange(tables_, found) != found) is_current_ = false;
  return !std::exchange(is_current_, true);
}

void invalidate(const char* table) {
  guard([&] { CacheInvalidateRelcacheByRelid(get_relname_relid(table, get_namespace_oid("cdp", false))); });
}

}  // namespace cdp::pg

CDP_FUNCTION(cdp_configuration_changed) {
  using namespace cdp;  // NOLINT(google-build-using-namespace)
  const TriggerData* trigger = pg::trigger_of(fcinfo);
  pg::guard([&] { CacheInvalidateRelcache(trigger->tg_relation); });
  return PointerGetDatum(nullptr);
}
