/// From the JSON of cdp.source.mapping to a Mapping.

#include "base/error.hpp"
#include "event/limits.hpp"
#include "event/mapping.hpp"

#include <algorithm>
#include <array>

namespace cdp::event {

namespace {

/// What a field's values have to be, by which constants are judged.
enum class Kind : uint8_t { Type, Name, Id, Time, Text, Object, Any };

struct Field {
  std::string_view name;
  FieldMapping Mapping::*member;
  Kind kind;
};

constexpr std::array<Field, 17> kFields{{
    {"type", &Mapping::type, Kind::Type},
    {"event", &Mapping::event, Kind::Name},
    {"user_id", &Mapping::user_id, Kind::Id},
    {"anonymous_id", &Mapping::anonymous_id, Kind::Id},
    {"previous_id", &Mapping::previous_id, Kind::Id},
    {"insert_id", &Mapping::insert_id, Kind::Id},
    {"time", &Mapping::time, Kind::Time},
    {"original_time", &Mapping::original_time, Kind::Time},
    {"sent_at", &Mapping::sent_at, Kind::Time},
    {"session_id", &Mapping::session_id, Kind::Id},
    {"category", &Mapping::category, Kind::Text},
    {"url", &Mapping::url, Kind::Text},
    {"ip", &Mapping::ip, Kind::Text},
    {"device", &Mapping::device, Kind::Text},
    {"properties", &Mapping::properties, Kind::Object},
    {"traits", &Mapping::traits, Kind::Object},
    {"context", &Mapping::context, Kind::Object},
}};

[[noreturn]] void refuse(std::string_view field, const std::string& problem) {
  throw Error(
      Category::BadValue, "mapping of field \"" + std::string(field) + "\" " + problem, {},
      "Give a JSON pointer such as \"/user/id\", an array of them, {\"pointer\": …, \"default\": …} or "
      "{\"constant\": …}.");
}

/// The reference tokens of a JSON pointer (RFC 6901, section 3).
JsonPointer read_pointer(std::string_view field, const Json& value) {
  const std::string* text = value.string();
  if (text == nullptr || text->empty() || text->front() != '/')
    refuse(field, "is no JSON pointer: " + value.dump());
  JsonPointer names;
  for (size_t i = 0; i < text->size(); ++i) {
    const char c = (*text)[i];
    if (c == '/') {
      names.emplace_back();
    } else if (c == '~') {
      const char escaped = i + 1 < text->size() ? (*text)[++i] : '\0';
      if (escaped != '0' && escaped != '1') refuse(field, "has a ~ that is followed by neither 0 nor 1");
      names.back().push_back(escaped == '0' ? '~' : '/');
    } else {
      names.back().push_back(c);
    }
  }
  return names;
}

/// Reads one field; what its constants have to be is known.
class FieldReader {
 public:
  FieldReader(std::string_view field, Kind kind, const TimeForm& form)
      : field_(field), kind_(kind), form_(form) {}

  FieldMapping read(const Json& value) {
    FieldMapping mapping;
    const Json* merge = value.find("merge");
    if (merge == nullptr) {
      mapping.places = read_places(value, true);
      mapping.takes_numbers = takes_numbers_;
      return mapping;
    }
    if (kind_ != Kind::Object || value.object()->size() != 1 || merge->array() == nullptr)
      refuse(field_, "has \"merge\", which stands alone, is an array of places, and is for objects only");
    mapping.is_merged = true;
    mapping.places = read_places(*merge, true);
    return mapping;
  }

 private:
  std::vector<Place> read_places(const Json& value, bool may_be_several) {
    if (value.array() != nullptr) {
      if (!may_be_several || value.array()->empty()) refuse(field_, "is no JSON pointer: " + value.dump());
      std::vector<Place> places;
      for (const Json& one : *value.array()) {
        std::vector<Place> more = read_places(one, false);
        std::move(more.begin(), more.end(), std::back_inserter(places));
      }
      return places;
    }
    if (value.object() != nullptr) return read_object(value);
    Place place;
    place.pointer = read_pointer(field_, value);
    return {place};
  }

  std::vector<Place> read_object(const Json& value) {
    std::vector<Place> places;
    Place common;
    const Json* fallback = nullptr;
    for (const Json::Member& member : *value.object()) {
      if (member.name == "pointer") {
        for (Place& place : read_pointers(member.value)) places.push_back(std::move(place));
      } else if (member.name == "constant") {
        require_possible(member.value);
        places.emplace_back().constant = member.value;
      } else if (member.name == "default") {
        if (member.value.is_null()) continue;
        require_possible(member.value);
        fallback = &member.value;
      } else if (member.name == "when") {
        common.when = read_conditions(member.value);
      } else if (member.name == "unless") {
        common.unless = read_conditions(member.value);
      } else if (member.name == "values") {
        common.translations = read_translations(member.value);
      } else if (member.name == "text") {
        if (kind_ != Kind::Name || member.value.boolean() == nullptr)
          refuse(field_, "has \"text\", which is true or false and for \"event\" only");
        takes_numbers_ = takes_numbers_ || *member.value.boolean();
      } else {
        refuse(field_, "has an unknown member \"" + member.name + "\"");
      }
    }
    if (value.find("constant") != nullptr &&
        (value.find("pointer") != nullptr || fallback != nullptr || common.translations))
      refuse(field_, "has \"constant\" beside \"pointer\", \"default\" or \"values\"");
    if (places.empty() && (!common.when.empty() || !common.unless.empty() || common.translations))
      refuse(field_, "has a condition or \"values\", but no \"pointer\"");
    for (Place& place : places) {
      place.when = common.when;
      place.unless = common.unless;
      place.translations = common.translations;
    }
    if (fallback != nullptr) places.emplace_back().constant = *fallback;
    if (places.empty()) refuse(field_, "has neither \"pointer\" nor \"constant\"");
    return places;
  }

