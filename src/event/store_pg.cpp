/// Stored events and the dictionary of their names.

#include "event/recent.hpp"
#include "event/store.hpp"
#include "pg/bulk_insert.hpp"
#include "pg/spi.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace cdp::event {

std::unordered_map<std::string, int32_t> event_numbers(pg::Spi& spi, const std::vector<std::string>& names) {
  // The process lock makes this the only writer.
  static pg::Query insert(
      "INSERT INTO cdp.event_name (event_no, name)"
      " SELECT (SELECT coalesce(max(event_no), 0) FROM cdp.event_name) + row_number() OVER (), name"
      " FROM unnest($1::text[]) AS name WHERE name NOT IN (SELECT e.name FROM cdp.event_name AS e)");
  static pg::Query find("SELECT name, event_no FROM cdp.event_name WHERE name = ANY($1)");
  std::unordered_map<std::string, int32_t> numbers;
  const auto load = [&] {
    const pg::Rows rows = find(spi, names);
    for (uint64_t i = 0; i < rows.size(); ++i) numbers.emplace(rows.text(i, 0), rows.integer(i, 1));
  };
  load();
  if (numbers.size() == names.size()) return numbers;
  (void)insert(spi, names);
  load();
  return numbers;
}

void store_events(pg::Spi& spi, std::span<Event> events, std::span<const Received* const> origins) {
  if (events.empty()) return;
  static pg::Query number(
      "SELECT setval('cdp.recent_event_no', nextval('cdp.recent_event_no') + $1 - 1) - $1");
  int64_t arrival_no = number(spi, static_cast<int64_t>(events.size())).bigint(0, 0);
  for (Event& event : events) event.arrival_no = ++arrival_no;
  // In the order of the index, which fills much quicker so, and a user's events lie together.
  std::vector<size_t> order(events.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::tie(events[a].user_no, events[a].time, a) < std::tie(events[b].user_no, events[b].time, b);
  });
  const RecentTables tables = RecentTables::read(spi);
  const RecentTable& table = tables.open();
  pg::BulkInsert rows("cdp", table.table, "recent_event");
  for (const size_t i : order) {
    const Event& event = events[i];
    rows.add(event.user_no, event.time, event.arrival_no, event.event_no, origins[i]->message.insert_id,
             origins[i]->source, event.properties, event.context, event.received_at,
             static_cast<int16_t>(table.slot));
  }
  rows.finish();
}

void move_events(pg::Spi& spi, int64_t loser, int64_t winner) {
  // Into the open table: in the other one the winner's events may count no longer.
  static pg::Query move(
      "UPDATE cdp.recent_event SET user_no = $2, slot = $3"
      " WHERE user_no = $1 AND (slot = $3 OR user_no > $4)");
  const RecentTables tables = RecentTables::read(spi);
  (void)move(spi, loser, winner, static_cast<int16_t>(tables.open().slot), tables.packed_until());
}

void forget_events(pg::Spi& spi, const std::vector<int64_t>& users) {
  // User by user, so that no plan reads the whole table.
  static pg::Query remove("DELETE FROM cdp.recent_event WHERE user_no = $1");
  for (const int64_t user_no : users) (void)remove(spi, user_no);
}

}  // namespace cdp::event
