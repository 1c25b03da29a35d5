#include "rule/cursor.hpp"

#include <algorithm>

namespace cdp::rule {

const Token& TokenCursor::at(size_t ahead) const {
  return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
}

const Token& TokenCursor::take() {
  const Token& token = tokens_[next_];
  if (token.kind != Token::Kind::End) ++next_;
  return token;
}

bool TokenCursor::take_symbol(std::string_view symbol) {
  if (!at().is_symbol(symbol)) return false;
  take();
  return true;
}

bool TokenCursor::take_word(std::string_view word) {
  if (!at().is_word(word)) return false;
  take();
  return true;
}

void TokenCursor::require_symbol(std::string_view symbol) {
  if (!take_symbol(symbol)) expected("\"" + std::string(symbol) + "\"");
}

std::string TokenCursor::source_of(const Token& token) const {
  constexpr size_t kMostShown = 40;
  std::string source(text_.substr(token.byte, token.byte_end - token.byte));
  if (source.size() <= kMostShown) return source;
  size_t end = kMostShown;
  while (end > 0 && (static_cast<unsigned char>(source[end]) & 0xc0U) == 0x80) --end;
  return source.substr(0, end) + "…";
}

void TokenCursor::expected(const std::string& what, Words near_names) const {
  std::string problem = "expected " + what;
  if (next_ > 0) problem += " after \"" + source_of(tokens_[next_ - 1]) + "\"";
  problem += at().is_a(Token::Kind::End) ? ", found the end" : ", found \"" + source_of(at()) + "\"";
  syntax_error(at().position, problem, hint_for(at(), near_names));
}

std::string hint_for(const Token& token, Words words) {
  if (!token.is_a(Token::Kind::Name)) return {};
  const std::string_view near = nearest(token.text, words);
  return near.empty() ? std::string() : "Did you mean \"" + std::string(near) + "\"?";
}

}  // namespace cdp::rule
