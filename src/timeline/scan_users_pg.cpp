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

/// Of a user's events in a table of recent ones those of some kinds, in their order.
class RecentEntries {
 public:
  RecentEntries(const event::RecentTable& table, pg::Sees sees)
      : index_("cdp", table.table, table.key, sees) {}

  /// `wants(event_no)`: which kinds; it must not throw, nor own anything.
  template <class F>
  void seek(int64_t user_no, Instant since, const F& wants) {
    index_.seek_entries_up(user_no, since);
    next(wants);
  }
  template <class F>
  void next(const F& wants) {
    is_there_ = index_.next_entry(
        event::kRecentKeyEvent, [&wants](Datum event_no) noexcept { return wants(DatumGetInt32(event_no)); });
    if (is_there_)
      key_ = {{DatumGetTimestampTz(index_.entry(event::kRecentKeyTime))},
              DatumGetInt64(index_.entry(event::kRecentKeyArrival))};
  }
  void leave() { is_there_ = false; }

  bool is_there() const { return is_there_; }
  const EventKey& key() const { return key_; }
  /// nullopt if it does not count.
  std::optional<pg::StoredRow> row() { return index_.entry_row(); }

 private:
  pg::IndexLookup index_;
  bool is_there_ = false;
  EventKey key_;
};

/// A user's recent events from both tables, in their order.
class RecentEvents {
 public:
  RecentEvents(const event::RecentTables& tables, pg::Sees sees)
      : tables_(tables), open_(tables.open(), sees) {
    if (tables.may_count_in_closed()) closed_.emplace(tables.closed(), sees);
  }

  template <class F>
  void seek(int64_t user_no, Instant since, const F& wants) {
    open_.seek(user_no, since, wants);
    if (!closed_) return;
    if (tables_.counts_in_closed(user_no))
      closed_->seek(user_no, since, wants);
    else
      closed_->leave();
  }

  /// The first of those that are left; nullptr at the end.
  RecentEntries* first() {
    RecentEntries* closed = closed_ && closed_->is_there() ? &*closed_ : nullptr;
    if (!open_.is_there()) return closed;
    return closed != nullptr && closed->key() < open_.key() ? closed : &open_;
  }

 private:
  const event::RecentTables& tables_;
  RecentEntries open_;
  std::optional<RecentEntries> closed_;
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
      shown_ = {};
      if (const std::optional<EventKey> from = visitor_.known_before())
        read_on(user_no, *from);
      else
        read(user_no);
      visitor_.shown(shown_);
    }
    visitor_.end();
    arena_.reset();
  }

 private:
  /// Which recent events are read.
  auto wants() {
    return [this](int32_t event_no) noexcept {
      ++shown_.events;
      const int32_t place = demand_.place_of(event_no);
      return (place >= 0 || demand_.wants_all_events) && visitor_.needs(place);
    };
  }

  void read(int64_t user_no) {
    recent_.seek(user_no, kFirstInstant, wants());
    chunks_.seek_up(user_no, kFirstInstant);
    while (const auto chunk = chunks_.next()) {
      check_interrupts();
      shown_.packed_until = std::max(shown_.packed_until, chunk->instant(kChunkLast));
      shown_.next = std::max(shown_.next, {shown_.packed_until, INT64_MIN});
      shown_.events += chunk->integer(kChunkSize);
      const RecentEntries* entry = recent_.first();
      const bool may_interleave = entry != nullptr && entry->key().first <= chunk->instant(kChunkLast);
      if (!(may_interleave ? take_in_order(*chunk) : take(*chunk))) return;
    }
    (void)take_rows([](const EventKey&) { return true; });
  }

  /// The recent events from this one on.
  void read_on(int64_t user_no, const EventKey& from) {
    recent_.seek(user_no, std::max(from.first, kFirstInstant), wants());
    for (RecentEntries* entry = recent_.first(); entry != nullptr && entry->key() < from;
         entry = recent_.first())
      entry->next(wants());
    (void)take_rows([](const EventKey&) { return true; });
  }

  /// False if no more of the user is wanted, as below.
  bool take(const pg::StoredRow& chunk) {
    const TimelineView timeline = timeline_of(chunk);
    const TimelineView::Match match = timeline.match(demand_.events, places_);
    if (match.count == 0 && !demand_.wants_all_events) return true;
    values_.begin(chunk);
    return visitor_.chunk({timeline, places_, match, false, property_});
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
    for (RecentEntries* entry = recent_.first(); entry != nullptr && is_next(entry->key());
         entry = recent_.first()) {
      if (const std::optional<pg::StoredRow> row = entry->row()) {
        const auto property = [&](size_t column) { return recent_value(*row, demand_.properties[column]); };
        if (!take(entry->key().first, row->integer(event::kRecentEvent), property)) return false;
      }
      shown_.next = std::max(shown_.next, {entry->key().first, entry->key().second + 1});
      entry->next(wants());
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
  Shown shown_;                  ///< of the user
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
