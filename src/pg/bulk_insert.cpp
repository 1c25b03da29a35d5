#include "pg/bulk_insert.hpp"

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/stored_row.hpp"
#include "pg/written_table.hpp"

#include <algorithm>
#include <utility>

extern "C" {
#include <access/genam.h>
#include <access/table.h>
#include <access/tableam.h>
#include <access/xact.h>
#include <catalog/index.h>
#include <catalog/namespace.h>
#include <catalog/pg_am_d.h>
#include <commands/trigger.h>
#include <executor/executor.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
}

namespace cdp::pg {

namespace {
constexpr int kRowsAtOnce = 1000;  // as COPY has it
}  // namespace

/// Plain data, so that the server's errors may pass over it.
struct BulkInsert::State {
  WrittenTable table;
  TransitionCaptureState* transition;  ///< the rows for triggers that ask for all of them
  TupleTableSlot* slots[kRowsAtOnce];
  int count;
  bool has_triggers;
  bool notes_equals;
  int64_t written;  ///< rows before those in `slots`
  Added* equals;
  size_t equal_count;
  size_t equal_room;
};

namespace {

/// Makes the entry of the table's only index. Says whether it may equal another.
bool insert_index_entry(ResultRelInfo* result, TupleTableSlot* slot, EState* executor) {
  Datum values[INDEX_MAX_KEYS];
  bool nulls[INDEX_MAX_KEYS];
  FormIndexDatum(result->ri_IndexRelationInfo[0], slot, executor, values, nulls);
  return !index_insert(result->ri_IndexRelationDescs[0], values, nulls, &slot->tts_tid,
                       result->ri_RelationDesc, UNIQUE_CHECK_PARTIAL, false, result->ri_IndexRelationInfo[0]);
}

}  // namespace

BulkInsert::BulkInsert(const char* schema, const char* table, const char* whole) {
  state_ = guard([&] {
    auto* state = static_cast<State*>(palloc0(sizeof(State)));
    open_written_table(&state->table, schema, table, whole);
    MemoryContext before = MemoryContextSwitchTo(state->table.context);
    state->has_triggers = state->table.result->ri_TrigDesc != nullptr ||
                          statement_result(&state->table)->ri_TrigDesc != nullptr;
    AfterTriggerBeginQuery();
    ResultRelInfo* statement = statement_result(&state->table);
    state->transition = MakeTransitionCaptureState(statement->ri_TrigDesc,
                                                   RelationGetRelid(statement->ri_RelationDesc), CMD_INSERT);
    if (statement->ri_TrigDesc != nullptr) ExecBSInsertTriggers(state->table.executor, statement);
    MemoryContextSwitchTo(before);
    return state;
  });
}

MemoryContext BulkInsert::rows_context() const { return state_->table.rows; }

void BulkInsert::add_row(std::span<const Field> fields) {
  State* state = state_;
  const TupleDesc description = RelationGetDescr(state->table.relation);
  if (static_cast<int>(fields.size()) > description->natts)
    throw Error(Category::Internal,
                std::string("too many values for table ") + RelationGetRelationName(state->table.relation));
  guard([&] {
    TupleTableSlot*& slot = state->slots[state->count];
    if (slot == nullptr) {
      MemoryContext before = MemoryContextSwitchTo(state->table.context);
      slot = table_slot_create(state->table.relation, nullptr);
      MemoryContextSwitchTo(before);
    }
    ExecClearTuple(slot);
    for (int i = 0; i < description->natts; ++i) {
      const bool is_given = static_cast<size_t>(i) < fields.size();
      slot->tts_values[i] = is_given ? fields[i].value : 0;
      slot->tts_isnull[i] = !is_given || fields[i].is_null;
    }
    ExecStoreVirtualTuple(slot);
    slot->tts_tableOid = RelationGetRelid(state->table.relation);
    const TriggerDesc* triggers = state->table.result->ri_TrigDesc;
    if (triggers != nullptr && triggers->trig_insert_before_row &&
        !ExecBRInsertTriggers(state->table.executor, state->table.result, slot))
      return;
    if (description->constr != nullptr) ExecConstraints(state->table.result, slot, state->table.executor);
    ++state->count;
  });
  if (state->count == kRowsAtOnce) flush();
}

bool BulkInsert::note_equals() {
  const ResultRelInfo* result = state_->table.result;
  if (state_->has_triggers || result->ri_NumIndices != 1) return false;
  const IndexInfo* index = result->ri_IndexRelationInfo[0];
  state_->notes_equals = index->ii_Am == BTREE_AM_OID && index->ii_Predicate == NIL &&
                         index->ii_ExclusionOps == nullptr && !index->ii_Unique && index->ii_ReadyForInserts;
  return state_->notes_equals;
}

std::span<const BulkInsert::Added> BulkInsert::equals() const {
  return {state_->equals, state_->equal_count};
}

void BulkInsert::note(State* state, Added added) {
  if (state->equal_count == state->equal_room) {
    const size_t room = std::max<size_t>(64, 2 * state->equal_room);
    auto* larger = static_cast<Added*>(MemoryContextAllocHuge(state->table.context, room * sizeof(Added)));
    std::copy_n(state->equals, state->equal_count, larger);
    if (state->equals != nullptr) pfree(state->equals);
    state->equals = larger;
    state->equal_room = room;
  }
  state->equals[state->equal_count++] = added;
}

void BulkInsert::flush() {
  check_interrupts();
  State* state = state_;
  if (state->count == 0) return;
  guard([&] {
    MemoryContext before = MemoryContextSwitchTo(GetPerTupleMemoryContext(state->table.executor));
    table_multi_insert(state->table.relation, state->slots, state->count,
                       state->table.executor->es_output_cid, 0, nullptr);
    for (int i = 0; i < state->count; ++i) {
      if (!state->notes_equals)
        insert_index_entries(state->table.result, state->slots[i], state->table.executor);
      else if (insert_index_entry(state->table.result, state->slots[i], state->table.executor))
        note(state, {state->written + i, place_of(state->slots[i]->tts_tid)});
      if (state->has_triggers)
        ExecARInsertTriggers(state->table.executor, state->table.result, state->slots[i], nullptr,
                             state->transition);
      ExecClearTuple(state->slots[i]);
      ResetPerTupleExprContext(state->table.executor);
    }
    MemoryContextSwitchTo(before);
    MemoryContextReset(state->table.rows);
    state->written += state->count;
    state->count = 0;
  });
}

void BulkInsert::finish() {
  flush();
  State* state = std::exchange(state_, nullptr);
  guard([&] {
    ResultRelInfo* statement = statement_result(&state->table);
    if (statement->ri_TrigDesc != nullptr)
      ExecASInsertTriggers(state->table.executor, statement, state->transition);
    AfterTriggerEndQuery(state->table.executor);
    ExecCloseResultRelations(state->table.executor);  // what triggers have opened
    for (TupleTableSlot* slot : state->slots)
      if (slot != nullptr) ExecDropSingleTupleTableSlot(slot);
    close_written_table(&state->table);
    pfree(state);
  });
}

}  // namespace cdp::pg
