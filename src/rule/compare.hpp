#pragma once

#include "base/json.hpp"
#include "rule/tree.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What the operators mean.
namespace cdp::rule {

/// A negative operator's opposite (= of <>); positive ones stay.
Operator positive_of(Operator op);

/// Does the test hold for a value? nullptr and JSON null are absent.
bool holds(const Test& test, const Json* value);

/// Does a numeric test hold for numerator / denominator (above 0)? Exact: nothing is divided.
bool holds(const Test& test, const Decimal& numerator, int64_t denominator);

/// What is wrong with a regular expression; nullopt if nothing is.
std::optional<std::string> problem_of_expression(const std::string& expression);

/// LIKE over the characters of UTF-8 text, where \ takes the next character of the pattern as it is. With
/// `ignores_case`, letters are compared as folded() has them. Time: length of text times length of pattern at
/// worst.
bool is_like(std::string_view text, std::string_view pattern, bool ignores_case);

/// The text with capital letters of the Latin, Greek and Cyrillic scripts made small; the same on every
/// machine, whatever its locale. One character stays one character.
std::string folded(std::string_view text);

}  // namespace cdp::rule
