#include "rule/schema.hpp"

#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

namespace cdp::rule {

namespace {

using Names = std::initializer_list<const char*>;

Json to_definition(const char* name) {
  return Json(Json::Object{{"$ref", Json("#/$defs/" + std::string(name))}});
}

Json strings(const Names& names) {
  Json::Array all;
  for (const char* name : names) all.emplace_back(name);
  return Json(std::move(all));
}

Json one_of(const Names& names) { return Json(Json::Object{{"enum", strings(names)}}); }

Json any_of(Json::Array alternatives) { return Json(Json::Object{{"anyOf", Json(std::move(alternatives))}}); }

Json of_type(const char* type) { return Json(Json::Object{{"type", Json(type)}}); }

Json text_like(const char* pattern) {
  return Json(Json::Object{{"type", Json("string")}, {"pattern", Json(pattern)}});
}

Json number_between(int least, int most) {
  return Json(Json::Object{{"type", Json("number")}, {"minimum", Json(least)}, {"maximum", Json(most)}});
}

Json list_of(Json items, int least, std::optional<int> most = {}) {
  Json::Object list{{"type", Json("array")}, {"items", std::move(items)}, {"minItems", Json(least)}};
  if (most) list.push_back({"maxItems", Json(*most)});
  return Json(std::move(list));
}

Json two(Json items) { return list_of(std::move(items), 2, 2); }

/// An object with no other members than these.
Json::Object closed(Json::Object properties, const Names& required) {
  return {{"type", Json("object")},
          {"properties", Json(std::move(properties))},
          {"required", strings(required)},
          {"additionalProperties", Json(false)}};
}

Json object(Json::Object properties, const Names& required) {
  return Json(closed(std::move(properties), required));
}

/// {"name": what}
Json condition(const char* name, Json what) { return object({{name, std::move(what)}}, {name}); }

/// {"name": what, "op": …, "value": …}, with an operator and a value as one of these definitions has them.
Json tested(const char* name, Json what, const Names& tests) {
  Json::Object whole = closed(
      {{name, std::move(what)}, {"op", of_type("string")}, {"value", Json(Json::Object())}}, {name, "op"});
  Json::Array alternatives;
  for (const char* test : tests) alternatives.push_back(to_definition(test));
  whole.push_back({"anyOf", Json(std::move(alternatives))});
  return Json(std::move(whole));
}

/// An operator among these, and its value.
Json test(const Names& operators, Json value) {
  return Json(
      Json::Object{{"properties", Json(Json::Object{{"op", one_of(operators)}, {"value", std::move(value)}})},
                   {"required", strings({"op", "value"})}});
}

constexpr Names kComparisons = {"=", "<>", "!=", "<", "<=", ">", ">="};

// ---- Windows and events
// ------------------------------------------------------------------------------------

Json calendar() { return one_of({"today", "this week", "this month"}); }

Json::Object windows() {
  const Json length = to_definition("length");
  const Json time = to_definition("time");
  return {{"last", length}, {"between_ago", two(length)}, {"more_than_ago", length}, {"since", time},
          {"before", time}, {"between", two(time)},       {"calendar", calendar()}};
}

/// Of the windows at most one.
Json only_one_window() {
  Json::Object whole;
  const Json::Object all = windows();
  for (const Json::Member& window : all) {
    Json::Object others;
    for (const Json::Member& other : all)
      if (other.name != window.name) others.push_back({other.name, Json(false)});
    whole.push_back({window.name, Json(Json::Object{{"properties", Json(std::move(others))}})});
  }
  return Json(std::move(whole));
}

Json in_window(Json::Object properties, const Names& required, Json::Array all_of = {}) {
  for (Json::Member& window : windows()) properties.push_back(std::move(window));
  Json::Object whole = closed(std::move(properties), required);
  if (!all_of.empty()) whole.push_back({"allOf", Json(std::move(all_of))});
  whole.push_back({"dependentSchemas", only_one_window()});
  return Json(std::move(whole));
}

Json::Object event_members() {
  return {{"event", to_definition("name")},
          {"any", Json(Json::Object{{"const", Json(true)}})},
          {"where", to_definition("where")}};
}

/// Exactly one of two members.
Json either(const char* one, const char* other) {
  return Json(Json::Object{{"oneOf", Json(Json::Array{Json(Json::Object{{"required", strings({one})}}),
                                                      Json(Json::Object{{"required", strings({other})}})})}});
}

Json event(Json::Object more = {}) {
  Json::Object members = event_members();
  for (Json::Member& member : more) members.push_back(std::move(member));
  Json::Object whole = closed(std::move(members), {});
  whole.push_back({"allOf", Json(Json::Array{either("event", "any")})});
  return Json(std::move(whole));
}

Json measured() {
  Json::Object members = event_members();
  members.push_back({"property", to_definition("names")});
  members.push_back({"context", to_definition("names")});
  return in_window(std::move(members), {}, {either("event", "any"), either("property", "context")});
}

// ---- Conditions
// --------------------------------------------------------------------------------------------

/// And, or, not.
void add_combinations(const char* of, Json::Array& alternatives) {
  alternatives.push_back(of_type("boolean"));
  for (const char* name : {"and", "or"})
    alternatives.push_back(condition(name, list_of(to_definition(of), 1)));
  alternatives.push_back(condition("not", to_definition(of)));
}

Json compare() {
  const Json number = to_definition("number");
  return object({{"left", number}, {"op", one_of(kComparisons)}, {"right", number}}, {"left", "op", "right"});
}

Json sample() {
  return object({{"percent", number_between(0, 100)}, {"seed", of_type("string")}}, {"percent", "seed"});
}

Json within() {
  return object({{"distance", text_like("^[0-9.]+ (meters?|kilometers?|feet|foot|miles?)$")},
                 {"latitude", number_between(-90, 90)},
                 {"longitude", number_between(-180, 180)}},
                {"distance", "latitude", "longitude"});
}

constexpr std::array kOfEvents{"count", "days"};
constexpr std::array kOfValues{"sum", "avg", "min", "max", "distinct"};

Json conditions() {
  const Json length = to_definition("length");
  Json::Array all;
  add_combinations("condition", all);
  all.push_back(to_definition("trait"));
  all.push_back(tested("call", to_definition("function"), {"value_test", "trait_time_test"}));
  all.push_back(object({{"held", to_definition("trait")}, {"for", length}}, {"held", "for"}));
  all.push_back(tested("now", one_of({"weekday", "hour"}), {"value_test"}));
  all.push_back(condition("compare", compare()));
  all.push_back(condition("in_segment", to_definition("name")));
  all.push_back(condition("sample", sample()));
  all.push_back(condition("did", to_definition("events")));
  for (const char* name : kOfEvents) all.push_back(tested(name, to_definition("events"), {"number_test"}));
  for (const char* name : kOfValues) all.push_back(tested(name, to_definition("measured"), {"number_test"}));
  all.push_back(tested("most", to_definition("measured"), {"value_test"}));
  all.push_back(tested("sessions", to_definition("window"), {"number_test"}));
  for (const char* name : {"first", "last"})
    all.push_back(tested(name, to_definition("event"), {"time_test"}));
  all.push_back(condition(
      "sequence", in_window({{"steps", list_of(to_definition("step"), 2)}, {"within", length}}, {"steps"})));
  all.push_back(condition(
      "abandoned",
      in_window({{"first", to_definition("event")}, {"then", to_definition("event")}, {"within", length}},
                {"first", "then", "within"})));
  all.push_back(condition("within", within()));
  return any_of(std::move(all));
}

Json where() {
  Json::Array all;
  add_combinations("where", all);
  for (const char* name : {"property", "context"})
    all.push_back(tested(name, to_definition("names"), {"value_test"}));
  return any_of(std::move(all));
}

Json numbers() {
  Json::Array all{of_type("number"), condition("trait", to_definition("names")),
                  condition("call", to_definition("function"))};
  for (const char* name : kOfEvents) all.push_back(condition(name, to_definition("events")));
  for (const char* name : kOfValues) all.push_back(condition(name, to_definition("measured")));
  for (const char* sign : {"+", "-", "*", "/"}) all.push_back(condition(sign, two(to_definition("number"))));
  return any_of(std::move(all));
}

// ---- Operators and values
// ----------------------------------------------------------------------------------

Json value_tests() {
  const Json literal = to_definition("literal");
  Json absent = test({"is null", "is not null"}, Json(false));
  absent.erase("required");
  return any_of(
      {test({"=", "<>", "!=", "<", "<=", ">", ">=", "contains", "not contains"}, literal),
       test({"like", "not like", "ilike", "not ilike", "matches", "not matches"}, of_type("string")),
       test({"between", "not between"}, two(literal)), test({"in", "not in"}, list_of(literal, 1)),
       std::move(absent)});
}

Json number_tests() {
  const Json number = of_type("number");
  return any_of({test(kComparisons, number), test({"between", "not between"}, two(number)),
                 test({"in", "not in"}, list_of(number, 1))});
}

Json time_tests() {
  const Json length = to_definition("length");
  const Json time = to_definition("time");
  return any_of({test({"in last", "more than ago"}, length), test({"between ago"}, two(length)),
                 test({"since", "before", "after"}, time), test({"between"}, two(time)),
                 test({"calendar"}, calendar())});
}

Json trait_time_tests() {
  return any_of({test({"in last", "in next", "more than ago"}, to_definition("length")),
                 test({"before", "after"}, to_definition("time"))});
}

Json definitions() {
  Json::Object name{{"type", Json("string")}, {"minLength", Json(1)}};
  return Json(Json::Object{
      {"condition", conditions()},
      {"trait", tested("trait", to_definition("names"), {"value_test", "trait_time_test"})},
      {"where", where()},
      {"number", numbers()},
      {"events", in_window(event_members(), {}, {either("event", "any")})},
      {"measured", measured()},
      {"event", event()},
      {"step", event({{"gap", to_definition("length")}})},
      {"window", in_window({}, {})},
      {"value_test", value_tests()},
      {"number_test", number_tests()},
      {"time_test", time_tests()},
      {"trait_time_test", trait_time_tests()},
      {"name", Json(std::move(name))},
      {"names", list_of(to_definition("name"), 1)},
      {"function", list_of(to_definition("name"), 1, 2)},
      {"literal", Json(Json::Object{{"type", strings({"string", "number", "boolean", "null"})}})},
      {"length", text_like("^[0-9]+ (second|minute|hour|day|week)s?$")},
      {"time", of_type("string")},
  });
}

}  // namespace

Json json_schema() {
  return Json(Json::Object{{"$schema", Json("https://json-schema.org/draft/2020-12/schema")},
                           {"title", Json("A rule about users (cdp_rule)")},
                           {"$ref", Json("#/$defs/condition")},
                           {"$defs", definitions()}});
}

}  // namespace cdp::rule
