#include "base/error.hpp"
#include "rule/build.hpp"

#include <array>

namespace cdp::rule {

namespace {

constexpr std::array<std::string_view, 17> kKinds{
    "and", "or",  "not", "trait",    "in_segment", "sample", "did",      "count",    "sum",
    "avg", "min", "max", "distinct", "first",      "last",   "sequence", "abandoned"};

[[noreturn]] void refuse(const std::string& path, const std::string& problem, std::string hint = {}) {
  throw Error(Category::BadText, "invalid rule at " + path + ": " + problem, {}, std::move(hint));
}

/// Reads an object member by member; done() refuses those that were not asked for.
class Members {
 public:
  Members(const Json& json, std::string path) : path_(std::move(path)), object_(json.object()) {
    if (object_ == nullptr) refuse(path_, std::string("expected an object, found ") + json.kind_name());
  }

  const std::string& path() const { return path_; }
  std::string path_of(std::string_view member) const { return path_ + "." + std::string(member); }
  bool has(std::string_view member) const {
    for (const Json::Member& one : *object_)
      if (one.name == member) return true;
    return false;
  }
  const Json* take(std::string_view member) {
    known_.push_back(member);
    for (const Json::Member& one : *object_)
      if (one.name == member) return &one.value;
    return nullptr;
  }
  const Json& require(std::string_view member) {
    const Json* value = take(member);
    if (value == nullptr) refuse(path_, "expected a member \"" + std::string(member) + "\"");
    return *value;
  }
  void done() const {
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

 private:
  std::string path_;
  const Json::Object* object_;
  std::vector<std::string_view> known_;
};

class Reader {
 public:
  NodePointer read(const Json& json, const std::string& path) {
    if (++depth_ > kMaxDepth)
      throw Error(Category::Limit,
                  "rule nests deeper than " + std::to_string(kMaxDepth) + " levels at " + path);
    NodePointer node = json.boolean() ? make_node(Constant{*json.boolean()}) : read_object(json, path);
    --depth_;
    return node;
  }

 private:
  NodePointer read_object(const Json& json, const std::string& path) {
    if (json.object() == nullptr)
      refuse(path, std::string("expected an object, true or false, found ") + json.kind_name());
    Members members(json, path);
    NodePointer node = read_kind(members);
    members.done();
    return node;
  }

  NodePointer read_kind(Members& members) {
    if (members.has("and")) return make_and(parts(members, "and"));
    if (members.has("or")) return make_or(parts(members, "or"));
    if (members.has("not")) return make_node(Not{read(members.require("not"), members.path_of("not"))});
    if (in_where_) {
      if (members.has("property") || members.has("context")) return comparison(members);
      refuse(members.path(), "expected one of the members and, or, not, property, context");
    }
    if (members.has("trait")) return comparison(members);
    if (members.has("in_segment"))
      return make_node(InSegment{name(members.require("in_segment"), members.path_of("in_segment"))});
    if (members.has("sample")) return sample(members);
    if (members.has("sequence")) return sequence(members);
    if (members.has("abandoned")) return abandoned(members);
    if (members.has("first")) return moment(members, true);
    if (members.has("last")) return moment(members, false);
    for (const auto function : {Aggregate::Function::Did, Aggregate::Function::Count,
                                Aggregate::Function::Sum, Aggregate::Function::Avg, Aggregate::Function::Min,
                                Aggregate::Function::Max, Aggregate::Function::Distinct})
      if (members.has(name_of(function))) return aggregate(members, function);
    std::string kinds;
    for (const std::string_view kind : kKinds) kinds += (kinds.empty() ? "" : ", ") + std::string(kind);
    refuse(members.path(), "expected a condition", "A condition has one of the members " + kinds + ".");
  }

  std::vector<NodePointer> parts(Members& members, std::string_view member) {
    const Json& value = members.require(member);
    const std::string path = members.path_of(member);
    const Json::Array* array = value.array();
    if (array == nullptr || array->empty()) refuse(path, "expected an array of one or more conditions");
    std::vector<NodePointer> result;
    for (size_t i = 0; i < array->size(); ++i)
      result.push_back(read((*array)[i], path + "[" + std::to_string(i) + "]"));
    return result;
  }

