#include "base/json_parse.hpp"

#include <algorithm>
#include <simdjson.h>

namespace cdp {

namespace {

namespace ondemand = simdjson::ondemand;

/// From this many members on, repeated names are sought by sorting.
constexpr size_t kManyMembers = 32;
/// Up to here no number is beyond a limit.
constexpr size_t kMaxNumberBytes = 64;

std::string_view skip_digits(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
  return text;
}

/// Is it a number as JSON writes them, without an exponent?
bool is_plain_number(std::string_view token) {
  if (token.starts_with('-')) token.remove_prefix(1);
  const std::string_view behind = skip_digits(token);
  const size_t digits = token.size() - behind.size();
  if (digits == 0 || (digits > 1 && token.starts_with('0'))) return false;
  return behind.empty() ||
         (behind.starts_with('.') && behind.size() > 1 && skip_digits(behind.substr(1)).empty());
}

/// Builds a Json while the library walks through the text.
class Walk {
 public:
  explicit Walk(int max_depth) : levels_(max_depth) {}

  /// Says whether it could read the value.
  bool read(ondemand::value value, Json* result) {
    ondemand::json_type type;
    if (value.type().get(type) != simdjson::SUCCESS) return false;
    switch (type) {
      case ondemand::json_type::object:
        return read_object(value, result);
      case ondemand::json_type::array:
        return read_array(value, result);
      case ondemand::json_type::string:
        return read_string(value.get_string(), result);
      default:
        return read_token(value, result);
    }
  }

 private:
  static bool has_zero(std::string_view text) { return text.find('\0') != std::string_view::npos; }

  template <class Text>
  static bool read_string(Text&& text, Json* result) {
    std::string_view view;
    if (std::forward<Text>(text).get(view) != simdjson::SUCCESS || has_zero(view)) return false;
    *result = Json(view);
    return true;
  }

  /// A number, true, false or null. The library only says where it stands; it goes on behind it by itself.
  static bool read_token(ondemand::value value, Json* result) {
    std::string_view token = value.raw_json_token();
    token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
    if (token == "true" || token == "false") {
      *result = Json(token == "true");
    } else if (token == "null") {
      *result = Json();
    } else {
      if (token.size() > kMaxNumberBytes || !is_plain_number(token)) return false;
      const std::optional<Decimal> number = Decimal::parse(token);
      if (!number) return false;
      *result = Json(*number);
    }
    return true;
  }

  bool read_array(ondemand::value value, Json* result) {
    ondemand::array items;
    if (--levels_ < 0 || value.get_array().get(items) != simdjson::SUCCESS) return false;
    Json::Array array;
    for (auto item : items) {
      ondemand::value element;
      if (item.get(element) != simdjson::SUCCESS || !read(element, &array.emplace_back())) return false;
    }
    ++levels_;
    *result = Json(std::move(array));
    return true;
  }

  bool read_object(ondemand::value value, Json* result) {
    ondemand::object members;
    if (--levels_ < 0 || value.get_object().get(members) != simdjson::SUCCESS) return false;
    Json::Object object;
    object.reserve(8);
    for (auto item : members) {
      ondemand::field field;
      std::string_view name;
      if (std::move(item).get(field) != simdjson::SUCCESS ||
          field.unescaped_key().get(name) != simdjson::SUCCESS || has_zero(name))
        return false;
      object.push_back({std::string(name), Json()});
      if (!read(field.value(), &object.back().value)) return false;
    }
    ++levels_;
    keep_last_of_each_name(object);
    *result = Json(std::move(object));
    return true;
  }

  int levels_;  ///< that may still be opened
};

}  // namespace

void keep_last_of_each_name(Json::Object& object) {
  if (object.size() < kManyMembers) {
    size_t kept = 0;
    for (size_t i = 0; i < object.size(); ++i) {
      const auto first =
          std::find_if(object.begin(), object.begin() + static_cast<ptrdiff_t>(kept),
                       [&](const Json::Member& other) { return other.name == object[i].name; });
      if (first != object.begin() + static_cast<ptrdiff_t>(kept)) {
        first->value = std::move(object[i].value);
      } else {
        if (kept != i) object[kept] = std::move(object[i]);
        ++kept;
      }
    }
    object.resize(kept);
    return;
  }
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

std::optional<Json> read_json_quickly(std::string_view text, int max_depth) {
  thread_local ondemand::parser parser;
  thread_local std::string padded;  // the library reads a little beyond the end
  padded.assign(text);
  padded.append(simdjson::SIMDJSON_PADDING, ' ');
  ondemand::document document;
  ondemand::value root;
  const char* behind = nullptr;
  Json result;
  if (parser.iterate(padded.data(), text.size(), padded.size()).get(document) != simdjson::SUCCESS ||
      document.get_value().get(root) != simdjson::SUCCESS || !Walk(max_depth).read(root, &result) ||
      document.current_location().get(behind) != simdjson::OUT_OF_BOUNDS)
    return std::nullopt;
  return result;
}

Json parse_json(std::string_view text, int max_depth) {
  if (std::optional<Json> quick = read_json_quickly(text, max_depth)) return *std::move(quick);
  return read_json_carefully(text, max_depth);
}

}  // namespace cdp
