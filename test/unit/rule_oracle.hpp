#pragma once

#include "rule/rule.hpp"
#include "rule_random.hpp"

#include <algorithm>
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

class Oracle {
 public:
  Oracle(const RawUser& user, Instant now, const std::map<std::string, Rule>& segments)
      : user_(user), now_(now), segments_(segments) {}

  bool truth(const Node& node) const {
    if (const auto* constant = node.as<Constant>()) return constant->truth;
    if (const auto* all = node.as<And>())
      return std::all_of(all->parts.begin(), all->parts.end(), [&](const auto& p) { return truth(*p); });
    if (const auto* any = node.as<Or>())
      return std::any_of(any->parts.begin(), any->parts.end(), [&](const auto& p) { return truth(*p); });
    if (const auto* negation = node.as<Not>()) return !truth(*negation->part);
    if (const auto* comparison = node.as<Comparison>())
      return test_holds(comparison->test, at_path(user_.traits, comparison->path.names));
    if (const auto* membership = node.as<InSegment>()) return truth(segments_.at(membership->name).root());
    if (const auto* sample = node.as<Sample>()) {
      // The seeds of the tests; independent of the hash only at the ends, elsewhere asked of a whole rule.
      const Rule sampled(std::make_shared<const Node>(Node{*sample}));
      timeline::Demand demand;
      UserState state;
      state.user_no = kUserNo;
      state.user_id = kUserId;
      return evaluate(rule::bind(sampled, demand, {}), state, now_).truth;
    }
    if (const auto* condition = node.as<TraitTime>()) return trait_time_holds(*condition);
    if (const auto* held = node.as<Held>()) {
      const auto* comparison = held->test->as<Comparison>();
      const ValuePath& path = comparison != nullptr ? comparison->path : held->test->as<TraitTime>()->path;
      const auto since = user_.since.find(path.names.front());
      return since != user_.since.end() && now_.us >= since->second.us + held->length && truth(*held->test);
    }
    if (const auto* condition = node.as<LocalNow>()) return local_now_holds(*condition);
    if (const auto* aggregate = node.as<Aggregate>()) return aggregate_holds(*aggregate);
    if (const auto* moment = node.as<Moment>()) return moment_holds(*moment);
    if (const auto* sequence = node.as<Sequence>()) return sequence_holds(*sequence, 0, now_, now_);
    return abandoned_holds(*node.as<Abandoned>());
  }

 private:
  bool trait_time_holds(const TraitTime& condition) const {
    const auto found = user_.times.find(condition.path.names.front());
    if (found == user_.times.end()) return false;
    const int64_t t = found->second.us;
    const int64_t length = condition.window.length;
    switch (condition.window.kind) {
      case Window::Kind::InLast:
        return t <= now_.us && t > now_.us - length;
      case Window::Kind::InNext:
        return t > now_.us && t <= now_.us + length;
      case Window::Kind::MoreThanAgo:
        return t <= now_.us - length;
      case Window::Kind::Before:
        return t < condition.window.from.us;
      default:
        return t > condition.window.from.us;
    }
  }

