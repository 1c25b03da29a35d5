#pragma once

#include "base/interrupt.hpp"
#include "event/recent.hpp"
#include "pg/datum.hpp"
#include "pg/spi.hpp"
#include "pg/stored_row.hpp"
#include "timeline/history.hpp"

#include <cstdint>

namespace cdp::timeline {

/// The value of a row of cdp.recent_event at a path; JSON null if absent.
inline Json recent_value(const pg::StoredRow& row, const PropertyPath& path) {
  return pg::json_at(row.datum(path.root == PropertyPath::Root::Properties ? event::kRecentProperties
                                                                           : event::kRecentContext),
                     path.names);
}

/// Recent events in the order of users and their histories: what a query gives that selects user_no, ts,
/// event_no and, where they are asked for, properties and context from cdp.unpacked_event.
class RecentRows {
 public:
  static constexpr int64_t kNobody = INT64_MAX;

  template <class... Arguments>
  RecentRows(pg::Spi& spi, pg::Query& query, const Arguments&... arguments)
      : cursor_(spi, query, arguments...) {}

  /// Whose the next one is; kNobody at the end.
  int64_t user_no() {
    if (at_ < rows_.size()) return rows_.bigint(at_, 0);
    if (is_at_end_) return kNobody;
    check_interrupts();
    rows_ = cursor_.fetch(kFetchRows);
    at_ = 0;
    is_at_end_ = rows_.empty();
    return is_at_end_ ? kNobody : rows_.bigint(0, 0);
  }
  void next() { ++at_; }

  Instant time() const { return rows_.instant(at_, 1); }
  int32_t event_no() const { return rows_.integer(at_, 2); }
  Json property(const PropertyPath& path) const {
    return pg::json_at(rows_.datum(at_, path.root == PropertyPath::Root::Properties ? 3 : 4), path.names);
  }

 private:
  static constexpr long kFetchRows = 2000;

  pg::Cursor cursor_;
  pg::Rows rows_;
  uint64_t at_ = 0;
  bool is_at_end_ = false;
};

}  // namespace cdp::timeline
