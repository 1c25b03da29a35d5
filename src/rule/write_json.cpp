#include "rule/build.hpp"

#include <algorithm>
#include <array>

namespace cdp::rule {

namespace {

Json json_of(const Node& node);

Json names_of(const std::vector<std::string>& names) {
  Json::Array array;
  for (const std::string& name : names) array.emplace_back(name);
  return Json(std::move(array));
}

void add_path(Json::Object& object, const ValuePath& path) {
  constexpr std::array<const char*, 4> kMembers{"trait", "property", "context", "call"};  // as Root has them
  object.push_back({kMembers.at(static_cast<size_t>(path.root)), names_of(path.names)});
}

void add_events(Json::Object& object, const EventFilter& filter) {
  if (filter.event)
    object.push_back({"event", Json(*filter.event)});
  else
    object.push_back({"any", Json(true)});
  if (filter.where != nullptr) object.push_back({"where", json_of(*filter.where)});
}

void add_length(Json::Object& object, const char* member, std::optional<Micros> length) {
  if (length) object.push_back({member, Json(print_length(*length))});
}

/// The member that a window is, as an object about events has it.
const char* member_of(Window::Kind kind) {
  switch (kind) {
    case Window::Kind::Always:
      return nullptr;
    case Window::Kind::InLast:
      return "last";
    case Window::Kind::BetweenAgo:
      return "between_ago";
    case Window::Kind::MoreThanAgo:
      return "more_than_ago";
    case Window::Kind::Since:
      return "since";
    case Window::Kind::Before:
      return "before";
    case Window::Kind::After:
      return "after";
    case Window::Kind::Between:
      return "between";
    case Window::Kind::InNext:
      return "in_next";
    case Window::Kind::Today:
    case Window::Kind::ThisWeek:
    case Window::Kind::ThisMonth:
      return "calendar";
  }
  return nullptr;
}

Json value_of(const Window& window) {
  switch (window.kind) {
    case Window::Kind::BetweenAgo:
      return Json(Json::Array{Json(print_length(window.length)), Json(print_length(window.nearer))});
    case Window::Kind::InLast:
    case Window::Kind::MoreThanAgo:
    case Window::Kind::InNext:
      return Json(print_length(window.length));
    case Window::Kind::Between:
      return Json(Json::Array{Json(format_instant(window.from)), Json(format_instant(window.to))});
    case Window::Kind::Today:
    case Window::Kind::ThisWeek:
    case Window::Kind::ThisMonth:
      return Json(name_of(window.kind));
    default:
      return Json(format_instant(window.from));
  }
}

void add_window(Json::Object& object, const Window& window) {
  if (const char* member = member_of(window.kind)) object.push_back({member, value_of(window)});
}

/// A window as the test of a time: its words as the operator.
void add_time_test(Json::Object& object, const Window& window) {
  std::string op = window.kind == Window::Kind::InLast ? "in last" : member_of(window.kind);
  std::replace(op.begin(), op.end(), '_', ' ');
  object.push_back({"op", Json(op)});
  object.push_back({"value", value_of(window)});
}

void add_test(Json::Object& object, const Test& test) {
  object.push_back({"op", Json(sign_of(test.op))});
  if (takes_nothing(test.op)) return;
  object.push_back({"value", takes_list(test.op) ? Json(Json::Array(test.operands)) : test.operands.front()});
}

Json json_of_parts(const char* member, const std::vector<NodePointer>& parts) {
  Json::Array array;
  for (const NodePointer& part : parts) array.push_back(json_of(*part));
  return Json(Json::Object{{member, Json(std::move(array))}});
}

Json json_of(const Constant& constant) { return Json(constant.truth); }
Json json_of(const And& all) { return json_of_parts("and", all.parts); }
Json json_of(const Or& any) { return json_of_parts("or", any.parts); }
Json json_of(const Not& negation) { return Json(Json::Object{{"not", json_of(*negation.part)}}); }
Json json_of(const InSegment& membership) {
  return Json(Json::Object{{"in_segment", Json(membership.name)}});
}

Json json_of(const Comparison& comparison) {
  Json::Object object;
  add_path(object, comparison.path);
  add_test(object, comparison.test);
  return Json(std::move(object));
}

Json json_of(const Sample& sample) {
  Json::Object object{{"percent", Json(sample.percent)}, {"seed", Json(sample.seed)}};
  return Json(Json::Object{{"sample", Json(std::move(object))}});
}

Json::Object function_of(const Aggregate& aggregate) {
  Json::Object events;
  if (aggregate.function != Aggregate::Function::Sessions) add_events(events, aggregate.events);
  if (measures_property(aggregate.function)) add_path(events, aggregate.measured);
  add_window(events, aggregate.window);
  return {{name_of(aggregate.function), Json(std::move(events))}};
}

Json json_of(const Aggregate& aggregate) {
  Json::Object object = function_of(aggregate);
  if (aggregate.function != Aggregate::Function::Did) add_test(object, aggregate.test);
  return Json(std::move(object));
}

Json json_of(const Expression& expression) {
  if (const auto* number = expression.as<Decimal>()) return Json(*number);
  if (const auto* aggregate = expression.as<Aggregate>()) return Json(function_of(*aggregate));
  Json::Object object;
  if (const auto* path = expression.as<ValuePath>()) {
    add_path(object, *path);
  } else {
    const auto& arithmetic = *expression.as<Arithmetic>();
    object.push_back({std::string(1, arithmetic.sign),
                      Json(Json::Array{json_of(*arithmetic.left), json_of(*arithmetic.right)})});
  }
  return Json(std::move(object));
}

Json json_of(const Compare& compare) {
  Json::Object object{{"left", json_of(*compare.left)},
                      {"op", Json(sign_of(compare.op))},
                      {"right", json_of(*compare.right)}};
  return Json(Json::Object{{"compare", Json(std::move(object))}});
}

Json json_of(const Nearby& nearby) {
  Json::Object object{{"distance", Json(print_distance(nearby))},
                      {"latitude", Json(nearby.latitude)},
                      {"longitude", Json(nearby.longitude)}};
  return Json(Json::Object{{"within", Json(std::move(object))}});
}

Json json_of(const Moment& moment) {
  Json::Object events;
  add_events(events, moment.events);
  Json::Object object{{moment.is_first ? "first" : "last", Json(std::move(events))}};
  add_time_test(object, moment.window);
  return Json(std::move(object));
}

Json json_of_events(const EventFilter& filter) {
  Json::Object events;
  add_events(events, filter);
  return Json(std::move(events));
}

Json json_of(const Sequence& sequence) {
  Json::Array steps;
  for (size_t i = 0; i < sequence.steps.size(); ++i) {
    Json::Object step;
    add_events(step, sequence.steps[i]);
    add_length(step, "gap", sequence.gaps[i]);
    steps.emplace_back(std::move(step));
  }
  Json::Object object{{"steps", Json(std::move(steps))}};
  add_length(object, "within", sequence.within);
  add_window(object, sequence.window);
  return Json(Json::Object{{"sequence", Json(std::move(object))}});
}

Json json_of(const Abandoned& abandoned) {
  Json::Object object{{"first", json_of_events(abandoned.first)}, {"then", json_of_events(abandoned.then)}};
  add_length(object, "within", abandoned.within);
  add_window(object, abandoned.window);
  return Json(Json::Object{{"abandoned", Json(std::move(object))}});
}

Json json_of(const TraitTime& condition) {
  Json::Object object;
  add_path(object, condition.path);
  add_time_test(object, condition.window);
  return Json(std::move(object));
}

Json json_of(const Held& held) {
  return Json(Json::Object{{"held", json_of(*held.test)}, {"for", Json(print_length(held.length))}});
}

Json json_of(const LocalNow& condition) {
  Json::Object object{{"now", Json(name_of(condition.unit))}};
  add_test(object, condition.test);
  return Json(std::move(object));
}

Json json_of(const Node& node) {
  return std::visit([](const auto& kind) { return json_of(kind); }, node.kind);
}

}  // namespace

Json to_json(const Rule& rule) { return json_of(rule.root()); }

}  // namespace cdp::rule
