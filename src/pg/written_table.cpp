#include "pg/written_table.hpp"

#include <algorithm>
#include <cstring>

extern "C" {
#include <access/table.h>
#include <access/xact.h>
#include <catalog/namespace.h>
#include <executor/executor.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
}

namespace cdp::pg {

namespace {

bool is_for_others(const Trigger& trigger) {
  const size_t end = std::strlen(kTriggerForOthers);
  const size_t length = std::strlen(trigger.tgname);
  return length >= end && std::strcmp(trigger.tgname + length - end, kTriggerForOthers) == 0;
}

bool are_all_for_others(const TriggerDesc* triggers) {
  return triggers != nullptr &&
         std::all_of(triggers->triggers, triggers->triggers + triggers->numtriggers, is_for_others);
}

}  // namespace

void open_written_table(WrittenTable* table, const char* schema, const char* name, const char* whole) {
  table->context = AllocSetContextCreate(CurrentMemoryContext, "cdp written table", ALLOCSET_DEFAULT_SIZES);
  MemoryContext before = MemoryContextSwitchTo(table->context);
  table->rows = AllocSetContextCreate(table->context, "cdp rows to write", ALLOCSET_DEFAULT_SIZES);
  const Oid schema_oid = get_namespace_oid(schema, false);
  if (whole != nullptr) {
    table->whole = table_open(get_relname_relid(whole, schema_oid), RowExclusiveLock);
    table->whole_result = makeNode(ResultRelInfo);
    InitResultRelInfo(table->whole_result, table->whole, 0, nullptr, 0);
  }
  table->relation = table_open(get_relname_relid(name, schema_oid), RowExclusiveLock);
  table->executor = CreateExecutorState();
  table->executor->es_output_cid = GetCurrentCommandId(true);
  table->result = makeNode(ResultRelInfo);
  InitResultRelInfo(table->result, table->relation, 0, table->whole_result, 0);
  if (are_all_for_others(table->result->ri_TrigDesc)) table->result->ri_TrigDesc = nullptr;
  ExecOpenIndices(table->result, false);
  MemoryContextSwitchTo(before);
}

void close_written_table(WrittenTable* table) {
  ExecCloseIndices(table->result);
  ExecResetTupleTable(table->executor->es_tupleTable, false);
  FreeExecutorState(table->executor);
  table_close(table->relation, NoLock);
  if (table->whole != nullptr) table_close(table->whole, NoLock);
  MemoryContextDelete(table->context);
  CommandCounterIncrement();
}

}  // namespace cdp::pg
