#pragma once

#include "pg/server.hpp"

#include "base/time.hpp"
#include "pg/datum.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cdp::pg {

/// A value of a row in the making.
struct Field {
  Datum value = 0;
  bool is_null = true;
};

/// Writes many rows into a table at once, as COPY does: pages of rows with one WAL record, then their index
/// entries. Constraints and triggers are honoured, those over the table of new rows too; triggers before a
/// row see the rows of this object only after finish(). Give rows in the order of an index where that is to
/// be filled quickly.
///
///   pg::BulkInsert rows("cdp", "insert_id");
///   rows.add(key, content, received_at, source, insert_id);  // all columns, in the table's order
///   rows.finish();
class BulkInsert {
 public:
  /// Opens the table and locks it as INSERT does. Needs a connection to SPI, or another command, around it.
  BulkInsert(const char* schema, const char* table);
  BulkInsert(const BulkInsert&) = delete;
  BulkInsert& operator=(const BulkInsert&) = delete;

  template <class... Values>
  void add(const Values&... values) {
    const std::array<Field, sizeof...(Values)> fields{field(values)...};
    add_row(fields);
  }

  /// Writes what is left and closes the table. Only an error may keep it from being called: the end of the
  /// transaction then closes the table, and the memory context around frees what this object holds.
  void finish();

 private:
  struct State;

  Field field(int16_t value) const { return {Int16GetDatum(value), false}; }
  Field field(int32_t value) const { return {Int32GetDatum(value), false}; }
  Field field(int64_t value) const { return {Int64GetDatum(value), false}; }
  Field field(Instant value) const { return {to_datum(value), false}; }
  Field field(std::string_view value) const;
  Field field(const std::string& value) const { return field(std::string_view(value)); }
  Field field(const Json& value) const;  ///< jsonb
  template <class T>
  Field field(const std::optional<T>& value) const {
    return value ? field(*value) : Field{};
  }
  void add_row(std::span<const Field> fields);
  void flush();

  State* state_;
};

}  // namespace cdp::pg