  NodePointer comparison(Members& members) {
    Comparison result;
    result.path = in_where_ ? property_path(members) : trait_path(members);
    result.test = test(members, false);
    return make_node(std::move(result));
  }

  NodePointer sample(Members& outer) {
    Members members(outer.require("sample"), outer.path_of("sample"));
    Sample result;
    const Decimal* percent = members.require("percent").number();
    if (percent == nullptr || *percent < Decimal(0) || *percent > Decimal(100))
      refuse(members.path_of("percent"), "expected a percentage from 0 to 100");
    result.percent = canonical_number(*percent);
    result.seed = text(members.require("seed"), members.path_of("seed"));
    members.done();
    return make_node(std::move(result));
  }

  NodePointer aggregate(Members& outer, Aggregate::Function function) {
    const char* member = name_of(function);
    Members members(outer.require(member), outer.path_of(member));
    Aggregate result;
    result.function = function;
    result.events = events(members);
    if (measures_property(function)) result.measured = property_path(members);
    result.last = optional_length(members, "last");
    members.done();
    if (function != Aggregate::Function::Did) result.test = test(outer, true);
    return make_node(std::move(result));
  }

  NodePointer moment(Members& outer, bool is_first) {
    const char* member = is_first ? "first" : "last";
    Moment result;
    result.is_first = is_first;
    result.events = all_events(outer, member);
    const std::string op = text(outer.require("op"), outer.path_of("op"));
    const Json& value = outer.require("value");
    const std::string path = outer.path_of("value");
    if (op == "in last") {
      result.test = Moment::Test::InLast;
      result.last = length(value, path);
    } else if (op == "before" || op == "after") {
      result.test = op == "before" ? Moment::Test::Before : Moment::Test::After;
      result.from = instant(value, path);
    } else if (op == "between") {
      result.test = Moment::Test::Between;
      if (value.array() == nullptr || value.array()->size() != 2)
        refuse(path, "expected an array of two times");
      result.from = instant(value.array()->front(), path + "[0]");
      result.to = instant(value.array()->back(), path + "[1]");
    } else {
      refuse(outer.path_of("op"), "expected \"in last\", \"before\", \"after\" or \"between\"");
    }
    return make_node(std::move(result));
  }

  NodePointer sequence(Members& outer) {
    Members members(outer.require("sequence"), outer.path_of("sequence"));
    Sequence result;
    const Json::Array* steps = members.require("steps").array();
    const std::string path = members.path_of("steps");
    if (steps == nullptr || steps->size() < 2) refuse(path, "expected an array of two or more events");
    for (size_t i = 0; i < steps->size(); ++i) {
      Members step((*steps)[i], path + "[" + std::to_string(i) + "]");
      result.steps.push_back(events(step));
      step.done();
    }
    result.within = optional_length(members, "within");
    result.last = optional_length(members, "last");
    members.done();
    return make_node(std::move(result));
  }

  NodePointer abandoned(Members& outer) {
    Members members(outer.require("abandoned"), outer.path_of("abandoned"));
    Abandoned result;
    result.first = all_events(members, "first");
    result.then = all_events(members, "then");
    result.within = length(members.require("within"), members.path_of("within"));
    result.last = optional_length(members, "last");
    members.done();
    return make_node(std::move(result));
  }

  /// An object that has nothing but an event filter.
  EventFilter all_events(Members& outer, std::string_view member) {
    Members members(outer.require(member), outer.path_of(member));
    EventFilter filter = events(members);
    members.done();
    return filter;
  }

  EventFilter events(Members& members) {
    EventFilter filter;
    if (const Json* any = members.take("any")) {
      if (any->boolean() == nullptr || !*any->boolean())
        refuse(members.path_of("any"), "expected true (or a member \"event\" instead)");
      if (members.has("event")) refuse(members.path(), "has both \"any\" and \"event\"");
    } else {
      filter.event = name(members.require("event"), members.path_of("event"));
    }
    if (const Json* where = members.take("where")) {
      in_where_ = true;
      filter.where = read(*where, members.path_of("where"));
      in_where_ = false;
    }
    return filter;
  }

