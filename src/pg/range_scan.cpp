#include "pg/range_scan.hpp"

#include "base/interrupt.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/opened_index.hpp"

#include <exception>

extern "C" {
#include <access/table.h>
#include <access/tableam.h>
#include <catalog/namespace.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
}

namespace cdp::pg {

/// Plain data, so that the server's errors may pass over it.
struct RangeScan::State {
  MemoryContext context;  ///< of the scan, wherever its rows are read
  Relation table;
  Snapshot snapshot;
  TableScanDesc scan;
  TupleTableSlot* slot;
};

RangeScan::RangeScan(const char* schema, const char* table, uint64_t after)
    : exceptions_(std::uncaught_exceptions()) {
  state_ = guard([&] {
    auto* state = static_cast<State*>(palloc0(sizeof(State)));
    state->context = CurrentMemoryContext;
    state->table = table_open(get_relname_relid(table, get_namespace_oid(schema, false)), AccessShareLock);
    state->snapshot = register_snapshot(Sees::WhatIsDone);
    state->slot = table_slot_create(state->table, nullptr);
    ItemPointerData first = pointer_of(after + 1);
    ItemPointerData last;
    ItemPointerSet(&last, MaxBlockNumber, PG_UINT16_MAX);
    state->scan = table_beginscan_tidrange(state->table, state->snapshot, &first, &last);
    return state;
  });
}

RangeScan::~RangeScan() {
  // After an error the (sub)transaction, which is about to be rolled back, closes everything; whoever raised
  // the error may still hold a lock that ending the scan would wait for.
  if (std::uncaught_exceptions() > exceptions_) return;
  free_error(call_catching(
      [](void* argument) {
        auto* state = static_cast<State*>(argument);
        table_endscan(state->scan);
        ExecDropSingleTupleTableSlot(state->slot);
        UnregisterSnapshot(state->snapshot);
        table_close(state->table, NoLock);
      },
      state_));
}

std::optional<StoredRow> RangeScan::next() {
  check_interrupts();
  State* state = state_;
  const bool is_found = guard([&] {
    MemoryContextSwitchTo(state->context);
    return table_scan_getnextslot_tidrange(state->scan, ForwardScanDirection, state->slot);
  });
  return is_found ? std::optional<StoredRow>(state->slot) : std::nullopt;
}

std::optional<StoredRow> RangeScan::at(uint64_t place) {
  check_interrupts();
  State* state = state_;
  const bool is_found = guard([&] {
    MemoryContextSwitchTo(state->context);
    ItemPointerData pointer = pointer_of(place);
    return table_tuple_fetch_row_version(state->table, &pointer, state->snapshot, state->slot);
  });
  return is_found ? std::optional<StoredRow>(state->slot) : std::nullopt;
}

}  // namespace cdp::pg
