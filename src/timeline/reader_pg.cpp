#include "base/interrupt.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "timeline/reader.hpp"

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

#define CDP_HISTORY_QUERY(columns, condition)                                                \
  pg::Query("SELECT user_no, ts, event_no" columns " FROM cdp.recent_event WHERE " condition \
            " ORDER BY user_no, ts, arrival_no")

/// One plan for each combination of what is known before reading: plans without properties sort and read
/// less.
struct Statements {
  pg::Query all = CDP_HISTORY_QUERY("", "$1::bigint[] IS NULL AND (event_no = ANY($2) OR $3)");
  pg::Query all_with_values =
      CDP_HISTORY_QUERY(", properties, context", "$1::bigint[] IS NULL AND (event_no = ANY($2) OR $3)");
  pg::Query some = CDP_HISTORY_QUERY("", "user_no = ANY($1) AND (event_no = ANY($2) OR $3)");
  pg::Query some_with_values =
      CDP_HISTORY_QUERY(", properties, context", "user_no = ANY($1) AND (event_no = ANY($2) OR $3)");
};

#undef CDP_HISTORY_QUERY

}  // namespace

void read_histories(pg::Spi& spi, const Demand& demand, const std::optional<std::vector<int64_t>>& users,
                    const HistoryCallback& callback) {
  if (demand.wants_nothing()) return;
  static Statements statements;
  const size_t columns = demand.properties().size();
  pg::Query& query = users ? (columns > 0 ? statements.some_with_values : statements.some)
                           : (columns > 0 ? statements.all_with_values : statements.all);

  const std::unordered_map<int32_t, int> numbers = event_map(spi, demand);
  std::vector<int32_t> wanted;
  for (const auto& [event_no, number] : numbers) wanted.push_back(event_no);

  History history(columns);
  std::vector<Json> values(columns);
  int64_t user_no = 0;
  pg::Arena arena("cdp histories");
  pg::Cursor cursor(spi, query, users, wanted, demand.wants_all_events());
  for (pg::Rows rows = cursor.fetch(kFetchRows); !rows.empty(); rows = cursor.fetch(kFetchRows)) {
    check_interrupts();
    pg::InContext in_arena(arena.context());
    for (uint64_t i = 0; i < rows.size(); ++i) {
      if (rows.bigint(i, 0) != user_no) {
        if (history.size() > 0) callback(user_no, history);
        history.clear();
        user_no = rows.bigint(i, 0);
      }
      for (size_t column = 0; column < columns; ++column) {
        const PropertyPath& path = demand.properties()[column];
        values[column] =
            pg::json_at(rows.datum(i, path.root == PropertyPath::Root::Properties ? 3 : 4), path.names);
      }
      const auto number = numbers.find(rows.integer(i, 2));
      history.add(rows.instant(i, 1), number == numbers.end() ? History::kOther : number->second, values);
    }
    arena.reset();
  }
  if (history.size() > 0) callback(user_no, history);
}

}  // namespace cdp::timeline
