#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdp::event {

/// Where one canonical field of a message stands: the first of some JSON pointers that leads to a value
/// other than null, else a constant.
struct FieldMapping {
  std::vector<std::vector<std::string>> pointers;  ///< each as the names from the message inwards
  Json fallback;                                   ///< null if there is none

  /// The value in `message`; nullptr if absent.
  const Json* find(const Json& message) const;
};

/// The unit of times that are given as numbers.
enum class TimeUnit : uint8_t {
  Automatic,  ///< seconds below 10^11, milliseconds below 10^14, microseconds from there
  Seconds,
  Milliseconds,
  Microseconds,
};

/// How the messages of a source keep what every event has.
struct Mapping {
  FieldMapping type;  ///< track (also if absent), identify, alias, page or screen
  FieldMapping event;
  FieldMapping user_id;
  FieldMapping anonymous_id;
  FieldMapping previous_id;
  FieldMapping insert_id;
  FieldMapping time;
  FieldMapping original_time;
  FieldMapping sent_at;
  FieldMapping properties;
  FieldMapping traits;
  FieldMapping context;
  /// Further properties: name and where it stands. They never replace one of the message's own.
  std::vector<std::pair<std::string, FieldMapping>> more_properties;
  TimeUnit time_unit = TimeUnit::Automatic;
};

/// Reads the mapping of a source: an object from field names (as in Mapping) to a JSON pointer (RFC 6901),
/// an array of pointers, or an object {"pointer": pointer or array, "default": value}; "more_properties" is
/// an object from property names to such; "time_unit" is "auto", "s", "ms" or "us". Throws Error(BadValue)
/// naming the field: an unknown field, something that is no pointer, a mapping without an event and without a
/// type, or without any user id.
Mapping read_mapping(const Json& mapping);

/// A time as a message has it: ISO 8601 text, or a number in the given unit. nullopt if it is neither or
/// outside of what timestamptz holds.
std::optional<Instant> read_time(const Json& value, TimeUnit unit);

}  // namespace cdp::event
