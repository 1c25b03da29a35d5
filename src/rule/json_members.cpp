#include "rule/json_members.hpp"

#include "base/error.hpp"
#include "rule/compare.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace cdp::rule {

void refuse(const std::string& path, const std::string& problem, std::string hint) {
  throw Error(Category::BadText, "invalid rule at " + path + ": " + problem, {}, std::move(hint));
}

Members::Members(const Json& json, std::string path) : path_(std::move(path)), object_(json.object()) {
  if (object_ == nullptr) refuse(path_, std::string("expected an object, found ") + json.kind_name());
}

bool Members::has(std::string_view member) const {
  for (const Json::Member& one : *object_)
    if (one.name == member) return true;
  return false;
}

const Json* Members::take(std::string_view member) {
  if (std::find(known_.begin(), known_.end(), member) == known_.end()) known_.push_back(member);
  for (const Json::Member& one : *object_)
    if (one.name == member) return &one.value;
  return nullptr;
}

const Json& Members::require(std::string_view member) {
  const Json* value = take(member);
  if (value == nullptr) refuse(path_, "expected a member \"" + std::string(member) + "\"");
  return *value;
}

void Members::done() const {
  for (const Json::Member& one : *object_) {
    bool is_known = false;
    std::string names;
    for (const std::string_view known : known_) {
      is_known = is_known || one.name == known;
      names += (names.empty() ? "" : ", ") + std::string(known);
    }
    if (!is_known) refuse(path_, "unknown member \"" + one.name + "\"", "Possible here: " + names + ".");
  }
}

namespace {

Json operand(const Json& value, const std::string& path, bool of_aggregate) {
  if (value.number() != nullptr) return Json(canonical_number(*value.number()));
  if (of_aggregate) refuse(path, std::string("expected a number, found ") + value.kind_name());
  if (value.array() != nullptr || value.object() != nullptr)
    refuse(path, std::string("expected a text, a number, true, false or null, found ") + value.kind_name());
  return value;
}

}  // namespace

ValuePath read_property_path(Members& members) {
  return members.has("context") ? read_path(members, "context", ValuePath::Root::Context)
                                : read_path(members, "property", ValuePath::Root::Property);
}

ValuePath read_value_path(Members& members) {
  if (!members.has("call")) return read_path(members, "trait", ValuePath::Root::Trait);
  ValuePath path = read_path(members, "call", ValuePath::Root::Call);
  constexpr size_t kMostNames = 2;
  if (path.names.size() > kMostNames)
    refuse(members.path_of("call"),
           "expected the name of a function, after that of its schema if it has one");
  return path;
}

ValuePath read_path(Members& members, const char* member, ValuePath::Root root) {
  const Json& names = members.require(member);
  const std::string path = members.path_of(member);
  ValuePath result;
  result.root = root;
  if (names.array() == nullptr || names.array()->empty())
    refuse(path, "expected an array of one or more names");
  for (size_t i = 0; i < names.array()->size(); ++i)
    result.names.push_back(read_name((*names.array())[i], path + "[" + std::to_string(i) + "]"));
  return result;
}

Test read_test(Members& members, bool of_aggregate) {
  Test result;
  const std::string sign = read_text(members.require("op"), members.path_of("op"));
  const std::optional<Operator> op = operator_of(sign == "!=" ? "<>" : sign);
  if (!op || (of_aggregate && !is_numeric(*op)))
    refuse(members.path_of("op"), "unknown operator \"" + sign + "\"",
           of_aggregate ? "Possible: =, <>, <, <=, >, >=, between, not between, in, not in."
                        : "Possible: =, <>, <, <=, >, >=, and with or without not: between, in, like, ilike, "
                          "contains, matches; is null, is not null.");
  result.op = *op;
  if (takes_nothing(*op)) return result;
  const Json& value = members.require("value");
  const std::string path = members.path_of("value");
  if (takes_list(*op)) {
    const bool is_range = *op == Operator::Between || *op == Operator::NotBetween;
    const Json::Array* array = value.array();
    if (array == nullptr || (is_range ? array->size() != 2 : array->empty()))
      refuse(path, is_range ? "expected an array of two values" : "expected an array of one or more values");
    for (size_t i = 0; i < array->size(); ++i)
      result.operands.push_back(operand((*array)[i], path + "[" + std::to_string(i) + "]", of_aggregate));
  } else {
    result.operands.push_back(operand(value, path, of_aggregate));
  }
  const bool is_pattern = *op >= Operator::Like && *op <= Operator::NotILike;
  if (is_pattern && (value.string() == nullptr || !is_like_pattern(*value.string())))
    refuse(path, "expected a pattern that does not end with a single backslash");
  if (*op == Operator::Matches || *op == Operator::NotMatches)
    if (const auto problem = problem_of_expression(read_text(value, path))) refuse(path, *problem);
  return result;
}

