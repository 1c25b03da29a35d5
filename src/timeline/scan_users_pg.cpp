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

#include <algorithm>
#include <optional>

namespace cdp::timeline {

namespace {

/// So many recent events of one user are a crowd.
constexpr int64_t kCrowd = 2000;

/// A user's recent events from both tables, in their order.
class RecentEvents {
 public:
  RecentEvents(const event::RecentTables& tables, pg::Sees sees)
      : tables_(tables), open_("cdp", tables.open().table, tables.open().key, sees) {
    if (tables.may_count_in_closed())
      closed_.emplace("cdp", tables.closed().table, tables.closed().key, sees);
  }

  void seek(int64_t user_no) {
    open_.seek_up(user_no, kFirstInstant);
    in_open_ = open_.next();
    in_closed_.reset();
    if (!closed_ || !tables_.counts_in_closed(user_no)) return;
    closed_->seek_up(user_no, kFirstInstant);
    in_closed_ = closed_->next();
  }

  /// The first of those that are left; nullptr at the end. Valid until next().
  const pg::StoredRow* first() const {
    if (!in_closed_) return in_open_ ? &*in_open_ : nullptr;
    return !in_open_ || key_of(*in_closed_) < key_of(*in_open_) ? &*in_closed_ : &*in_open_;
  }

  void next() {
    if (first() == (in_open_ ? &*in_open_ : nullptr))
      in_open_ = open_.next();
    else
      in_closed_ = closed_->next();
  }

  static EventKey key_of(const pg::StoredRow& row) {
    return {row.instant(event::kRecentTime), row.bigint(event::kRecentArrival)};
  }

 private:
  const event::RecentTables& tables_;
  pg::IndexLookup open_;
  std::optional<pg::IndexLookup> closed_;
  std::optional<pg::StoredRow> in_open_;
  std::optional<pg::StoredRow> in_closed_;
};

/// Shows users' events, looked up user by user, from wherever they lie.
class UserScan {
 public:
  UserScan(pg::Spi& spi, const ScanDemand& demand, Numbers numbers, HistoryVisitor& visitor)
      : demand_(demand),
        visitor_(visitor),
        tables_(event::RecentTables::read(spi)),
        recent_(tables_, spi.sees()),
        chunks_("cdp", "timeline", "timeline_pkey", spi.sees()),
        names_(spi),
        values_(demand.properties, names_, numbers) {}

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
    rows_read_ = 0;
    recent_.seek(user_no);
    chunks_.seek_up(user_no, kFirstInstant);
    while (const auto chunk = chunks_.next()) {
      check_interrupts();
      const pg::StoredRow* row = recent_.first();
      const bool may_interleave =
          row != nullptr && row->instant(event::kRecentTime) <= chunk->instant(kChunkLast);
      if (!(may_interleave ? take_in_order(*chunk) : take(*chunk))) return;
    }
    (void)take_rows([](const EventKey&) { return true; });
  }

  /// False if no more of the user is wanted, as below.
  bool take(const pg::StoredRow& chunk) {
    const TimelineView timeline = timeline_of(chunk);
    const TimelineView::Match match = timeline.match(demand_.events, places_);
    if (match.count == 0 && !demand_.wants_all_events) return true;
    values_.begin(chunk);
    return visitor_.chunk({timeline, places_, match, false, property_, {chunk.place(), chunk.writer()}});
  }

  /// Event by event, with the recent ones among them.
  bool take_in_order(const pg::StoredRow& chunk) {
    for (const PackableEvent& event : events_of(chunk, names_)) {
      if (!take_rows([&](const EventKey& key) { return key < event.key(); })) return false;
      const auto property = [&](size_t column) {
        return value_of(event.details, demand_.properties[column]);
      };
      if (!take(event.time, event.event_no, property)) return false;
    }
    return true;
  }

  /// Recent events as long as `is_next(key)`.
  template <class F>
  bool take_rows(const F& is_next) {
    for (const pg::StoredRow* row = recent_.first(); row != nullptr && is_next(RecentEvents::key_of(*row));
         row = recent_.first()) {
      if (++rows_read_ == kCrowd) note_crowd();
      const auto property = [&](size_t column) { return recent_value(*row, demand_.properties[column]); };
      if (!take(row->instant(event::kRecentTime), row->integer(event::kRecentEvent), property)) return false;
      recent_.next();
    }
    return true;
  }

  bool take(Instant time, int32_t event_no, const PropertyValues& property) {
    ticker_.tick();
    const int32_t place = demand_.place_of(event_no);
    return (place < 0 && !demand_.wants_all_events) || visitor_.event(time, place, property);
  }

  const ScanDemand& demand_;
  HistoryVisitor& visitor_;
  event::RecentTables tables_;
  RecentEvents recent_;
  pg::IndexLookup chunks_;
  StoredPropertyNames names_;
  ChunkValues values_;
  const ChunkProperties property_ = [this](size_t i, size_t column) { return values_.value(i, column); };
  std::vector<int32_t> places_;  ///< of a chunk
  int64_t rows_read_ = 0;        ///< of the user
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
