#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cdp::rule {

struct Token {
  enum class Kind { Name, QuotedName, String, Number, Symbol, End };
  Kind kind = Kind::End;
  std::string text;     ///< without quotes, doubled quotes taken back
  size_t position = 1;  ///< number of its first character, from 1
  size_t byte = 0;      ///< where it starts in the text
  size_t byte_end = 0;

  bool is_a(Kind other) const { return kind == other; }
  bool is_symbol(std::string_view symbol) const { return kind == Kind::Symbol && text == symbol; }
  /// Is it this keyword (given in lower case), unquoted?
  bool is_word(std::string_view word) const;
};

/// The tokens of a rule's text with an End at the end. Comments run from -- to the end of the line.
/// Throws Error(BadText) with the position, also for text that is not UTF-8.
std::vector<Token> tokens_of(std::string_view text);

/// Is it a word that must stand in double quotes to be a name?
bool is_reserved(std::string_view word);

/// The name as it is written in text: bare if it can be, else in double quotes.
std::string quoted_if_needed(std::string_view name);
/// The same of a name whose capital letters count only in quotes.
std::string quoted_if_capital(std::string_view name);
std::string quoted_name(std::string_view name);
std::string quoted_string(std::string_view text);

[[noreturn]] void syntax_error(size_t position, const std::string& problem, std::string hint = {});

}  // namespace cdp::rule
