/// What is said of messages, as the tables have it.

#include "base/error.hpp"
#include "event/expectations.hpp"
#include "event/settings.hpp"
#include "event/store.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/spi.hpp"
#include "pg/table_watch.hpp"
#include "pg/trigger.hpp"

#include <algorithm>
#include <memory>

namespace cdp::event {

namespace {

std::shared_ptr<const Expectations> loaded;
pg::TableWatch tables("event_schema", "event_requirement", "blocked_id");

std::vector<std::string> fields_of(Datum array) {
  std::vector<std::string> fields;
  for (std::optional<std::string>& field : pg::texts_of(array)) {
    if (!field) throw Error(Category::BadValue, "fields must not hold nulls");
    fields.push_back(*std::move(field));
  }
  return fields;
}

OnViolation on_violation_of(const std::string& text) {
  if (text == "drop_property") return OnViolation::DropProperty;
  return text == "warn" ? OnViolation::Warn : OnViolation::Reject;
}

}  // namespace

void ViolationLog::store(pg::Spi& spi) const {
  if (kinds_.empty()) return;
  static pg::Query insert(
      "INSERT INTO cdp.schema_violation AS v (event, source, pointer, keyword, action, count, first_at, "
      "last_at,"
      " reason, user_id, sample) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
      " ON CONFLICT (event, source, pointer, keyword) DO UPDATE SET action = excluded.action,"
      " count = v.count + excluded.count, first_at = least(v.first_at, excluded.first_at),"
      " last_at = greatest(v.last_at, excluded.last_at), reason = excluded.reason,"
      " user_id = excluded.user_id, sample = excluded.sample");
  for (const auto& [key, kind] : kinds_) {
    const auto& [event, source, place, keyword] = key;
    (void)insert(spi, event, source, place, keyword, kind.is_dropped ? "dropped" : "kept", kind.count,
                 kind.first_at, kind.last_at, kind.reason, kind.user_id, kind.sample);
  }
}

void forget_violations(pg::Spi& spi, const std::vector<std::string>& ids) {
  static pg::Query remove("DELETE FROM cdp.schema_violation WHERE user_id = ANY($1)");
  (void)remove(spi, ids);
}

std::shared_ptr<const Expectations> Expectations::current() {
  if (tables.has_changed() || (loaded && loaded->rejects_unknown_ != rejects_unknown_events()))
    loaded.reset();
  if (!loaded) loaded = std::make_shared<const Expectations>(read());
  return loaded;
}

Expectations Expectations::read() {
  // By the newest snapshot: what is kept must not be older than the last invalidation that came in.
  pg::LatestSnapshot latest;
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  static pg::Query schemas("SELECT event, source, schema, on_violation FROM cdp.event_schema");
  static pg::Query requirements("SELECT category, fields FROM cdp.event_requirement");
  static pg::Query blocked_ids("SELECT value FROM cdp.blocked_id");
  Expectations expectations;
  expectations.rejects_unknown_ = rejects_unknown_events();
  const pg::Rows schema_rows = schemas(spi);
  for (uint64_t i = 0; i < schema_rows.size(); ++i) {
    const std::optional<std::string> source =
        schema_rows.is_null(i, 1) ? std::nullopt : std::optional(schema_rows.text(i, 1));
    expectations.schemas_[schema_rows.text(i, 0)].push_back(
        {source, on_violation_of(schema_rows.text(i, 3)), Schema(schema_rows.json(i, 2))});
  }
  const pg::Rows requirement_rows = requirements(spi);
  for (uint64_t i = 0; i < requirement_rows.size(); ++i)
    for (const std::string& field : fields_of(requirement_rows.datum(i, 1)))
      expectations.requirements_[requirement_rows.text(i, 0)].emplace_back(field);
  const pg::Rows blocked_rows = blocked_ids(spi);
  for (uint64_t i = 0; i < blocked_rows.size(); ++i)
    expectations.blocked_ids_.add(pg::text_of(blocked_rows.datum(i, 0)));
  return expectations;
}

}  // namespace cdp::event

using namespace cdp;  // NOLINT(google-build-using-namespace): the functions below are the room's outside

CDP_FUNCTION(cdp_event_schema_check) {
  const TriggerData* trigger = pg::trigger_of(fcinfo);
  if (const std::optional<Datum> schema = pg::column_of(trigger, pg::new_row(trigger), "schema"))
    const event::Schema checked(pg::json_of(*schema));
  return PointerGetDatum(pg::new_row(trigger));
}

CDP_FUNCTION(cdp_event_requirement_check) {
  const TriggerData* trigger = pg::trigger_of(fcinfo);
  if (const std::optional<Datum> fields = pg::column_of(trigger, pg::new_row(trigger), "fields"))
    for (const std::string& field : event::fields_of(*fields)) const event::RequiredField checked(field);
  return PointerGetDatum(pg::new_row(trigger));
}
