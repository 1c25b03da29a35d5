#pragma once

#include "pg/server.hpp"

#include "pg/stored_row.hpp"

#include <cstdint>
#include <optional>

namespace cdp::pg {

/// Reads a table row after row in the order in which they lie, from a place on, without a statement. Sees
/// what a statement begun at its construction would see.
///
///   pg::RangeScan rows("cdp", "inbox_0", after);
///   while (const auto row = rows.next()) { … row->text(0) … }
class RangeScan {
 public:
  /// Opens the table and locks it as SELECT does. The rows behind `after` (StoredRow::place(); 0: all).
  RangeScan(const char* schema, const char* table, uint64_t after);
  /// Closes it; the lock stays until the transaction ends.
  ~RangeScan();
  RangeScan(const RangeScan&) = delete;
  RangeScan& operator=(const RangeScan&) = delete;

  /// Valid until the next call; nullopt at the end.
  std::optional<StoredRow> next();
  /// The row at a place; nullopt if there is none.
  std::optional<StoredRow> at(uint64_t place);

 private:
  struct State;

  State* state_;
  int exceptions_;  ///< under way when this was made
};

}  // namespace cdp::pg
