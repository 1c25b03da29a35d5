/// From queued payloads to messages.

#include "event/reading.hpp"

#include "base/hash.hpp"
#include "base/interrupt.hpp"

#include <utility>

namespace cdp::event {

namespace {

Json read_payload(const Queued& queued) {
  if (queued.is_null) throw Rejection{"bad_json", "payload is null"};
  return parse_payload(queued.payload);
}

/// Does the message say itself when it happened?
bool has_time(const Json& message, const Mapping& mapping) {
  return mapping.time.find(message) != nullptr || mapping.original_time.find(message) != nullptr;
}

uint64_t content_of(const Message& message) {
  uint64_t hash = mix64(static_cast<uint64_t>(message.kind));
  for (const auto* id : {&message.user_id, &message.anonymous_id, &message.previous_id})
    hash = id->has_value() ? quick_hash64(**id, hash) : mix64(hash);
  hash = quick_hash64(message.event, hash);
  hash = mix64(hash ^ hash_of(message.properties));
  return mix64(hash ^ hash_of(message.traits));
}

Received received_of(Message message, const std::string& source, size_t number) {
  Received received{std::move(message), source, number};
  if (received.message.insert_id) {
    received.id_key = insert_id_key(source, *received.message.insert_id);
    received.content = content_of(received.message);
  }
  return received;
}

}  // namespace

uint64_t insert_id_key(std::string_view source, std::string_view insert_id) {
  return quick_hash64(insert_id, quick_hash64(source));
}

Reading read_messages(std::span<const Queued> queued_messages, const ReadingRules& rules) {
  Reading reading;
  reading.messages.reserve(queued_messages.size());
  for (const Queued& queued : queued_messages) {
    check_interrupts();
    const auto refuse = [&](const Rejection& rejection, std::string payload) {
      reading.dead.push_back(
          {rejection, std::move(payload), queued.is_null, queued.source, queued.received_at});
    };
    const auto mapping = rules.mappings->find(queued.source);
    if (mapping == rules.mappings->end()) {
      refuse({"unknown_source", "source \"" + queued.source + "\" does not exist in cdp.source"},
             queued.payload);
      continue;
    }
    try {
      for (const Json& single : split_payload(read_payload(queued))) {
        // One broken message of an array costs only itself.
        try {
          Message message = read_message(single, mapping->second, queued.received_at);
          rules.expectations->apply(&message, queued.source, has_time(single, mapping->second),
                                    &reading.violations);
          reading.messages.push_back(received_of(std::move(message), queued.source, reading.messages.size()));
        } catch (const Rejection& rejection) {
          refuse(rejection, payload_of(single));
        }
      }
    } catch (const Rejection& rejection) {
      refuse(rejection, queued.payload);
    }
  }
  return reading;
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
