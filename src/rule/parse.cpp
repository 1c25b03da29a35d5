#include "base/error.hpp"
#include "rule/build.hpp"
#include "rule/cursor.hpp"

#include <algorithm>
#include <array>

namespace cdp::rule {

namespace {

constexpr std::array<std::string_view, 13> kFunctions{"did",       "count",    "sum",   "avg",  "min",
                                                      "max",       "distinct", "first", "last", "sequence",
                                                      "abandoned", "sample",   "exists"};
constexpr std::array<std::string_view, 5> kFunctionsToCome{"days", "sessions", "most", "call", "within"};
constexpr std::array<std::string_view, 7> kComparisons{"between",  "in", "like", "ilike",
                                                       "contains", "is", "not"};

constexpr std::array<std::string_view, 5> kUnits{"seconds", "minutes", "hours", "days", "weeks"};

/// Recursive descent; one function a rule of the grammar.
class Parser : private TokenCursor {
 public:
  using TokenCursor::TokenCursor;

  Rule rule() {
    NodePointer root = disjunction();
    if (!at().is_a(Token::Kind::End)) expected("\"and\", \"or\" or the end", {"and", "or"});
    return finish(std::move(root));
  }

 private:
  /// Levels of parentheses, not and where; finish() measures the tree, this bounds the recursion.
  class Level {
   public:
    explicit Level(Parser* parser) : parser_(parser) {
      if (++parser_->depth_ > kMaxDepth)
        throw Error(Category::Limit, "rule nests deeper than " + std::to_string(kMaxDepth) +
                                         " levels at position " + std::to_string(parser_->at().position));
    }
    ~Level() { --parser_->depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser* parser_;
  };

  NodePointer disjunction() {
    const Level level(this);
    std::vector<NodePointer> parts{conjunction()};
    while (take_word("or")) parts.push_back(conjunction());
    return make_or(std::move(parts));
  }

  NodePointer conjunction() {
    std::vector<NodePointer> parts{unary()};
    while (take_word("and")) parts.push_back(unary());
    return make_and(std::move(parts));
  }

  NodePointer unary() {
    if (!take_word("not")) return primary();
    const Level level(this);
    return make_node(Not{unary()});
  }

  NodePointer primary() {
    if (take_symbol("(")) {
      NodePointer inner = disjunction();
      if (!take_symbol(")")) expected("\"and\", \"or\" or \")\"", {"and", "or"});
      return inner;
    }
    if (at().is_word("in")) return membership();
    if (take_word("true")) return make_node(Constant{true});
    if (take_word("false")) return make_node(Constant{false});
    if (at().is_a(Token::Kind::Name) && at(1).is_symbol("(") && !is_reserved(at().text)) return function();
    if (at().is_a(Token::Kind::QuotedName) || (at().is_a(Token::Kind::Name) && !is_reserved(at().text)))
      return comparison();
    expected(in_where_ ? "a comparison of a property" : "a condition");
  }

  NodePointer membership() {
    if (in_where_) syntax_error(at().position, "\"in segment\" is not possible in where");
    take();
    if (!take_word("segment")) expected("\"segment\"", {"segment"});
    return make_node(InSegment{name("the name of a segment", true)});
  }

  NodePointer comparison() {
    ValuePath path = value_path();
    // `is_vip` by itself: a flag.
    if (at().is_a(Token::Kind::End) || at().is_symbol(")") || at().is_symbol(",") || at().is_word("and") ||
        at().is_word("or") || at().is_word("within") || (at().is_word("in") && at(1).is_word("last")))
      return make_node(Comparison{std::move(path), {Operator::Equal, {Json(true)}}});
    return make_node(Comparison{std::move(path), test(false)});
  }

  NodePointer function() {
    const Token& token = at();
    const std::string called = lowered(token.text);
    if (in_where_ && called != "exists")
      syntax_error(token.position,
                   "\"" + called + "(…)\" is not possible in where, which compares properties");
    if (called == "exists") return exists();
    if (const std::optional<Aggregate::Function> known = function_of(called)) return aggregate(*known);
    if (called == "first" || called == "last") return moment(called == "first");
    if (called == "sequence") return sequence();
    if (called == "abandoned") return abandoned();
    if (called == "sample") return sample();
    if (std::find(kFunctionsToCome.begin(), kFunctionsToCome.end(), called) != kFunctionsToCome.end())
      syntax_error(token.position, "\"" + called + "(…)\" is not supported by this version");
    syntax_error(token.position, "there is no function \"" + token.text + "\"", hint_for(token, kFunctions));
  }

  NodePointer exists() {
    take();
    require_symbol("(");
    ValuePath path = value_path();
    require_symbol(")");
    return make_node(Comparison{std::move(path), {Operator::IsNotNull, {}}});
  }

