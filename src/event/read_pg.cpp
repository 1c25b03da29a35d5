/// From queued payloads to messages.

#include "base/interrupt.hpp"
#include "event/expectations.hpp"
#include "event/mapping.hpp"
#include "event/store.hpp"
#include "pg/spi.hpp"
#include "pg/table_watch.hpp"

#include <optional>
#include <unordered_map>

namespace cdp::event {

namespace {

using Mappings = std::unordered_map<std::string, Mapping>;

Mappings read_mappings() {
  // By the newest snapshot: what is kept must not be older than the last invalidation that came in.
  const pg::LatestSnapshot latest;
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  static pg::Query query("SELECT name, mapping FROM cdp.source");
  Mappings mappings;
  const pg::Rows rows = query(spi);
  for (uint64_t i = 0; i < rows.size(); ++i) mappings.emplace(rows.text(i, 0), read_mapping(rows.json(i, 1)));
  return mappings;
}

/// Those of cdp.source, as committed now or changed by this transaction; valid until the next call.
const Mappings& current_mappings() {
  static std::optional<Mappings> loaded;
  static pg::TableWatch table("source");
  if (table.has_changed()) loaded.reset();
  if (!loaded) loaded = read_mappings();
  return *loaded;
}

Json read_payload(const Queued& queued) {
  if (queued.is_null) throw Rejection{"bad_json", "payload is null"};
  return parse_payload(queued.payload);
}

/// Does the message say itself when it happened?
bool has_time(const Json& message, const Mapping& mapping) {
  return mapping.time.find(message) != nullptr || mapping.original_time.find(message) != nullptr;
}

}  // namespace

std::vector<Received> read_messages(pg::Spi& spi, std::span<const Queued> batch,
                                    std::vector<DeadLetter>* dead) {
  const Mappings& mappings = current_mappings();
  const Expectations& expectations = Expectations::current();
  ViolationLog violations;
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
          Message message = read_message(single, mapping->second, queued.received_at);
          expectations.apply(&message, queued.source, has_time(single, mapping->second), &violations);
          messages.push_back({std::move(message), queued.source});
        } catch (const Rejection& rejection) {
          refuse(rejection, payload_of(single));
        }
      }
    } catch (const Rejection& rejection) {
      refuse(rejection, queued.payload);
    }
  }
  violations.store(spi);
  return messages;
}

std::vector<Queued> single_messages(const Queued& queued) {
  std::vector<Queued> singles;
  try {
    for (const Json& message : split_payload(read_payload(queued)))
      singles.push_back({queued.source, payload_of(message), false, queued.received_at, queued.queue_no});
  } catch (const Rejection&) {
    return {};
  }
  if (singles.size() == 1) return {};
  return singles;
}

}  // namespace cdp::event
