#include "base/error.hpp"
#include "rule/parser.hpp"

#include <array>

namespace cdp::rule {

namespace {

constexpr std::array<std::string_view, 20> kFunctions{
    "did",   "count", "sum",    "avg",      "min",       "max",    "distinct", "most", "days",   "sessions",
    "first", "last",  "sample", "sequence", "abandoned", "exists", "weekday",  "hour", "within", "call"};

}  // namespace

Parser::Level::Level(Parser* parser) : parser_(parser) {
  if (++parser_->depth_ > kMaxDepth)
    throw Error(Category::Limit, "rule nests deeper than " + std::to_string(kMaxDepth) +
                                     " levels at position " + std::to_string(parser_->at().position));
}

Rule Parser::rule() {
  NodePointer root = disjunction();
  if (!at().is_a(Token::Kind::End)) expected("\"and\", \"or\" or the end", {"and", "or"});
  return finish(std::move(root));
}

Parser::Part Parser::any_disjunction() {
  const Level level(this);
  Part first = any_conjunction();
  if (!at().is_word("or")) return first;
  std::vector<NodePointer> parts{condition(std::move(first))};
  while (take_word("or")) parts.push_back(condition(any_conjunction()));
  return {make_or(std::move(parts)), nullptr};
}

Parser::Part Parser::any_conjunction() {
  Part first = any_unary();
  if (!at().is_word("and")) return first;
  std::vector<NodePointer> parts{condition(std::move(first))};
  while (take_word("and")) parts.push_back(condition(any_unary()));
  return {make_and(std::move(parts)), nullptr};
}

Parser::Part Parser::any_unary() {
  if (!take_word("not")) return primary();
  const Level level(this);
  return {make_node(Not{condition(any_unary())}), nullptr};
}

NodePointer Parser::condition(Part part) const {
  if (part.condition != nullptr) return std::move(part.condition);
  if (const auto* path = part.number->as<ValuePath>())
    return make_node(Comparison{*path, {Operator::Equal, {Json(true)}}});
  expected("a comparison (=, <>, <, <=, >, >=)");
}

Parser::Part Parser::primary() {
  if (take_symbol("(")) {
    Part inner = any_disjunction();
    if (!take_symbol(")")) expected("\"and\", \"or\" or \")\"", {"and", "or"});
    return inner.condition != nullptr ? inner : comparison_of(std::move(inner.number));
  }
  if (at().is_word("in")) return {membership(), nullptr};
  if (take_word("true")) return {make_node(Constant{true}), nullptr};
  if (take_word("false")) return {make_node(Constant{false}), nullptr};
  const bool is_name =
      at().is_a(Token::Kind::QuotedName) || (at().is_a(Token::Kind::Name) && !is_reserved(at().text));
  if (at().is_a(Token::Kind::Name) && at(1).is_symbol("(") && (is_name || at().is_word("within")))
    return function();
  if (is_name) return comparison();
  const bool is_number = at().is_a(Token::Kind::Number) || at().is_symbol("-") || at().is_symbol("+");
  if (is_number && !in_where_) return comparison_of(factor());
  expected(in_where_ ? "a comparison of a property" : "a condition");
}

NodePointer Parser::membership() {
  if (in_where_) syntax_error(at().position, "\"in segment\" is not possible in where");
  take();
  if (!take_word("segment")) expected("\"segment\"", {"segment"});
  return make_node(InSegment{name("the name of a segment", true)});
}

Parser::Part Parser::comparison() {
  ValuePath path = value_path();
  if (!in_where_) {
    const Window window = time_of_trait();
    if (window.kind != Window::Kind::Always)
      return {maybe_held(make_node(TraitTime{std::move(path), window})), nullptr};
    if (at().is_a(Token::Kind::Symbol)) return comparison_of(make_expression(std::move(path)));
  }
  // `is_vip` by itself: a flag.
  const bool is_flag = at().is_a(Token::Kind::End) || at().is_symbol(")") || at().is_symbol(",") ||
                       at().is_word("and") || at().is_word("or") ||
                       (in_where_ ? at().is_word("within") || is_at_window() : at().is_word("for"));
  Test test = is_flag ? Test{Operator::Equal, {Json(true)}} : this->test(false);
  return {maybe_held(make_node(Comparison{std::move(path), std::move(test)})), nullptr};
}

NodePointer Parser::maybe_held(NodePointer test) {
  if (in_where_ || !at().is_word("for")) return test;
  if (path_of(*test).root == ValuePath::Root::Call)
    syntax_error(at().position, "\"for\" is not possible behind \"call(…)\"",
                 "How long a function has had its value is not known, as it is of traits.");
  take();
  return make_node(Held{std::move(test), length()});
}

NodePointer Parser::local_now(LocalNow::Unit unit) {
  take();
  require_symbol("(");
  if (!take_word("now")) expected("\"now\"", {"now"});
  require_symbol(")");
  return make_node(LocalNow{unit, test(false)});
}

void Parser::refuse_in_where(const Token& token, const std::string& called) {
  syntax_error(token.position, "\"" + called + "(…)\" is not possible in where, which compares properties");
}

Parser::Part Parser::function() {
  const Token& token = at();
  const std::string called = lowered(token.text);
  if (in_where_ && called != "exists") refuse_in_where(token, called);
  const auto whole = [](NodePointer node) { return Part{std::move(node), nullptr}; };
  if (called == "call") return comparison();
  if (called == "exists") return whole(exists());
  if (const std::optional<LocalNow::Unit> unit = local_unit_of(called)) return whole(local_now(*unit));
  if (called == "sessions") return whole(sessions());
  if (const std::optional<Aggregate::Function> known = function_of(called)) {
    Aggregate aggregated = aggregate(*known);
    if (is_operand(*known)) return comparison_of(make_expression(std::move(aggregated)));
    if (*known != Aggregate::Function::Did) aggregated.test = test(false);
    return whole(make_node(std::move(aggregated)));
  }
  if (called == "first" || called == "last") return whole(moment(called == "first"));
  if (called == "sequence") return whole(sequence());
  if (called == "abandoned") return whole(abandoned());
  if (called == "sample") return whole(sample());
  if (called == "within") return whole(nearby());
  syntax_error(token.position, "there is no function \"" + token.text + "\"", hint_for(token, kFunctions));
}

NodePointer Parser::exists() {
  take();
  require_symbol("(");
  ValuePath path = value_path();
  require_symbol(")");
  return maybe_held(make_node(Comparison{std::move(path), {Operator::IsNotNull, {}}}));
}

NodePointer Parser::sample() {
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

Rule parse(std::string_view text) {
  if (text.size() > kMaxTextBytes)
    throw Error(Category::Limit, "rule is longer than " + std::to_string(kMaxTextBytes) + " bytes");
  return Parser(text).rule();
}

}  // namespace cdp::rule
