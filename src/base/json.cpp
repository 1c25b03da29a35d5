#include "base/json.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

namespace cdp {

namespace {

[[noreturn]] void refuse(const std::string& problem, size_t position) {
  throw Error(Category::BadText, "invalid JSON: " + problem, "At byte " + std::to_string(position) + ".");
}

/// Builds a Json from the library's events; numbers come as the text they were written with.
class Builder {
 public:
  explicit Builder(int max_depth) : max_depth_(max_depth) {}

  Json take() { return std::move(root_); }

  bool null() { return add(Json()); }
  bool boolean(bool value) { return add(Json(value)); }
  bool number_integer(int64_t value) { return add(Json(Decimal(value))); }
  bool number_unsigned(uint64_t value) { return add_number(std::to_string(value)); }
  bool number_float(long double /*value*/, const std::string& text) { return add_number(text); }
  bool string(std::string& value) {
    refuse_zero(value);
    return add(Json(std::move(value)));
  }
  bool binary(std::vector<uint8_t>& /*value*/) { return false; }
  bool start_object(size_t /*size*/) { return open(Json(Json::Object())); }
  bool key(std::string& name) {
    refuse_zero(name);
    keys_.back() = std::move(name);
    return true;
  }
  bool end_object() { return close(); }
  bool start_array(size_t /*size*/) { return open(Json(Json::Array())); }
  bool end_array() { return close(); }

  bool parse_error(size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& error) {
    std::string_view message = error.what();
    if (const size_t colon = message.rfind("syntax error"); colon != std::string_view::npos)
      message.remove_prefix(colon);
    else if (const size_t bracket = message.find("] "); bracket != std::string_view::npos)
      message.remove_prefix(bracket + 2);
    refuse(std::string(message), position);
  }

 private:
  static void refuse_zero(const std::string& text) {
    if (text.find('\0') != std::string::npos)
      throw Error(Category::BadText, "invalid JSON: the character U+0000 cannot be stored", {},
                  "Leave \\u0000 out of names and strings.");
  }

  bool add_number(const std::string& text) {
    const std::optional<Decimal> number = Decimal::parse(text);
    if (!number) return false;
    if (text.find_first_of("eE") != std::string::npos) {
      exponent_digits_ += number->to_string().size();
      if (exponent_digits_ > kMaxExponentDigits)
        throw Error(Category::OutOfRange, "invalid JSON: numbers with exponents have too many digits", {},
                    "Together they may have " + std::to_string(kMaxExponentDigits) + ".");
    }
    return add(Json(*number));
  }

  bool add(Json value) {
    place(std::move(value));
    return true;
  }

  Json* place(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (Json::Array* array = open_.back()->array()) {
      array->push_back(std::move(value));
      return &array->back();
    }
    Json::Object& object = *open_.back()->object();
    if (object.size() < kManyMembers) {
      for (Json::Member& member : object) {
        if (member.name != keys_.back()) continue;
        member.value = std::move(value);
        return &member.value;
      }
    }
    object.push_back({std::move(keys_.back()), std::move(value)});
    return &object.back().value;
  }

  bool open(Json container) {
    if (static_cast<int>(open_.size()) >= max_depth_)
      throw Error(Category::Limit, "JSON nests deeper than " + std::to_string(max_depth_) + " levels");
    open_.push_back(place(std::move(container)));
    keys_.emplace_back();
    return true;
  }

  bool close() {
    if (Json::Object* object = open_.back()->object(); object != nullptr && object->size() >= kManyMembers)
      keep_last_of_each_name(*object);
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  static void keep_last_of_each_name(Json::Object& object) {
    std::stable_sort(object.begin(), object.end(),
                     [](const Json::Member& a, const Json::Member& b) { return a.name < b.name; });
    size_t kept = 0;
    for (size_t i = 0; i < object.size(); ++i) {
      if (i + 1 < object.size() && object[i + 1].name == object[i].name) continue;
      if (kept != i) object[kept] = std::move(object[i]);
      ++kept;
    }
    object.resize(kept);
  }

  /// From this many members on, repeated names are sought by sorting.
  static constexpr size_t kManyMembers = 32;

  /// Seven bytes, 1e4931, stand for 4932 digits: a short text must not become a large value.
  static constexpr size_t kMaxExponentDigits = 1000000;

  size_t exponent_digits_ = 0;
  int max_depth_;
  Json root_;
  std::vector<Json*> open_;
  std::vector<std::string> keys_;
};

}  // namespace

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
  if (const std::string* string = value.string()) return tagged(3, hash64(*string));
  if (const Json::Array* array = value.array()) {
    uint64_t hash = array->size();
    for (const Json& item : *array) hash = mix64(hash ^ hash_of(item));
    return tagged(4, hash);
  }
  if (const Json::Object* object = value.object()) {
    uint64_t sum = object->size();  // the order of members does not matter
    for (const Json::Member& member : *object) sum += mix64(hash64(member.name) ^ hash_of(member.value));
    return tagged(5, sum);
  }
  return tagged(6, 0);
}

namespace {

/// The library's reader, which refuses what its kind of float cannot hold; the widest one refuses least.
using Reader = nlohmann::basic_json<std::map, std::vector, std::string, bool, int64_t, uint64_t, long double>;

}  // namespace

Json parse_json(std::string_view text, int max_depth) {
  // Said here, since the library's words for it differ from version to version.
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) refuse("the text is empty", text.size());
  Builder builder(max_depth);
  if (!Reader::sax_parse(text.begin(), text.end(), &builder)) refuse("not readable", text.size());
  return builder.take();
}

}  // namespace cdp
