#pragma once

#include "base/error.hpp"
#include "rule/rule.hpp"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

/// What a rule's text or JSON is read as, and why it is refused.
namespace cdp::rule {

inline std::string canonical(std::string_view text) { return print(parse(text)); }
inline std::string json_text(std::string_view text) { return to_json(parse(text)).dump(); }

/// Category, message and hint of what `read` throws.
template <class F>
std::string failure(F&& read, Category expected) {
  try {
    read();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), expected) << error.message();
    return error.message() + (error.hint().empty() ? "" : " | " + error.hint());
  }
  return "no error";
}
inline std::string refusal(std::string_view text, Category expected = Category::BadText) {
  const std::string prefix = "syntax error in rule at position ";
  std::string message = failure([&] { parse(text); }, expected);
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}
inline std::string json_refusal(std::string_view json, Category expected = Category::BadText) {
  const std::string prefix = "invalid rule at ";
  std::string message = failure([&] { from_json(parse_json(json)); }, expected);
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

}  // namespace cdp::rule
