#pragma once

#include "base/json.hpp"
#include "rule/build.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How a rule's JSON is taken apart. Everything here throws Error(BadText) that names the place as a path
/// (`$.and[1].value`) and what was expected there.
namespace cdp::rule {

[[noreturn]] void refuse(const std::string& path, const std::string& problem, std::string hint = {});

/// Reads an object member by member; done() refuses those that were not asked for.
class Members {
 public:
  Members(const Json& json, std::string path);

  const std::string& path() const { return path_; }
  std::string path_of(std::string_view member) const { return path_ + "." + std::string(member); }
  bool has(std::string_view member) const;
  const Json* take(std::string_view member);
  const Json& require(std::string_view member);
  void done() const;

 private:
  std::string path_;
  const Json::Object* object_;
  std::vector<std::string_view> known_;
};

std::string read_text(const Json& value, const std::string& path);
/// A text that is not empty.
std::string read_name(const Json& value, const std::string& path);
Instant read_instant(const Json& value, const std::string& path);
Micros read_length(const Json& value, const std::string& path);
std::optional<Micros> read_optional_length(Members& members, std::string_view member);

/// What the members "trait", "call", "property" or "context" lead to.
ValuePath read_path(Members& members, const char* member, ValuePath::Root root);
ValuePath read_property_path(Members& members);
/// Of a trait or a call.
ValuePath read_value_path(Members& members);

/// The members "op" and "value"; of an aggregate with numbers only.
Test read_test(Members& members, bool of_aggregate);

/// The member that is a window, if there is one.
Window read_window(Members& members);
/// The members "op" and "value" of a test of a time, of a trait's or an event's; nullopt if the operator is
/// none of these.
std::optional<Window> read_time_test(Members& members, bool of_trait);

}  // namespace cdp::rule
