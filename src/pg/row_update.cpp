#include "pg/row_update.hpp"

#include "base/interrupt.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/stored_row.hpp"
#include "pg/written_table.hpp"

#include <utility>

extern "C" {
#include <access/table.h>
#include <access/tableam.h>
#include <access/xact.h>
#include <catalog/namespace.h>
#include <catalog/pg_type.h>
#include <executor/executor.h>
#include <executor/spi.h>
#include <lib/stringinfo.h>
#include <utils/builtins.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
#include <utils/snapmgr.h>
}

namespace cdp::pg {

/// Plain data, so that the server's errors may pass over it.
struct RowUpdate::State {
  WrittenTable table;
  TupleTableSlot* before;
  TupleTableSlot* after;
  bool needs_statements;
};

namespace {

[[noreturn]] void refuse_stale_row() {
  ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                  errmsg("could not serialize access due to concurrent update")));
}

}  // namespace

RowUpdate::RowUpdate(const char* schema, const char* table) {
  state_ = guard([&] {
    auto* state = static_cast<State*>(palloc0(sizeof(State)));
    open_written_table(&state->table, schema, table);
    MemoryContext outer = MemoryContextSwitchTo(state->table.context);
    CheckCmdReplicaIdentity(state->table.relation, CMD_UPDATE);
    state->before = table_slot_create(state->table.relation, nullptr);
    state->after = table_slot_create(state->table.relation, nullptr);
    const TriggerDesc* triggers = state->table.result->ri_TrigDesc;
    const TupleConstr* constraints = RelationGetDescr(state->table.relation)->constr;
    state->needs_statements = (triggers != nullptr &&
                               (triggers->trig_update_before_row || triggers->trig_update_after_row ||
                                triggers->trig_update_instead_row || triggers->trig_update_before_statement ||
                                triggers->trig_update_after_statement)) ||
                              (constraints != nullptr && constraints->has_generated_stored);
    MemoryContextSwitchTo(outer);
    return state;
  });
}

MemoryContext RowUpdate::row_context() const { return state_->table.rows; }

void RowUpdate::update_row(uint64_t place, std::span<const int> columns, std::span<const Field> fields) {
  check_interrupts();
  State* state = state_;
  if (state->needs_statements) return update_by_statement(place, columns, fields);
  guard([&] {
    ItemPointerData pointer = pointer_of(place);
    if (!table_tuple_fetch_row_version(state->table.relation, &pointer, SnapshotAny, state->before))
      refuse_stale_row();
    TupleTableSlot* after = state->after;
    const TupleDesc description = RelationGetDescr(state->table.relation);
    slot_getallattrs(state->before);
    ExecClearTuple(after);
    for (int i = 0; i < description->natts; ++i) {
      after->tts_values[i] = state->before->tts_values[i];
      after->tts_isnull[i] = state->before->tts_isnull[i];
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      after->tts_values[columns[i]] = fields[i].value;
      after->tts_isnull[columns[i]] = fields[i].is_null;
    }
    ExecStoreVirtualTuple(after);
    after->tts_tableOid = RelationGetRelid(state->table.relation);
    MemoryContext outer = MemoryContextSwitchTo(GetPerTupleMemoryContext(state->table.executor));
    if (description->constr != nullptr) ExecConstraints(state->table.result, after, state->table.executor);
    if (pg::update_row(state->table.result, &pointer, after, state->table.executor,
                       state->table.executor->es_output_cid) != TM_Ok)
      refuse_stale_row();
    MemoryContextSwitchTo(outer);
    ExecClearTuple(after);
    ExecClearTuple(state->before);
    ResetPerTupleExprContext(state->table.executor);
    MemoryContextReset(state->table.rows);
  });
}

void RowUpdate::update_by_statement(uint64_t place, std::span<const int> columns,
                                    std::span<const Field> fields) {
  State* state = state_;
  guard([&] {
    ItemPointerData pointer = pointer_of(place);
    // Changing no row is also what a trigger may decide: ask before.
    if (!table_tuple_fetch_row_version(state->table.relation, &pointer, SnapshotAny, state->before) ||
        !table_tuple_satisfies_snapshot(state->table.relation, state->before, GetLatestSnapshot()))
      refuse_stale_row();
    ExecClearTuple(state->before);
    const TupleDesc description = RelationGetDescr(state->table.relation);
    const size_t count = columns.size();
    auto* types = static_cast<Oid*>(palloc((count + 1) * sizeof(Oid)));
    auto* values = static_cast<Datum*>(palloc((count + 1) * sizeof(Datum)));
    auto* nulls = static_cast<char*>(palloc(count + 2));
    StringInfoData sql;
    initStringInfo(&sql);
    appendStringInfo(
        &sql, "UPDATE %s SET ",
        quote_qualified_identifier(get_namespace_name(RelationGetNamespace(state->table.relation)),
                                   RelationGetRelationName(state->table.relation)));
    for (size_t i = 0; i < count; ++i) {
      const FormData_pg_attribute* column = TupleDescAttr(description, columns[i]);
      appendStringInfo(&sql, "%s%s = $%d", i > 0 ? ", " : "", quote_identifier(NameStr(column->attname)),
                       static_cast<int>(i) + 1);
      types[i] = column->atttypid;
      values[i] = fields[i].value;
      nulls[i] = fields[i].is_null ? 'n' : ' ';
    }
    appendStringInfo(&sql, " WHERE ctid = $%d", static_cast<int>(count) + 1);
    types[count] = TIDOID;
    values[count] = PointerGetDatum(&pointer);
    nulls[count] = ' ';
    nulls[count + 1] = '\0';
    const int result =
        SPI_execute_with_args(sql.data, static_cast<int>(count) + 1, types, values, nulls, false, 0);
    if (result != SPI_OK_UPDATE)
      elog(ERROR, "could not update a row of %s: %s", RelationGetRelationName(state->table.relation),
           SPI_result_code_string(result));
    MemoryContextReset(state->table.rows);
  });
}

void RowUpdate::finish() {
  State* state = std::exchange(state_, nullptr);
  guard([&] {
    ExecDropSingleTupleTableSlot(state->before);
    ExecDropSingleTupleTableSlot(state->after);
    close_written_table(&state->table);
    pfree(state);
  });
}

}  // namespace cdp::pg
