#include "base/error.hpp"
#include "rule/build.hpp"
#include "rule/json_members.hpp"

#include <array>

namespace cdp::rule {

namespace {

constexpr std::array<std::string_view, 25> kKinds{
    "and",    "or",       "not",   "trait", "call",     "held",      "now",   "compare",  "in_segment",
    "sample", "did",      "count", "sum",   "avg",      "min",       "max",   "distinct", "most",
    "days",   "sessions", "first", "last",  "sequence", "abandoned", "within"};

using Function = Aggregate::Function;
constexpr std::array<Function, 10> kAggregates{
    Function::Did, Function::Count,    Function::Sum,  Function::Avg,  Function::Min,
    Function::Max, Function::Distinct, Function::Most, Function::Days, Function::Sessions};

class Reader {
 public:
  NodePointer read(const Json& json, const std::string& path) {
    const Level level(this, path);
    return json.boolean() ? make_node(Constant{*json.boolean()}) : read_object(json, path);
  }

 private:
  /// Bounds the recursion.
  class Level {
   public:
    Level(Reader* reader, const std::string& path) : reader_(reader) {
      if (++reader_->depth_ > kMaxDepth)
        throw Error(Category::Limit,
                    "rule nests deeper than " + std::to_string(kMaxDepth) + " levels at " + path);
    }
    ~Level() { --reader_->depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Reader* reader_;
  };

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
    if (members.has("trait") || members.has("call")) return comparison(members);
    if (members.has("held")) return held(members);
    if (members.has("compare")) return compare(members);
    if (members.has("within")) return nearby(members);
    if (members.has("now")) return local_now(members);
    if (members.has("in_segment"))
      return make_node(InSegment{read_name(members.require("in_segment"), members.path_of("in_segment"))});
    if (members.has("sample")) return sample(members);
    if (members.has("sequence")) return sequence(members);
    if (members.has("abandoned")) return abandoned(members);
    if (members.has("first")) return moment(members, true);
    if (members.has("last")) return moment(members, false);
    for (const auto function : kAggregates)
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
    if (!in_where_) return trait_test(members);
    Comparison result;
    result.path = read_property_path(members);
    result.test = read_test(members, false);
    return make_node(std::move(result));
  }

  NodePointer trait_test(Members& members) {
    ValuePath path = read_value_path(members);
    if (const std::optional<Window> window = read_time_test(members, true))
      return make_node(TraitTime{std::move(path), *window});
    return make_node(Comparison{std::move(path), read_test(members, false)});
  }

  NodePointer held(Members& outer) {
    Members members(outer.require("held"), outer.path_of("held"));
    if (members.has("call"))
      refuse(members.path(), "expected a test of a trait",
             "How long a function has had its value is not known, as it is of traits.");
    Held result;
    result.test = trait_test(members);
    members.done();
    result.length = read_length(outer.require("for"), outer.path_of("for"));
    return make_node(std::move(result));
  }

  NodePointer local_now(Members& members) {
    const std::string path = members.path_of("now");
    const std::optional<LocalNow::Unit> unit = local_unit_of(read_text(members.require("now"), path));
    if (!unit) refuse(path, "expected \"weekday\" or \"hour\"");
    return make_node(LocalNow{*unit, read_test(members, false)});
  }

  NodePointer sample(Members& outer) {
    Members members(outer.require("sample"), outer.path_of("sample"));
    Sample result;
    const Decimal* percent = members.require("percent").number();
    if (percent == nullptr || *percent < Decimal(0) || *percent > Decimal(100))
      refuse(members.path_of("percent"), "expected a percentage from 0 to 100");
    result.percent = canonical_number(*percent);
    result.seed = read_text(members.require("seed"), members.path_of("seed"));
    members.done();
    return make_node(std::move(result));
  }

  NodePointer aggregate(Members& outer, Aggregate::Function function) {
    Aggregate result = measure(outer, function);
    if (function != Aggregate::Function::Did)
      result.test = read_test(outer, function != Aggregate::Function::Most);
    return make_node(std::move(result));
  }

  /// What is aggregated, without its test.
  Aggregate measure(Members& outer, Aggregate::Function function) {
    const char* member = name_of(function);
    Members members(outer.require(member), outer.path_of(member));
    Aggregate result;
    result.function = function;
    if (function != Aggregate::Function::Sessions) result.events = events(members);
    if (measures_property(function)) result.measured = read_property_path(members);
    result.window = read_window(members);
    members.done();
    return result;
  }

