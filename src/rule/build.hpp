#pragma once

#include "rule/rule.hpp"

#include <array>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// How both readers, of text and of JSON, build trees: the canonical forms and the limits.
namespace cdp::rule {

template <class T>
NodePointer make_node(T kind) {
  return std::make_shared<const Node>(Node{std::move(kind)});
}

/// Two numbers compared: in the form of a Comparison or an Aggregate where one can say it.
NodePointer make_comparison(ExpressionPointer left, Operator op, ExpressionPointer right);

/// What a Comparison or a TraitTime tests.
const ValuePath& path_of(const Node& test);

template <class T>
ExpressionPointer make_expression(T kind) {
  return std::make_shared<const Expression>(Expression{std::move(kind)});
}

/// Is it an operator that two numbers may be compared by?
bool compares_two(Operator op);
/// May an aggregate be an operand?
bool is_operand(Aggregate::Function function);

/// The conjunction or disjunction of one or more parts, in canonical form.
NodePointer make_and(std::vector<NodePointer> parts);
NodePointer make_or(std::vector<NodePointer> parts);

/// A list of words, somewhere else.
class Words : public std::span<const std::string_view> {
 public:
  Words() = default;
  Words(std::initializer_list<std::string_view> words) : span(words.begin(), words.size()) {}
  explicit Words(std::span<const std::string_view> words) : span(words) {}
  template <size_t N>
  Words(const std::array<std::string_view, N>& words) : span(words) {}  // NOLINT(google-explicit-constructor)
};

/// The number without trailing zeros after the point; throws Error(Limit) beyond kMaxNumberDigits.
Decimal canonical_number(const Decimal& number);

/// The rule of a tree, if it keeps the limits; else throws Error(Limit).
Rule finish(NodePointer root);

/// Microseconds of a unit of time (`day`, `days`, …; any case); nullopt if unknown.
std::optional<Micros> unit_of_time(std::string_view name);

/// Why a unit of time is refused, if it is one of varying length (month, year), else nullptr.
const char* reason_against_unit(std::string_view name);

/// `count` units as a length of time; nullopt unless it is a whole number from 1 and 64 bits hold it.
std::optional<Micros> length_of_time(const Decimal& count, Micros unit);

/// `7 days`.
std::string print_length(Micros length);

/// `today`, …; the kind of such a name, nullopt if it is none.
const char* name_of(Window::Kind calendar);
std::optional<Window::Kind> calendar_of(std::string_view name);

/// The instant that a literal stands for; nullopt if it is none, or outside of the years 1 to 9999.
std::optional<Instant> instant_of_literal(std::string_view text);

/// The SQL sign of an operator: `=`, `not in`, …
const char* sign_of(Operator op);
/// The operator of a sign; nullopt if unknown.
std::optional<Operator> operator_of(std::string_view sign);
/// Does the operator take several operands, or none at all?
bool takes_list(Operator op);
bool takes_nothing(Operator op);
/// Is the operator one that aggregates may be compared by?
bool is_numeric(Operator op);

/// `count`, …
const char* name_of(Aggregate::Function function);
/// The aggregate of a name in lower case; nullopt if it is none.
std::optional<Aggregate::Function> function_of(std::string_view name);
bool measures_property(Aggregate::Function function);

/// `weekday`, `hour`; the unit of such a name in lower case, nullopt if it is none.
const char* name_of(LocalNow::Unit unit);
std::optional<LocalNow::Unit> local_unit_of(std::string_view name);

/// `meters`, …, or the singular; the unit of such a name (any case), nullopt if it is none.
const char* name_of(Nearby::Unit unit, bool is_one);
std::optional<Nearby::Unit> distance_unit_of(std::string_view name);
/// `100 feet`.
std::string print_distance(const Nearby& nearby);
/// Are these degrees of a place on earth?
bool is_latitude(const Decimal& degrees);
bool is_longitude(const Decimal& degrees);

/// ASCII letters lowered.
std::string lowered(std::string_view text);

/// The candidate nearest to `name`, if it is near enough to be meant but not the same; else empty.
std::string_view nearest(std::string_view name, Words candidates);

/// May a LIKE pattern be written so? It must not end in a lone backslash.
bool is_like_pattern(std::string_view pattern);

}  // namespace cdp::rule
