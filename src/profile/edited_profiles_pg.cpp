#include "pg/boundary.hpp"
#include "pg/bulk_insert.hpp"
#include "pg/clock.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "pg/trigger.hpp"
#include "pg/wake.hpp"
#include "profile/edited_profiles.hpp"
#include "profile/traits.hpp"

#include <algorithm>

namespace cdp::profile {

namespace {

Json column(const TriggerData* trigger, HeapTuple row, const char* name) {
  const std::optional<Datum> value = pg::column_of(trigger, row, name);
  return value ? pg::json_of(*value) : Json(Json::Object());
}

/// What leads from one object to another: its members that are new or differ, null for those that are gone.
Json difference(const Json& before, const Json& after) {
  Json::Object update;
  if (after.object() == nullptr || before.object() == nullptr) return update;
  for (const auto& [name, value] : *after.object()) {
    const Json* known = before.find(name);
    if (known == nullptr || !(*known == value)) update.push_back({name, value});
  }
  for (const auto& [name, value] : *before.object())
    if (after.find(name) == nullptr) update.push_back({name, Json()});
  return update;
}

}  // namespace

std::vector<Edited> take_edited(pg::Spi& spi, int64_t most) {
  static pg::Query take(
      "WITH taken AS (DELETE FROM cdp.edited_profile WHERE ctid = ANY(ARRAY(SELECT ctid FROM "
      "cdp.edited_profile LIMIT $1))"
      " RETURNING user_no, edited_at) SELECT t.user_no, coalesce(p.user_id, ''), p.traits, p.trait_times, "
      "t.at FROM"
      " (SELECT user_no, max(edited_at) AS at FROM taken GROUP BY user_no) AS t"
      " LEFT JOIN cdp.profile AS p USING (user_no)");
  std::vector<Edited> edited;
  const pg::Rows rows = take(spi, most);
  for (uint64_t i = 0; i < rows.size(); ++i) {
    edited.push_back({rows.bigint(i, 0), rows.text(i, 1), std::nullopt, {}, rows.instant(i, 4)});
    if (rows.is_null(i, 2)) continue;
    edited.back().traits = rows.json(i, 2);
    edited.back().trait_times = rows.json(i, 3);
  }
  return edited;
}

}  // namespace cdp::profile

using namespace cdp;  // NOLINT(google-build-using-namespace): the functions below are the room's outside

CDP_FUNCTION(cdp_profile_edit) {
  const TriggerData* trigger = pg::trigger_of(fcinfo);
  HeapTuple row = trigger->tg_newtuple;
  Json traits = profile::column(trigger, trigger->tg_trigtuple, "traits");
  Json times = profile::column(trigger, row, "trait_times");
  const Json update = profile::difference(traits, profile::column(trigger, row, "traits"));
  std::vector<std::string> changed;
  (void)profile::set_traits(traits, times, update, pg::now(), changed);
  return PointerGetDatum(pg::with_column(trigger, row, "trait_times", pg::to_jsonb(times)));
}

CDP_FUNCTION(cdp_profile_edited) {
  TriggerData* trigger = const_cast<TriggerData*>(pg::trigger_of(fcinfo));
  pg::Spi spi;
  pg::guard([&] { (void)SPI_register_trigger_data(trigger); });
  static pg::Query changed(
      "SELECT a.user_no FROM after AS a LEFT JOIN before AS b USING (user_no)"
      " WHERE b.user_no IS NULL OR b.traits <> a.traits OR b.user_id IS DISTINCT FROM a.user_id");
  const pg::Rows rows = changed(spi);
  if (rows.empty()) return PointerGetDatum(nullptr);
  // Without a statement, so that whoever may write profiles needs no other right.
  pg::BulkInsert notes("cdp", "edited_profile");
  for (uint64_t i = 0; i < rows.size(); ++i) notes.add(rows.bigint(i, 0), pg::now());
  notes.finish();
  pg::wake_worker_at_commit();
  return PointerGetDatum(nullptr);
}
