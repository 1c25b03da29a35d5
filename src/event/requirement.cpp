#include "event/requirement.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>

namespace cdp::event {

namespace {

bool is_there(const Json* value) {
  return value != nullptr && !value->is_null() && (value->string() == nullptr || !value->string()->empty());
}

/// The names between the points; empty if one of them is.
std::vector<std::string> path_of(std::string_view text) {
  std::vector<std::string> path;
  while (true) {
    const size_t point = text.find('.');
    if (point == 0 || text.empty()) return {};
    path.emplace_back(text.substr(0, point));
    if (point == std::string_view::npos) return path;
    text.remove_prefix(point + 1);
  }
}

}  // namespace

RequiredField::RequiredField(std::string name) : name_(std::move(name)) {
  constexpr std::array<std::pair<std::string_view, Kind>, 6> kFields{{{"user_id", Kind::UserId},
                                                                      {"anonymous_id", Kind::AnonymousId},
                                                                      {"insert_id", Kind::InsertId},
                                                                      {"time", Kind::Time},
                                                                      {"session_id", Kind::SessionId},
                                                                      {"url", Kind::Url}}};
  for (const auto& [known, kind] : kFields) {
    if (name_ != known) continue;
    kind_ = kind;
    return;
  }
  constexpr std::string_view kProperties = "properties.";
  constexpr std::string_view kContext = "context.";
  if (name_.starts_with(kProperties)) {
    kind_ = Kind::Property;
    path_ = path_of(std::string_view(name_).substr(kProperties.size()));
  } else if (name_.starts_with(kContext)) {
    kind_ = Kind::Context;
    path_ = path_of(std::string_view(name_).substr(kContext.size()));
  }
  if (path_.empty())
    throw Error(Category::BadValue, "\"" + name_ + "\" is no field that can be required", {},
                "Fields are user_id, anonymous_id, insert_id, time, session_id, url, properties.NAME and "
                "context.NAME.");
}

bool RequiredField::is_in(const Message& message, bool has_time) const {
  switch (kind_) {
    case Kind::UserId:
      return message.user_id.has_value();
    case Kind::AnonymousId:
      return message.anonymous_id.has_value();
    case Kind::InsertId:
      return message.insert_id.has_value();
    case Kind::Time:
      return has_time;
    case Kind::SessionId:
      return message.session_id || is_there(message.properties.find("session_id"));
    case Kind::Url:
      return message.url || is_there(message.properties.find("url"));
    case Kind::Property:
      return is_there(message.properties.find(path_));
    case Kind::Context:
      return is_there(message.context.find(path_));
  }
  return false;
}

std::string_view category_of(const Message& message) {
  if (message.category) return *message.category;
  const Json* category = message.properties.find("category");
  if (category == nullptr || category->string() == nullptr) return {};
  return *category->string();
}

}  // namespace cdp::event
