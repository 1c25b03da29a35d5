/// Stored events and the dictionary of their names.

#include "event/store.hpp"
#include "pg/spi.hpp"

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

void store_events(pg::Spi& spi, std::span<const Event> events, std::span<const Received* const> origins) {
  if (events.empty()) return;
  std::vector<int64_t> users;
  std::vector<Instant> times;
  std::vector<int32_t> names;
  std::vector<std::optional<std::string>> insert_ids;
  std::vector<std::string> sources;
  std::vector<std::string> properties;
  std::vector<std::string> contexts;
  std::vector<Instant> received;
  for (size_t i = 0; i < events.size(); ++i) {
    users.push_back(events[i].user_no);
    times.push_back(events[i].time);
    names.push_back(events[i].event_no);
    insert_ids.push_back(origins[i]->message.insert_id);
    sources.push_back(origins[i]->source);
    properties.push_back(events[i].properties.dump());
    contexts.push_back(events[i].context.dump());
    received.push_back(events[i].received_at);
  }
  static pg::Query insert(
      "INSERT INTO cdp.recent_event (user_no, ts, arrival_no, event_no, insert_id, source, properties, "
      "context,"
      " received_at)"
      " SELECT user_no, ts, nextval('cdp.recent_event_no'), event_no, insert_id, source, properties::jsonb,"
      " context::jsonb, received_at"
      " FROM unnest($1::bigint[], $2::timestamptz[], $3::integer[], $4::text[], $5::text[], $6::text[], "
      "$7::text[],"
      " $8::timestamptz[]) AS e (user_no, ts, event_no, insert_id, source, properties, context, "
      "received_at)");
  (void)insert(spi, users, times, names, insert_ids, sources, properties, contexts, received);
}

void move_events(pg::Spi& spi, int64_t loser, int64_t winner) {
  static pg::Query move("UPDATE cdp.recent_event SET user_no = $2 WHERE user_no = $1");
  (void)move(spi, loser, winner);
}

}  // namespace cdp::event
