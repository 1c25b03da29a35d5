/// What INSERT, UPDATE and DELETE on cdp.segment set off.

#include "base/error.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "pg/trigger.hpp"
#include "rule/rule_pg.hpp"
#include "segment/backfill.hpp"
#include "segment/call.hpp"
#include "segment/catalog.hpp"
#include "segment/changes.hpp"
#include "segment/chunks.hpp"
#include "segment/membership.hpp"
#include "segment/near_names.hpp"
#include "segment/run_as_pg.hpp"
#include "segment/writing_pg.hpp"

#include <algorithm>
#include <array>

extern "C" {
#include <access/htup_details.h>
#include <access/xact.h>
}

namespace cdp::segment {

namespace {

std::optional<std::string> column_text(const TriggerData* trigger, HeapTuple row, const char* column) {
  const std::optional<Datum> value = pg::column_of(trigger, row, column);
  return value ? std::optional<std::string>(pg::text_of(*value)) : std::nullopt;
}

Status status_in(const TriggerData* trigger, HeapTuple row) {
  const std::string status = column_text(trigger, row, "status").value_or("");
  return status == "ready" ? Status::Ready : status == "paused" ? Status::Paused : Status::Pending;
}

/// A copy of the row for which nothing is gathered; with its status set to pending if it is to be computed.
HeapTuple begun_anew(const TriggerData* trigger, HeapTuple row, bool is_to_be_computed) {
  const Datum pending = pg::to_text("pending");
  return pg::guard([&] {
    TupleDesc description = trigger->tg_relation->rd_att;
    std::array<int, 4> columns{SPI_fnumber(description, "progress"), SPI_fnumber(description, "next_no"),
                               SPI_fnumber(description, "next_users"), SPI_fnumber(description, "status")};
    std::array<Datum, 4> values{0, 0, 0, pending};
    std::array<bool, 4> nulls{true, true, true, false};
    return heap_modify_tuple_by_cols(row, description, is_to_be_computed ? 4 : 3, columns.data(),
                                     values.data(), nulls.data());
  });
}

std::optional<rule::Rule> rule_in(const TriggerData* trigger, HeapTuple row) {
  const std::optional<Datum> value = pg::column_of(trigger, row, "rule");
  return value ? std::optional(rule::rule_of(*value)) : std::nullopt;
}

/// The row with the schemas of the functions that its rule calls, by which it means the same in every
/// session.
HeapTuple row_with_schemas(const TriggerData* trigger, HeapTuple row) {
  const std::optional<rule::Rule> written = rule_in(trigger, row);
  if (!written || rule::references(*written).calls.empty()) return row;
  return pg::with_column(trigger, row, "rule", rule::to_rule_datum(with_schemas(*written)));
}

/// Refuses a row that would have a role do something for someone who cannot become that role.
void require_run_as(const TriggerData* trigger, HeapTuple row, const char* what) {
  const std::string run_as = column_text(trigger, row, "run_as").value_or("");
  if (!may_run_as(run_as))
    throw Error(Category::Forbidden, "role \"" + run_as + "\" cannot be made to " + what,
                "Only who can become that role may say what it runs.");
}

/// Names that rules mention and no segment has any more.
void refuse_dangling_names() {
  const std::vector<Definition> definitions = load_definitions();
  for (const Definition& definition : definitions)
    for (const std::string& name : rule::segments_named(definition.rule)) {
      const bool exists = std::any_of(definitions.begin(), definitions.end(),
                                      [&](const Definition& other) { return other.name == name; });
      if (!exists)
        throw Error(Category::InUse,
                    "segment \"" + name + "\" is named by the rule of segment \"" + definition.name + "\"",
                    {}, "Change or delete that segment first.");
    }
}

/// The row of a segment that is to be computed.
HeapTuple to_be_computed(const TriggerData* trigger, HeapTuple row) {
  const std::optional<rule::Rule> rule = rule_in(trigger, row);
  if (rule && !rule::references(*rule).calls.empty()) {
    const RunAs definer = current_run_as();
    pg::Spi spi;
    claim_calls(spi, *rule, definer);
  }
  return begun_anew(trigger, row, true);
}

}  // namespace

}  // namespace cdp::segment

using namespace cdp;  // NOLINT(google-build-using-namespace): the functions below are the room's outside

