#pragma once

#include "pg/server.hpp"

#include "pg/field.hpp"
#include "pg/memory.hpp"

#include <array>
#include <span>

namespace cdp::pg {

/// Writes many rows into a table at once, as COPY does: pages of rows with one WAL record, then their index
/// entries. Constraints and triggers are honoured, those over the table of new rows too; triggers before a
/// row see the rows of this object only after finish(). One object at a time: triggers belong to the last one
/// made. Give rows in the order of an index where that is to be filled quickly.
///
///   pg::BulkInsert rows("cdp", "insert_id");
///   rows.add(key, content, received_at, source, insert_id);  // all columns, in the table's order
///   rows.finish();
class BulkInsert {
 public:
  /// Opens the table and locks it as INSERT does. Needs a connection to SPI, or another command, around it.
  /// `whole`: the partitioned table that it is a partition of, whose triggers for statements are fired; the
  /// row must be one of that partition.
  BulkInsert(const char* schema, const char* table, const char* whole = nullptr);
  BulkInsert(const BulkInsert&) = delete;
  BulkInsert& operator=(const BulkInsert&) = delete;

  template <class... Values>
  void add(const Values&... values) {
    const InContext in_rows(rows_context());
    const std::array<Field, sizeof...(Values)> fields{to_field(values)...};
    add_row(fields);
  }

  /// A row that was added: the how manieth, from 0, and where it lies.
  struct Added {
    int64_t number;
    uint64_t place;
  };

  /// From now on notes the rows that may equal, in the columns of the table's index, another that was there
  /// or was added before: what looking each up first would tell costs nothing so. To be called before any
  /// are added. Says whether it can: not where the table has triggers, or not exactly one index, a btree.
  bool note_equals();
  /// Those that were noted; valid until finish().
  std::span<const Added> equals() const;

  /// Writes all that was added, so that equals() is whole.
  void flush();

  /// Writes what is left and closes the table. Only an error may keep it from being called: the end of the
  /// transaction then closes the table, and the memory context around frees what this object holds.
  void finish();

 private:
  struct State;

  MemoryContext rows_context() const;  ///< of the values until they are written
  void add_row(std::span<const Field> fields);
  static void note(State* state, Added added);

  State* state_;
};

}  // namespace cdp::pg
