#pragma once

#include "base/json.hpp"
#include "base/time.hpp"
#include "event/time_format.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdp::event {

/// A JSON pointer (RFC 6901), as the names from the message inwards.
using JsonPointer = std::vector<std::string>;

/// What a message has to say elsewhere for a place to count: what stands at a pointer is one of some values.
/// Texts are compared ignoring the case of ASCII letters, and one that ends in * stands for every text that
/// begins so; * alone stands for anything but null.
struct Condition {
  JsonPointer pointer;
  std::vector<Json> values;
  std::vector<JsonPointer> same_as;  ///< or it equals what stands at one of these

  bool holds(const Json& message) const;
};

/// One place where a field may stand, or a constant.
struct Place {
  std::optional<JsonPointer> pointer;  ///< without one: the constant
  Json constant;
  std::vector<Condition> when;       ///< each has to hold
  std::vector<Condition> unless;     ///< none may hold
  std::optional<Json> translations;  ///< object from what messages say to what is meant; all else is absent

  /// The value in `message`; nullptr if absent or null.
  const Json* find(const Json& message) const;
};

/// Where one canonical field of a message stands: the first of some places that has a value, or, for
/// objects, all of them merged.
struct FieldMapping {
  std::vector<Place> places;
  bool is_merged = false;      ///< the members of all places, of one name the last
  bool takes_numbers = false;  ///< of an event name: a number counts as its text

  /// The first value in `message`; nullptr if absent.
  const Json* find(const Json& message) const;

  /// The first text or number in `message`, as text; what is neither is passed over.
  std::optional<std::string> find_text(const Json& message) const;
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
  FieldMapping session_id;
  FieldMapping category;
  FieldMapping url;
  FieldMapping ip;
  FieldMapping device;
  FieldMapping properties;
  FieldMapping traits;
  FieldMapping context;
  /// Further properties: name and where it stands. They never replace one of the message's own.
  std::vector<std::pair<std::string, FieldMapping>> more_properties;
  TimeForm time_form;
};

/// Reads the mapping of a source: an object from field names (as in Mapping) to where the field stands,
///
///     "/pointer"                      a JSON pointer (RFC 6901)
///     ["/pointer", {…}, …]            the first of several that has a value other than null
///     {"pointer": …, "default": …}    such, with a constant for messages without
///     {"constant": …}                 the same for every message
///     {"merge": ["/pointer", …]}      properties, traits, context: the members of several objects
///
/// where an object with "pointer" or "constant" may say besides: "when" and "unless", objects from a pointer
/// to a value, an array of values or {"pointer": …} (see Condition), and "values", an object that translates;
/// "event" may say "text": true, so that a number is a name too. "more_properties" is an object from property
/// names to such; "time_unit" and "time_format" are those of TimeForm. Throws Error(BadValue) naming the
/// field for what cannot work: an unknown field or member, something that is no pointer, a constant that its
/// field would refuse in every message, a mapping without an event and without a type, or without any user
/// id.
Mapping read_mapping(const Json& mapping);

/// Is this text an id at all? Senders write '', 'null', 'undefined', 'anonymous', 'none', 'nil', 'nan', '0',
/// '-1', 'true', 'false' (in any case) or only zeros, dashes and blanks where they know nobody; such values
/// must never tie profiles together.
bool is_identifier(std::string_view value);

}  // namespace cdp::event
