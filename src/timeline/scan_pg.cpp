#include "pg/index_lookup.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "timeline/chunk_values_pg.hpp"
#include "timeline/property_names.hpp"
#include "timeline/recent_rows_pg.hpp"
#include "timeline/scan.hpp"
#include "timeline/stored_chunks_pg.hpp"
#include "timeline/user_events.hpp"

#include <algorithm>
#include <utility>

namespace cdp::timeline {

namespace {

/// The query for the recent events that are demanded. Without properties less is read and sorted.
pg::Query& recent_query(const ScanDemand& demand) {
  static pg::Query without(
      "SELECT user_no, ts, event_no FROM cdp.unpacked_event WHERE event_no = ANY($1)"
      " AND user_no BETWEEN $2 AND $3 AND ts >= $4 AND ts < $5 ORDER BY user_no, ts, arrival_no");
  static pg::Query with(
      "SELECT user_no, ts, event_no, properties, context FROM cdp.unpacked_event WHERE event_no = ANY($1)"
      " AND user_no BETWEEN $2 AND $3 AND ts >= $4 AND ts < $5 ORDER BY user_no, ts, arrival_no");
  return demand.properties.empty() ? without : with;
}

class Scan {
 public:
  Scan(pg::Spi& spi, const ScanDemand& demand, HistoryVisitor& visitor)
      : demand_(demand),
        visitor_(visitor),
        sees_(spi.is_read_only() ? Sees::WhatTheCallerSees : Sees::WhatIsDone),
        chunks_("cdp", "timeline", "timeline_pkey", sees_),
        recent_(spi, recent_query(demand), demand.events, demand.first_user, demand.last_user, demand.since,
                demand.until),
        names_(spi),
        values_(demand.properties, names_),
        in_order_(spi) {}

  void run() {
    chunks_.seek_up(demand_.first_user);
    next_chunk();
    for (int64_t user_no = next_user(); user_no != kNobody; user_no = next_user()) {
      has_begun_ = false;
      is_wanted_ = true;
      if (may_interleave(user_no))
        read_in_order(user_no);
      else
        read_packed(user_no);
      for (; recent_.user_no() == user_no; recent_.next())
        if (is_wanted_ && !was_read_in_order_)
          take(recent_.time(), recent_.event_no(),
               [&](size_t place) { return recent_.property(demand_.properties[place]); });
      if (has_begun_) visitor_.end();
      was_read_in_order_ = false;
      if (++users_ % 64 == 0) arena_.reset();
    }
  }

 private:
  using Sees = pg::IndexLookup::Sees;
  static constexpr int64_t kNobody = RecentRows::kNobody;

  void next_chunk() {
    chunk_ = chunks_.next();
    chunk_user_ = chunk_ ? chunk_->bigint(kChunkUser) : kNobody;
    if (chunk_user_ > demand_.last_user) chunk_user_ = kNobody;
  }

  int64_t next_user() { return std::min(recent_.user_no(), chunk_user_); }

  void begin(int64_t user_no) {
    if (!std::exchange(has_begun_, true)) visitor_.begin(user_no);
  }

  void take(Instant time, int32_t event_no, const PropertyValues& property) {
    begin(recent_.user_no());
    is_wanted_ = visitor_.event(time, event_no, property);
  }

  void read_packed(int64_t user_no) {
    for (; chunk_user_ == user_no; next_chunk()) {
      if (!is_wanted_ || chunk_->instant(kChunkFirst) >= demand_.until ||
          chunk_->instant(kChunkLast) < demand_.since)
        continue;
      const pg::InContext in_arena(arena_.context());
      const TimelineView timeline = TimelineView::open(pg::bytes_of(chunk_->datum(kChunkTimeline)));
      if (!is_demanded(timeline)) continue;
      begin(user_no);
      values_.begin(*chunk_);
      is_wanted_ = visitor_.chunk(timeline, [&](size_t i, size_t place) { return values_.value(i, place); });
    }
  }

  bool is_demanded(const TimelineView& timeline) const {
    auto wanted = demand_.events.begin();
    TimelineView::Index index = timeline.index();
    while (const std::optional<IndexEntry> entry = index.next()) {
      while (wanted != demand_.events.end() && *wanted < entry->number) ++wanted;
      if (wanted == demand_.events.end()) return false;
      if (*wanted == entry->number) return true;
    }
    return false;
  }

  /// Recent events of a user are mostly later than the packed ones.
  bool may_interleave(int64_t user_no) {
    if (chunk_user_ != user_no || recent_.user_no() != user_no) return false;
    if (!last_chunks_) last_chunks_.emplace("cdp", "timeline", "timeline_pkey", sees_);
    last_chunks_->seek_down(user_no, kLastInstant);
    const std::optional<pg::StoredRow> last = last_chunks_->next();
    return last && last->instant(kChunkLast) >= recent_.time();
  }

  void read_in_order(int64_t user_no) {
    was_read_in_order_ = true;
    while (chunk_user_ == user_no) next_chunk();
    const pg::InContext in_arena(arena_.context());
    in_order_.up(user_no, std::max(demand_.since, kFirstInstant), [&](const StoredEvent& event) {
      const auto [time, arrival_no] = event.key();
      if (time >= demand_.until) return false;
      if (!std::binary_search(demand_.events.begin(), demand_.events.end(), event.event_no())) return true;
      take(time, event.event_no(), [&](size_t place) { return event.property(demand_.properties[place]); });
      return is_wanted_;
    });
  }

  const ScanDemand& demand_;
  HistoryVisitor& visitor_;
  Sees sees_;
  pg::IndexLookup chunks_;
  std::optional<pg::IndexLookup> last_chunks_;
  RecentRows recent_;
  StoredPropertyNames names_;
  ChunkValues values_;
  UserEvents in_order_;
  pg::Arena arena_{"cdp scan"};
  std::optional<pg::StoredRow> chunk_;
  int64_t chunk_user_ = kNobody;
  bool has_begun_ = false;
  bool is_wanted_ = true;
  bool was_read_in_order_ = false;
  uint64_t users_ = 0;
};

}  // namespace

void scan_histories(pg::Spi& spi, const ScanDemand& demand, HistoryVisitor& visitor) {
  if (!demand.events.empty()) Scan(spi, demand, visitor).run();
}

}  // namespace cdp::timeline
