#pragma once

#include "base/json.hpp"
#include "base/time.hpp"
#include "event/limits.hpp"
#include "event/mapping.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdp::event {

/// What a message asks for.
enum class MessageKind : uint8_t { Track, Identify, Alias };

/// One message of a source in canonical form.
struct Message {
  MessageKind kind = MessageKind::Track;
  std::optional<std::string> user_id;
  std::optional<std::string> anonymous_id;
  std::optional<std::string> previous_id;  ///< of an alias
  std::string event;                       ///< of a track
  std::optional<std::string> insert_id;
  Instant time;
  Instant received_at;
  std::optional<std::string> session_id;  ///< of the caller's own sessions
  std::optional<std::string> category;
  std::optional<std::string> url;
  std::optional<std::string> ip;
  std::optional<std::string> device;
  Json properties = Json(Json::Object());
  Json traits = Json(Json::Object());
  Json context = Json(Json::Object());
};

/// Why a message cannot be taken: `code` is one of the codes of cdp.dead_letter.
struct Rejection {
  std::string code;
  std::string reason;
};

/// Reads the JSON of a payload. Throws Rejection: bad_json, too_large, too_deep (beyond kMaxPayloadDepth).
Json parse_payload(std::string_view payload);

/// Brings one message to canonical form. Throws Rejection: bad_message (no object; a field of the wrong
/// kind), bad_type, no_event, no_user, bad_time, future_time, too_long, too_many, too_deep.
///
/// Time (Segment's spec): `time` if given; else received - (sent - original) where both are given; else
/// original; else received. Up to kMaxClockSkew ahead of `received_at` it becomes `received_at`.
///
/// A session id is an id as the others; category, url, ip and device are taken where they are a text or a
/// number, and are never a reason to refuse. An event keeps the five in its context, each by its name, but
/// for those that the context has already, there or where the Segment spec has them.
Message read_message(const Json& payload, const Mapping& mapping, Instant received_at);

/// Throws Rejection (no_user) if the message does not say of whom it is.
void require_ids(const Message& message);

/// The single messages of a payload: itself, the elements of an array, or those of its member "batch".
/// Elements of a batch without a sentAt of their own take the batch's.
std::vector<Json> split_payload(Json payload);

/// The payload that holds only `message`, one of split_payload(): its text, in an array where it would be
/// taken apart itself.
std::string payload_of(const Json& message);

}  // namespace cdp::event
