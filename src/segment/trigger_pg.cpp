/// What INSERT, UPDATE and DELETE on cdp.segment set off.

#include "base/error.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "segment/catalog.hpp"
#include "segment/membership.hpp"
#include "segment/near_names.hpp"

#include <algorithm>

extern "C" {
#include <access/htup_details.h>
#include <access/xact.h>
#include <commands/trigger.h>
}

namespace cdp::segment {

namespace {

TriggerData* trigger_data(FunctionCallInfo fcinfo) {
  if (!CALLED_AS_TRIGGER(fcinfo)) throw Error(Category::State, "this function must be called as a trigger");
  return reinterpret_cast<TriggerData*>(fcinfo->context);
}

std::optional<std::string> column_text(const TriggerData* trigger, HeapTuple row, const char* column) {
  bool is_null = false;
  const Datum value = pg::guard([&] {
    TupleDesc description = trigger->tg_relation->rd_att;
    return SPI_getbinval(row, description, SPI_fnumber(description, column), &is_null);
  });
  if (is_null) return std::nullopt;
  return std::string(pg::text_of(value));
}

/// A copy of the row with its status set to pending.
HeapTuple with_pending_status(const TriggerData* trigger, HeapTuple row) {
  const Datum pending = pg::to_text("pending");
  return pg::guard([&] {
    TupleDesc description = trigger->tg_relation->rd_att;
    int column = SPI_fnumber(description, "status");
    Datum value = pending;
    bool is_null = false;
    return heap_modify_tuple_by_cols(row, description, 1, &column, &value, &is_null);
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
  (void)segment::trigger_data(fcinfo);
  // Before any row is locked, so that a batch that holds the lock never waits for one of these rows.
  segment::lock_processing();
  return 0;
}

CDP_FUNCTION(cdp_segment_change_row) {
  const TriggerData* trigger = segment::trigger_data(fcinfo);
  if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event)) {
    HeapTuple row = trigger->tg_newtuple;
    const bool is_same = segment::column_text(trigger, row, "rule") ==
                         segment::column_text(trigger, trigger->tg_trigtuple, "rule");
    return PointerGetDatum(is_same ? row : segment::with_pending_status(trigger, row));
  }
  // A row that brings its computed state along is restored from a dump, with its members.
  HeapTuple row = trigger->tg_trigtuple;
  bool is_never_computed = false;
  (void)pg::guard([&] {
    TupleDesc description = trigger->tg_relation->rd_att;
    return SPI_getbinval(row, description, SPI_fnumber(description, "computed_at"), &is_never_computed);
  });
  return PointerGetDatum(is_never_computed ? segment::with_pending_status(trigger, row) : row);
}

CDP_FUNCTION(cdp_segment_follow) {
  const TriggerData* trigger = segment::trigger_data(fcinfo);
  pg::Spi spi;
  segment::Catalog::invalidate();
  // What the statement changed is to be seen below.
  pg::guard([] { CommandCounterIncrement(); });
  if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event) || TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event)) {
    segment::refuse_dangling_names();
    static pg::Query remove_chunks(
        "DELETE FROM cdp.segment_chunk AS c WHERE NOT EXISTS (SELECT FROM cdp.segment AS s"
        " WHERE s.segment_no = c.segment_no)");
    static pg::Query remove_growth(
        "DELETE FROM cdp.segment_growth AS g WHERE NOT EXISTS (SELECT FROM cdp.segment AS s"
        " WHERE s.segment_no = g.segment_no)");
    (void)remove_chunks(spi);
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
  if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event)) segment::refuse_dangling_names();
  // Binding the rules checks them, whoever computes the members.
  const segment::Catalog& catalog = segment::Catalog::current(spi);
  std::vector<rule::Rule> changed;
  for (const segment::Definition& definition : catalog.definitions())
    if (!definition.is_ready) changed.push_back(definition.rule);
  segment::tell_near_names(spi, changed);
  // In a transaction with an old snapshot the members would be computed from old events: the worker does it.
  if (IsolationUsesXactSnapshot()) return 0;
  static pg::Query now_query("SELECT greatest(clock_timestamp(), (SELECT clock FROM cdp.inbox_cursor))");
  (void)segment::compute_pending(spi, now_query(spi).instant(0, 0));
  return 0;
}
