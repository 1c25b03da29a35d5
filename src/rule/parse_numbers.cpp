#include "rule/build.hpp"
#include "rule/parser.hpp"

#include <array>

/// Numbers that are computed, and places.
namespace cdp::rule {

namespace {

constexpr std::array<std::string_view, 4> kDistances{"meters", "kilometers", "feet", "miles"};

bool is_product(const Token& token) { return token.is_symbol("*") || token.is_symbol("/"); }
bool is_sum(const Token& token) { return token.is_symbol("+") || token.is_symbol("-"); }

}  // namespace

bool Parser::is_at_arithmetic() const { return is_sum(at()) || is_product(at()); }

bool Parser::is_at_expression() const {
  const size_t sign = is_sum(at()) ? 1 : 0;
  if (at(sign).is_a(Token::Kind::Number)) return is_sum(at(sign + 1)) || is_product(at(sign + 1));
  if (sign > 0) return false;
  if (at().is_a(Token::Kind::Name)) return !is_reserved(at().text);
  return at().is_a(Token::Kind::QuotedName) || at().is_symbol("(");
}

Parser::Part Parser::comparison_of(ExpressionPointer left) {
  if (is_at_arithmetic()) left = sum_from(std::move(left));
  if (at().is_symbol(")")) return {nullptr, std::move(left)};
  const auto* path = left->as<ValuePath>();
  const auto* aggregate = left->as<Aggregate>();
  // A flag in parentheses.
  if (path != nullptr && (at().is_a(Token::Kind::End) || at().is_word("and") || at().is_word("or")))
    return {nullptr, std::move(left)};
  const bool is_single = path != nullptr || aggregate != nullptr;
  const std::optional<Operator> op = at().is_a(Token::Kind::Symbol) ? operator_of(at().text) : std::nullopt;
  if (!op && !is_single) expected("a comparison (=, <>, <, <=, >, >=)");
  if (op) {
    const Token sign = take();
    if (!is_single || is_at_expression()) return {make_comparison(std::move(left), *op, sum()), nullptr};
  }
  // A trait or an aggregate against literals.
  Test test =
      op ? Test{*op, {aggregate != nullptr ? Json(number()) : literal()}} : this->test(aggregate != nullptr);
  if (path != nullptr) return {maybe_held(make_node(Comparison{*path, std::move(test)})), nullptr};
  Aggregate compared = *aggregate;
  compared.test = std::move(test);
  return {make_node(std::move(compared)), nullptr};
}

ExpressionPointer Parser::sum_from(ExpressionPointer first) {
  ExpressionPointer left = product_from(std::move(first));
  while (is_sum(at())) {
    const char sign = take().text.front();
    ExpressionPointer right = product_from(factor());
    left = make_expression(Arithmetic{sign, std::move(left), std::move(right)});
  }
  return left;
}

ExpressionPointer Parser::product_from(ExpressionPointer first) {
  ExpressionPointer left = std::move(first);
  while (is_product(at())) {
    const char sign = take().text.front();
    ExpressionPointer right = factor();
    left = make_expression(Arithmetic{sign, std::move(left), std::move(right)});
  }
  return left;
}

ExpressionPointer Parser::factor() {
  if (take_symbol("(")) {
    const Level level(this);
    ExpressionPointer inner = sum();
    require_symbol(")");
    return inner;
  }
  if (at().is_a(Token::Kind::Number) || is_sum(at())) return make_expression(number());
  if (at().is_a(Token::Kind::Name) && at(1).is_symbol("(") && !is_reserved(at().text) && !is_at_call()) {
    const std::optional<Aggregate::Function> function = function_of(lowered(at().text));
    if (!function || !is_operand(*function))
      syntax_error(at().position, "\"" + at().text + "(…)\" is no number to compute with");
    return make_expression(aggregate(*function));
  }
  if (!at().is_a(Token::Kind::Name) && !at().is_a(Token::Kind::QuotedName))
    expected("a number, a trait or an aggregate");
  return make_expression(value_path());
}

NodePointer Parser::nearby() {
  Nearby result;
  take();
  require_symbol("(");
  size_t position = at().position;
  result.distance = number();
  if (result.distance.sign() < 0) syntax_error(position, "expected a distance of 0 or more");
  const auto unit = at().is_a(Token::Kind::Name) ? distance_unit_of(at().text) : std::nullopt;
  if (!unit) expected("a unit of distance (meters, kilometers, feet, miles)", kDistances);
  take();
  result.unit = *unit;
  require_symbol(",");
  position = at().position;
  result.latitude = number();
  if (!is_latitude(result.latitude)) syntax_error(position, "expected a latitude from -90 to 90 degrees");
  require_symbol(",");
  position = at().position;
  result.longitude = number();
  if (!is_longitude(result.longitude))
    syntax_error(position, "expected a longitude from -180 to 180 degrees");
  require_symbol(")");
  return make_node(std::move(result));
}

}  // namespace cdp::rule
