#include "event/schema_text.hpp"

#include "event/schema.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <re2/re2.h>
#include <stdexcept>

namespace cdp::event::schema {

namespace {

/// What RE2 may take for one expression, compiled and at work.
constexpr int64_t kPatternMemory = 1024 * 1024;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter_or_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// RE2 has \x{XXXX} for JavaScript's \uXXXX.
std::string with_code_points(const std::string& expression) {
  std::string result;
  for (size_t i = 0; i < expression.size(); ++i) {
    if (expression[i] != '\\' || i + 1 == expression.size()) {
      result.push_back(expression[i]);
      continue;
    }
    const char escaped = expression[++i];
    const std::string hex = expression.substr(i + 1, 4);
    if (escaped == 'u' && hex.size() == 4 && std::all_of(hex.begin(), hex.end(), is_hex)) {
      result += "\\x{" + hex + "}";
      i += 4;
    } else {
      result += {'\\', escaped};
    }
  }
  return result;
}

/// The number that `count` digits at `at` make; -1 if there are not so many.
int number_at(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return -1;
  int number = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (!is_digit(text[i])) return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

bool is_within(int number, int least, int most) { return number >= least && number <= most; }

/// RFC 3339's full-date.
bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const int year = number_at(text, 0, 4);
  const int month = number_at(text, 5, 2);
  if (year < 0 || !is_within(month, 1, 12)) return false;
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return is_within(number_at(text, 8, 2), 1,
                   kDays.at(static_cast<size_t>(month - 1)) + (month == 2 && is_leap ? 1 : 0));
}

/// RFC 3339's full-time: a zone is part of it, and a leap second may be.
bool is_time(std::string_view text) {
  if (text.size() < 9 || text[2] != ':' || text[5] != ':') return false;
  if (!is_within(number_at(text, 0, 2), 0, 23) || !is_within(number_at(text, 3, 2), 0, 59) ||
      !is_within(number_at(text, 6, 2), 0, 60))
    return false;
  size_t at = 8;
  if (text[at] == '.') {
    const size_t first = ++at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == first) return false;
  }
  const std::string_view zone = text.substr(at);
  if (zone == "Z" || zone == "z") return true;
  return zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':' &&
         is_within(number_at(zone, 1, 2), 0, 23) && is_within(number_at(zone, 4, 2), 0, 59);
}

/// RFC 1123: labels of letters, digits and hyphens.
bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const std::string_view label = text.substr(0, text.find('.'));
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return is_letter_or_digit(c) || c == '-'; }))
      return false;
    if (label.size() == text.size()) return true;
    text.remove_prefix(label.size() + 1);
  }
}

/// RFC 5321 without quoted names and address literals.
bool is_email(std::string_view text) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return false;
  const std::string_view name = text.substr(0, at);
  if (name.front() == '.' || name.back() == '.' || name.find("..") != std::string_view::npos) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) {
                       return is_letter_or_digit(c) || static_cast<uint8_t>(c) >= 0x80 ||
                              std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
                     }) &&
         is_hostname(text.substr(at + 1));
}

/// RFC 3986: a scheme, and only characters that a URI may have.
bool is_uri(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter_or_digit(text[0]) || is_digit(text[0]))
    return false;
  if (!std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
                   [](char c) { return is_letter_or_digit(c) || c == '+' || c == '-' || c == '.'; }))
    return false;
  for (size_t i = colon + 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%' && (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))) return false;
    if (c <= ' ' || c >= 0x7f || std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos)
      return false;
  }
  return true;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_hyphen ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

bool is_address(int family, const std::string& text) {
  std::array<unsigned char, 16> address{};
  // The function reads up to a zero byte.
  return text.find('\0') == std::string::npos && inet_pton(family, text.c_str(), address.data()) == 1;
}

bool is_date_time(std::string_view text) {
  return text.size() > 11 && (text[10] == 'T' || text[10] == 't') && is_date(text.substr(0, 10)) &&
         is_time(text.substr(11));
}

}  // namespace

Pattern::Pattern(const std::string& expression) {
  if (expression.size() > kMaxPatternBytes)
    throw std::invalid_argument("a regular expression has at most " + std::to_string(kMaxPatternBytes) +
                                " bytes");
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_max_mem(kPatternMemory);
  compiled_ = std::make_unique<re2::RE2>(with_code_points(expression), options);
  if (!compiled_->ok()) throw std::invalid_argument("regular expression: " + compiled_->error());
}

Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

bool Pattern::is_in(std::string_view text) const {
  return compiled_->Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

FormatCheck format_check(std::string_view name) {
  struct Format {
    std::string_view name;
    FormatCheck check;
  };
  constexpr std::array<Format, 9> kFormats{{
      {"date-time", [](const std::string& text) { return is_date_time(text); }},
      {"date", [](const std::string& text) { return is_date(text); }},
      {"time", [](const std::string& text) { return is_time(text); }},
      {"email", [](const std::string& text) { return is_email(text); }},
      {"hostname", [](const std::string& text) { return is_hostname(text); }},
      {"ipv4", [](const std::string& text) { return is_address(AF_INET, text); }},
      {"ipv6", [](const std::string& text) { return is_address(AF_INET6, text); }},
      {"uri", [](const std::string& text) { return is_uri(text); }},
      {"uuid", [](const std::string& text) { return is_uuid(text); }},
  }};
  for (const Format& format : kFormats)
    if (format.name == name) return format.check;
  return nullptr;
}

}  // namespace cdp::event::schema