std::string read_text(const Json& value, const std::string& path) {
  if (value.string() == nullptr) refuse(path, std::string("expected a text, found ") + value.kind_name());
  return *value.string();
}

std::string read_name(const Json& value, const std::string& path) {
  std::string result = read_text(value, path);
  if (result.empty()) refuse(path, "a name must not be empty");
  return result;
}

Instant read_instant(const Json& value, const std::string& path) {
  const std::optional<Instant> t = instant_of_literal(read_text(value, path));
  if (!t) refuse(path, "expected a time as \"2025-01-31\" or \"2025-01-31T12:00:00Z\"");
  return *t;
}

std::optional<Micros> read_optional_length(Members& members, std::string_view member) {
  const Json* value = members.take(member);
  if (value == nullptr) return std::nullopt;
  return read_length(*value, members.path_of(member));
}

Micros read_length(const Json& value, const std::string& path) {
  const std::string written = read_text(value, path);
  const size_t blank = written.find(' ');
  if (blank != std::string::npos) {
    const std::string unit = written.substr(blank + 1);
    if (const char* reason = reason_against_unit(unit)) refuse(path, reason);
    const std::optional<Micros> micros = unit_of_time(unit);
    const std::optional<Decimal> count =
        blank <= 20 ? Decimal::parse(std::string_view(written).substr(0, blank)) : std::nullopt;
    const std::optional<Micros> length = micros && count ? length_of_time(*count, *micros) : std::nullopt;
    if (length) return *length;
  }
  refuse(path, "expected a length of time as \"7 days\" (in seconds, minutes, hours, days or weeks)");
}

namespace {

/// Two values of an array.
template <class F>
auto read_pair(const Json& value, const std::string& path, const char* what, F&& read) {
  if (value.array() == nullptr || value.array()->size() != 2)
    refuse(path, std::string("expected an array of two ") + what);
  return std::pair(read(value.array()->front(), path + "[0]"), read(value.array()->back(), path + "[1]"));
}

Window window_of(Window::Kind kind, const Json& value, const std::string& path) {
  using Kind = Window::Kind;
  Window window;
  window.kind = kind;
  switch (kind) {
    case Kind::InLast:
    case Kind::MoreThanAgo:
    case Kind::InNext:
      window.length = read_length(value, path);
      break;
    case Kind::BetweenAgo:
      std::tie(window.length, window.nearer) = read_pair(value, path, "lengths of time", read_length);
      if (window.nearer >= window.length) refuse(path, "expected the longer length of time first");
      break;
    case Kind::Between:
      std::tie(window.from, window.to) = read_pair(value, path, "times", read_instant);
      break;
    case Kind::Today: {
      const std::optional<Kind> calendar = calendar_of(read_text(value, path));
      if (!calendar) refuse(path, "expected \"today\", \"this week\" or \"this month\"");
      window.kind = *calendar;
      break;
    }
    default:
      window.from = read_instant(value, path);
  }
  return window;
}

struct WindowName {
  const char* member;  ///< nullptr: only the test of a time
  const char* op;
  Window::Kind kind;
  bool is_of_trait;  ///< also the test of a trait as a time
};
constexpr std::array<WindowName, 9> kWindows{
    {{"last", "in last", Window::Kind::InLast, true},
     {"between_ago", "between ago", Window::Kind::BetweenAgo, false},
     {"more_than_ago", "more than ago", Window::Kind::MoreThanAgo, true},
     {"since", "since", Window::Kind::Since, false},
     {"before", "before", Window::Kind::Before, true},
     {"between", "between", Window::Kind::Between, false},
     {"calendar", "calendar", Window::Kind::Today, false},
     {nullptr, "after", Window::Kind::After, true},
     {nullptr, "in next", Window::Kind::InNext, true}}};

}  // namespace

Window read_window(Members& members) {
  std::optional<Window> found;
  for (const WindowName& name : kWindows) {
    if (name.member == nullptr) continue;
    const Json* value = members.take(name.member);
    if (value == nullptr) continue;
    if (found) refuse(members.path(), "has more than one window of time");
    found = window_of(name.kind, *value, members.path_of(name.member));
  }
  return found.value_or(Window());
}

std::optional<Window> read_time_test(Members& members, bool of_trait) {
  const std::string op = read_text(members.require("op"), members.path_of("op"));
  for (const WindowName& name : kWindows)
    if (op == name.op && (of_trait ? name.is_of_trait : name.kind != Window::Kind::InNext))
      return window_of(name.kind, members.require("value"), members.path_of("value"));
  return std::nullopt;
}

}  // namespace cdp::rule
