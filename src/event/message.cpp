#include "event/message.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>

namespace cdp::event {

namespace {

std::string shortened(const Json& value) {
  std::string text = value.dump();
  constexpr size_t kMost = 80;
  if (text.size() <= kMost) return text;
  size_t end = kMost;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

/// An id: a text or a number; nothing where the message has none or a value that is no id.
std::optional<std::string> read_id(const Json& payload, const FieldMapping& field, const char* name) {
  const Json* value = field.find(payload);
  if (value == nullptr) return std::nullopt;
  std::string id;
  if (value->string() != nullptr) {
    id = *value->string();
  } else if (value->number() != nullptr) {
    if (value->number()->sign() == 0) return std::nullopt;
    id = value->number()->to_string();
  } else {
    throw Rejection{"bad_message",
                    std::string(name) + " must be a text or a number, not " + shortened(*value)};
  }
  if (id.size() > kMaxNameBytes)
    throw Rejection{"too_long",
                    std::string(name) + " is longer than " + std::to_string(kMaxNameBytes) + " bytes"};
  if (!is_identifier(id)) return std::nullopt;
  return id;
}

/// The limits of properties, traits and context.
void check_members(const Json& object, const char* name) {
  if (object.object()->size() > kMaxMembers)
    throw Rejection{"too_many", std::string(name) + " has " + std::to_string(object.object()->size()) +
                                    " members; " + std::to_string(kMaxMembers) + " is the limit"};
  for (const Json::Member& member : *object.object())
    if (member.name.size() > kMaxNameBytes)
      throw Rejection{"too_long", "a name in " + std::string(name) + " is longer than " +
                                      std::to_string(kMaxNameBytes) + " bytes: " + shortened(member.name)};
}

Json read_object(const Json& payload, const FieldMapping& field, const char* name) {
  Json result{Json::Object()};
  for (const Place& place : field.places) {
    const Json* value = place.find(payload);
    if (value == nullptr) continue;
    if (value->object() == nullptr)
      throw Rejection{"bad_message", std::string(name) + " must be an object, not " + shortened(*value)};
    // Before merging, which would take long for very many.
    check_members(*value, name);
    if (!field.is_merged) return *value;
    for (const Json::Member& member : *value->object()) result.set(member.name, member.value);
  }
  check_members(result, name);
  return result;
}

std::optional<Instant> read_time_field(const Json& payload, const FieldMapping& field, const TimeForm& form,
                                       const char* name) {
  const Json* value = field.find(payload);
  if (value == nullptr) return std::nullopt;
  const std::optional<Instant> t = read_time(*value, form);
  if (!t) throw Rejection{"bad_time", std::string(name) + " is no time: " + shortened(*value)};
  return t;
}

Instant read_event_time(const Json& payload, const Mapping& mapping, Instant received_at) {
  const auto given = read_time_field(payload, mapping.time, mapping.time_form, "time");
  const auto original = read_time_field(payload, mapping.original_time, mapping.time_form, "original time");
  const auto sent = read_time_field(payload, mapping.sent_at, mapping.time_form, "sent time");
  Instant t = received_at;
  if (given) {
    t = *given;
  } else if (original && sent) {
    Micros delay = 0;
    if (__builtin_sub_overflow(sent->us, original->us, &delay))
      throw Rejection{"bad_time", "time is out of range"};
    t = received_at - delay;
  } else if (original) {
    t = *original;
  }
  if (t < kFirstInstant || t > kLastInstant) throw Rejection{"bad_time", "time is out of range"};
  if (t > received_at + kMaxClockSkew)
    throw Rejection{"future_time", "time " + format_instant(t) + " is more than 5 minutes after " +
                                       format_instant(received_at) + ", when the message was received"};
  return std::min(t, received_at);
}

/// The message's type; page and screen are events of that name.
MessageKind read_kind(const Json& payload, const Mapping& mapping, std::string* page_event) {
  const Json* value = mapping.type.find(payload);
  if (value == nullptr) return MessageKind::Track;
  const std::string type = value->string() != nullptr ? *value->string() : std::string();
  if (type == "track") return MessageKind::Track;
  if (type == "identify") return MessageKind::Identify;
  if (type == "alias") return MessageKind::Alias;
  if (type == "page" || type == "screen") {
    *page_event = type;
    return MessageKind::Track;
  }
  throw Rejection{"bad_type",
                  "type must be track, identify, alias, page or screen, not " + shortened(*value)};
}

std::string read_event_name(const Json& payload, const Mapping& mapping) {
  const Json* value = mapping.event.find(payload);
  if (value == nullptr) throw Rejection{"no_event", "message has no event name"};
  std::string name;
  if (value->string() != nullptr) {
    name = *value->string();
  } else if (value->number() != nullptr && mapping.event.takes_numbers) {
    name = value->number()->to_string();
  } else {
    throw Rejection{"bad_message", "event name must be a text, not " + shortened(*value)};
  }
  if (name.find_first_not_of(" \t\r\n") == std::string::npos)
    throw Rejection{"no_event", "message has an empty event name"};
  if (name.size() > kMaxNameBytes)
    throw Rejection{"too_long", "event name is longer than " + std::to_string(kMaxNameBytes) + " bytes"};
  return name;
}

[[noreturn]] void refuse_depth() {
  throw Rejection{"too_deep", "message nests deeper than " + std::to_string(kMaxJsonDepth) + " levels"};
}

/// Does `value` nest deeper than `levels` arrays and objects?
bool is_deeper_than(const Json& value, int levels) {
  const auto is_container = [](const Json& item) {
    return item.array() != nullptr || item.object() != nullptr;
  };
  const auto is_too_deep = [&](const Json& item) {
    return is_container(item) && (levels <= 1 || is_deeper_than(item, levels - 1));
  };
  if (const Json::Array* array = value.array()) return std::any_of(array->begin(), array->end(), is_too_deep);
  const Json::Object* object = value.object();
  return object != nullptr && std::any_of(object->begin(), object->end(), [&](const Json::Member& member) {
           return is_too_deep(member.value);
         });
}

/// Keeps in the context what the message says of the event's circumstances, unless it is there already.
void keep_in_context(Message* message) {
  struct Part {
    const char* name;
    std::optional<std::string> Message::*value;
    JsonPointer segments_place;
  };
  static const std::array<Part, 5> kParts{{
      {"session_id", &Message::session_id, {"sessionId"}},
      {"category", &Message::category, {"page", "category"}},
      {"url", &Message::url, {"page", "url"}},
      {"ip", &Message::ip, {"ip"}},
      {"device", &Message::device, {"device"}},
  }};
  const auto is_there = [](const Json* value) { return value != nullptr && !value->is_null(); };
  for (const Part& part : kParts) {
    const std::optional<std::string>& value = message->*part.value;
    if (!value || is_there(message->context.find(part.name)) ||
        is_there(message->context.find(part.segments_place)))
      continue;
    message->context.set(part.name, Json(*value));
  }
}

}  // namespace

Json parse_payload(std::string_view payload) {
  if (payload.size() > kMaxMessageBytes)
    throw Rejection{"too_large",
                    "message has " + std::to_string(payload.size()) + " bytes; 1 MB is the limit"};
  try {
    return parse_json(payload, kMaxPayloadDepth);
  } catch (const Error& error) {
    if (error.category() == Category::Cancelled) throw;
    if (error.category() == Category::Limit) refuse_depth();
    throw Rejection{"bad_json",
                    error.message() + (error.detail().empty() ? "" : " (" + error.detail() + ")")};
  }
}

void require_ids(const Message& message) {
  if (message.kind == MessageKind::Alias) {
    if (!message.user_id || !message.previous_id)
      throw Rejection{"no_user", "alias needs both a previous id and a user id"};
  } else if (!message.user_id && !message.anonymous_id) {
    throw Rejection{"no_user", "message has neither a user id nor an anonymous id"};
  }
}

Message read_message(const Json& payload, const Mapping& mapping, Instant received_at) {
  if (payload.object() == nullptr)
    throw Rejection{"bad_message", std::string("message must be a JSON object, not ") + payload.kind_name()};
  if (is_deeper_than(payload, kMaxJsonDepth)) refuse_depth();
  Message message;
  std::string page_event;
  message.kind = read_kind(payload, mapping, &page_event);
  message.received_at = received_at;
  message.user_id = read_id(payload, mapping.user_id, "user id");
  message.anonymous_id = read_id(payload, mapping.anonymous_id, "anonymous id");
  message.insert_id = read_id(payload, mapping.insert_id, "insert id");
  if (message.kind == MessageKind::Alias)
    message.previous_id = read_id(payload, mapping.previous_id, "previous id");
  require_ids(message);
  message.time = read_event_time(payload, mapping, received_at);
  message.session_id = read_id(payload, mapping.session_id, "session id");
  message.category = mapping.category.find_text(payload);
  message.url = mapping.url.find_text(payload);
  message.ip = mapping.ip.find_text(payload);
  message.device = mapping.device.find_text(payload);
  message.context = read_object(payload, mapping.context, "context");
  if (message.kind == MessageKind::Identify) message.traits = read_object(payload, mapping.traits, "traits");
  if (message.kind == MessageKind::Track) {
    message.properties = read_object(payload, mapping.properties, "properties");
    message.event = page_event.empty() ? read_event_name(payload, mapping) : page_event;
    for (const auto& [name, field] : mapping.more_properties) {
      const Json* value = field.find(payload);
      if (value != nullptr && message.properties.find(name) == nullptr) message.properties.set(name, *value);
    }
    check_members(message.properties, "properties");
    keep_in_context(&message);
  }
  return message;
}

std::vector<Json> split_payload(Json payload) {
  std::vector<Json> messages;
  if (Json::Array* array = payload.array()) {
    messages = std::move(*array);
  } else if (const Json* batch = payload.find("batch"); batch != nullptr && batch->array() != nullptr) {
    const Json* sent_at = payload.find("sentAt");
    for (Json message : *batch->array()) {
      if (sent_at != nullptr && message.object() != nullptr && message.find("sentAt") == nullptr)
        message.set("sentAt", *sent_at);
      messages.push_back(std::move(message));
    }
  } else {
    messages.push_back(std::move(payload));
  }
  return messages;
}

std::string payload_of(const Json& message) {
  const Json* batch = message.find("batch");
  const bool holds_several = message.array() != nullptr || (batch != nullptr && batch->array() != nullptr);
  return holds_several ? "[" + message.dump() + "]" : message.dump();
}

}  // namespace cdp::event
