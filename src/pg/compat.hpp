#pragma once

/// What differs between server versions. The only file that looks at PG_VERSION_NUM.

#include "pg/server.hpp"

#if PG_VERSION_NUM < 150000
#error "cdp needs PostgreSQL 15 or newer"
#endif

extern "C" {
#include <access/tableam.h>
#include <executor/executor.h>
#include <utils/acl.h>
#include <utils/backend_status.h>
#include <utils/guc.h>
#include <utils/snapmgr.h>
#if PG_VERSION_NUM >= 160000
#include <varatt.h>
#endif
}

/// The library's version, that of the SQL objects it goes with.
#define CDP_VERSION "0.1.0"

namespace cdp::pg {

/// Makes the module's magic block visible and, from 18 on, names the module and its version.
#if PG_VERSION_NUM >= 180000
#define CDP_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "cdp", .version = CDP_VERSION)
#else
#define CDP_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/// Memory for what a setting's check hook leaves to its assign hook, freed by the server; nullptr if there is
/// none.
inline void* setting_alloc(size_t size) {
#if PG_VERSION_NUM >= 160000
  return guc_malloc(LOG, size);
#else
  return malloc(size);
#endif
}

/// May `member` become `role` by SET ROLE?
inline bool can_set_role(Oid member, Oid role) {
#if PG_VERSION_NUM >= 160000
  return member_can_set_role(member, role);
#else
  return is_member_of_role(member, role);
#endif
}

/// How much detail ANALYZE is to keep of a column, once std_typanalyze() has been called: 100 by default.
template <class Stats>
int statistics_target(const Stats* stats) {
#if PG_VERSION_NUM >= 170000
  return stats->attstattarget;
#else
  return stats->attr->attstattarget;
#endif
}

/// What the first columns of a row are, without constraints and defaults.
inline TupleDesc first_columns(TupleDesc row, int columns) {
#if PG_VERSION_NUM >= 180000
  return CreateTupleDescTruncatedCopy(row, columns);
#else
  TupleDesc copy = CreateTupleDescCopy(row);
  copy->natts = columns;
  return copy;
#endif
}

/// Opens a scan of an index for so many keys.
template <class Table, class Index, class Snapshot>
auto begin_index_scan(Table table, Index index, Snapshot snapshot, int key_count) {
#if PG_VERSION_NUM >= 180000
  return index_beginscan(table, index, snapshot, nullptr, key_count, 0);
#else
  return index_beginscan(table, index, snapshot, key_count, 0);
#endif
}

/// Makes the index entries of a new row, whose slot has its place.
inline void insert_index_entries(ResultRelInfo* result, TupleTableSlot* slot, EState* state,
                                 bool is_update = false, [[maybe_unused]] bool only_summarizing = false) {
#if PG_VERSION_NUM >= 160000
  (void)ExecInsertIndexTuples(result, slot, state, is_update, false, nullptr, nullptr, only_summarizing);
#else
  (void)ExecInsertIndexTuples(result, slot, state, is_update, false, nullptr, nullptr);
#endif
}

/// Puts `slot` in the place of a row and makes the index entries that this takes. The same results as
/// table_tuple_update().
inline TM_Result update_row(ResultRelInfo* result, ItemPointer place, TupleTableSlot* slot, EState* state,
                            CommandId command) {
  TM_FailureData failure;
  LockTupleMode lock_mode;
#if PG_VERSION_NUM >= 160000
  TU_UpdateIndexes indexes = TU_None;
#else
  bool indexes = false;
#endif
  const TM_Result outcome =
      table_tuple_update(result->ri_RelationDesc, place, slot, command, GetActiveSnapshot(), InvalidSnapshot,
                         true, &failure, &lock_mode, &indexes);
  if (outcome != TM_Ok) return outcome;
#if PG_VERSION_NUM >= 160000
  if (indexes != TU_None) insert_index_entries(result, slot, state, true, indexes == TU_Summarizing);
#else
  if (indexes) insert_index_entries(result, slot, state, true);
#endif
  return outcome;
}

/// One of the server's processes as last reported, from 1 to pgstat_fetch_stat_numbackends().
inline const PgBackendStatus& backend_status(int index) {
#if PG_VERSION_NUM >= 160000
  return pgstat_get_local_beentry_by_index(index)->backendStatus;
#else
  return pgstat_fetch_stat_local_beentry(index)->backendStatus;
#endif
}

}  // namespace cdp::pg