  std::vector<Place> read_pointers(const Json& value) const {
    const Json::Array one{value};
    std::vector<Place> places;
    for (const Json& pointer : value.array() != nullptr ? *value.array() : one)
      places.emplace_back().pointer = read_pointer(field_, pointer);
    if (places.empty()) refuse(field_, "has an empty array for its \"pointer\"");
    return places;
  }

  std::vector<Condition> read_conditions(const Json& value) const {
    if (value.object() == nullptr || value.object()->empty())
      refuse(field_, "has a condition that is no object from pointers to values");
    std::vector<Condition> conditions;
    for (const Json::Member& member : *value.object()) {
      Condition& condition = conditions.emplace_back();
      condition.pointer = read_pointer(field_, Json(member.name));
      const Json::Array one{member.value};
      for (const Json& wanted : member.value.array() != nullptr ? *member.value.array() : one) {
        if (const Json* pointer = wanted.find("pointer"); pointer != nullptr && wanted.object()->size() == 1)
          condition.same_as.push_back(read_pointer(field_, *pointer));
        else if (wanted.is_null() || wanted.array() != nullptr || wanted.object() != nullptr)
          refuse(field_, "has a condition that nothing can meet: " + wanted.dump());
        else
          condition.values.push_back(wanted);
      }
      if (condition.values.empty() && condition.same_as.empty())
        refuse(field_, "has a condition that nothing can meet: []");
    }
    return conditions;
  }

  Json read_translations(const Json& value) const {
    if (value.object() == nullptr || value.object()->empty())
      refuse(field_, "has \"values\" that are no object from what messages say to what is meant");
    for (const Json::Member& member : *value.object()) require_possible(member.value);
    return value;
  }

  /// Refuses a constant for which every message would be refused, or that would stand for nothing.
  void require_possible(const Json& value) const {
    if (!is_possible(value)) refuse(field_, "cannot be " + value.dump());
  }

  bool is_possible(const Json& value) const {
    const std::string* text = value.string();
    switch (kind_) {
      case Kind::Type: {
        constexpr std::array<std::string_view, 5> kTypes{"track", "identify", "alias", "page", "screen"};
        return text != nullptr && std::find(kTypes.begin(), kTypes.end(), *text) != kTypes.end();
      }
      case Kind::Name:
        return text != nullptr && text->size() <= kMaxNameBytes &&
               text->find_first_not_of(" \t\r\n") != std::string::npos;
      case Kind::Id:
        if (value.number() != nullptr) return is_identifier(value.number()->to_string());
        return text != nullptr && text->size() <= kMaxNameBytes && is_identifier(*text);
      case Kind::Time:
        return read_time(value, form_).has_value();
      case Kind::Text:
        return value.number() != nullptr || (text != nullptr && !text->empty());
      case Kind::Object:
        return value.object() != nullptr && value.object()->size() <= kMaxMembers;
      default:
        return !value.is_null();
    }
  }

  std::string_view field_;
  Kind kind_;
  const TimeForm& form_;
  bool takes_numbers_ = false;
};

void read_more_properties(const Json& value, Mapping* mapping) {
  if (value.object() == nullptr)
    throw Error(Category::BadValue, "more_properties must be an object, not " + value.dump());
  for (const Json::Member& more : *value.object()) {
    if (more.name.size() > kMaxNameBytes)
      throw Error(Category::BadValue,
                  "more_properties has a name longer than " + std::to_string(kMaxNameBytes) + " bytes");
    mapping->more_properties.emplace_back(more.name, FieldReader(more.name, Kind::Any, {}).read(more.value));
  }
}

[[noreturn]] void refuse_unknown(const std::string& name) {
  std::string known;
  for (const Field& field : kFields) known += (known.empty() ? "" : ", ") + std::string(field.name);
  throw Error(Category::BadValue, "mapping has an unknown field \"" + name + "\"", {},
              "Fields are " + known + ", more_properties, time_unit and time_format.");
}

}  // namespace

Mapping read_mapping(const Json& mapping) {
  const Json::Object* object = mapping.object();
  if (object == nullptr)
    throw Error(Category::BadValue, std::string("mapping must be an object, not ") + mapping.kind_name());
  Mapping result;
  // First, since constant times are judged by them.
  if (const Json* unit = mapping.find("time_unit")) result.time_form.unit = read_time_unit(*unit);
  if (const Json* formats = mapping.find("time_format"))
    result.time_form.formats = read_time_formats(*formats);
  for (const Json::Member& member : *object) {
    if (member.name == "time_unit" || member.name == "time_format") continue;
    if (member.name == "more_properties") {
      read_more_properties(member.value, &result);
      continue;
    }
    const auto* field = std::find_if(kFields.begin(), kFields.end(),
                                     [&](const Field& known) { return known.name == member.name; });
    if (field == kFields.end()) refuse_unknown(member.name);
    result.*field->member = FieldReader(field->name, field->kind, result.time_form).read(member.value);
  }
  if (result.event.places.empty() && result.type.places.empty())
    throw Error(Category::BadValue,
                "mapping has neither \"event\" nor \"type\", so no message could be an event");
  if (result.user_id.places.empty() && result.anonymous_id.places.empty())
    throw Error(Category::BadValue,
                "mapping has neither \"user_id\" nor \"anonymous_id\", so no event had a user");
  return result;
}

}  // namespace cdp::event
