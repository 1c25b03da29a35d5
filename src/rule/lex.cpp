#include "rule/lex.hpp"

#include "base/error.hpp"
#include "rule/build.hpp"

#include <algorithm>
#include <array>

namespace cdp::rule {

namespace {

constexpr std::array<std::string_view, 17> kReserved{
    "and", "or",   "not",  "in",    "between", "like",   "ilike",  "contains", "matches",
    "is",  "null", "true", "false", "where",   "within", "before", "after"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_part(char c) { return is_name_start(c) || is_digit(c) || c == '$'; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// How many bytes the UTF-8 character at the front has; 0 if it is none.
size_t character_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](size_t i) { return (byte(i) & 0xc0U) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool is_short_form = first == 0xe0 && byte(1) < 0xa0;
    const bool is_surrogate = first == 0xed && byte(1) >= 0xa0;
    return follows(1) && follows(2) && !is_short_form && !is_surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool is_short_form = first == 0xf0 && byte(1) < 0x90;
    const bool is_too_large = first == 0xf4 && byte(1) >= 0x90;
    return follows(1) && follows(2) && follows(3) && !is_short_form && !is_too_large ? 4 : 0;
  }
  return 0;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> read() {
    std::vector<Token> tokens;
    do tokens.push_back(next());
    while (tokens.back().kind != Token::Kind::End);
    return tokens;
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool at_end() const { return at_ >= text_.size(); }

  /// Goes on by one character.
  void advance() {
    const size_t length = character_length(text_.substr(at_));
    if (length == 0) syntax_error(position_, "the text is not UTF-8");
    if (text_[at_] == '\0') syntax_error(position_, "the character U+0000 is not allowed");
    at_ += length;
    ++position_;
  }

  void skip_blanks_and_comments() {
    while (!at_end()) {
      if (is_blank(peek())) {
        advance();
      } else if (peek() == '-' && peek(1) == '-') {
        while (!at_end() && peek() != '\n') advance();
      } else {
        return;
      }
    }
  }

  Token next() {
    skip_blanks_and_comments();
    Token token;
    token.position = position_;
    token.byte = at_;
    if (at_end()) {
      token.kind = Token::Kind::End;
    } else if (is_name_start(peek())) {
      token.kind = Token::Kind::Name;
      while (is_name_part(peek())) advance();
      token.text = text_.substr(token.byte, at_ - token.byte);
    } else if (is_digit(peek()) || (peek() == '.' && is_digit(peek(1)))) {
      token.kind = Token::Kind::Number;
      read_number();
      token.text = text_.substr(token.byte, at_ - token.byte);
    } else if (peek() == '\'' || peek() == '"') {
      token.kind = peek() == '"' ? Token::Kind::QuotedName : Token::Kind::String;
      token.text = read_quoted();
      if (token.kind == Token::Kind::QuotedName && token.text.empty())
        syntax_error(token.position, "a name in double quotes must not be empty");
    } else {
      token.kind = Token::Kind::Symbol;
      token.text = read_symbol();
    }
    token.byte_end = at_;
    return token;
  }

  void read_number() {
    while (is_digit(peek())) advance();
    if (peek() == '.' && is_digit(peek(1))) {
      advance();
      while (is_digit(peek())) advance();
    }
    if (peek() != 'e' && peek() != 'E') return;
    const size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if (!is_digit(peek(1 + sign))) return;
    for (size_t i = 0; i <= sign; ++i) advance();
    while (is_digit(peek())) advance();
  }

  std::string read_quoted() {
    const char quote = peek();
    const size_t start = position_;
    advance();
    std::string content;
    for (;;) {
      if (at_end())
        syntax_error(start, quote == '"' ? "the name in double quotes does not end"
                                         : "the text in single quotes does not end");
      const size_t from = at_;
      const bool is_quote = peek() == quote;
      advance();
      if (is_quote) {
        if (peek() != quote) return content;
        advance();
        content.push_back(quote);
      } else {
        content.append(text_.substr(from, at_ - from));
      }
    }
  }

  std::string read_symbol() {
    for (const std::string_view two : {"<=", ">=", "<>", "!="}) {
      if (text_.substr(at_, 2) != two) continue;
      advance();
      advance();
      return std::string(two == "!=" ? "<>" : two);
    }
    constexpr std::string_view kSingle = "=<>(),.-+*/";
    if (kSingle.find(peek()) == std::string_view::npos || peek() == '\0') {
      const size_t from = at_;
      const size_t position = position_;
      advance();
      syntax_error(position, "unexpected character \"" + std::string(text_.substr(from, at_ - from)) + "\"");
    }
    std::string symbol(1, peek());
    advance();
    return symbol;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t position_ = 1;
};

std::string quoted(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote) result.push_back(quote);
    result.push_back(c);
  }
  result.push_back(quote);
  return result;
}

}  // namespace

bool Token::is_word(std::string_view word) const {
  return kind == Kind::Name && text.size() == word.size() && lowered(text) == word;
}

std::vector<Token> tokens_of(std::string_view text) { return Lexer(text).read(); }

bool is_reserved(std::string_view word) {
  return std::find(kReserved.begin(), kReserved.end(), lowered(word)) != kReserved.end();
}

std::string quoted_name(std::string_view name) { return quoted(name, '"'); }
std::string quoted_string(std::string_view text) { return quoted(text, '\''); }

std::string quoted_if_needed(std::string_view name) {
  const bool is_bare = !name.empty() && is_name_start(name.front()) &&
                       std::all_of(name.begin(), name.end(), is_name_part) && !is_reserved(name);
  return is_bare ? std::string(name) : quoted_name(name);
}

std::string quoted_if_capital(std::string_view name) {
  return lowered(name) == name ? quoted_if_needed(name) : quoted_name(name);
}

void syntax_error(size_t position, const std::string& problem, std::string hint) {
  throw Error(Category::BadText,
              "syntax error in rule at position " + std::to_string(position) + ": " + problem, {},
              std::move(hint));
}

}  // namespace cdp::rule
