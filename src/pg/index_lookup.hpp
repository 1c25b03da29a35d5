#pragma once

#include "pg/server.hpp"

#include "base/time.hpp"
#include "pg/opened_index.hpp"
#include "pg/stored_row.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct TupleTableSlot;

namespace cdp::pg {

/// Looks rows up by an index, key after key, without a statement: nothing is planned, so nothing depends on
/// what the planner knows of a table that a batch has just filled. Ascending keys are quickest.
///
///   pg::IndexLookup ids("cdp", "insert_id", "insert_id_key");
///   ids.find([&](const pg::IndexLookup::Row& row) { … row.text(4) … }, key);
class IndexLookup {
 public:
  /// Opens the table and a btree index of it and locks them as SELECT does.
  IndexLookup(const char* schema, const char* table, const char* index, Sees sees = Sees::WhatIsDone);
  /// Closes them; the locks stay until the transaction ends.
  ~IndexLookup();
  IndexLookup(const IndexLookup&) = delete;
  IndexLookup& operator=(const IndexLookup&) = delete;

  /// Valid until the next one is found.
  using Row = StoredRow;

  /// Calls `f(row)` for the rows whose first index columns have these values.
  template <class F, class... Keys>
  void find(F&& f, const Keys&... keys) {
    const std::array<Datum, sizeof...(Keys)> values{key(keys)...};
    begin(values, Last::Equal);
    while (TupleTableSlot* slot = next(true)) f(Row(slot));
  }

  /// Calls `f(row)` for the rows whose first index columns have these values but for the last, which they
  /// have at most: from there downwards, until `f` returns false.
  template <class F, class... Keys>
  void find_down(F&& f, const Keys&... keys) {
    const std::array<Datum, sizeof...(Keys)> values{key(keys)...};
    begin(values, Last::AtMost);
    while (TupleTableSlot* slot = next(false))
      if (!f(Row(slot))) return;
  }

  /// The same upwards: the last of the columns has at least that value.
  template <class F, class... Keys>
  void find_up(F&& f, const Keys&... keys) {
    const std::array<Datum, sizeof...(Keys)> values{key(keys)...};
    begin(values, Last::AtLeast);
    while (TupleTableSlot* slot = next(true))
      if (!f(Row(slot))) return;
  }

  /// Rows one by one, from those with at least (at most) these keys on, the columns before the last equal:
  ///   lookup.seek_up(user_no, since);
  ///   while (const auto row = lookup.next()) { … }
  template <class... Keys>
  void seek_up(const Keys&... keys) {
    const std::array<Datum, sizeof...(Keys)> values{key(keys)...};
    begin(values, Last::AtLeast);
    is_forward_ = true;
  }
  /// As seek_up(), for next_entry().
  template <class... Keys>
  void seek_entries_up(const Keys&... keys) {
    const std::array<Datum, sizeof...(Keys)> values{key(keys)...};
    begin(values, Last::AtLeast, Gives::Entries);
  }
  template <class... Keys>
  void seek_down(const Keys&... keys) {
    const std::array<Datum, sizeof...(Keys)> values{key(keys)...};
    begin(values, Last::AtMost);
    is_forward_ = false;
  }
  /// The next row of the seek; nullopt at the end. Valid until the next call.
  std::optional<Row> next() {
    TupleTableSlot* slot = next(is_forward_);
    return slot != nullptr ? std::optional<Row>(slot) : std::nullopt;
  }

  /// Goes on to the next entry of the index of which `wants(value)` says so, by its value in one of the
  /// index's columns, from 0: the rows of all others stay unread. `wants` is called where the server's errors
  /// pass over it, so it must not throw, nor own anything. False at the end.
  template <class F>
  bool next_entry(int column, const F& wants) {
    return next_entry(
        column,
        [](const void* wanted, Datum value) noexcept { return (*static_cast<const F*>(wanted))(value); },
        &wants);
  }
  /// What the entry has in a column of the index, which must not be null; valid until the next one.
  Datum entry(int column) const;
  /// The entry's row, valid until the next one; nullopt if it is not among those that are seen.
  std::optional<Row> entry_row();

 private:
  struct State;
  using Wants = bool (*)(const void* wanted, Datum value) noexcept;
  /// Rows, or the entries of the index itself.
  enum class Gives : uint8_t { Rows, Entries };
  /// How the last key is compared.
  enum class Last : uint8_t { Equal, AtMost, AtLeast };

  static Datum key(int64_t value) { return Int64GetDatum(value); }
  static Datum key(Instant value) { return to_datum(value); }
  static Datum key(std::string_view value) { return to_text(value); }
  void begin(std::span<const Datum> keys, Last last, Gives gives = Gives::Rows);
  TupleTableSlot* next(bool is_forward);
  bool next_entry(int column, Wants wants, const void* wanted);

  State* state_;
  int exceptions_;  ///< under way when this was made
  bool is_forward_ = true;
};

}  // namespace cdp::pg
