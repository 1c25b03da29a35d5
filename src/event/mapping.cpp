#include "event/mapping.hpp"

#include "base/error.hpp"

#include <array>

namespace cdp::event {

namespace {

constexpr std::array<std::pair<std::string_view, FieldMapping Mapping::*>, 12> kFields{{
    {"type", &Mapping::type},
    {"event", &Mapping::event},
    {"user_id", &Mapping::user_id},
    {"anonymous_id", &Mapping::anonymous_id},
    {"previous_id", &Mapping::previous_id},
    {"insert_id", &Mapping::insert_id},
    {"time", &Mapping::time},
    {"original_time", &Mapping::original_time},
    {"sent_at", &Mapping::sent_at},
    {"properties", &Mapping::properties},
    {"traits", &Mapping::traits},
    {"context", &Mapping::context},
}};

[[noreturn]] void refuse(std::string_view field, const std::string& problem) {
  throw Error(
      Category::BadValue, "mapping of field \"" + std::string(field) + "\" " + problem, {},
      "Give a JSON pointer such as \"/user/id\", an array of them, or {\"pointer\": …, \"default\": …}.");
}

/// The reference tokens of a JSON pointer (RFC 6901, section 3).
std::vector<std::string> read_pointer(std::string_view field, const Json& value) {
  const std::string* text = value.string();
  if (text == nullptr || text->empty() || text->front() != '/')
    refuse(field, "is no JSON pointer: " + value.dump());
  std::vector<std::string> names;
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

void read_pointers(std::string_view field, const Json& value, FieldMapping* mapping) {
  if (const Json::Array* several = value.array()) {
    for (const Json& one : *several) mapping->pointers.push_back(read_pointer(field, one));
  } else {
    mapping->pointers.push_back(read_pointer(field, value));
  }
}

FieldMapping read_field(std::string_view field, const Json& value) {
  FieldMapping mapping;
  const Json::Object* object = value.object();
  if (object == nullptr) {
    read_pointers(field, value, &mapping);
    return mapping;
  }
  for (const Json::Member& member : *object) {
    if (member.name == "pointer") {
      read_pointers(field, member.value, &mapping);
    } else if (member.name == "default") {
      mapping.fallback = member.value;
    } else {
      refuse(field, "has an unknown member \"" + member.name + "\"");
    }
  }
  return mapping;
}

TimeUnit read_unit(const Json& value) {
  const std::string unit = value.string() != nullptr ? *value.string() : std::string();
  if (unit == "auto") return TimeUnit::Automatic;
  if (unit == "s") return TimeUnit::Seconds;
  if (unit == "ms") return TimeUnit::Milliseconds;
  if (unit == "us") return TimeUnit::Microseconds;
  throw Error(Category::BadValue, "time_unit must be \"auto\", \"s\", \"ms\" or \"us\"",
              "It is " + value.dump() + ".");
}

bool is_mapped(const FieldMapping& field) { return !field.pointers.empty() || !field.fallback.is_null(); }

}  // namespace

const Json* FieldMapping::find(const Json& message) const {
  for (const std::vector<std::string>& pointer : pointers) {
    const Json* value = message.find(pointer);
    if (value != nullptr && !value->is_null()) return value;
  }
  return fallback.is_null() ? nullptr : &fallback;
}

Mapping read_mapping(const Json& mapping) {
  const Json::Object* object = mapping.object();
  if (object == nullptr)
    throw Error(Category::BadValue, std::string("mapping must be an object, not ") + mapping.kind_name());
  Mapping result;
  for (const Json::Member& member : *object) {
    if (member.name == "time_unit") {
      result.time_unit = read_unit(member.value);
      continue;
    }
    if (member.name == "more_properties") {
      if (member.value.object() == nullptr)
        throw Error(Category::BadValue, "more_properties must be an object, not " + member.value.dump());
      for (const Json::Member& more : *member.value.object())
        result.more_properties.emplace_back(more.name, read_field(more.name, more.value));
      continue;
    }
    FieldMapping Mapping::*target = nullptr;
    for (const auto& [name, field] : kFields)
      if (name == member.name) target = field;
    if (target == nullptr) {
      std::string known;
      for (const auto& [name, field] : kFields) known += (known.empty() ? "" : ", ") + std::string(name);
      throw Error(Category::BadValue, "mapping has an unknown field \"" + member.name + "\"", {},
                  "Fields are " + known + ", more_properties and time_unit.");
    }
    result.*target = read_field(member.name, member.value);
  }
  if (!is_mapped(result.event) && !is_mapped(result.type))
    throw Error(Category::BadValue,
                "mapping has neither \"event\" nor \"type\", so no message could be an event");
  if (!is_mapped(result.user_id) && !is_mapped(result.anonymous_id))
    throw Error(Category::BadValue,
                "mapping has neither \"user_id\" nor \"anonymous_id\", so no event had a user");
  return result;
}

std::optional<Instant> read_time(const Json& value, TimeUnit unit) {
  if (const std::string* text = value.string()) {
    const std::optional<Instant> t = parse_instant(*text);
    if (t) return t;
  }
  std::optional<Decimal> number;
  if (value.number() != nullptr) number = *value.number();
  if (const std::string* text = value.string(); text != nullptr && text->size() <= 32)
    number = Decimal::parse(*text);
  if (!number) return std::nullopt;

  const double magnitude = number->sign() < 0 ? -number->to_double() : number->to_double();
  if (unit == TimeUnit::Automatic)
    unit = magnitude < 1e11   ? TimeUnit::Seconds
           : magnitude < 1e14 ? TimeUnit::Milliseconds
                              : TimeUnit::Microseconds;
  const int64_t factor = unit == TimeUnit::Seconds        ? kSecond
                         : unit == TimeUnit::Milliseconds ? kMillisecond
                                                          : 1;
  if (magnitude * static_cast<double>(factor) > 9.2e18) return std::nullopt;
  // Digits below a microsecond are dropped.
  const std::string us = (*number * Decimal(factor)).to_string();
  const std::optional<Decimal> whole = Decimal::parse(us.substr(0, us.find('.')));
  const std::optional<int64_t> unix_us = whole ? whole->to_int64() : std::nullopt;
  return unix_us ? instant_from_unix_us(*unix_us) : std::nullopt;
}

}  // namespace cdp::event