  ValuePath trait_path(Members& members) { return path_of(members, "trait", ValuePath::Root::Trait); }

  ValuePath property_path(Members& members) {
    return members.has("context") ? path_of(members, "context", ValuePath::Root::Context)
                                  : path_of(members, "property", ValuePath::Root::Property);
  }

  ValuePath path_of(Members& members, const char* member, ValuePath::Root root) {
    const Json& names = members.require(member);
    const std::string path = members.path_of(member);
    ValuePath result;
    result.root = root;
    if (names.array() == nullptr || names.array()->empty())
      refuse(path, "expected an array of one or more names");
    for (size_t i = 0; i < names.array()->size(); ++i)
      result.names.push_back(name((*names.array())[i], path + "[" + std::to_string(i) + "]"));
    return result;
  }

  Test test(Members& members, bool of_aggregate) {
    Test result;
    const std::string sign = text(members.require("op"), members.path_of("op"));
    const std::optional<Operator> op = operator_of(sign == "!=" ? "<>" : sign);
    if (!op || (of_aggregate && !is_numeric(*op)))
      refuse(members.path_of("op"), "unknown operator \"" + sign + "\"",
             of_aggregate
                 ? "Possible: =, <>, <, <=, >, >=, between, not between, in, not in."
                 : "Possible: =, <>, <, <=, >, >=, and with or without not: between, in, like, ilike, "
                   "contains; is null, is not null.");
    result.op = *op;
    if (takes_nothing(*op)) return result;
    const Json& value = members.require("value");
    const std::string path = members.path_of("value");
    if (takes_list(*op)) {
      const bool is_range = *op == Operator::Between || *op == Operator::NotBetween;
      const Json::Array* array = value.array();
      if (array == nullptr || (is_range ? array->size() != 2 : array->empty()))
        refuse(path,
               is_range ? "expected an array of two values" : "expected an array of one or more values");
      for (size_t i = 0; i < array->size(); ++i)
        result.operands.push_back(operand((*array)[i], path + "[" + std::to_string(i) + "]", of_aggregate));
    } else {
      result.operands.push_back(operand(value, path, of_aggregate));
    }
    const bool is_pattern = *op >= Operator::Like && *op <= Operator::NotILike;
    if (is_pattern && (value.string() == nullptr || !is_like_pattern(*value.string())))
      refuse(path, "expected a pattern that does not end with a single backslash");
    return result;
  }

  static Json operand(const Json& value, const std::string& path, bool of_aggregate) {
    if (value.number() != nullptr) return Json(canonical_number(*value.number()));
    if (of_aggregate) refuse(path, std::string("expected a number, found ") + value.kind_name());
    if (value.array() != nullptr || value.object() != nullptr)
      refuse(path, std::string("expected a text, a number, true, false or null, found ") + value.kind_name());
    return value;
  }

  static std::string text(const Json& value, const std::string& path) {
    if (value.string() == nullptr) refuse(path, std::string("expected a text, found ") + value.kind_name());
    return *value.string();
  }
  static std::string name(const Json& value, const std::string& path) {
    std::string result = text(value, path);
    if (result.empty()) refuse(path, "a name must not be empty");
    return result;
  }
  static Instant instant(const Json& value, const std::string& path) {
    const std::optional<Instant> t = instant_of_literal(text(value, path));
    if (!t) refuse(path, "expected a time as \"2025-01-31\" or \"2025-01-31T12:00:00Z\"");
    return *t;
  }
  static std::optional<Micros> optional_length(Members& members, std::string_view member) {
    const Json* value = members.take(member);
    if (value == nullptr) return std::nullopt;
    return length(*value, members.path_of(member));
  }
  static Micros length(const Json& value, const std::string& path) {
    const std::string written = text(value, path);
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

  int depth_ = 0;
  bool in_where_ = false;
};

}  // namespace

Rule from_json(const Json& json) { return finish(Reader().read(json, "$")); }

}  // namespace cdp::rule
