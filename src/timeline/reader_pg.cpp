#include "base/interrupt.hpp"
#include "event/recent.hpp"
#include "pg/index_lookup.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "timeline/chunk_values_pg.hpp"
#include "timeline/event_map.hpp"
#include "timeline/packed.hpp"
#include "timeline/property_names.hpp"
#include "timeline/reader.hpp"
#include "timeline/stored_chunks_pg.hpp"
#include "timeline/user_events.hpp"

#include <algorithm>
#include <unordered_map>

namespace cdp::timeline {

std::unordered_map<int32_t, int> event_map(pg::Spi& spi, const Demand& demand) {
  static pg::Query query("SELECT name, event_no FROM cdp.event_name WHERE name = ANY($1)");
  std::unordered_map<std::string, int> wanted;
  for (size_t i = 0; i < demand.events().size(); ++i) wanted.emplace(demand.events()[i], static_cast<int>(i));
  std::unordered_map<int32_t, int> map;
  const pg::Rows rows = query(spi, demand.events());
  for (uint64_t i = 0; i < rows.size(); ++i) map.emplace(rows.integer(i, 1), wanted.at(rows.text(i, 0)));
  return map;
}

namespace {

/// Builds a user's history from rows, in their order.
class Builder {
 public:
  Builder(pg::Spi& spi, const Demand& demand, const HistoryCallback& callback)
      : demand_(demand),
        callback_(callback),
        numbers_(event_map(spi, demand)),
        history_(demand.properties().size()),
        values_(demand.properties().size()) {}

  /// Is an event of this number wanted?
  bool wants(int32_t event_no) const { return demand_.wants_all_events() || numbers_.contains(event_no); }

  /// `property` gives the value of a path; it is asked only for what is demanded.
  template <class Property>
  void add(Instant time, int32_t event_no, Property&& property) {
    const auto number = numbers_.find(event_no);
    if (number == numbers_.end() && !demand_.wants_all_events()) return;
    for (size_t column = 0; column < values_.size(); ++column)
      values_[column] = property(demand_.properties()[column]);
    history_.add(time, number == numbers_.end() ? History::kOther : number->second, values_);
  }

  /// The rows of this user are at their end.
  void finish(int64_t user_no) {
    if (history_.size() > 0) callback_(user_no, history_);
    history_.clear();
  }

 private:
  const Demand& demand_;
  const HistoryCallback& callback_;
  std::unordered_map<int32_t, int> numbers_;  ///< the demand's of each event_no
  History history_;
  std::vector<Json> values_;
};

/// Reads users' events from wherever they lie.
class Reader {
 public:
  Reader(pg::Spi& spi, const Demand& demand, Builder& builder)
      : builder_(builder),
        tables_(event::RecentTables::read(spi)),
        sees_(spi.is_read_only() ? Sees::WhatTheCallerSees : Sees::WhatIsDone),
        recent_("cdp", tables_.open().table, tables_.open().key, sees_),
        chunks_("cdp", "timeline", "timeline_pkey", sees_),
        names_(spi),
        values_(demand.properties(), names_),
        events_(spi) {
    if (tables_.may_count_in_closed())
      closed_.emplace("cdp", tables_.closed().table, tables_.closed().key, sees_);
  }

  void read(int64_t user_no) {
    recent_.seek_up(user_no, kFirstInstant);
    std::optional<pg::StoredRow> row = recent_.next();
    std::optional<Instant> packed_until;
    chunks_.seek_down(user_no, kLastInstant);
    if (const auto last = chunks_.next()) packed_until = last->instant(kChunkLast);
    const bool may_interleave = row && packed_until && row->instant(event::kRecentTime) <= *packed_until;
    if (may_interleave || is_in_closed(user_no)) return read_in_order(user_no);
    if (packed_until) {
      chunks_.seek_up(user_no, kFirstInstant);
      while (const auto chunk = chunks_.next()) add_chunk(*chunk);
    }
    for (; row; row = recent_.next()) {
      ticker_.tick();
      builder_.add(row->instant(event::kRecentTime), row->integer(event::kRecentEvent),
                   [&](const PropertyPath& path) {
                     return pg::json_at(
                         row->datum(path.root == PropertyPath::Root::Properties ? event::kRecentProperties
                                                                                : event::kRecentContext),
                         path.names);
                   });
    }
  }

  /// Adds the events of a chunk; nothing but its head is read if none is wanted, and of the details only what
  /// is.
  void add_chunk(const pg::StoredRow& row) {
    check_interrupts();
    const TimelineView timeline = TimelineView::open(pg::bytes_of(row.datum(kChunkTimeline)));
    numbers_.clear();
    bool is_wanted = false;
    TimelineView::Index index = timeline.index();
    while (const std::optional<IndexEntry> entry = index.next()) {
      numbers_.push_back(entry->number);
      is_wanted = is_wanted || builder_.wants(entry->number);
    }
    if (!is_wanted) return;
    codes_.resize(timeline.size());
    times_.resize(timeline.size());
    timeline.decode_events<uint32_t>(codes_);
    timeline.decode_times(times_);
    values_.begin(row);
    for (size_t i = 0; i < times_.size(); ++i) {
      size_t place = 0;
      builder_.add(times_[i], numbers_[codes_[i]],
                   [&](const PropertyPath& /*path*/) { return values_.value(i, place++); });
    }
  }

 private:
  bool is_in_closed(int64_t user_no) {
    if (!closed_ || !tables_.counts_in_closed(user_no)) return false;
    closed_->seek_up(user_no, kFirstInstant);
    return closed_->next().has_value();
  }

  void read_in_order(int64_t user_no) {
    events_.up(user_no, kFirstInstant, [&](const StoredEvent& event) {
      ticker_.tick();
      builder_.add(event.key().first, event.event_no(),
                   [&](const PropertyPath& path) { return event.property(path); });
      return true;
    });
  }

  using Sees = pg::IndexLookup::Sees;

  Builder& builder_;
  event::RecentTables tables_;
  Sees sees_;
  pg::IndexLookup recent_;
  std::optional<pg::IndexLookup> closed_;
  pg::IndexLookup chunks_;
  StoredPropertyNames names_;
  ChunkValues values_;
  UserEvents events_;
  InterruptTicker ticker_;
  // Of a chunk, kept for the next.
  std::vector<int32_t> numbers_;
  std::vector<uint32_t> codes_;
  std::vector<Instant> times_;
};

}  // namespace

void read_histories(pg::Spi& spi, const Demand& demand, const std::vector<int64_t>& users,
                    const HistoryCallback& callback) {
  if (demand.wants_nothing()) return;
  Builder builder(spi, demand, callback);
  std::vector<int64_t> ordered = users;
  std::sort(ordered.begin(), ordered.end());
  Reader reader(spi, demand, builder);
  pg::Arena arena("cdp histories");
  for (const int64_t user_no : ordered) {
    {
      const pg::InContext in_arena(arena.context());
      reader.read(user_no);
    }
    builder.finish(user_no);
    arena.reset();
  }
}

}  // namespace cdp::timeline
