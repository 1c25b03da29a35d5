#pragma once

#include "pg/server.hpp"

#include "pg/opened_index.hpp"
#include "pg/stored_row.hpp"

#include <cstdint>
#include <optional>

namespace cdp::pg {

/// Reads a table row after row in the order in which they lie, from a place on, without a statement.
///
///   pg::RangeScan rows("cdp", "inbox_0", after);
///   while (const auto row = rows.next()) { … row->text(0) … }
class RangeScan {
 public:
  /// Opens the table and locks it as SELECT does. The rows behind `after` (StoredRow::place(); 0: all).
  RangeScan(const char* schema, const char* table, uint64_t after, Sees sees = Sees::WhatIsDone);
  /// Closes it; the lock stays until the transaction ends.
  ~RangeScan();
  RangeScan(const RangeScan&) = delete;
  RangeScan& operator=(const RangeScan&) = delete;

  /// Valid until the next call; nullopt at the end. Answers cancels.
  std::optional<StoredRow> next() {
    if (at_ == filled_) fetch();
    return at_ < filled_ ? std::optional<StoredRow>(slots_[at_++]) : std::nullopt;
  }
  /// The row at a place; nullopt if there is none.
  std::optional<StoredRow> at(uint64_t place);

 private:
  struct State;

  void fetch();

  State* state_;
  TupleTableSlot** slots_;  ///< rows that were fetched
  int at_ = 0;
  int filled_ = 0;
  int exceptions_;  ///< under way when this was made
};

}  // namespace cdp::pg
