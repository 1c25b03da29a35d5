#include "pg/index_lookup.hpp"

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"

#include <exception>

extern "C" {
#include <access/genam.h>
#include <access/itup.h>
#include <access/relscan.h>
#include <access/stratnum.h>
#include <access/tableam.h>
#include <miscadmin.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
}

namespace cdp::pg {

namespace {
constexpr int kMostKeys = 4;
}  // namespace

/// Plain data, so that the server's errors may pass over it.
struct IndexLookup::State {
  MemoryContext context;  ///< of the scan, wherever its rows are read
  OpenedIndex opened;
  IndexScanDesc scan;
  TupleTableSlot* slot;
  ScanKeyData keys[3][kMostKeys];  ///< by how they compare (Last)
  int key_count;                   ///< for which the scan is made
};

IndexLookup::IndexLookup(const char* schema, const char* table, const char* index, Sees sees)
    : exceptions_(std::uncaught_exceptions()) {
  state_ = guard([&] {
    auto* state = static_cast<State*>(palloc0(sizeof(State)));
    state->context = CurrentMemoryContext;
    state->opened = OpenedIndex::open(schema, table, index, sees);
    state->slot = table_slot_create(state->opened.table, nullptr);
    const Relation opened = state->opened.index;
    for (int i = 0; i < kMostKeys && i < IndexRelationGetNumberOfKeyAttributes(opened); ++i) {
      const Oid type = opened->rd_opcintype[i];
      const auto make = [&](ScanKeyData* key, StrategyNumber strategy) {
        const Oid operation =
            get_opfamily_member(opened->rd_opfamily[i], type, type, static_cast<int16>(strategy));
        ScanKeyEntryInitialize(key, 0, static_cast<AttrNumber>(i + 1), strategy, InvalidOid,
                               opened->rd_indcollation[i], get_opcode(operation), 0);
      };
      make(&state->keys[static_cast<int>(Last::Equal)][i], BTEqualStrategyNumber);
      make(&state->keys[static_cast<int>(Last::AtMost)][i], BTLessEqualStrategyNumber);
      make(&state->keys[static_cast<int>(Last::AtLeast)][i], BTGreaterEqualStrategyNumber);
    }
    return state;
  });
}

IndexLookup::~IndexLookup() {
  // After an error the (sub)transaction, which is about to be rolled back, closes everything; whoever raised
  // the error may still hold a lock that ending the scan would wait for.
  if (std::uncaught_exceptions() > exceptions_) return;
  free_error(call_catching(
      [](void* argument) {
        auto* state = static_cast<State*>(argument);
        if (state->scan != nullptr) index_endscan(state->scan);
        ExecDropSingleTupleTableSlot(state->slot);
        state->opened.close();
      },
      state_));
}

void IndexLookup::begin(std::span<const Datum> keys, Last last, Gives gives) {
  check_interrupts();
  State* state = state_;
  guard([&] {
    MemoryContextSwitchTo(state->context);
    const auto count = static_cast<int>(keys.size());
    if (state->scan != nullptr && state->key_count != count) {
      index_endscan(state->scan);
      state->scan = nullptr;
    }
    if (state->scan == nullptr) {
      state->scan = begin_index_scan(state->opened.table, state->opened.index, state->opened.snapshot, count);
      state->key_count = count;
    }
    ScanKeyData sought[kMostKeys];
    for (int i = 0; i < count; ++i) {
      sought[i] = state->keys[static_cast<int>(i + 1 == count ? last : Last::Equal)][i];
      sought[i].sk_argument = keys[static_cast<size_t>(i)];
    }
    state->scan->xs_want_itup = gives == Gives::Entries;
    index_rescan(state->scan, sought, count, nullptr, 0);
  });
}

TupleTableSlot* IndexLookup::next(bool is_forward) {
  State* state = state_;
  return guard([&]() -> TupleTableSlot* {
    MemoryContextSwitchTo(state->context);
    const ScanDirection direction = is_forward ? ForwardScanDirection : BackwardScanDirection;
    return index_getnext_slot(state->scan, direction, state->slot) ? state->slot : nullptr;
  });
}

bool IndexLookup::next_entry(int column, Wants wants, const void* wanted) {
  State* state = state_;
  return guard([&] {
    MemoryContextSwitchTo(state->context);
    while (index_getnext_tid(state->scan, ForwardScanDirection) != nullptr) {
      if (wants(wanted, entry(column))) return true;
      CHECK_FOR_INTERRUPTS();
    }
    return false;
  });
}

Datum IndexLookup::entry(int column) const {
  bool is_null = false;
  return index_getattr(state_->scan->xs_itup, column + 1, state_->scan->xs_itupdesc, &is_null);
}

std::optional<StoredRow> IndexLookup::entry_row() {
  State* state = state_;
  const bool is_seen = guard([&] {
    MemoryContextSwitchTo(state->context);
    return index_fetch_heap(state->scan, state->slot);
  });
  return is_seen ? std::optional<Row>(state->slot) : std::nullopt;
}

}  // namespace cdp::pg
