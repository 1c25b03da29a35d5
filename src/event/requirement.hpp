#pragma once

#include "event/message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cdp::event {

/// A field that every event of a category must have.
class RequiredField {
 public:
  /// Reads user_id, anonymous_id, insert_id, time, session_id, url, properties.NAME or context.NAME, where
  /// NAME goes inwards by points. Throws Error(BadValue) naming what else it is.
  explicit RequiredField(std::string name);

  const std::string& name() const { return name_; }

  /// Does the message have it, other than null and the empty text? `has_time` says whether it came with a
  /// time.
  bool is_in(const Message& message, bool has_time) const;

 private:
  enum class Kind : uint8_t { UserId, AnonymousId, InsertId, Time, SessionId, Url, Property, Context };

  std::string name_;
  Kind kind_ = Kind::UserId;
  std::vector<std::string> path_;
};

/// The category of an event: where its source keeps it, else the text at properties.category; empty if it has
/// none.
std::string_view category_of(const Message& message);

}  // namespace cdp::event
