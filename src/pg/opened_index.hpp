#pragma once

#include "pg/server.hpp"

#include "pg/sees.hpp"

extern "C" {
#include <utils/relcache.h>
#include <utils/snapshot.h>
}

namespace cdp::pg {

/// The snapshot that sees them, registered. To be called inside of guard().
Snapshot register_snapshot(Sees sees);

/// A table and one of its indexes, open and locked as SELECT does, with the snapshot to read them by. Plain
/// data, so that the server's errors may pass over it; both functions are for calls inside of guard().
struct OpenedIndex {
  Relation table;
  Relation index;
  Snapshot snapshot;

  static OpenedIndex open(const char* schema, const char* table, const char* index, Sees sees);
  /// The locks stay until the transaction ends.
  void close() const;
};

}  // namespace cdp::pg
