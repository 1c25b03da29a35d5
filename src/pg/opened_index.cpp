#include "pg/opened_index.hpp"

extern "C" {
#include <access/genam.h>
#include <access/table.h>
#include <access/xact.h>
#include <catalog/namespace.h>
#include <utils/lsyscache.h>
#include <utils/snapmgr.h>
}

namespace cdp::pg {

Snapshot register_snapshot(Sees sees) {
  if (sees == Sees::WhatTheCallerSees) return RegisterSnapshot(GetActiveSnapshot());
  CommandCounterIncrement();
  return RegisterSnapshot(GetTransactionSnapshot());
}

OpenedIndex OpenedIndex::open(const char* schema, const char* table, const char* index, Sees sees) {
  const Oid schema_oid = get_namespace_oid(schema, false);
  OpenedIndex opened;
  opened.table = table_open(get_relname_relid(table, schema_oid), AccessShareLock);
  opened.index = index_open(get_relname_relid(index, schema_oid), AccessShareLock);
  opened.snapshot = register_snapshot(sees);
  return opened;
}

void OpenedIndex::close() const {
  UnregisterSnapshot(snapshot);
  index_close(index, NoLock);
  table_close(table, NoLock);
}

}  // namespace cdp::pg
