#pragma once

#include "pg/server.hpp"

extern "C" {
#include <nodes/execnodes.h>
#include <utils/relcache.h>
}

namespace cdp::pg {

/// A table opened for writing without a statement, with its indexes. Plain data, so that the server's errors
/// may pass over it; these functions raise them. An error leaves it open: the end of the transaction closes
/// the table then, and the memory context around `context` frees the rest.
struct WrittenTable {
  MemoryContext context;  ///< of all that belongs to it
  MemoryContext rows;     ///< of the values of rows that are not written yet
  Relation relation;
  EState* executor;
  ResultRelInfo* result;
  Relation whole;  ///< the partitioned table that this is a partition of; null if it is none
  ResultRelInfo* whole_result;
};

/// A trigger so called, of a name with this end, does for those who write by statements what whoever writes
/// without one does himself.
constexpr const char* kTriggerForOthers = "_by_others";

/// Opens it and locks it as INSERT and UPDATE do, with `context` a child of the current memory context; with
/// the partitioned table `whole` where it is a partition. Triggers for others are passed over, if there are
/// no other ones; else all are fired.
void open_written_table(WrittenTable* table, const char* schema, const char* name,
                        const char* whole = nullptr);

/// Whose triggers for statements are fired.
inline ResultRelInfo* statement_result(const WrittenTable* table) {
  return table->whole != nullptr ? table->whole_result : table->result;
}

/// Closes it, keeps the lock, and makes what was written visible to what follows. Frees `context`.
void close_written_table(WrittenTable* table);

}  // namespace cdp::pg
