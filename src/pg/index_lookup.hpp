#pragma once

#include "pg/server.hpp"

#include "base/time.hpp"
#include "pg/datum.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

struct TupleTableSlot;

namespace cdp::pg {

/// Looks rows up by an index, key after key, without a statement: nothing is planned, so nothing depends on
/// what the planner knows of a table that a batch has just filled. Sees what a statement begun at its
/// construction would see. Ascending keys are quickest.
///
///   pg::IndexLookup ids("cdp", "insert_id", "insert_id_key");
///   ids.find([&](const pg::IndexLookup::Row& row) { … row.text(4) … }, key);
class IndexLookup {
 public:
  /// Opens the table and a btree index of it and locks them as SELECT does.
  IndexLookup(const char* schema, const char* table, const char* index);
  /// Closes them; the locks stay until the transaction ends.
  ~IndexLookup();
  IndexLookup(const IndexLookup&) = delete;
  IndexLookup& operator=(const IndexLookup&) = delete;

  /// A row that was found, valid until the next one is. Columns by their place in the table, from 0.
  class Row {
   public:
    explicit Row(TupleTableSlot* slot) : slot_(slot) {}

    bool is_null(int column) const;
    int64_t bigint(int column) const { return DatumGetInt64(datum(column)); }
    Instant instant(int column) const { return {DatumGetTimestampTz(datum(column))}; }
    std::string_view text(int column) const { return text_of(datum(column)); }
    Json json(int column) const { return json_of(datum(column)); }

   private:
    /// Throws Error(Internal) for null.
    Datum datum(int column) const;

    TupleTableSlot* slot_;
  };

  /// Calls `f(row)` for the rows whose first index columns have these values.
  template <class F, class... Keys>
  void find(F&& f, const Keys&... keys) {
    const std::array<Datum, sizeof...(Keys)> values{key(keys)...};
    begin(values, false);
    while (TupleTableSlot* slot = next(true)) f(Row(slot));
  }

  /// Calls `f(row)` for the rows whose first index columns have these values but for the last, which they
  /// have at most: from there downwards, until `f` returns false.
  template <class F, class... Keys>
  void find_down(F&& f, const Keys&... keys) {
    const std::array<Datum, sizeof...(Keys)> values{key(keys)...};
    begin(values, true);
    while (TupleTableSlot* slot = next(false))
      if (!f(Row(slot))) return;
  }

 private:
  struct State;

  static Datum key(int64_t value) { return Int64GetDatum(value); }
  static Datum key(Instant value) { return to_datum(value); }
  static Datum key(std::string_view value) { return to_text(value); }
  void begin(std::span<const Datum> keys, bool is_last_bound);
  TupleTableSlot* next(bool is_forward);

  State* state_;
  int exceptions_;  ///< under way when this was made
};

}  // namespace cdp::pg
