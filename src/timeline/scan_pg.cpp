#include "base/interrupt.hpp"
#include "pg/index_lookup.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "timeline/property_names.hpp"
#include "timeline/scan.hpp"
#include "timeline/stored_chunks_pg.hpp"
#include "timeline/user_events.hpp"

#include <algorithm>
#include <utility>

namespace cdp::timeline {

namespace {

constexpr long kFetchRows = 2000;
constexpr int64_t kNobody = INT64_MAX;

/// The recent events that are demanded, in the order of users and their histories.
class RecentEvents {
 public:
  RecentEvents(pg::Spi& spi, const ScanDemand& demand)
      : cursor_(spi, query(demand), demand.events, demand.first_user, demand.last_user, demand.since,
                demand.until) {}

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
  /// Without properties less is read and sorted.
  static pg::Query& query(const ScanDemand& demand) {
    static pg::Query without(
        "SELECT user_no, ts, event_no FROM cdp.unpacked_event WHERE event_no = ANY($1)"
        " AND user_no BETWEEN $2 AND $3 AND ts >= $4 AND ts < $5 ORDER BY user_no, ts, arrival_no");
    static pg::Query with(
        "SELECT user_no, ts, event_no, properties, context FROM cdp.unpacked_event WHERE event_no = ANY($1)"
        " AND user_no BETWEEN $2 AND $3 AND ts >= $4 AND ts < $5 ORDER BY user_no, ts, arrival_no");
    return demand.properties.empty() ? without : with;
  }

  pg::Cursor cursor_;
  pg::Rows rows_;
  uint64_t at_ = 0;
  bool is_at_end_ = false;
};

class Scan {
 public:
  Scan(pg::Spi& spi, const ScanDemand& demand, HistoryVisitor& visitor)
      : demand_(demand),
        visitor_(visitor),
        sees_(spi.is_read_only() ? Sees::WhatTheCallerSees : Sees::WhatIsDone),
        chunks_("cdp", "timeline", "timeline_pkey", sees_),
        recent_(spi, demand),
        names_(spi),
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
      columns_.clear();
      is_wanted_ =
          visitor_.chunk(timeline, [&](size_t i, size_t place) { return property(timeline, i, place); });
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

  /// A value of the i-th event of the present chunk; its column is read when it is first asked for.
  Json property(const TimelineView& timeline, size_t i, size_t place) {
    if (columns_.empty()) columns_.resize(demand_.properties.size());
    const PropertyPath& path = demand_.properties[place];
    std::optional<std::vector<std::optional<Json>>>& column = columns_[place];
    if (!column) {
      const uint32_t name_no = names_.find(path.root, path.names.front());
      const DetailsView details = DetailsView::open(pg::bytes_of(chunk_->datum(kChunkDetails)));
      column = name_no != 0 && details.has(path.root, name_no)
                   ? details.column(path.root, name_no)
                   : std::vector<std::optional<Json>>(timeline.size());
    }
    const std::optional<Json>& whole = (*column)[i];
    if (!whole) return Json();
    if (path.names.size() == 1) return *whole;
    const Json* value = whole->find({path.names.begin() + 1, path.names.end()});
    return value != nullptr ? *value : Json();
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
  RecentEvents recent_;
  StoredPropertyNames names_;
  UserEvents in_order_;
  pg::Arena arena_{"cdp scan"};
  std::optional<pg::StoredRow> chunk_;
  int64_t chunk_user_ = kNobody;
  std::vector<std::optional<std::vector<std::optional<Json>>>> columns_;  ///< of the present chunk
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
