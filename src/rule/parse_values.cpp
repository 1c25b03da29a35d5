#include "base/error.hpp"
#include "rule/build.hpp"
#include "rule/compare.hpp"
#include "rule/parser.hpp"

#include <array>

/// Names, literals, lengths of time, and tests of values.
namespace cdp::rule {

namespace {

constexpr std::array<std::string_view, 8> kComparisons{"between",  "in",      "like", "ilike",
                                                       "contains", "matches", "is",   "not"};

constexpr std::array<std::string_view, 5> kUnits{"seconds", "minutes", "hours", "days", "weeks"};

}  // namespace

Micros Parser::length() {
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

Instant Parser::instant() {
  if (!at().is_a(Token::Kind::String)) expected("a time in single quotes, as '2025-01-31T12:00:00Z'");
  const std::optional<Instant> t = instant_of_literal(at().text);
  if (!t)
    syntax_error(at().position, "expected a time as '2025-01-31' or '2025-01-31T12:00:00Z', found \"" +
                                    source_of(at()) + "\"");
  take();
  return *t;
}

std::string Parser::name(const std::string& what, bool may_be_text) {
  const Token& token = at();
  const bool is_name = token.kind == Token::Kind::QuotedName ||
                       (token.kind == Token::Kind::Name && !is_reserved(token.text)) ||
                       (may_be_text && token.kind == Token::Kind::String && !token.text.empty());
  if (is_name) return take().text;
  if (token.kind == Token::Kind::Name)
    expected(what + " (the word " + lowered(token.text) + " must stand in double quotes to be one)");
  expected(what);
}

ValuePath Parser::value_path() {
  if (is_at_call()) return call();
  if (in_where_) return property_path();
  ValuePath path{ValuePath::Root::Trait, {name("the name of a trait", false)}};
  further_names(path);
  return path;
}

ValuePath Parser::call() {
  if (in_where_) refuse_in_where(at(), "call");
  take();
  require_symbol("(");
  ValuePath path{ValuePath::Root::Call, {function_name()}};
  if (take_symbol(".")) path.names.push_back(function_name());
  if (!take_symbol(")")) expected(path.names.size() == 1 ? "\".\" or \")\"" : "\")\"");
  return path;
}

std::string Parser::function_name() {
  const bool is_quoted = at().is_a(Token::Kind::QuotedName);
  std::string written = name("the name of a function", false);
  return is_quoted ? written : lowered(written);
}

ValuePath Parser::property_path() {
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

void Parser::further_names(ValuePath& path) {
  while (take_symbol(".")) {
    if (!at().is_a(Token::Kind::Name) && !at().is_a(Token::Kind::QuotedName)) expected("a name");
    path.names.push_back(take().text);
  }
}

Decimal Parser::number() {
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

Json Parser::literal() {
  if (at().is_a(Token::Kind::String)) return Json(take().text);
  if (take_word("true")) return Json(true);
  if (take_word("false")) return Json(false);
  if (take_word("null")) return Json();
  if (at().is_a(Token::Kind::Number) || at().is_symbol("-") || at().is_symbol("+")) return Json(number());
  expected("a value ('text', a number, true, false or null)");
}

/// An operator with its operands; of an aggregate, with numbers only.
Test Parser::test(bool of_aggregate) {
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
  const auto either = [&](Operator positive, Operator negative) { return is_negative ? negative : positive; };
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
  } else if (!of_aggregate && take_word("matches")) {
    if (!at().is_a(Token::Kind::String)) expected("a regular expression in single quotes");
    if (const auto problem = problem_of_expression(at().text)) syntax_error(at().position, *problem);
    result = {either(Operator::Matches, Operator::NotMatches), {Json(take().text)}};
  } else {
    std::string what = is_negative ? "between, in" : "a comparison (=, <>, <, <=, >, >=, between, in";
    if (!of_aggregate)
      what += is_negative ? ", like, ilike, contains, matches" : ", like, ilike, contains, matches, is null";
    expected(is_negative ? "one of " + what : what + ")", kComparisons);
  }
  return result;
}

Test Parser::pattern_test(Operator op) {
  take();
  if (!at().is_a(Token::Kind::String)) expected("a pattern in single quotes");
  if (!is_like_pattern(at().text))
    syntax_error(at().position, "the pattern must not end with a single backslash");
  return {op, {Json(take().text)}};
}

}  // namespace cdp::rule
