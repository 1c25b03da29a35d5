#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "event/mapping.hpp"
#include "event/store.hpp"
#include "pg/spi.hpp"

#include <set>

namespace cdp::event {

namespace {

std::unordered_map<std::string, Mapping> load_mappings(pg::Spi& spi) {
  static pg::Query query("SELECT name, mapping FROM cdp.source");
  std::unordered_map<std::string, Mapping> mappings;
  const pg::Rows rows = query(spi);
  for (uint64_t i = 0; i < rows.size(); ++i) mappings.emplace(rows.text(i, 0), read_mapping(rows.json(i, 1)));
  return mappings;
}

Json read_payload(const Queued& queued) {
  if (queued.is_null) throw Rejection{"bad_json", "payload is null"};
  if (queued.payload.size() > kMaxMessageBytes)
    throw Rejection{"too_large",
                    "message has " + std::to_string(queued.payload.size()) + " bytes; 1 MB is the limit"};
  try {
    return parse_json(queued.payload);
  } catch (const Error& error) {
    if (error.category() == Category::Cancelled) throw;
    throw Rejection{"bad_json",
                    error.message() + (error.detail().empty() ? "" : " (" + error.detail() + ")")};
  }
}

}  // namespace

std::vector<Received> read_messages(pg::Spi& spi, std::span<const Queued> batch,
                                    std::vector<DeadLetter>* dead) {
  const auto mappings = load_mappings(spi);
  std::vector<Received> messages;
  messages.reserve(batch.size());
  for (const Queued& queued : batch) {
    check_interrupts();
    const auto refuse = [&](const Rejection& rejection, std::string payload) {
      dead->push_back({rejection, std::move(payload), queued.is_null, queued.source, queued.received_at});
    };
    const auto mapping = mappings.find(queued.source);
    if (mapping == mappings.end()) {
      refuse({"unknown_source", "source \"" + queued.source + "\" does not exist in cdp.source"},
             queued.payload);
      continue;
    }
    try {
      for (const Json& single : split_payload(read_payload(queued))) {
        // One broken message of an array costs only itself.
        try {
          messages.push_back({read_message(single, mapping->second, queued.received_at), queued.source});
        } catch (const Rejection& rejection) {
          refuse(rejection, single.dump());
        }
      }
    } catch (const Rejection& rejection) {
      refuse(rejection, queued.payload);
    }
  }
  return messages;
}

std::vector<Queued> single_messages(const Queued& queued) {
  std::vector<Queued> singles;
  try {
    for (const Json& message : split_payload(read_payload(queued)))
      singles.push_back({queued.source, message.dump(), false, queued.received_at});
  } catch (const Rejection&) {
    return {};
  }
  if (singles.size() == 1) return {};
  return singles;
}

void remove_repetitions(pg::Spi& spi, std::vector<Received>* messages) {
  std::vector<std::string> ids;
  std::vector<std::string> sources;
  std::vector<Instant> times;
  std::set<std::pair<std::string, std::string>> first_of_batch;
  std::erase_if(*messages, [&](const Received& received) {
    if (!received.message.insert_id) return false;
    if (!first_of_batch.emplace(*received.message.insert_id, received.source).second) return true;
    ids.push_back(*received.message.insert_id);
    sources.push_back(received.source);
    times.push_back(received.message.received_at);
    return false;
  });
  if (ids.empty()) return;

  static pg::Query insert(
      "INSERT INTO cdp.insert_id (insert_id, source, received_at)"
      " SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])"
      " ON CONFLICT DO NOTHING RETURNING insert_id, source");
  const pg::Rows rows = insert(spi, ids, sources, times);
  if (rows.size() == ids.size()) return;
  std::set<std::pair<std::string, std::string>> fresh;
  for (uint64_t i = 0; i < rows.size(); ++i) fresh.emplace(rows.text(i, 0), rows.text(i, 1));
  std::erase_if(*messages, [&](const Received& received) {
    return received.message.insert_id && !fresh.contains({*received.message.insert_id, received.source});
  });
}

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

void store_dead_letters(pg::Spi& spi, std::span<const DeadLetter> letters) {
  if (letters.empty()) return;
  std::vector<std::string> codes;
  std::vector<std::string> reasons;
  std::vector<std::optional<std::string>> payloads;
  std::vector<std::string> sources;
  std::vector<Instant> received;
  for (const DeadLetter& letter : letters) {
    codes.push_back(letter.rejection.code);
    reasons.push_back(letter.rejection.reason);
    payloads.push_back(letter.is_null ? std::nullopt : std::optional(letter.payload));
    sources.push_back(letter.source);
    received.push_back(letter.received_at);
  }
  static pg::Query insert(
      "INSERT INTO cdp.dead_letter (code, reason, payload, source, received_at)"
      " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])");
  (void)insert(spi, codes, reasons, payloads, sources, received);
}

}  // namespace cdp::event