  bool local_now_holds(const LocalNow& condition) const {
    const char* names[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
    const int64_t day = local_day(now_);
    const Json value = condition.unit == LocalNow::Unit::Hour ? Json(local_hours(now_) - day * 24)
                                                              : Json(names[(day + 5 + 7000) % 7]);
    return test_holds(condition.test, &value);
  }

  bool takes(const EventFilter& filter, const RawEvent& event) const {
    if (event.time > now_) return false;
    if (filter.event && *filter.event != event.name) return false;
    return filter.where == nullptr || clause_holds(*filter.where, event);
  }

  bool clause_holds(const Node& node, const RawEvent& event) const {
    if (const auto* all = node.as<And>()) {
      for (const auto& part : all->parts)
        if (!clause_holds(*part, event)) return false;
      return true;
    }
    if (const auto* any = node.as<Or>()) {
      for (const auto& part : any->parts)
        if (clause_holds(*part, event)) return true;
      return false;
    }
    if (const auto* negation = node.as<Not>()) return !clause_holds(*negation->part, event);
    return test_holds(node.as<Comparison>()->test, value(node.as<Comparison>()->path, event));
  }

  static const Json* value(const ValuePath& path, const RawEvent& event) {
    return at_path(path.root == ValuePath::Root::Context ? event.context : event.properties, path.names);
  }

  /// Local time in hours since 2000, in the user's zone.
  int64_t local_hours(Instant t) const {
    int64_t ahead = 0;
    const Json* name = at_path(user_.traits, {"time_zone"});
    if (name == nullptr) name = at_path(user_.traits, {"timezone"});
    for (const RawZone& zone : zones())
      if (name != nullptr && name->string() && *name->string() == zone.name) ahead = hours_ahead(zone, t);
    const int64_t local = t.us + ahead * kHour;
    return local >= 0 ? local / kHour : -((-local + kHour - 1) / kHour);
  }
  int64_t local_day(Instant t) const {
    int64_t day = 0;
    for (int64_t hours = local_hours(t); hours >= 24; hours -= 24) ++day;
    for (int64_t hours = local_hours(t); hours < 0; hours += 24) --day;
    return day;
  }
  /// Counted from a Monday, 1999-12-27.
  int64_t local_week(Instant t) const { return (local_day(t) + 5 + 7000) / 7; }
  int64_t local_month(Instant t) const {
    const int64_t day = local_day(t);
    return day < 0 ? -1 : day < 31 ? 0 : day < 31 + 29 ? 1 : 2;
  }

  bool is_in_window(Instant time, const Window& window) const {
    if (time > now_) return false;
    const int64_t age = now_.us - time.us;
    switch (window.kind) {
      case Window::Kind::Always:
        return true;
      case Window::Kind::InLast:
        return age < window.length;
      case Window::Kind::BetweenAgo:
        return age < window.length && age >= window.nearer;
      case Window::Kind::MoreThanAgo:
        return age >= window.length;
      case Window::Kind::Since:
        return time.us >= window.from.us;
      case Window::Kind::Before:
        return time.us < window.from.us;
      case Window::Kind::After:
        return time.us > window.from.us;
      case Window::Kind::Between:
        return time.us >= window.from.us && time.us <= window.to.us;
      case Window::Kind::Today:
        return local_day(time) == local_day(now_);
      case Window::Kind::ThisWeek:
        return local_week(time) == local_week(now_);
      case Window::Kind::ThisMonth:
        return local_month(time) == local_month(now_);
      case Window::Kind::InNext:
        break;  // no window of events
    }
    return false;
  }

  bool aggregate_holds(const Aggregate& aggregate) const {
    using Function = Aggregate::Function;
    int64_t count = 0;
    std::vector<double> numbers;  // all of them are multiples of 1/2: exact in a double
    std::vector<Json> values;
    std::vector<Json> different;
    std::set<int64_t> days;
    if (aggregate.function == Function::Sessions)
      for (const Instant start : user_.sessions) count += is_in_window(start, aggregate.window) ? 1 : 0;
    else
      for (const RawEvent& event : user_.events) {
        if (!is_in_window(event.time, aggregate.window) || !takes(aggregate.events, event)) continue;
        ++count;
        days.insert(local_day(event.time));
        if (aggregate.measured.names.empty()) continue;
        const Json* measured = value(aggregate.measured, event);
        if (measured == nullptr || measured->is_null()) continue;
        values.push_back(*measured);
        if (measured->number()) numbers.push_back(measured->number()->to_double());
        if (std::none_of(different.begin(), different.end(),
                         [&](const Json& x) { return equal(x, *measured); }))
          different.push_back(*measured);
      }
    if (aggregate.function == Function::Did) return count > 0;
    if (aggregate.function == Function::Most) {
      const Json* most = nullptr;
      int64_t most_often = 0;
      for (const Json& candidate : values) {
        const auto often =
            std::count_if(values.begin(), values.end(), [&](const Json& x) { return equal(x, candidate); });
        if (often >= most_often) most = &candidate;  // the later one of equals
        most_often = std::max<int64_t>(most_often, often);
      }
      return test_holds(aggregate.test, most);
    }
    double result = 0;
    double scale = 1;
    double sum = 0;
    for (const double number : numbers) sum += number;
    switch (aggregate.function) {
      case Function::Count:
      case Function::Sessions:
        result = static_cast<double>(count);
        break;
      case Function::Days:
        result = static_cast<double>(days.size());
        break;
      case Function::Sum:
        result = sum;
        break;
      case Function::Distinct:
        result = static_cast<double>(different.size());
        break;
      default:
        if (numbers.empty()) return false;
        scale = aggregate.function == Function::Avg ? static_cast<double>(numbers.size()) : 1;
        result = aggregate.function == Function::Avg   ? sum
                 : aggregate.function == Function::Min ? *std::min_element(numbers.begin(), numbers.end())
                                                       : *std::max_element(numbers.begin(), numbers.end());
    }
    Test scaled = aggregate.test;
    for (Json& operand : scaled.operands)
      operand = Json(*operand.number() * Decimal(static_cast<int64_t>(scale)));
    const Json value(*Decimal::parse(std::to_string(static_cast<int64_t>(result * 10)) + "e-1"));
    return test_holds(scaled, &value);
  }

  bool moment_holds(const Moment& moment) const {
    std::optional<Instant> time;
    for (const RawEvent& event : user_.events) {
      if (!takes(moment.events, event)) continue;
      if (!time || (moment.is_first ? event.time < *time : event.time > *time)) time = event.time;
    }
    return time && is_in_window(*time, moment.window);
  }

  bool sequence_holds(const Sequence& sequence, size_t step, Instant first, Instant previous) const {
    if (step == sequence.steps.size()) return !sequence.within || previous.us - first.us <= *sequence.within;
    for (const RawEvent& event : user_.events) {
      if (!is_in_window(event.time, sequence.window) || !takes(sequence.steps[step], event)) continue;
      if (step > 0 && event.time <= previous) continue;
      if (sequence.gaps[step] && event.time.us - previous.us > *sequence.gaps[step]) continue;
      if (sequence_holds(sequence, step + 1, step == 0 ? event.time : first, event.time)) return true;
    }
    return false;
  }

  bool abandoned_holds(const Abandoned& abandoned) const {
    std::optional<Instant> latest;
    for (const RawEvent& event : user_.events)
      if (takes(abandoned.first, event) && (!latest || event.time > *latest)) latest = event.time;
    if (!latest || !is_in_window(*latest, abandoned.window)) return false;
    if (now_.us <= latest->us + abandoned.within) return false;
    for (const RawEvent& event : user_.events)
      if (takes(abandoned.then, event) && event.time > *latest &&
          event.time.us <= latest->us + abandoned.within)
        return false;
    return true;
  }

  const RawUser& user_;
  Instant now_;
  const std::map<std::string, Rule>& segments_;
};

}  // namespace cdp::rule
