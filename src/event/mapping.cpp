#include "event/mapping.hpp"

#include <algorithm>
#include <array>

namespace cdp::event {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_but_for_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool matches(const Json& value, const Json& wanted) {
  const std::string* pattern = wanted.string();
  if (pattern == nullptr) return value == wanted;
  if (*pattern == "*") return true;
  const std::string* text = value.string();
  if (text == nullptr) return false;
  if (!pattern->ends_with('*')) return same_but_for_case(*text, *pattern);
  const size_t length = pattern->size() - 1;
  return text->size() >= length && same_but_for_case(std::string_view(*text).substr(0, length),
                                                     std::string_view(*pattern).substr(0, length));
}

}  // namespace

bool Condition::holds(const Json& message) const {
  const Json* value = message.find(pointer);
  if (value == nullptr || value->is_null()) return false;
  if (std::any_of(values.begin(), values.end(), [&](const Json& wanted) { return matches(*value, wanted); }))
    return true;
  return std::any_of(same_as.begin(), same_as.end(), [&](const JsonPointer& other) {
    const Json* same = message.find(other);
    return same != nullptr && *same == *value;
  });
}

const Json* Place::find(const Json& message) const {
  const auto holds = [&](const Condition& condition) { return condition.holds(message); };
  const Json* value = pointer ? message.find(*pointer) : &constant;
  if (value == nullptr || value->is_null()) return nullptr;
  if (!std::all_of(when.begin(), when.end(), holds) || std::any_of(unless.begin(), unless.end(), holds))
    return nullptr;
  if (!translations) return value;
  return value->string() != nullptr ? translations->find(*value->string()) : nullptr;
}

const Json* FieldMapping::find(const Json& message) const {
  for (const Place& place : places)
    if (const Json* value = place.find(message)) return value;
  return nullptr;
}

std::optional<std::string> FieldMapping::find_text(const Json& message) const {
  for (const Place& place : places) {
    const Json* value = place.find(message);
    if (value == nullptr) continue;
    if (const std::string* text = value->string(); text != nullptr && !text->empty()) return *text;
    if (value->number() != nullptr) return value->number()->to_string();
  }
  return std::nullopt;
}

bool is_identifier(std::string_view value) {
  if (value.find_first_not_of("0- \t\r\n") == std::string_view::npos) return false;
  constexpr std::array<std::string_view, 10> kNobody{
      "null", "undefined", "anonymous", "none", "nil", "nan", "-1", "true", "false", "[object object]"};
  return std::none_of(kNobody.begin(), kNobody.end(),
                      [&](std::string_view nobody) { return same_but_for_case(value, nobody); });
}

}  // namespace cdp::event
