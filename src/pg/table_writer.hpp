#pragma once

#include "pg/server.hpp"

#include "pg/bulk_insert.hpp"
#include "pg/row_update.hpp"

#include <cstdint>
#include <optional>

namespace cdp::pg {

/// New and changed rows of a table: BulkInsert and RowUpdate, each opened with its first row.
class TableWriter {
 public:
  TableWriter(const char* schema, const char* table) : schema_(schema), table_(table) {}

  template <class... Values>
  void add(const Values&... values) {
    if (!inserts_) inserts_.emplace(schema_, table_);
    inserts_->add(values...);
  }

  template <class... Ts>
  void update(uint64_t place, const Set<Ts>&... sets) {
    if (!updates_) updates_.emplace(schema_, table_);
    updates_->update(place, sets...);
  }

  /// What StoredRow::written_by() says of rows that are written here and now.
  static uint32_t writer();

  void finish() {
    if (inserts_) inserts_->finish();
    if (updates_) updates_->finish();
  }

 private:
  const char* schema_;
  const char* table_;
  std::optional<BulkInsert> inserts_;
  std::optional<RowUpdate> updates_;
};

}  // namespace cdp::pg
