#include "rule/build.hpp"

namespace cdp::rule {

namespace {

Json json_of(const Node& node);

Json names_of(const std::vector<std::string>& names) {
  Json::Array array;
  for (const std::string& name : names) array.emplace_back(name);
  return Json(std::move(array));
}

void add_path(Json::Object& object, const ValuePath& path) {
  const char* member = path.root == ValuePath::Root::Trait      ? "trait"
                       : path.root == ValuePath::Root::Property ? "property"
                                                                : "context";
  object.push_back({member, names_of(path.names)});
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

Json json_of(const Aggregate& aggregate) {
  Json::Object events;
  add_events(events, aggregate.events);
  if (measures_property(aggregate.function)) add_path(events, aggregate.measured);
  add_length(events, "last", aggregate.last);
  Json::Object object{{name_of(aggregate.function), Json(std::move(events))}};
  if (aggregate.function != Aggregate::Function::Did) add_test(object, aggregate.test);
  return Json(std::move(object));
}

Json json_of(const Moment& moment) {
  Json::Object events;
  add_events(events, moment.events);
  Json::Object object{{moment.is_first ? "first" : "last", Json(std::move(events))}};
  const auto add = [&](const char* op, Json value) {
    object.push_back({"op", Json(op)});
    object.push_back({"value", std::move(value)});
  };
  if (moment.test == Moment::Test::InLast) add("in last", Json(print_length(moment.last)));
  if (moment.test == Moment::Test::Before) add("before", Json(format_instant(moment.from)));
  if (moment.test == Moment::Test::After) add("after", Json(format_instant(moment.from)));
  if (moment.test == Moment::Test::Between)
    add("between", Json(Json::Array{Json(format_instant(moment.from)), Json(format_instant(moment.to))}));
  return Json(std::move(object));
}

Json json_of_events(const EventFilter& filter) {
  Json::Object events;
  add_events(events, filter);
  return Json(std::move(events));
}

Json json_of(const Sequence& sequence) {
  Json::Array steps;
  for (const EventFilter& step : sequence.steps) steps.push_back(json_of_events(step));
  Json::Object object{{"steps", Json(std::move(steps))}};
  add_length(object, "within", sequence.within);
  add_length(object, "last", sequence.last);
  return Json(Json::Object{{"sequence", Json(std::move(object))}});
}

Json json_of(const Abandoned& abandoned) {
  Json::Object object{{"first", json_of_events(abandoned.first)}, {"then", json_of_events(abandoned.then)}};
  add_length(object, "within", abandoned.within);
  add_length(object, "last", abandoned.last);
  return Json(Json::Object{{"abandoned", Json(std::move(object))}});
}

Json json_of(const Node& node) {
  return std::visit([](const auto& kind) { return json_of(kind); }, node.kind);
}

}  // namespace

Json to_json(const Rule& rule) { return json_of(rule.root()); }

}  // namespace cdp::rule
