#include "event/message.hpp"

#include "base/error.hpp"

#include <cstdlib>

namespace {

using namespace cdp;

constexpr const char* kSegmentMapping = R"({"type": "/type", "event": "/event", "user_id": "/userId",
    "anonymous_id": "/anonymousId", "previous_id": "/previousId", "insert_id": "/messageId", "time": "/timestamp",
    "original_time": "/originalTimestamp", "sent_at": "/sentAt", "session_id": "/context/sessionId",
    "category": "/category", "url": ["/context/page/url", "/properties/url"], "ip": "/context/ip",
    "device": ["/context/device/type", "/context/device"], "properties": "/properties", "traits": "/traits",
    "context": "/context", "more_properties": {"name": "/name", "category": "/category"}})";

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_usable(const std::optional<std::string>& id) {
  return !id || (event::is_identifier(*id) && id->size() <= event::kMaxNameBytes);
}

/// What read_message() promises of every message it takes.
void check(const event::Message& message, Instant received_at) {
  require(message.user_id || message.anonymous_id);
  require(is_usable(message.user_id) && is_usable(message.anonymous_id) && is_usable(message.previous_id));
  require(is_usable(message.insert_id) && is_usable(message.session_id));
  for (const Json* object : {&message.properties, &message.traits}) {
    require(object->object()->size() <= event::kMaxMembers);
    for (const Json::Member& member : *object->object()) require(member.name.size() <= event::kMaxNameBytes);
  }
  require(message.time >= kFirstInstant && message.time <= received_at);
  require(message.properties.object() != nullptr && message.traits.object() != nullptr &&
          message.context.object() != nullptr);
  if (message.kind == event::MessageKind::Alias) require(message.user_id && message.previous_id);
  if (message.kind != event::MessageKind::Track) return;
  require(!message.event.empty() && message.event.size() <= event::kMaxNameBytes);
  require(parse_json(message.properties.dump()).dump() == message.properties.dump());
  // What is known of the circumstances is in the context, at the latest now.
  if (message.category) require(message.context.object()->size() >= 1);
}

}  // namespace

/// A payload, by the mapping of the shipped source or, after a line of its own, by any mapping, is taken or
/// refused with a code.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  const Instant received_at = *parse_instant("2025-01-01T12:00:00Z");
  try {
    const event::Mapping mapping = event::read_mapping(parse_json(
        line == std::string_view::npos ? std::string_view(kSegmentMapping) : text.substr(0, line)));
    for (const Json& single : event::split_payload(
             event::parse_payload(line == std::string_view::npos ? text : text.substr(line + 1)))) {
      try {
        check(event::read_message(single, mapping, received_at), received_at);
      } catch (const event::Rejection& rejection) {
        require(!rejection.code.empty() && !rejection.reason.empty());
      }
    }
  } catch (const Error&) {  // refusing is fine
  } catch (const event::Rejection& rejection) {
    require(!rejection.code.empty() && !rejection.reason.empty());
  }
  return 0;
}