  NodePointer aggregate(Aggregate::Function called) {
    Aggregate result;
    result.function = called;
    take();
    require_symbol("(");
    result.events.event = event_name();
    if (measures_property(result.function)) {
      if (!take_symbol(".")) expected("\".\" and a property of the event");
      result.measured = property_path();
    }
    result.events.where = where();
    result.last = optional_window();
    close_events();
    if (result.function != Aggregate::Function::Did) result.test = test(true);
    return make_node(std::move(result));
  }

  NodePointer moment(bool is_first) {
    Moment result;
    result.is_first = is_first;
    take();
    require_symbol("(");
    result.events = event_filter();
    close_events();
    if (take_word("before")) {
      result.test = Moment::Test::Before;
      result.from = instant();
    } else if (take_word("after")) {
      result.test = Moment::Test::After;
      result.from = instant();
    } else if (take_word("between")) {
      result.test = Moment::Test::Between;
      result.from = instant();
      if (!take_word("and")) expected("\"and\"", {"and"});
      result.to = instant();
    } else if (const std::optional<Micros> last = optional_window()) {
      result.last = *last;
    } else {
      expected("\"in last\", \"before\", \"after\" or \"between\"", {"in", "before", "after", "between"});
    }
    return make_node(std::move(result));
  }

  NodePointer sequence() {
    Sequence result;
    take();
    require_symbol("(");
    do result.steps.push_back(event_filter());
    while (take_symbol(","));
    if (result.steps.size() < 2) expected("\",\" and a second event");
    if (take_word("within")) result.within = length();
    result.last = optional_window();
    close_events();
    return make_node(std::move(result));
  }

  NodePointer abandoned() {
    Abandoned result;
    take();
    require_symbol("(");
    result.first = event_filter();
    if (!take_symbol(",")) expected("\",\" and a second event");
    result.then = event_filter();
    if (!take_word("within")) expected("\"within\" and a length of time", {"within"});
    result.within = length();
    result.last = optional_window();
    close_events();
    return make_node(std::move(result));
  }

  NodePointer sample() {
    Sample result;
    take();
    require_symbol("(");
    const size_t position = at().position;
    result.percent = number();
    if (result.percent < Decimal(0) || result.percent > Decimal(100))
      syntax_error(position, "expected a percentage from 0 to 100");
    if (!take_word("percent")) expected("\"percent\"", {"percent"});
    require_symbol(",");
    if (!at().is_a(Token::Kind::String)) expected("a seed in single quotes");
    result.seed = take().text;
    require_symbol(")");
    return make_node(std::move(result));
  }

  std::optional<std::string> event_name() {
    if (take_word("any")) return std::nullopt;
    return name("the name of an event", true);
  }

  EventFilter event_filter() {
    EventFilter filter;
    filter.event = event_name();
    filter.where = where();
    return filter;
  }

  NodePointer where() {
    if (at().is_symbol("."))
      expected("\"where\", \"in last\", \",\" or \")\" (an event name with a dot stands in double quotes)");
    if (!take_word("where")) return nullptr;
    in_where_ = true;
    NodePointer clause = disjunction();
    in_where_ = false;
    return clause;
  }

  /// The parenthesis that ends a function over events.
  void close_events() {
    if (!take_symbol(")")) expected("\")\"", {"where", "in", "within", "and", "or"});
  }

  std::optional<Micros> optional_window() {
    if (!take_word("in")) return std::nullopt;
    if (!take_word("last")) expected("\"last\" and a length of time", {"last"});
    return length();
  }

  Micros length() {
    const size_t position = at().position;
    const Decimal count = number();
    const Token& unit = at();
    if (const char* reason = unit.kind == Token::Kind::Name ? reason_against_unit(unit.text) : nullptr)
      syntax_error(unit.position, reason);
    const std::optional<Micros> micros =
        unit.kind == Token::Kind::Name ? unit_of_time(unit.text) : std::nullopt;
    if (!micros) expected("a unit of time (seconds, minutes, hours, days, weeks)", kUnits);
    take();
    const std::optional<Micros> length = length_of_time(count, *micros);
    if (!length) syntax_error(position, "expected a length of time in a whole number of units, from 1");
    return *length;
  }

  Instant instant() {
    if (!at().is_a(Token::Kind::String)) expected("a time in single quotes, as '2025-01-31T12:00:00Z'");
    const std::optional<Instant> t = instant_of_literal(at().text);
    if (!t)
      syntax_error(at().position, "expected a time as '2025-01-31' or '2025-01-31T12:00:00Z', found \"" +
                                      source_of(at()) + "\"");
    take();
    return *t;
  }

  std::string name(const std::string& what, bool may_be_text) {
    const Token& token = at();
    const bool is_name = token.kind == Token::Kind::QuotedName ||
                         (token.kind == Token::Kind::Name && !is_reserved(token.text)) ||
                         (may_be_text && token.kind == Token::Kind::String && !token.text.empty());
    if (is_name) return take().text;
    if (token.kind == Token::Kind::Name)
      expected(what + " (the word " + lowered(token.text) + " must stand in double quotes to be one)");
    expected(what);
  }

