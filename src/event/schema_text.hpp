#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace cdp::event::schema {

/// A regular expression of a schema: RE2's syntax, with \uXXXX of JavaScript besides. Searching takes time
/// linear in the text and bounded memory, whatever the expression.
class Pattern {
 public:
  /// Throws std::invalid_argument saying what is wrong with it.
  explicit Pattern(const std::string& expression);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  /// Does it match anywhere in `text`?
  bool is_in(std::string_view text) const;

 private:
  std::unique_ptr<re2::RE2> compiled_;
};

/// Checks a text for one format.
using FormatCheck = bool (*)(const std::string& text);

/// The check of "date-time", "date", "time", "email", "hostname", "ipv4", "ipv6", "uri" or "uuid"; nullptr
/// for other names, which say nothing (draft 7, section 7.2).
FormatCheck format_check(std::string_view name);

}  // namespace cdp::event::schema
