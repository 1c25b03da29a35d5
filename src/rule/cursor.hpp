#pragma once

#include "rule/build.hpp"
#include "rule/lex.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cdp::rule {

/// Goes through the tokens of a text, and says what was expected where they are not as they should be.
class TokenCursor {
 public:
  explicit TokenCursor(std::string_view text) : text_(text), tokens_(tokens_of(text)) {}

  /// The next token, or a later one; at the end always the End.
  const Token& at(size_t ahead = 0) const;
  const Token& take();
  bool take_symbol(std::string_view symbol);
  bool take_word(std::string_view word);
  void require_symbol(std::string_view symbol);

  /// The token as it was written, cut where it is long.
  std::string source_of(const Token& token) const;

  /// Throws: `what` was expected instead of the next token; a hint if that is like one of `near_names`.
  [[noreturn]] void expected(const std::string& what, Words near_names = {}) const;

 private:
  std::string_view text_;
  std::vector<Token> tokens_;
  size_t next_ = 0;
};

/// `Did you mean "count"?`, or nothing if the token is like none of the words.
std::string hint_for(const Token& token, Words words);

}  // namespace cdp::rule
