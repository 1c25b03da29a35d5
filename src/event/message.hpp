#pragma once

#include "base/json.hpp"
#include "base/time.hpp"
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
  Json properties = Json(Json::Object());
  Json traits = Json(Json::Object());
  Json context = Json(Json::Object());
};

/// Why a message cannot be taken: `code` is one of the codes of cdp.dead_letter.
struct Rejection {
  std::string code;
  std::string reason;
};

/// Limits of a message.
constexpr size_t kMaxMessageBytes = 1024 * 1024;
constexpr size_t kMaxNameBytes = 255;
/// How far an event may be ahead of the instant at which it was received; up to there it counts as then.
constexpr Micros kMaxClockSkew = 5 * kMinute;

/// Is this text an id at all? Senders write '', 'null', 'undefined', 'anonymous', 'none', 'nil', 'nan', '0',
/// '-1', 'true', 'false' (in any case) or only zeros, dashes and blanks where they know nobody; such values
/// must never tie profiles together.
bool is_identifier(std::string_view value);

/// Brings one message to canonical form. Throws Rejection: bad_message (no object; a field of the wrong
/// kind), bad_type, no_event, no_user, bad_time, future_time, too_long.
/// Time (Segment's spec): `time` if given; else received - (sent - original) where both are given; else
/// original; else received. Up to kMaxClockSkew ahead of `received_at` it becomes `received_at`.
Message read_message(const Json& payload, const Mapping& mapping, Instant received_at);

/// The single messages of a payload: itself, the elements of an array, or those of its member "batch".
/// Elements of a batch without a sentAt of their own take the batch's.
std::vector<Json> split_payload(Json payload);

}  // namespace cdp::event
