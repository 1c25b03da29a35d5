#pragma once

#include "pg/server.hpp"

#include "pg/field.hpp"
#include "pg/memory.hpp"

#include <array>
#include <span>

namespace cdp::pg {

/// A new value for a column, by its place in the table from 0.
template <class T>
struct Set {
  int column;
  const T& value;
};
template <class T>
Set(int, const T&) -> Set<T>;

/// Changes rows that an IndexLookup has found, without a statement. Checks and indexes are honoured; where
/// the table has triggers on update or generated columns, each row is changed by a statement after all.
///
/// A row that another transaction has changed since it was found raises serialization_failure: nothing that
/// was read of it may be written back.
///
///   pg::RowUpdate rows("cdp", "profile");
///   rows.update(row.place(), pg::Set{5, last_seen});
///   rows.finish();
class RowUpdate {
 public:
  /// Opens the table and locks it as UPDATE does. Needs an Spi object around it.
  RowUpdate(const char* schema, const char* table);
  RowUpdate(const RowUpdate&) = delete;
  RowUpdate& operator=(const RowUpdate&) = delete;

  /// Changes the row that lies at IndexLookup::Row::place(), each once. Columns not named keep their values.
  template <class... Ts>
  void update(uint64_t place, const Set<Ts>&... sets) {
    const InContext in_row(row_context());
    const std::array<Field, sizeof...(Ts)> fields{to_field(sets.value)...};
    const std::array<int, sizeof...(Ts)> columns{sets.column...};
    update_row(place, columns, fields);
  }

  /// Closes the table. Only an error may keep it from being called: the end of the transaction then closes
  /// it, and the memory context around frees what this object holds.
  void finish();

 private:
  struct State;

  MemoryContext row_context() const;
  void update_row(uint64_t place, std::span<const int> columns, std::span<const Field> fields);
  void update_by_statement(uint64_t place, std::span<const int> columns, std::span<const Field> fields);

  State* state_;
};

}  // namespace cdp::pg
