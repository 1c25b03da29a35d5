#pragma once

#include <cstdint>

namespace cdp::pg {
class Spi;
}

namespace cdp::event {

/// The columns of a table of recent events.
enum RecentColumn : uint8_t {
  kRecentUser,
  kRecentTime,
  kRecentArrival,
  kRecentEvent,
  kRecentInsertId,
  kRecentSource,
  kRecentProperties,
  kRecentContext,
  kRecentReceived
};

/// The columns of its primary key's index.
enum RecentKeyColumn : uint8_t { kRecentKeyUser, kRecentKeyTime, kRecentKeyArrival, kRecentKeyEvent };

/// A table of recent events and its primary key.
struct RecentTable {
  int slot;
  const char* table;
  const char* key;
};

/// Which of the two tables of recent events is what: cdp.packing as this transaction sees it. One takes new
/// events. Of the other, which was closed, the events of some users still wait to be packed; those of the
/// others count no longer where they lie.
class RecentTables {
 public:
  static RecentTables read(pg::Spi& spi);

  const RecentTable& open() const { return kTables[slot_]; }
  const RecentTable& closed() const { return kTables[1 - slot_]; }
  /// Do events of this user in the closed table still count?
  bool counts_in_closed(int64_t user_no) const { return user_no > packed_until_; }
  /// Do any?
  bool may_count_in_closed() const { return packed_until_ < INT64_MAX; }
  /// The number of the last user whose events of the closed table are packed.
  int64_t packed_until() const { return packed_until_; }

 private:
  static constexpr RecentTable kTables[2] = {{0, "recent_event_0", "recent_event_0_pkey"},
                                             {1, "recent_event_1", "recent_event_1_pkey"}};

  int slot_ = 0;
  int64_t packed_until_ = INT64_MAX;
};

}  // namespace cdp::event
