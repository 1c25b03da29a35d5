/// Messages against what was said of them.

#include "base/error.hpp"
#include "event/expectations.hpp"
#include "event/settings.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "pg/table_watch.hpp"

#include <algorithm>
#include <memory>

extern "C" {
#include <catalog/pg_type.h>
#include <commands/trigger.h>
#include <utils/array.h>
#include <utils/rel.h>
}

namespace cdp::event {

namespace {

/// After so many rounds of finding and removing properties the whole event is at fault.
constexpr int kMostRounds = 8;

std::unique_ptr<Expectations> loaded;
pg::TableWatch tables("event_schema", "event_requirement", "blocked_id");

std::vector<std::string> texts_of(Datum array) {
  struct Elements {
    Datum* values;
    bool* nulls;
    int count;
  };
  const auto elements = pg::guard([&] {
    Elements found{};
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &found.values,
                      &found.nulls, &found.count);
    return found;
  });
  std::vector<std::string> texts;
  for (int i = 0; i < elements.count; ++i) {
    if (elements.nulls[i]) throw Error(Category::BadValue, "fields must not hold nulls");
    texts.emplace_back(pg::text_of(elements.values[i]));
  }
  return texts;
}

OnViolation on_violation_of(const std::string& text) {
  if (text == "drop_property") return OnViolation::DropProperty;
  return text == "warn" ? OnViolation::Warn : OnViolation::Reject;
}

std::string reason_of(const std::vector<Violation>& violations) {
  constexpr size_t kMost = 5;
  std::string reason;
  for (size_t i = 0; i < violations.size() && i < kMost; ++i) {
    if (i > 0) reason += "; ";
    reason += violations[i].pointer.empty() ? "properties" : violations[i].pointer;
    reason += ": " + violations[i].reason;
  }
  if (violations.size() > kMost) reason += "; and more";
  return reason;
}

/// Removes the properties at fault; what is about the event as a whole is logged only.
void drop_properties(Message* message, const std::string& source, const Schema& schema,
                     std::vector<Violation> found, ViolationLog* log) {
  const Message before = *message;
  std::vector<Violation> violations;
  for (int round = 1;; ++round) {
    const bool may_be_more = found.size() == kMaxViolations;
    bool has_dropped = false;
    for (Violation& violation : found) {
      const bool is_of_property = !violation.property.empty();
      if (is_of_property) has_dropped |= message->properties.erase(violation.property);
      // What a removal leads to (required, say) is no news.
      if (is_of_property || round == 1) violations.push_back(std::move(violation));
    }
    if (!may_be_more || !has_dropped) break;
    found = schema.check(message->properties);
    if (round == kMostRounds && !found.empty()) throw Rejection{"schema", reason_of(found)};
  }
  for (const Violation& violation : violations)
    log->add(before, source, violation, !violation.property.empty());
}

const TriggerData* row_trigger(FunctionCallInfo fcinfo) {
  if (!CALLED_AS_TRIGGER(fcinfo)) throw Error(Category::State, "this function must be called as a trigger");
  return reinterpret_cast<const TriggerData*>(fcinfo->context);
}

HeapTuple new_row(const TriggerData* trigger) {
  return TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
}

/// A column of the new row; nullopt for null, which the table itself refuses.
std::optional<Datum> column(const TriggerData* trigger, const char* name) {
  bool is_null = false;
  const Datum value = pg::guard([&] {
    TupleDesc description = trigger->tg_relation->rd_att;
    return SPI_getbinval(new_row(trigger), description, SPI_fnumber(description, name), &is_null);
  });
  return is_null ? std::nullopt : std::optional(value);
}

}  // namespace

void ViolationLog::add(const Message& message, const std::string& source, const Violation& violation,
                       bool is_dropped) {
  constexpr size_t kSampleBytes = 4000;
  Kind& kind = kinds_[{message.event, source, violation.place, violation.keyword}];
  if (kind.count++ == 0 || message.received_at < kind.first_at) kind.first_at = message.received_at;
  kind.last_at = std::max(kind.last_at, message.received_at);
  if (kind.count == 1) kind.last_at = message.received_at;
  kind.is_dropped = is_dropped;
  kind.reason = violation.reason;
  kind.user_id = message.user_id ? message.user_id : message.anonymous_id;
  kind.sample = message.properties.dump();
  if (kind.sample.size() <= kSampleBytes) return;
  size_t end = kSampleBytes;
  while (end > 0 && (static_cast<uint8_t>(kind.sample[end]) & 0xc0) == 0x80) --end;
  kind.sample.resize(end);
}

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

