#pragma once

#include "base/decimal.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cdp {

/// A JSON value with exact numbers: what jsonb holds, without the server.
class Json {
 public:
  struct Member;
  using Array = std::vector<Json>;
  using Object = std::vector<Member>;

  Json() = default;              ///< null
  Json(bool value);              // NOLINT(google-explicit-constructor)
  Json(Decimal value);           // NOLINT(google-explicit-constructor)
  Json(std::string value);       // NOLINT(google-explicit-constructor)
  Json(std::string_view value);  // NOLINT(google-explicit-constructor)
  Json(const char* value);       // NOLINT(google-explicit-constructor)
  Json(int64_t value);           // NOLINT(google-explicit-constructor)
  Json(int value);               // NOLINT(google-explicit-constructor)
  Json(Array value);             // NOLINT(google-explicit-constructor)
  Json(Object value);            // NOLINT(google-explicit-constructor)

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  /// The value if it is of that kind, else nullptr.
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const Decimal* number() const { return std::get_if<Decimal>(&value_); }
  const std::string* string() const { return std::get_if<std::string>(&value_); }
  const Array* array() const { return std::get_if<Array>(&value_); }
  Array* array() { return std::get_if<Array>(&value_); }
  const Object* object() const { return std::get_if<Object>(&value_); }
  Object* object() { return std::get_if<Object>(&value_); }

  /// The member of that name; nullptr if there is none or this is no object.
  const Json* find(std::string_view name) const;

  /// What a path of member names (array elements by decimal number) leads to; nullptr if nothing.
  const Json* find(const std::vector<std::string>& path) const;

  /// Sets a member; this must be an object. Costs a search through the members.
  void set(std::string_view name, Json value);

  /// Removes a member; says whether it was there.
  bool erase(std::string_view name);

  /// "null", "boolean", "number", "string", "array" or "object".
  const char* kind_name() const;

  /// Compact JSON text; numbers as written, characters from U+0020 on as UTF-8.
  std::string dump() const;

  /// Equality as jsonb's: numbers by value, objects whatever the order of their members.
  friend bool operator==(const Json& a, const Json& b);

 private:
  std::variant<std::monostate, bool, Decimal, std::string, Array, Object> value_;
};

struct Json::Member {
  std::string name;
  Json value;
};

// Here and not in the class: they need to know what a Member is.
inline Json::Json(bool value) : value_(value) {}
inline Json::Json(Decimal value) : value_(std::move(value)) {}
inline Json::Json(std::string value) : value_(std::move(value)) {}
inline Json::Json(std::string_view value) : value_(std::string(value)) {}
inline Json::Json(const char* value) : value_(std::string(value)) {}
inline Json::Json(int64_t value) : value_(Decimal(value)) {}
inline Json::Json(int value) : value_(Decimal(value)) {}
inline Json::Json(Array value) : value_(std::move(value)) {}
inline Json::Json(Object value) : value_(std::move(value)) {}

/// How deep arrays and objects may nest in a message.
constexpr int kMaxJsonDepth = 64;

/// Reads one JSON text (RFC 8259, UTF-8). Of members with one name the last stays, as in jsonb.
/// Throws Error(BadText) naming what is wrong and at which byte; also for what jsonb cannot hold: the
/// character U+0000; and for numbers beyond a long double's range (1e4932). Throws Error(OutOfRange) where
/// exponents stand for more than a million digits together, Error(Limit) for more than `max_depth` levels.
Json parse_json(std::string_view text, int max_depth = kMaxJsonDepth);

/// The same for equal values, see operator==. May be stored.
uint64_t hash_of(const Json& value);

/// Appends `text` as a JSON string, quoted and escaped.
void append_json_string(std::string& out, std::string_view text);

}  // namespace cdp
