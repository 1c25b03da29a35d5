#include "base/interrupt.hpp"
#include "pg/index_lookup.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "timeline/reader.hpp"

#include <algorithm>
#include <unordered_map>

namespace cdp::timeline {

namespace {

constexpr long kFetchRows = 2000;

/// The demand's number of each event_no.
std::unordered_map<int32_t, int> event_map(pg::Spi& spi, const Demand& demand) {
  static pg::Query query("SELECT name, event_no FROM cdp.event_name WHERE name = ANY($1)");
  std::unordered_map<std::string, int> wanted;
  for (size_t i = 0; i < demand.events().size(); ++i) wanted.emplace(demand.events()[i], static_cast<int>(i));
  std::unordered_map<int32_t, int> map;
  const pg::Rows rows = query(spi, demand.events());
  for (uint64_t i = 0; i < rows.size(); ++i) map.emplace(rows.integer(i, 1), wanted.at(rows.text(i, 0)));
  return map;
}

/// Builds a user's history from rows, in their order.
class Builder {
 public:
  Builder(pg::Spi& spi, const Demand& demand, const HistoryCallback& callback)
      : demand_(demand),
        callback_(callback),
        numbers_(event_map(spi, demand)),
        history_(demand.properties().size()),
        values_(demand.properties().size()) {}

  const std::unordered_map<int32_t, int>& numbers() const { return numbers_; }

  /// `properties` and `context` give the event's; they are asked only for what is demanded.
  template <class Properties, class Context>
  void add(Instant time, int32_t event_no, Properties&& properties, Context&& context) {
    const auto number = numbers_.find(event_no);
    if (number == numbers_.end() && !demand_.wants_all_events()) return;
    for (size_t column = 0; column < values_.size(); ++column) {
      const PropertyPath& path = demand_.properties()[column];
      values_[column] =
          pg::json_at(path.root == PropertyPath::Root::Properties ? properties() : context(), path.names);
    }
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

/// Column by column of cdp.recent_event.
void read_users(pg::Spi& spi, const std::vector<int64_t>& users, Builder& builder) {
  std::vector<int64_t> ordered = users;
  std::sort(ordered.begin(), ordered.end());
  using Sees = pg::IndexLookup::Sees;
  pg::IndexLookup events("cdp", "recent_event", "recent_event_pkey",
                         spi.is_read_only() ? Sees::WhatTheCallerSees : Sees::WhatIsDone);
  pg::Arena arena("cdp histories");
  InterruptTicker ticker;
  for (const int64_t user_no : ordered) {
    {
      const pg::InContext in_arena(arena.context());
      events.find(
          [&](const pg::IndexLookup::Row& row) {
            ticker.tick();
            builder.add(
                row.instant(1), row.integer(3), [&] { return row.datum(6); }, [&] { return row.datum(7); });
          },
          user_no);
    }
    builder.finish(user_no);
    arena.reset();
  }
}

/// One plan without properties, which sorts and reads less, and one with.
void read_everyone(pg::Spi& spi, const Demand& demand, Builder& builder) {
  static pg::Query without(
      "SELECT user_no, ts, event_no FROM cdp.recent_event WHERE event_no = ANY($1) OR $2"
      " ORDER BY user_no, ts, arrival_no");
  static pg::Query with(
      "SELECT user_no, ts, event_no, properties, context FROM cdp.recent_event"
      " WHERE event_no = ANY($1) OR $2 ORDER BY user_no, ts, arrival_no");
  std::vector<int32_t> wanted;
  for (const auto& [event_no, number] : builder.numbers()) wanted.push_back(event_no);
  int64_t user_no = 0;
  pg::Arena arena("cdp histories");
  pg::Cursor cursor(spi, demand.properties().empty() ? without : with, wanted, demand.wants_all_events());
  for (pg::Rows rows = cursor.fetch(kFetchRows); !rows.empty(); rows = cursor.fetch(kFetchRows)) {
    check_interrupts();
    const pg::InContext in_arena(arena.context());
    for (uint64_t i = 0; i < rows.size(); ++i) {
      if (rows.bigint(i, 0) != user_no) {
        builder.finish(user_no);
        user_no = rows.bigint(i, 0);
      }
      builder.add(
          rows.instant(i, 1), rows.integer(i, 2), [&] { return rows.datum(i, 3); },
          [&] { return rows.datum(i, 4); });
    }
    arena.reset();
  }
  builder.finish(user_no);
}

}  // namespace

void read_histories(pg::Spi& spi, const Demand& demand, const std::optional<std::vector<int64_t>>& users,
                    const HistoryCallback& callback) {
  if (demand.wants_nothing()) return;
  Builder builder(spi, demand, callback);
  if (users) {
    read_users(spi, *users, builder);
  } else {
    read_everyone(spi, demand, builder);
  }
}

}  // namespace cdp::timeline
