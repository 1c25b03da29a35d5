#include "base/json.hpp"

#include "base/hash.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

namespace cdp {

const Json* Json::find(std::string_view name) const {
  const Object* members = object();
  if (members == nullptr) return nullptr;
  for (const Member& member : *members)
    if (member.name == name) return &member.value;
  return nullptr;
}

const Json* Json::find(const std::vector<std::string>& path) const {
  const Json* at = this;
  for (const std::string& step : path) {
    if (at == nullptr) return nullptr;
    if (const Array* items = at->array()) {
      size_t index = 0;
      const auto [end, failure] = std::from_chars(step.data(), step.data() + step.size(), index);
      const bool is_index = failure == std::errc() && end == step.data() + step.size();
      at = is_index && index < items->size() ? &(*items)[index] : nullptr;
    } else {
      at = at->find(step);
    }
  }
  return at;
}

void Json::set(std::string_view name, Json value) {
  for (Member& member : *object()) {
    if (member.name != name) continue;
    member.value = std::move(value);
    return;
  }
  object()->push_back({std::string(name), std::move(value)});
}

bool Json::erase(std::string_view name) {
  return std::erase_if(*object(), [&](const Member& member) { return member.name == name; }) != 0;
}

const char* Json::kind_name() const {
  constexpr std::array<const char*, 6> kNames{"null", "boolean", "number", "string", "array", "object"};
  return kNames.at(value_.index());
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr const char* kHex = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<uint8_t>(c) < 0x20) {
          out += "\\u00";
          out.push_back(kHex[static_cast<uint8_t>(c) >> 4]);
          out.push_back(kHex[static_cast<uint8_t>(c) & 15]);
        } else {
          out.push_back(c);
        }
    }
  }
  out.push_back('"');
}

namespace {

void append(std::string& out, const Json& value) {
  if (const bool* boolean = value.boolean()) {
    out += *boolean ? "true" : "false";
  } else if (const Decimal* number = value.number()) {
    out += number->to_string();
  } else if (const std::string* string = value.string()) {
    append_json_string(out, *string);
  } else if (const Json::Array* array = value.array()) {
    out.push_back('[');
    for (const Json& item : *array) {
      if (&item != &array->front()) out.push_back(',');
      append(out, item);
    }
    out.push_back(']');
  } else if (const Json::Object* object = value.object()) {
    out.push_back('{');
    for (const Json::Member& member : *object) {
      if (&member != &object->front()) out.push_back(',');
      append_json_string(out, member.name);
      out.push_back(':');
      append(out, member.value);
    }
    out.push_back('}');
  } else {
    out += "null";
  }
}

bool same_members(const Json::Object& a, const Json::Object& b) {
  if (a.size() != b.size()) return false;
  const auto by_name = [](const Json::Member* x, const Json::Member* y) { return x->name < y->name; };
  std::vector<const Json::Member*> sorted_a;
  std::vector<const Json::Member*> sorted_b;
  for (const Json::Member& member : a) sorted_a.push_back(&member);
  for (const Json::Member& member : b) sorted_b.push_back(&member);
  std::sort(sorted_a.begin(), sorted_a.end(), by_name);
  std::sort(sorted_b.begin(), sorted_b.end(), by_name);
  return std::equal(sorted_a.begin(), sorted_a.end(), sorted_b.begin(),
                    [](const auto* x, const auto* y) { return x->name == y->name && x->value == y->value; });
}

}  // namespace

std::string Json::dump() const {
  std::string out;
  append(out, *this);
  return out;
}

bool operator==(const Json& a, const Json& b) {
  if (a.value_.index() != b.value_.index()) return false;
  if (const bool* boolean = a.boolean()) return *boolean == *b.boolean();
  if (const Decimal* number = a.number()) return *number == *b.number();
  if (const std::string* string = a.string()) return *string == *b.string();
  if (const Json::Array* array = a.array()) return *array == *b.array();
  if (const Json::Object* object = a.object()) return same_members(*object, *b.object());
  return true;
}

uint64_t hash_of(const Json& value) {
  const auto tagged = [](uint64_t kind, uint64_t hash) { return mix64(hash ^ kind << 56); };
  if (const bool* boolean = value.boolean()) return tagged(1, *boolean ? 1 : 0);
  // Numbers of one value have one nearest double, however they are written.
  if (const Decimal* number = value.number())
    return tagged(2, std::bit_cast<uint64_t>(number->to_double() + 0.0));
  if (const std::string* string = value.string()) return tagged(3, quick_hash64(*string));
  if (const Json::Array* array = value.array()) {
    uint64_t hash = array->size();
    for (const Json& item : *array) hash = mix64(hash ^ hash_of(item));
    return tagged(4, hash);
  }
  if (const Json::Object* object = value.object()) {
    uint64_t sum = object->size();  // the order of members does not matter
    for (const Json::Member& member : *object)
      sum += mix64(quick_hash64(member.name) ^ hash_of(member.value));
    return tagged(5, sum);
  }
  return tagged(6, 0);
}

}  // namespace cdp
