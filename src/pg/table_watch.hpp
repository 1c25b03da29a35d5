#pragma once

#include "pg/server.hpp"

#include <array>
#include <cstddef>

namespace cdp::pg {

/// Tells when what was read of tables of schema cdp must be read again. The tables need the statement trigger
/// cdp_configuration_changed(), or whoever changes them calls invalidate(). Make it a static object: it is
/// known to the server for the life of the backend.
///
///   static pg::TableWatch tables("event_schema", "event_requirement");
///   if (tables.has_changed()) loaded.reset();
///   if (!loaded) loaded = …;  // by pg::LatestSnapshot
class TableWatch {
 public:
  template <class... Names>
  constexpr explicit TableWatch(const Names*... names) : names_{names...} {
    static_assert(sizeof...(Names) <= kMostTables);
  }

  /// Was a row of the tables changed, by a transaction that is committed or by this one, or a table made
  /// anew, since this was asked last? True at first. Whoever reads the tables after that must do it by a
  /// snapshot taken later, and have forgotten what was read before should reading fail.
  bool has_changed();

 private:
  static constexpr size_t kMostTables = 3;

  static void invalidate(Datum argument, Oid relation);

  std::array<const char*, kMostTables> names_;
  std::array<Oid, kMostTables> tables_{};
  bool is_current_ = false;
  bool is_registered_ = false;
  TableWatch* next_ = nullptr;  ///< in the list of all

  static TableWatch* first;
};

/// Makes every connection read a table of schema cdp anew, once this transaction is committed.
void invalidate(const char* table);

}  // namespace cdp::pg
