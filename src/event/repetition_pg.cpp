/// Which messages were seen before.

#include "event/store.hpp"
#include "pg/spi.hpp"

#include <set>

namespace cdp::event {

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

}  // namespace cdp::event
