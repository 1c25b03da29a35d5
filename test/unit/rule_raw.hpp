#pragma once

#include "rule/rule.hpp"
#include "rule_random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <regex>
#include <set>

/// A second evaluator, written from the meaning of the language and in the slowest way: it looks at every
/// event at every instant, knows no valid_until and shares no code with the one under test.
namespace cdp::rule {

struct RawEvent {
  Instant time;
  std::string name;
  Json properties;
  Json context;
};

struct RawUser {
  Json traits = Json(Json::Object());
  Json calls = Json(Json::Object());  ///< what functions give, by schema where there is one
  std::vector<RawEvent> events;
  std::vector<Instant> sessions;
  std::map<std::string, Instant> times;  ///< what traits stand for that are times
  std::map<std::string, Instant> since;  ///< when traits got their values
};

/// A zone as a table: from each instant on so many hours ahead of UTC.
struct RawZone {
  const char* name;
  std::vector<std::pair<int64_t, int64_t>> hours;  ///< since 2000; the first one holds before, too
};
inline const std::vector<RawZone>& zones() {
  static const std::vector<RawZone> zones{
      {"Test/West", {{0, -6}, {9 * 24 + 12, 0}, {20 * 24 + 12, -6}}},
      {"Test/East", {{0, 12}}},
  };
  return zones;
}

inline int64_t hours_ahead(const RawZone& zone, Instant t) {
  int64_t ahead = zone.hours.front().second;
  for (const auto& [from, hours] : zone.hours)
    if (t.us >= from * kHour) ahead = hours;
  return ahead;
}

/// The same as the evaluator gets it.
inline const TimeZones& time_zones() {
  static const std::vector<TimeZone> functions = [] {
    std::vector<TimeZone> all;
    for (const RawZone& zone : zones())
      all.emplace_back([&zone](Instant t) {
        ZoneOffset offset{hours_ahead(zone, t) * kHour, Instant::max()};
        for (const auto& [from, hours] : zone.hours)
          if (from * kHour > t.us) offset.until = std::min(offset.until, Instant{from * kHour});
        return offset;
      });
    return all;
  }();
  static const TimeZones find = [](std::string_view name) -> const TimeZone* {
    for (size_t i = 0; i < zones().size(); ++i)
      if (zones()[i].name == name) return &functions[i];
    return nullptr;
  };
  return find;
}

constexpr int64_t kUserNo = 4711;
constexpr const char* kUserId = "u-1";

inline const Json* at_path(const Json& root, const std::vector<std::string>& names) {
  const Json* at = &root;
  for (const std::string& name : names) {
    if (at->object() == nullptr) return nullptr;
    const Json* next = nullptr;
    for (const Json::Member& member : *at->object())
      if (member.name == name) next = &member.value;
    if (next == nullptr) return nullptr;
    at = next;
  }
  return at;
}

/// What a trait or a call is.
inline const Json* value_of(const RawUser& user, const ValuePath& path) {
  return at_path(path.root == ValuePath::Root::Call ? user.calls : user.traits, path.names);
}

/// The same as the evaluator gets it.
class RawCalls final : public Calls {
 public:
  explicit RawCalls(const RawUser& user) : user_(user) {}
  const Json* value(const ValuePath& function, int64_t user_no) override {
    return user_no == kUserNo ? at_path(user_.calls, function.names) : nullptr;
  }

 private:
  const RawUser& user_;
};

inline bool like(const char* text, const char* pattern, bool ignores_case) {
  if (*pattern == '\0') return *text == '\0';
  if (*pattern == '%')
    return like(text, pattern + 1, ignores_case) || (*text && like(text + 1, pattern, ignores_case));
  if (*text == '\0') return false;
  if (*pattern == '_') return like(text + 1, pattern + 1, ignores_case);
  if (*pattern == '\\') ++pattern;
  const bool is_same = ignores_case ? std::tolower(*text) == std::tolower(*pattern) : *text == *pattern;
  return is_same && like(text + 1, pattern + 1, ignores_case);
}

inline bool equal(const Json& a, const Json& b) {
  if (std::string(a.kind_name()) != b.kind_name()) return false;
  if (a.number()) return a.number()->to_double() == b.number()->to_double();
  if (a.string()) return *a.string() == *b.string();
  if (a.boolean()) return *a.boolean() == *b.boolean();
  return false;
}

inline bool less(const Json& a, const Json& b) {
  if (std::string(a.kind_name()) != b.kind_name()) return false;
  if (a.number()) return a.number()->to_double() < b.number()->to_double();
  if (a.string()) return std::strcmp(a.string()->c_str(), b.string()->c_str()) < 0;
  if (a.boolean()) return !*a.boolean() && *b.boolean();
  return false;
}

inline bool test_holds(const Test& test, const Json* value) {
  const bool is_absent = value == nullptr || value->is_null();
  if (test.op == Operator::IsNull) return is_absent;
  if (test.op == Operator::IsNotNull) return !is_absent;
  if (is_absent) return false;
  const auto& operands = test.operands;
  bool has_null = false;
  for (const Json& operand : operands) has_null = has_null || operand.is_null();
  const auto one_of = [&] {
    return std::any_of(operands.begin(), operands.end(), [&](const Json& x) { return equal(*value, x); });
  };
  const auto at_most = [](const Json& a, const Json& b) { return less(a, b) || equal(a, b); };
  const auto is_between = [&] { return at_most(operands[0], *value) && at_most(*value, operands[1]); };
  const auto is_like = [&](bool ignores_case) {
    return value->string() && like(value->string()->c_str(), operands[0].string()->c_str(), ignores_case);
  };
  const auto has_part = [&] {
    if (const auto* items = value->array())
      return std::any_of(items->begin(), items->end(), [&](const Json& x) { return equal(x, operands[0]); });
    return value->string() && operands[0].string() &&
           value->string()->find(*operands[0].string()) != std::string::npos;
  };
  const auto is_found = [&] {
    if (value->string() == nullptr) return false;
    std::string expression = *operands[0].string();
    const bool ignores_case = expression.starts_with("(?i)");
    if (ignores_case) expression.erase(0, 4);
    const auto flags = ignores_case ? std::regex::ECMAScript | std::regex::icase : std::regex::ECMAScript;
    return std::regex_search(*value->string(), std::regex(expression, flags));
  };
  switch (test.op) {
    case Operator::Equal:
    case Operator::In:
      return one_of();
    case Operator::NotEqual:
    case Operator::NotIn:
      return !has_null && !one_of();
    case Operator::Less:
      return less(*value, operands[0]);
    case Operator::LessEqual:
      return at_most(*value, operands[0]);
    case Operator::Greater:
      return less(operands[0], *value);
    case Operator::GreaterEqual:
      return at_most(operands[0], *value);
    case Operator::Between:
      return is_between();
    case Operator::NotBetween:
      return !has_null && !is_between();
    case Operator::Like:
      return is_like(false);
    case Operator::NotLike:
      return !is_like(false);
    case Operator::ILike:
      return is_like(true);
    case Operator::NotILike:
      return !is_like(true);
    case Operator::Contains:
      return has_part();
    case Operator::NotContains:
      return !has_null && !has_part();
    case Operator::Matches:
      return is_found();
    case Operator::NotMatches:
      return !is_found();
    default:
      return false;
  }
}

}  // namespace cdp::rule
