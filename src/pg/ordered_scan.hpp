#pragma once

#include "pg/server.hpp"

#include "pg/opened_index.hpp"
#include "pg/stored_row.hpp"

#include <cstdint>
#include <optional>

namespace cdp::pg {

/// Reads many rows in the order of an index whose first column is a bigint. Rows are fetched by the hundred,
/// page after page, and those of one page at once: where the table lies about in the order of the index that
/// costs a fraction of what IndexLookup does. Pins the pages of three such lots of rows.
///
///   pg::OrderedScan rows("cdp", "timeline", "timeline_pkey", sees);
///   rows.seek(first_user, last_user);
///   while (const auto row = rows.next()) { … row->bigint(0) … }
class OrderedScan {
 public:
  /// Opens the table, which must be a heap, and a btree index of it, and locks them as SELECT does. Rows have
  /// the first `columns` columns; what lies behind these in memory is not touched.
  OrderedScan(const char* schema, const char* table, const char* index, Sees sees, int columns);
  /// Closes them; the locks stay until the transaction ends.
  ~OrderedScan();
  OrderedScan(const OrderedScan&) = delete;
  OrderedScan& operator=(const OrderedScan&) = delete;

  /// Goes to the rows whose first index column is from `first` to `last`, both ends in.
  void seek(int64_t first, int64_t last);

  /// Is a row with this value of the first index column wanted? Must not throw, nor call the server.
  using Filter = bool (*)(const void* argument, int64_t key) noexcept;
  /// From the next seek() on rows that the filter does not want are passed over without being fetched.
  void set_filter(Filter filter, const void* argument);

  /// The next row, nullopt at the end; valid until the next call but one, so that one may look ahead. Answers
  /// cancels.
  std::optional<StoredRow> next() {
    if (at_ == filled_) fetch();
    return at_ < filled_ ? std::optional<StoredRow>(row(at_++)) : std::nullopt;
  }

 private:
  struct Lot;
  struct State;

  void fetch();
  StoredRow row(int at) const;

  State* state_;
  int exceptions_;                 ///< under way when this was made
  static constexpr int kLots = 3;  ///< given before, being given, found ahead
  int lot_ = 0;                    ///< the one that rows are given from
  int ahead_ = 0;                  ///< the one that comes next
  bool has_ahead_ = false;         ///< its rows are found
  int at_ = 0;
  int filled_ = 0;
};

}  // namespace cdp::pg
