#include "base/error.hpp"
#include "pg/boundary.hpp"
#include "pg/bulk_insert.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "pg/table_watch.hpp"
#include "profile/changed_profiles.hpp"
#include "profile/trait_index.hpp"

#include <algorithm>

extern "C" {
#include <commands/trigger.h>
#include <utils/rel.h>
}

namespace cdp::profile {

namespace {

/// What this backend knows of cdp.trait_index.
struct Known {
  WatchedTraits watched;
  bool has_pending = false;
};

const Known& known() {
  static pg::TableWatch table("trait_index");
  static std::optional<Known> loaded;
  if (table.has_changed()) loaded.reset();
  if (loaded) return *loaded;
  // By the newest snapshot, whatever the running query's: what is kept must not be older than the last
  // change.
  const pg::LatestSnapshot latest;
  Known found;
  for (const TraitIndex& index : trait_indexes(pg::Sees::WhatTheCallerSees)) {
    if (index.status == TraitIndex::Status::Ready) found.watched.insert(index.path.front());
    if (index.status == TraitIndex::Status::Pending) found.has_pending = true;
  }
  return loaded.emplace(std::move(found));
}

/// A row of cdp.profile that a statement changes.
struct Row {
  int64_t user_no = 0;
  Datum traits = 0;
};

Row row_of(const TriggerData* trigger, HeapTuple tuple) {
  return pg::guard([&] {
    TupleDesc description = trigger->tg_relation->rd_att;
    bool is_null = false;
    Row row;
    row.user_no =
        DatumGetInt64(SPI_getbinval(tuple, description, SPI_fnumber(description, "user_no"), &is_null));
    row.traits = SPI_getbinval(tuple, description, SPI_fnumber(description, "traits"), &is_null);
    return row;
  });
}

bool differ_in_watched(Datum a, Datum b) {
  const WatchedTraits& watched = watched_traits();
  return std::any_of(watched.begin(), watched.end(), [&](const std::string& name) {
    return pg::json_at(a, std::span(&name, 1)) != pg::json_at(b, std::span(&name, 1));
  });
}

}  // namespace

const WatchedTraits& watched_traits() { return known().watched; }

bool has_pending_trait_index() { return known().has_pending; }

void note_changed_profiles(const std::vector<int64_t>& users) {
  if (users.empty()) return;
  pg::BulkInsert rows("cdp", "changed_profile");
  for (const int64_t user_no : users) rows.add(user_no);
  rows.finish();
}

}  // namespace cdp::profile

using namespace cdp;  // NOLINT(google-build-using-namespace): the functions below are the room's outside

CDP_FUNCTION(cdp_has_trait_indexes) {
  (void)fcinfo;
  return BoolGetDatum(!profile::watched_traits().empty());
}

CDP_FUNCTION(cdp_profile_changed) {
  if (!CALLED_AS_TRIGGER(fcinfo)) throw Error(Category::State, "this function must be called as a trigger");
  const auto* trigger = reinterpret_cast<const TriggerData*>(fcinfo->context);
  const pg::Spi spi;
  const profile::Row row = profile::row_of(trigger, trigger->tg_trigtuple);
  std::vector<int64_t> users{row.user_no};
  if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event)) {
    const profile::Row after = profile::row_of(trigger, trigger->tg_newtuple);
    if (after.user_no != row.user_no)
      users.push_back(after.user_no);
    else if (!profile::differ_in_watched(row.traits, after.traits))
      users.clear();
  }
  profile::note_changed_profiles(users);
  return PointerGetDatum(nullptr);
}
