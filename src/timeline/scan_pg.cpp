#include "pg/index_lookup.hpp"
#include "pg/memory.hpp"
#include "pg/ordered_scan.hpp"
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
      "SELECT user_no, ts, event_no FROM cdp.unpacked_event WHERE (event_no = ANY($1) OR $6)"
      " AND user_no BETWEEN $2 AND $3 AND ts >= $4 AND ts < $5 ORDER BY user_no, ts, arrival_no");
  static pg::Query with(
      "SELECT user_no, ts, event_no, properties, context FROM cdp.unpacked_event WHERE (event_no = ANY($1) "
      "OR $6)"
      " AND user_no BETWEEN $2 AND $3 AND ts >= $4 AND ts < $5 ORDER BY user_no, ts, arrival_no");
  return demand.properties.empty() ? without : with;
}

class Scan {
 public:
  Scan(pg::Spi& spi, const ScanDemand& demand, HistoryVisitor& visitor)
      : demand_(demand),
        visitor_(visitor),
        sees_(spi.sees()),
        chunks_("cdp", "timeline", "timeline_pkey", sees_,
                (demand.properties.empty() ? kChunkTimeline : kChunkDetails) + 1),
        recent_(spi, recent_query(demand), demand.events, demand.first_user, demand.last_user, demand.since,
                demand.until, demand.wants_all_events),
        names_(spi),
        values_(demand.properties, names_, Numbers::ByValue),
        in_order_(spi) {}

  void run() {
    if (demand_.users != nullptr) chunks_.set_filter(bitmap::Bitmap::has_user, demand_.users);
    chunks_.seek(demand_.first_user, demand_.last_user);
    following_ = chunks_.next();
    next_chunk();
    for (int64_t user_no = next_user(); user_no != kNobody; user_no = next_user()) {
      has_begun_ = false;
      is_wanted_ = demand_.users == nullptr || demand_.users->contains(static_cast<uint32_t>(user_no));
      if (is_wanted_ && may_interleave(user_no))
        read_in_order(user_no);
      else
        read_packed(user_no);
      for (; recent_.user_no() == user_no; recent_.next()) {
        if (!is_wanted_ || was_read_in_order_) continue;
        const pg::InContext in_arena(arena_.context());
        take(recent_.time(), demand_.place_of(recent_.event_no()),
             [&](size_t column) { return recent_.property(demand_.properties[column]); });
      }
      if (has_begun_) visitor_.end();
      was_read_in_order_ = false;
      if (++users_ % 64 == 0) arena_.reset();
    }
  }

 private:
  static constexpr int64_t kNobody = RecentRows::kNobody;

  void next_chunk() {
    chunk_ = following_;
    if (chunk_) following_ = chunks_.next();
    chunk_user_ = user_of(chunk_);
  }

  static int64_t user_of(const std::optional<pg::StoredRow>& chunk) {
    return chunk ? chunk->bigint(kChunkUser) : kNobody;
  }

  int64_t next_user() { return std::min(recent_.user_no(), chunk_user_); }

  void begin(int64_t user_no) {
    if (!std::exchange(has_begun_, true)) visitor_.begin(user_no);
  }

  void take(Instant time, int32_t place, const PropertyValues& property) {
    begin(recent_.user_no());
    is_wanted_ = visitor_.event(time, place, property);
  }

  void read_packed(int64_t user_no) {
    for (; chunk_user_ == user_no; next_chunk()) {
      const Instant first = chunk_->instant(kChunkFirst);
      const Instant last = chunk_->instant(kChunkLast);
      if (!is_wanted_ || first >= demand_.until || last < demand_.since) continue;
      const bool is_all = !has_begun_ && recent_.user_no() != user_no && user_of(following_) != user_no;
      if (is_all &&
          !visitor_.wants(user_no, {static_cast<uint64_t>(chunk_->integer(kChunkSize)), first, last}))
        continue;
      const pg::InContext in_arena(arena_.context());
      const TimelineView timeline = timeline_of(*chunk_);
      const TimelineView::Match match = timeline.match(demand_.events, places_);
      if (match.count == 0 && !demand_.wants_all_events) continue;
      begin(user_no);
      if (!demand_.properties.empty()) values_.begin(*chunk_);
      is_wanted_ = visitor_.chunk({timeline, places_, match, is_all, chunk_property_});
    }
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
      const int32_t place = demand_.place_of(event.event_no());
      if (place < 0 && !demand_.wants_all_events) return true;
      take(time, place, [&](size_t column) { return event.property(demand_.properties[column]); });
      return is_wanted_;
    });
  }

  const ScanDemand& demand_;
  HistoryVisitor& visitor_;
  pg::Sees sees_;
  pg::OrderedScan chunks_;
  std::optional<pg::IndexLookup> last_chunks_;
  RecentRows recent_;
  StoredPropertyNames names_;
  ChunkValues values_;
  UserEvents in_order_;
  pg::Arena arena_{"cdp scan"};
  const ChunkProperties chunk_property_ = [this](size_t i, size_t place) { return values_.value(i, place); };
  std::vector<int32_t> places_;  ///< of the chunk
  std::optional<pg::StoredRow> chunk_;
  std::optional<pg::StoredRow> following_;  ///< the one behind it
  int64_t chunk_user_ = kNobody;
  bool has_begun_ = false;
  bool is_wanted_ = true;
  bool was_read_in_order_ = false;
  uint64_t users_ = 0;
};

}  // namespace

void scan_histories(pg::Spi& spi, const ScanDemand& demand, HistoryVisitor& visitor) {
  if (!demand.wants_nothing()) Scan(spi, demand, visitor).run();
}

}  // namespace cdp::timeline
