#include "base/interrupt.hpp"
#include "event/recent.hpp"
#include "pg/index_lookup.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "timeline/chunk_values_pg.hpp"
#include "timeline/packed.hpp"
#include "timeline/packing.hpp"
#include "timeline/property_names.hpp"
#include "timeline/recent_rows_pg.hpp"
#include "timeline/scan.hpp"
#include "timeline/stored_chunks_pg.hpp"
#include "timeline/user_events.hpp"

#include <algorithm>
#include <optional>

namespace cdp::timeline {

namespace {

/// So many recent events of one user are a crowd.
constexpr int64_t kCrowd = 2000;

/// Shows users' events, looked up user by user, from wherever they lie.
class UserScan {
 public:
  UserScan(pg::Spi& spi, const ScanDemand& demand, Numbers numbers, HistoryVisitor& visitor)
      : demand_(demand),
        visitor_(visitor),
        tables_(event::RecentTables::read(spi)),
        sees_(spi.sees()),
        recent_("cdp", tables_.open().table, tables_.open().key, sees_),
        chunks_("cdp", "timeline", "timeline_pkey", sees_),
        names_(spi),
        values_(demand.properties, names_, numbers),
        in_order_(spi) {
    if (tables_.may_count_in_closed())
      closed_.emplace("cdp", tables_.closed().table, tables_.closed().key, sees_);
  }

  void run(int64_t user_no) {
    {
      const pg::InContext in_arena(arena_.context());
      visitor_.begin(user_no);
      read(user_no);
    }
    visitor_.end();
    arena_.reset();
  }

 private:
  void read(int64_t user_no) {
    recent_.seek_up(user_no, kFirstInstant);
    std::optional<pg::StoredRow> row = recent_.next();
    std::optional<Instant> packed_until;
    chunks_.seek_down(user_no, kLastInstant);
    if (const auto last = chunks_.next()) packed_until = last->instant(kChunkLast);
    std::optional<Instant> closed_until;
    const bool counts_in_closed = closed_ && tables_.counts_in_closed(user_no);
    if (counts_in_closed) {
      closed_->seek_down(user_no, kLastInstant);
      if (const auto last = closed_->next()) closed_until = last->instant(event::kRecentTime);
    }
    std::optional<pg::StoredRow> closed_row;
    if (closed_until) {
      closed_->seek_up(user_no, kFirstInstant);
      closed_row = closed_->next();
    }
    // Each of the three may begin before the one in front of it ends.
    const auto begins_within = [](const std::optional<pg::StoredRow>& first,
                                  const std::optional<Instant>& last) {
      return first && last && first->instant(event::kRecentTime) <= *last;
    };
    if (begins_within(row, packed_until) || begins_within(row, closed_until) ||
        begins_within(closed_row, packed_until))
      return read_in_order(user_no);
    if (packed_until && !read_packed(user_no)) return;
    if (closed_row && !read_rows(*closed_, closed_row)) return;
    if (row) read_rows(recent_, row);
  }

  /// The rows from one on. False if no more is wanted.
  bool read_rows(pg::IndexLookup& rows, std::optional<pg::StoredRow> row) {
    int64_t count = 0;
    for (; row; row = rows.next()) {
      ticker_.tick();
      if (++count == kCrowd) note_crowd();
      const auto property = [&](size_t column) { return recent_value(*row, demand_.properties[column]); };
      if (!take(row->instant(event::kRecentTime), row->integer(event::kRecentEvent), property)) return false;
    }
    return true;
  }

  /// False if no more is wanted, as below.
  bool read_packed(int64_t user_no) {
    chunks_.seek_up(user_no, kFirstInstant);
    while (const auto chunk = chunks_.next()) {
      check_interrupts();
      const TimelineView timeline = timeline_of(*chunk);
      const TimelineView::Match match = timeline.match(demand_.events, places_);
      if (match.count == 0 && !demand_.wants_all_events) continue;
      values_.begin(*chunk);
      if (!visitor_.chunk({timeline, places_, match, false, property_, {chunk->place(), chunk->writer()}}))
        return false;
    }
    return true;
  }

  void read_in_order(int64_t user_no) {
    in_order_.up(user_no, kFirstInstant, [&](const StoredEvent& event) {
      ticker_.tick();
      return take(event.key().first, event.event_no(),
                  [&](size_t column) { return event.property(demand_.properties[column]); });
    });
  }

  bool take(Instant time, int32_t event_no, const PropertyValues& property) {
    const int32_t place = demand_.place_of(event_no);
    return (place < 0 && !demand_.wants_all_events) || visitor_.event(time, place, property);
  }

  const ScanDemand& demand_;
  HistoryVisitor& visitor_;
  event::RecentTables tables_;
  pg::Sees sees_;
  pg::IndexLookup recent_;
  std::optional<pg::IndexLookup> closed_;
  pg::IndexLookup chunks_;
  StoredPropertyNames names_;
  ChunkValues values_;
  const ChunkProperties property_ = [this](size_t i, size_t column) { return values_.value(i, column); };
  UserEvents in_order_;
  std::vector<int32_t> places_;  ///< of a chunk
  InterruptTicker ticker_;
  pg::Arena arena_{"cdp user scan"};
};

}  // namespace

void scan_users(pg::Spi& spi, const ScanDemand& demand, const std::vector<int64_t>& users, Numbers numbers,
                HistoryVisitor& visitor) {
  if (demand.wants_nothing()) return;
  std::vector<int64_t> ordered = users;
  std::sort(ordered.begin(), ordered.end());
  UserScan scan(spi, demand, numbers, visitor);
  for (const int64_t user_no : ordered) scan.run(user_no);
}

}  // namespace cdp::timeline
