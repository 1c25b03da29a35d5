#include "pg/bulk_insert.hpp"

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"

#include <algorithm>

extern "C" {
#include <access/table.h>
#include <access/tableam.h>
#include <access/xact.h>
#include <catalog/namespace.h>
#include <commands/trigger.h>
#include <executor/executor.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
}

namespace cdp::pg {

namespace {
constexpr int kRowsAtOnce = 1000;  // as COPY has it
}  // namespace

/// Lives in a memory context of its own; plain data, so that the server's errors may pass over it.
struct BulkInsert::State {
  MemoryContext context;  ///< of this object
  MemoryContext rows;     ///< of the values of the rows that are not written yet
  Relation relation;
  EState* executor;
  ResultRelInfo* result;
  TransitionCaptureState* transition;  ///< the rows for triggers that ask for all of them
  TupleTableSlot* slots[kRowsAtOnce];
  int count;
  bool has_triggers;
};

BulkInsert::BulkInsert(const char* schema, const char* table) {
  state_ = guard([&] {
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "cdp bulk insert", ALLOCSET_DEFAULT_SIZES);
    MemoryContext before = MemoryContextSwitchTo(context);
    auto* state = static_cast<State*>(palloc0(sizeof(State)));
    state->context = context;
    state->rows = AllocSetContextCreate(context, "cdp bulk insert rows", ALLOCSET_DEFAULT_SIZES);
    state->relation =
        table_open(get_relname_relid(table, get_namespace_oid(schema, false)), RowExclusiveLock);
    state->executor = CreateExecutorState();
    state->executor->es_output_cid = GetCurrentCommandId(true);
    state->result = makeNode(ResultRelInfo);
    InitResultRelInfo(state->result, state->relation, 0, nullptr, 0);
    ExecOpenIndices(state->result, false);
    state->has_triggers = state->result->ri_TrigDesc != nullptr;
    AfterTriggerBeginQuery();
    state->transition =
        MakeTransitionCaptureState(state->result->ri_TrigDesc, RelationGetRelid(state->relation), CMD_INSERT);
    if (state->has_triggers) ExecBSInsertTriggers(state->executor, state->result);
    MemoryContextSwitchTo(before);
    return state;
  });
}

MemoryContext BulkInsert::rows_context() const { return state_->rows; }

void BulkInsert::add_row(std::span<const Field> fields) {
  State* state = state_;
  const TupleDesc description = RelationGetDescr(state->relation);
  if (static_cast<int>(fields.size()) > description->natts)
    throw Error(Category::Internal,
                std::string("too many values for table ") + RelationGetRelationName(state->relation));
  guard([&] {
    TupleTableSlot*& slot = state->slots[state->count];
    if (slot == nullptr) {
      MemoryContext before = MemoryContextSwitchTo(state->context);
      slot = table_slot_create(state->relation, nullptr);
      MemoryContextSwitchTo(before);
    }
    ExecClearTuple(slot);
    for (int i = 0; i < description->natts; ++i) {
      const bool is_given = static_cast<size_t>(i) < fields.size();
      slot->tts_values[i] = is_given ? fields[i].value : 0;
      slot->tts_isnull[i] = !is_given || fields[i].is_null;
    }
    ExecStoreVirtualTuple(slot);
    slot->tts_tableOid = RelationGetRelid(state->relation);
    if (state->has_triggers && state->result->ri_TrigDesc->trig_insert_before_row &&
        !ExecBRInsertTriggers(state->executor, state->result, slot))
      return;
    if (description->constr != nullptr) ExecConstraints(state->result, slot, state->executor);
    ++state->count;
  });
  if (state->count == kRowsAtOnce) flush();
}

void BulkInsert::flush() {
  check_interrupts();
  State* state = state_;
  if (state->count == 0) return;
  guard([&] {
    MemoryContext before = MemoryContextSwitchTo(GetPerTupleMemoryContext(state->executor));
    table_multi_insert(state->relation, state->slots, state->count, state->executor->es_output_cid, 0,
                       nullptr);
    for (int i = 0; i < state->count; ++i) {
      insert_index_entries(state->result, state->slots[i], state->executor);
      if (state->has_triggers)
        ExecARInsertTriggers(state->executor, state->result, state->slots[i], nullptr, state->transition);
      ExecClearTuple(state->slots[i]);
      ResetPerTupleExprContext(state->executor);
    }
    MemoryContextSwitchTo(before);
    MemoryContextReset(state->rows);
    state->count = 0;
  });
}

void BulkInsert::finish() {
  flush();
  State* state = std::exchange(state_, nullptr);
  guard([&] {
    if (state->has_triggers) ExecASInsertTriggers(state->executor, state->result, state->transition);
    AfterTriggerEndQuery(state->executor);
    ExecCloseResultRelations(state->executor);  // what triggers have opened
    for (TupleTableSlot* slot : state->slots)
      if (slot != nullptr) ExecDropSingleTupleTableSlot(slot);
    ExecCloseIndices(state->result);
    ExecResetTupleTable(state->executor->es_tupleTable, false);
    FreeExecutorState(state->executor);
    table_close(state->relation, NoLock);
    MemoryContextDelete(state->context);
    CommandCounterIncrement();
  });
}

}  // namespace cdp::pg