  ValuePath value_path() {
    if (in_where_) return property_path();
    ValuePath path{ValuePath::Root::Trait, {name("the name of a trait", false)}};
    further_names(path);
    return path;
  }

  ValuePath property_path() {
    ValuePath path{ValuePath::Root::Property, {}};
    if (at(1).is_symbol(".") && at().is_word("session"))
      syntax_error(at().position, "properties of the session are not supported by this version",
                   "A property with the name session stands in double quotes.");
    if (at(1).is_symbol(".") && at().is_word("context")) {
      path.root = ValuePath::Root::Context;
      take();
      take();
    }
    path.names.push_back(name("the name of a property", false));
    further_names(path);
    return path;
  }

  void further_names(ValuePath& path) {
    while (take_symbol(".")) {
      if (!at().is_a(Token::Kind::Name) && !at().is_a(Token::Kind::QuotedName)) expected("a name");
      path.names.push_back(take().text);
    }
  }

  Decimal number() {
    const size_t position = at().position;
    const bool is_negative = at().is_symbol("-");
    if (is_negative || at().is_symbol("+")) take();
    if (!at().is_a(Token::Kind::Number)) expected("a number");
    try {
      const Decimal value = canonical_number(*Decimal::parse(at().text));
      take();
      return is_negative ? -value : value;
    } catch (const Error& error) {
      throw Error(Category::Limit, error.message() + " (at position " + std::to_string(position) + ")",
                  error.detail());
    }
  }

  Json literal() {
    if (at().is_a(Token::Kind::String)) return Json(take().text);
    if (take_word("true")) return Json(true);
    if (take_word("false")) return Json(false);
    if (take_word("null")) return Json();
    if (at().is_a(Token::Kind::Number) || at().is_symbol("-") || at().is_symbol("+")) return Json(number());
    expected("a value ('text', a number, true, false or null)");
  }

  /// An operator with its operands; of an aggregate, with numbers only.
  Test test(bool of_aggregate) {
    const auto operand = [&] { return of_aggregate ? Json(number()) : literal(); };
    Test result;
    if (at().is_a(Token::Kind::Symbol)) {
      if (const std::optional<Operator> op = operator_of(at().text)) {
        take();
        result.op = *op;
        result.operands.push_back(operand());
        return result;
      }
    }
    const bool is_negative = take_word("not");
    const auto either = [&](Operator positive, Operator negative) {
      return is_negative ? negative : positive;
    };
    if (take_word("between")) {
      result.op = either(Operator::Between, Operator::NotBetween);
      result.operands.push_back(operand());
      if (!take_word("and")) expected("\"and\"", {"and"});
      result.operands.push_back(operand());
    } else if (take_word("in")) {
      result.op = either(Operator::In, Operator::NotIn);
      require_symbol("(");
      do result.operands.push_back(operand());
      while (take_symbol(","));
      if (!take_symbol(")")) expected("\",\" or \")\"");
    } else if (!of_aggregate && at().is_word("like")) {
      result = pattern_test(either(Operator::Like, Operator::NotLike));
    } else if (!of_aggregate && at().is_word("ilike")) {
      result = pattern_test(either(Operator::ILike, Operator::NotILike));
    } else if (!of_aggregate && take_word("contains")) {
      result.op = either(Operator::Contains, Operator::NotContains);
      result.operands.push_back(literal());
    } else if (!of_aggregate && !is_negative && take_word("is")) {
      result.op = take_word("not") ? Operator::IsNotNull : Operator::IsNull;
      if (!take_word("null")) expected("\"null\"", {"null"});
    } else if (!of_aggregate && at().is_word("matches")) {
      syntax_error(at().position, "\"matches\" is not supported by this version");
    } else {
      std::string what = is_negative ? "between, in" : "a comparison (=, <>, <, <=, >, >=, between, in";
      if (!of_aggregate) what += is_negative ? ", like, ilike, contains" : ", like, ilike, contains, is null";
      expected(is_negative ? "one of " + what : what + ")", kComparisons);
    }
    return result;
  }

  Test pattern_test(Operator op) {
    take();
    if (!at().is_a(Token::Kind::String)) expected("a pattern in single quotes");
    if (!is_like_pattern(at().text))
      syntax_error(at().position, "the pattern must not end with a single backslash");
    return {op, {Json(take().text)}};
  }

  int depth_ = 0;
  bool in_where_ = false;
};

}  // namespace

Rule parse(std::string_view text) {
  if (text.size() > kMaxTextBytes)
    throw Error(Category::Limit, "rule is longer than " + std::to_string(kMaxTextBytes) + " bytes");
  return Parser(text).rule();
}

}  // namespace cdp::rule
