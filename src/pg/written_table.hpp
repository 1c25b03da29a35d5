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
};

/// Opens it and locks it as INSERT and UPDATE do, with `context` a child of the current memory context.
void open_written_table(WrittenTable* table, const char* schema, const char* name);

/// Closes it, keeps the lock, and makes what was written visible to what follows. Frees `context`.
void close_written_table(WrittenTable* table);

}  // namespace cdp::pg