  NodePointer compare(Members& outer) {
    Members members(outer.require("compare"), outer.path_of("compare"));
    const std::string sign = read_text(members.require("op"), members.path_of("op"));
    const std::optional<Operator> op = operator_of(sign == "!=" ? "<>" : sign);
    if (!op || !compares_two(*op)) refuse(members.path_of("op"), "expected =, <>, <, <=, > or >=");
    ExpressionPointer left = expression(members.require("left"), members.path_of("left"));
    ExpressionPointer right = expression(members.require("right"), members.path_of("right"));
    members.done();
    return make_comparison(std::move(left), *op, std::move(right));
  }

  ExpressionPointer expression(const Json& json, const std::string& path) {
    const Level level(this, path);
    if (const Decimal* number = json.number()) return make_expression(canonical_number(*number));
    if (json.object() == nullptr)
      refuse(path, std::string("expected a number or an object, found ") + json.kind_name());
    Members members(json, path);
    ExpressionPointer result = expression(members);
    members.done();
    return result;
  }

  ExpressionPointer expression(Members& members) {
    if (members.has("trait") || members.has("call")) return make_expression(read_value_path(members));
    for (const std::string_view sign : {"+", "-", "*", "/"}) {
      if (!members.has(sign)) continue;
      const Json::Array* operands = members.require(sign).array();
      const std::string path = members.path_of(sign);
      if (operands == nullptr || operands->size() != 2) refuse(path, "expected an array of two operands");
      ExpressionPointer left = expression(operands->front(), path + "[0]");
      ExpressionPointer right = expression(operands->back(), path + "[1]");
      return make_expression(Arithmetic{sign.front(), std::move(left), std::move(right)});
    }
    for (const auto function : kAggregates)
      if (is_operand(function) && members.has(name_of(function)))
        return make_expression(measure(members, function));
    refuse(members.path(),
           "expected one of the members trait, call, +, -, *, /, count, sum, avg, min, max, distinct, days");
  }

  NodePointer nearby(Members& outer) {
    Members members(outer.require("within"), outer.path_of("within"));
    Nearby result;
    const std::string distance = read_text(members.require("distance"), members.path_of("distance"));
    const size_t blank = distance.find(' ');
    const auto unit =
        blank != std::string::npos ? distance_unit_of(distance.substr(blank + 1)) : std::nullopt;
    const auto number = unit && blank <= static_cast<size_t>(kMaxNumberDigits)
                            ? Decimal::parse(distance.substr(0, blank))
                            : std::nullopt;
    if (!number || number->sign() < 0)
      refuse(members.path_of("distance"),
             "expected a distance as \"100 feet\" (in meters, kilometers, feet or miles)");
    result.distance = canonical_number(*number);
    result.unit = *unit;
    const auto degrees = [&](const char* member, bool (*is_right)(const Decimal&), const char* expected) {
      const Decimal* value = members.require(member).number();
      if (value == nullptr || !is_right(*value)) refuse(members.path_of(member), expected);
      return canonical_number(*value);
    };
    result.latitude = degrees("latitude", is_latitude, "expected degrees from -90 to 90");
    result.longitude = degrees("longitude", is_longitude, "expected degrees from -180 to 180");
    members.done();
    return make_node(std::move(result));
  }

  NodePointer moment(Members& outer, bool is_first) {
    const char* member = is_first ? "first" : "last";
    Moment result;
    result.is_first = is_first;
    result.events = all_events(outer, member);
    const std::optional<Window> window = read_time_test(outer, false);
    if (!window)
      refuse(outer.path_of("op"),
             "expected \"in last\", \"between ago\", \"more than ago\", \"since\", \"before\", \"after\", "
             "\"between\" or \"calendar\"");
    result.window = *window;
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
      result.gaps.push_back(i > 0 ? read_optional_length(step, "gap") : std::nullopt);
      step.done();
    }
    result.within = read_optional_length(members, "within");
    result.window = read_window(members);
    members.done();
    return make_node(std::move(result));
  }

  NodePointer abandoned(Members& outer) {
    Members members(outer.require("abandoned"), outer.path_of("abandoned"));
    Abandoned result;
    result.first = all_events(members, "first");
    result.then = all_events(members, "then");
    result.within = read_length(members.require("within"), members.path_of("within"));
    result.window = read_window(members);
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
      filter.event = read_name(members.require("event"), members.path_of("event"));
    }
    if (const Json* where = members.take("where")) {
      in_where_ = true;
      filter.where = read(*where, members.path_of("where"));
      in_where_ = false;
    }
    return filter;
  }

  int depth_ = 0;
  bool in_where_ = false;
};

}  // namespace

Rule from_json(const Json& json) { return finish(Reader().read(json, "$")); }

}  // namespace cdp::rule