const Expectations& Expectations::current() {
  if (tables.has_changed()) loaded.reset();
  if (!loaded) loaded = std::make_unique<Expectations>(read());
  return *loaded;
}

Expectations Expectations::read() {
  // By the newest snapshot: what is kept must not be older than the last invalidation that came in.
  pg::LatestSnapshot latest;
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  static pg::Query schemas("SELECT event, source, schema, on_violation FROM cdp.event_schema");
  static pg::Query requirements("SELECT category, fields FROM cdp.event_requirement");
  static pg::Query blocked_ids("SELECT value FROM cdp.blocked_id");
  Expectations expectations;
  const pg::Rows schema_rows = schemas(spi);
  for (uint64_t i = 0; i < schema_rows.size(); ++i) {
    const std::optional<std::string> source =
        schema_rows.is_null(i, 1) ? std::nullopt : std::optional(schema_rows.text(i, 1));
    expectations.schemas_[schema_rows.text(i, 0)].push_back(
        {source, on_violation_of(schema_rows.text(i, 3)), Schema(schema_rows.json(i, 2))});
  }
  const pg::Rows requirement_rows = requirements(spi);
  for (uint64_t i = 0; i < requirement_rows.size(); ++i)
    for (const std::string& field : texts_of(requirement_rows.datum(i, 1)))
      expectations.requirements_[requirement_rows.text(i, 0)].emplace_back(field);
  const pg::Rows blocked_rows = blocked_ids(spi);
  for (uint64_t i = 0; i < blocked_rows.size(); ++i)
    expectations.blocked_ids_.add(pg::text_of(blocked_rows.datum(i, 0)));
  return expectations;
}

const Expectations::Entry* Expectations::find(const std::string& event, const std::string& source) const {
  const auto entries = schemas_.find(event);
  if (entries == schemas_.end()) return nullptr;
  const Entry* general = nullptr;
  for (const Entry& entry : entries->second) {
    if (entry.source == source) return &entry;
    if (!entry.source) general = &entry;
  }
  return general;
}

void Expectations::apply(Message* message, const std::string& source, bool has_time,
                         ViolationLog* log) const {
  blocked_ids_.remove_from(message);
  if (message->kind != MessageKind::Track) return;
  const Entry* entry = schemas_.empty() ? nullptr : find(message->event, source);
  const bool is_page = message->event == "page" || message->event == "screen";
  if (entry == nullptr && !is_page && rejects_unknown_events())
    throw Rejection{"unknown_event", "event \"" + message->event + "\" of source \"" + source +
                                         "\" has no row in cdp.event_schema"};
  if (!requirements_.empty()) {
    const auto required = requirements_.find(std::string(category_of(*message)));
    if (required != requirements_.end())
      for (const RequiredField& field : required->second)
        if (!field.is_in(*message, has_time))
          throw Rejection{"missing_field",
                          "events of category \"" + required->first + "\" must have " + field.name()};
  }
  if (entry == nullptr) return;
  std::vector<Violation> violations = entry->schema.check(message->properties);
  if (violations.empty()) return;
  switch (entry->on_violation) {
    case OnViolation::Reject:
      throw Rejection{"schema", reason_of(violations)};
    case OnViolation::DropProperty:
      return drop_properties(message, source, entry->schema, std::move(violations), log);
    case OnViolation::Warn:
      for (const Violation& violation : violations) log->add(*message, source, violation, false);
  }
}

}  // namespace cdp::event

using namespace cdp;  // NOLINT(google-build-using-namespace): the functions below are the room's outside

CDP_FUNCTION(cdp_event_schema_check) {
  const TriggerData* trigger = event::row_trigger(fcinfo);
  if (const std::optional<Datum> schema = event::column(trigger, "schema"))
    const event::Schema checked(pg::json_of(*schema));
  return PointerGetDatum(event::new_row(trigger));
}

CDP_FUNCTION(cdp_event_requirement_check) {
  const TriggerData* trigger = event::row_trigger(fcinfo);
  if (const std::optional<Datum> fields = event::column(trigger, "fields"))
    for (const std::string& field : event::texts_of(*fields)) const event::RequiredField checked(field);
  return PointerGetDatum(event::new_row(trigger));
}
