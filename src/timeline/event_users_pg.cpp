#include "base/interrupt.hpp"
#include "bitmap/accumulator.hpp"
#include "pg/datum.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "timeline/event_days.hpp"
#include "timeline/event_users.hpp"

#include <algorithm>
#include <memory_resource>

extern "C" {
#include <utils/date.h>
}

namespace cdp::timeline {

namespace {

/// Collects users from days and recent events.
class Collector {
 public:
  Collector(pg::Spi& spi, int32_t event_no, Instant since, Instant until)
      : spi_(spi),
        event_no_(event_no),
        since_(std::max(since, kFirstInstant)),
        until_(std::min(until, kLastInstant)) {}

  EventUsers collect() {
    add_packed();
    add_recent();
    EventUsers users{bitmap_of(certain_), bitmap_of(in_parts_)};
    users.possible |= users.certain;
    remove_gone(users);
    return users;
  }

 private:
  static constexpr long kSetsAtOnce = 16;
  static constexpr long kRowsAtOnce = 2000;

  static bitmap::Bitmap bitmap_of(bitmap::Accumulator& users) {
    return bitmap::Bitmap::from_bytes(bytes_in(users.to_bytes()));
  }

  static pg::Bound date_of(Instant time) { return {DATEOID, DateADTGetDatum(day_of(time)), false}; }

  /// Is all of a day within the time?
  bool has_all_of(int32_t day) const {
    const Instant begin{day * kDay};
    return since_ <= begin && begin + kDay <= until_;
  }

  /// Calls f(rows, i) for each row of a result.
  template <class F>
  void for_each_row(pg::Cursor& cursor, long at_once, F&& f) {
    for (;;) {
      check_interrupts();
      const pg::Rows rows = cursor.fetch(at_once);
      if (rows.empty()) return;
      const pg::InContext in_arena(arena_.context());
      for (uint64_t i = 0; i < rows.size(); ++i) f(rows, i);
      arena_.reset();
    }
  }

  void add_packed() {
    static pg::Query query(
        "SELECT day, users FROM cdp.event_day_packed WHERE event_no = $1 AND day BETWEEN $2 AND $3");
    pg::Cursor cursor(spi_, query, event_no_, date_of(since_), date_of(until_));
    for_each_row(cursor, kSetsAtOnce, [this](const pg::Rows& rows, uint64_t i) {
      (has_all_of(rows.integer(i, 0)) ? certain_ : in_parts_).add(pg::bytes_of(rows.datum(i, 1)));
    });
  }

  /// Of a closed table all that it has, packed or not, as long as its days are not written: cdp.event_day.
  void add_recent() {
    static pg::Query query(
        "SELECT r.user_no FROM cdp.recent_event_0 AS r WHERE r.event_no = $1 AND r.ts >= $2 AND r.ts < $3"
        " AND NOT EXISTS (SELECT FROM cdp.packing AS p WHERE p.slot = 1 AND p.packed_until = $4)"
        " UNION ALL "
        "SELECT r.user_no FROM cdp.recent_event_1 AS r WHERE r.event_no = $1 AND r.ts >= $2 AND r.ts < $3"
        " AND NOT EXISTS (SELECT FROM cdp.packing AS p WHERE p.slot = 0 AND p.packed_until = $4)");
    pg::Cursor cursor(spi_, query, event_no_, since_, until_, INT64_MAX);
    for_each_row(cursor, kRowsAtOnce, [this](const pg::Rows& rows, uint64_t i) {
      certain_.add(static_cast<uint32_t>(rows.bigint(i, 0)));
    });
  }

  /// Days keep users that are gone.
  void remove_gone(EventUsers& users) {
    static pg::Query query("SELECT users FROM cdp.gone_user");
    pg::Cursor cursor(spi_, query);
    for_each_row(cursor, kSetsAtOnce, [&](const pg::Rows& rows, uint64_t i) {
      const auto gone = bitmap::Bitmap::from_bytes(pg::bytes_of(rows.datum(i, 0)));
      users.certain -= gone;
      users.possible -= gone;
    });
  }

  pg::Spi& spi_;
  int32_t event_no_;
  Instant since_;
  Instant until_;
  pg::Arena arena_{"cdp users of an event"};
  bitmap::Accumulator certain_{std::pmr::get_default_resource()};
  bitmap::Accumulator in_parts_{std::pmr::get_default_resource()};  ///< of days that are not all within
};

}  // namespace

EventUsers users_of_event(pg::Spi& spi, int32_t event_no, Instant since, Instant until) {
  return Collector(spi, event_no, since, until).collect();
}

}  // namespace cdp::timeline
