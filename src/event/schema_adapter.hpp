#pragma once

/// Shows cdp::Json to Valijson. Only for schema_library.cpp.

#include "event/schema_library.hpp"

#include <optional>
#include <string>
#include <utility>

// Without it the library would end the process where it meets a mistake.
#ifndef VALIJSON_USE_EXCEPTIONS
#define VALIJSON_USE_EXCEPTIONS 1
#endif
#include <valijson/internal/adapter.hpp>
#include <valijson/internal/basic_adapter.hpp>
#include <valijson/internal/frozen_value.hpp>

namespace cdp::event::schema {

class JsonAdapter;
using JsonMember = std::pair<std::string, JsonAdapter>;

/// A value on its way through the library, with who asked and, for an element of an array, its index.
struct Target {
  const Json* json = nullptr;
  Descent* descent = nullptr;
  std::optional<size_t> index;
};

/// What the library takes for a value of another kind; no keyword asks for it.
inline const Json& empty_array() {
  static const Json empty{Json::Array()};
  return empty;
}
inline const Json& empty_object() {
  static const Json empty{Json::Object()};
  return empty;
}

/// The iterators of both containers; Item is the element's adapter or the member.
template <class Item, class Position>
class JsonIterator {
 public:
  using iterator_category = std::bidirectional_iterator_tag;
  using value_type = Item;
  using difference_type = std::ptrdiff_t;
  using pointer = Item*;
  using reference = Item&;

  JsonIterator(Position first, Position at, Descent* descent) : first_(first), at_(at), descent_(descent) {}

  Item operator*() const;
  valijson::adapters::DerefProxy<Item> operator->() const {
    return valijson::adapters::DerefProxy<Item>(**this);
  }
  bool operator==(const JsonIterator& other) const { return at_ == other.at_; }
  bool operator!=(const JsonIterator& other) const { return at_ != other.at_; }
  JsonIterator& operator++() {
    ++at_;
    return *this;
  }
  JsonIterator operator++(int) {
    JsonIterator before(*this);
    ++at_;
    return before;
  }
  JsonIterator& operator--() {
    --at_;
    return *this;
  }
  void advance(std::ptrdiff_t n) { at_ += n; }

 private:
  Position first_;
  Position at_;
  Descent* descent_;
};

class JsonArray {
 public:
  using const_iterator = JsonIterator<JsonAdapter, Json::Array::const_iterator>;
  using iterator = const_iterator;

  JsonArray() : JsonArray(Target{&empty_array(), nullptr, std::nullopt}) {}
  explicit JsonArray(const Target& target) : items_(target.json->array()), descent_(target.descent) {}

  const_iterator begin() const { return {items_->begin(), items_->begin(), descent_}; }
  const_iterator end() const { return {items_->begin(), items_->end(), descent_}; }
  size_t size() const { return items_->size(); }

 private:
  const Json::Array* items_;
  Descent* descent_;
};

class JsonObject {
 public:
  using const_iterator = JsonIterator<JsonMember, Json::Object::const_iterator>;
  using iterator = const_iterator;

  JsonObject() : JsonObject(Target{&empty_object(), nullptr, std::nullopt}) {}
  explicit JsonObject(const Target& target) : members_(target.json->object()), descent_(target.descent) {}

  const_iterator begin() const { return {members_->begin(), members_->begin(), descent_}; }
  const_iterator end() const { return {members_->begin(), members_->end(), descent_}; }
  const_iterator find(const std::string& name) const {
    auto at = members_->begin();
    while (at != members_->end() && at->name != name) ++at;
    return {members_->begin(), at, descent_};
  }
  size_t size() const { return members_->size(); }

 private:
  const Json::Object* members_;
  Descent* descent_;
};

class JsonValue {
 public:
  JsonValue() = default;
  explicit JsonValue(const Target& target) : target_(target) {}

  // Only "const" and "enum" freeze values, which are not left to the library.
  valijson::adapters::FrozenValue* freeze() const { valijson::throwNotSupported(); }

  std::optional<JsonArray> getArrayOptional() const {
    return isArray() ? std::optional(JsonArray(target_)) : std::nullopt;
  }
  std::optional<JsonObject> getObjectOptional() const {
    return isObject() ? std::optional(JsonObject(target_)) : std::nullopt;
  }
  bool getArraySize(size_t& result) const {
    if (isArray()) result = json().array()->size();
    return isArray();
  }
  bool getObjectSize(size_t& result) const {
    if (isObject()) result = json().object()->size();
    return isObject();
  }
  bool getBool(bool& result) const {
    if (isBool()) result = *json().boolean();
    return isBool();
  }
  bool getDouble(double& result) const {
    if (isNumber()) result = json().number()->to_double();
    return isNumber();
  }
  bool getInteger(int64_t& result) const {
    const std::optional<int64_t> whole = isNumber() ? json().number()->to_int64() : std::nullopt;
    result = whole.value_or(0);
    return whole.has_value();
  }
  bool getString(std::string& result) const {
    if (isString()) result = *json().string();
    return isString();
  }

  static bool hasStrictTypes() { return true; }
  bool isNull() const { return json().is_null(); }
  bool isBool() const { return json().boolean() != nullptr; }
  bool isNumber() const { return json().number() != nullptr; }
  bool isString() const { return json().string() != nullptr; }
  bool isArray() const { return json().array() != nullptr; }
  bool isObject() const { return json().object() != nullptr; }
  bool isDouble() const { return isNumber() && !isInteger(); }
  /// 1.0 is an integer (draft 7, section 6.1.1), and so is 1e40.
  bool isInteger() const {
    if (!isNumber()) return false;
    if (json().number()->to_int64()) return true;
    const std::string digits = json().number()->to_string();
    const size_t point = digits.find('.');
    return point == std::string::npos || digits.find_first_not_of('0', point + 1) == std::string::npos;
  }

 private:
  const Json& json() const { return *target_.json; }

  Target target_;
};

class JsonAdapter
    : public valijson::adapters::BasicAdapter<JsonAdapter, JsonArray, JsonMember, JsonObject, JsonValue> {
 public:
  JsonAdapter() : JsonAdapter(empty_object()) {}
  explicit JsonAdapter(const Json& json) : JsonAdapter(Target{&json, nullptr, std::nullopt}) {}
  explicit JsonAdapter(const Target& target) : BasicAdapter(JsonValue(target)), target_(target) {}

  const Target& target() const { return target_; }

 private:
  Target target_;
};

template <class Item, class Position>
Item JsonIterator<Item, Position>::operator*() const {
  if constexpr (std::is_same_v<Item, JsonAdapter>)
    return JsonAdapter(Target{&*at_, descent_, static_cast<size_t>(at_ - first_)});
  else
    return {at_->name, JsonAdapter(Target{&at_->value, descent_, std::nullopt})};
}

}  // namespace cdp::event::schema

template <>
struct valijson::adapters::AdapterTraits<cdp::event::schema::JsonAdapter> {
  using DocumentType = cdp::Json;

  static std::string adapterName() { return "cdp::Json"; }
};