CDP_FUNCTION(cdp_segment_lock) {
  (void)pg::trigger_of(fcinfo);
  if (segment::Writing::is_under_way()) return 0;
  // Before any row is locked, so that a batch that holds the lock never waits for one of these rows.
  segment::lock_processing();
  return 0;
}

CDP_FUNCTION(cdp_segment_change_row) {
  const TriggerData* trigger = pg::trigger_of(fcinfo);
  if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event)) {
    HeapTuple row = trigger->tg_newtuple;
    if (segment::Writing::is_under_way()) return PointerGetDatum(row);
    if (segment::column_text(trigger, row, "rule") !=
        segment::column_text(trigger, trigger->tg_trigtuple, "rule"))
      row = segment::row_with_schemas(trigger, row);
    const segment::Status status = segment::status_in(trigger, row);
    const segment::Status before = segment::status_in(trigger, trigger->tg_trigtuple);
    const bool is_same = segment::column_text(trigger, row, "rule") ==
                         segment::column_text(trigger, trigger->tg_trigtuple, "rule");
    // What is paused is computed when it goes on.
    const bool is_paused = status == segment::Status::Paused;
    const bool is_to_be_computed = !is_paused && (!is_same || status != before);
    if (is_to_be_computed) row = segment::to_be_computed(trigger, row);
    if (is_paused) row = segment::begun_anew(trigger, row, false);
    return PointerGetDatum(row);
  }
  // A row that brings its computed state along is restored from a dump, with its members, also those that are
  // being gathered.
  HeapTuple row = trigger->tg_trigtuple;
  if (pg::column_of(trigger, row, "computed_at") || pg::column_of(trigger, row, "next_no"))
    return PointerGetDatum(row);
  row = segment::row_with_schemas(trigger, row);
  const bool is_paused = segment::status_in(trigger, row) == segment::Status::Paused;
  return PointerGetDatum(is_paused ? row : segment::to_be_computed(trigger, row));
}

CDP_FUNCTION(cdp_segment_follow) {
  const TriggerData* trigger = pg::trigger_of(fcinfo);
  if (segment::Writing::is_under_way()) return 0;
  pg::Spi spi;
  segment::Catalog::invalidate();
  // What the statement changed is to be seen below.
  pg::guard([] { CommandCounterIncrement(); });
  segment::remove_unused_calls(spi);
  if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event) || TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event)) {
    segment::refuse_dangling_names();
    segment::remove_strays(spi);
    // The numbers may be given out anew after TRUNCATE … RESTART IDENTITY, so that no user may keep one.
    static pg::Query remove_memberships("DELETE FROM cdp.membership");
    static pg::Query remove_dues("DELETE FROM cdp.segment_due");
    static pg::Query remove_growth("DELETE FROM cdp.segment_growth");
    if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event)) {
      (void)remove_growth(spi);
      (void)remove_memberships(spi);
      (void)remove_dues(spi);
    }
    return 0;
  }
  if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event)) {
    segment::refuse_dangling_names();
    segment::remove_strays(spi);
  }
  // Binding the rules checks them, whoever computes the members.
  const segment::Catalog& catalog = segment::Catalog::current(spi);
  std::vector<rule::Rule> changed;
  for (const segment::Definition& definition : catalog.definitions())
    if (definition.status == segment::Status::Pending && !definition.users && !definition.is_next)
      changed.push_back(definition.rule);
  segment::tell_near_names(spi, changed);
  // In a transaction with an old snapshot the members would be computed from old events: the worker does it.
  if (IsolationUsesXactSnapshot()) return 0;
  segment::Announcement announcement(spi);
  const Instant now = segment::processing_now(spi);
  segment::define_calls(spi, changed, now,
                        [&] { (void)segment::compute_pending(spi, now, segment::Orphans::Leave); });
  announcement.send();
  return 0;
}

CDP_FUNCTION(cdp_segment_query_check) {
  const TriggerData* trigger = pg::trigger_of(fcinfo);
  HeapTuple row = pg::new_row(trigger);
  segment::require_run_as(trigger, row, "run a query");
  return PointerGetDatum(row);
}

CDP_FUNCTION(cdp_segment_call_check) {
  const TriggerData* trigger = pg::trigger_of(fcinfo);
  HeapTuple row = pg::new_row(trigger);
  segment::require_run_as(trigger, row, "call a function");
  // Others' segments stand on what it gives.
  if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
    segment::require_run_as(trigger, trigger->tg_trigtuple, "call another function, or not to call this one");
  return PointerGetDatum(row);
}
