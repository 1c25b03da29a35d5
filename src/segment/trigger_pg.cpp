/// What INSERT, UPDATE and DELETE on cdp.segment set off.

#include "base/error.hpp"
#include "pg/act_as.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "pg/trigger.hpp"
#include "segment/backfill.hpp"
#include "segment/catalog.hpp"
#include "segment/changes.hpp"
#include "segment/chunks.hpp"
#include "segment/membership.hpp"
#include "segment/near_names.hpp"
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
    const segment::Status status = segment::status_in(trigger, row);
    const segment::Status before = segment::status_in(trigger, trigger->tg_trigtuple);
    const bool is_same = segment::column_text(trigger, row, "rule") ==
                         segment::column_text(trigger, trigger->tg_trigtuple, "rule");
    // What is paused is computed when it goes on.
    const bool is_paused = status == segment::Status::Paused;
    const bool is_to_be_computed = !is_paused && (!is_same || status != before);
    if (is_paused || is_to_be_computed) row = segment::begun_anew(trigger, row, is_to_be_computed);
    return PointerGetDatum(row);
  }
  // A row that brings its computed state along is restored from a dump, with its members.
  HeapTuple row = trigger->tg_trigtuple;
  const bool is_to_be_computed = !pg::column_of(trigger, row, "computed_at") &&
                                 segment::status_in(trigger, row) != segment::Status::Paused;
  return PointerGetDatum(is_to_be_computed ? segment::begun_anew(trigger, row, true) : row);
}

CDP_FUNCTION(cdp_segment_follow) {
  const TriggerData* trigger = pg::trigger_of(fcinfo);
  if (segment::Writing::is_under_way()) return 0;
  pg::Spi spi;
  segment::Catalog::invalidate();
  // What the statement changed is to be seen below.
  pg::guard([] { CommandCounterIncrement(); });
  if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event) || TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event)) {
    segment::refuse_dangling_names();
    segment::remove_strays(spi);
    static pg::Query remove_growth(
        "DELETE FROM cdp.segment_growth AS g WHERE NOT EXISTS (SELECT FROM cdp.segment AS s"
        " WHERE s.segment_no = g.segment_no)");
    (void)remove_growth(spi);
    // The numbers may be given out anew after TRUNCATE … RESTART IDENTITY, so that no user may keep one.
    static pg::Query remove_memberships("DELETE FROM cdp.membership");
    static pg::Query remove_dues("DELETE FROM cdp.segment_due");
    if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event)) {
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
  (void)segment::compute_pending(spi, segment::processing_now(spi));
  announcement.send();
  return 0;
}

CDP_FUNCTION(cdp_segment_query_check) {
  const TriggerData* trigger = pg::trigger_of(fcinfo);
  HeapTuple row = pg::new_row(trigger);
  const std::string run_as = segment::column_text(trigger, row, "run_as").value_or("");
  const Oid role = pg::find_role(run_as);
  // A role that is not there yet may come with a restored dump: a superuser's to say.
  const bool is_allowed =
      role != InvalidOid ? pg::may_become(pg::current_role(), role) : superuser_arg(pg::current_role());
  if (!is_allowed)
    throw Error(Category::Forbidden, "role \"" + run_as + "\" cannot be made to run a query",
                "Only who can become that role may say what it runs.");
  return PointerGetDatum(row);
}
