#include "rule/compare.hpp"

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "event/schema_text.hpp"

#include <algorithm>
#include <compare>
#include <stdexcept>
#include <string>
#include <unordered_map>

namespace cdp::rule {

namespace {

using event::schema::Pattern;

/// How two values of one type stand to each other; unordered if their types differ or one has no order.
std::partial_ordering compare(const Json& a, const Json& b) {
  if (a.number() && b.number()) return *a.number() <=> *b.number();
  if (a.string() && b.string()) return a.string()->compare(*b.string()) <=> 0;
  if (a.boolean() && b.boolean()) return *a.boolean() <=> *b.boolean();
  return std::partial_ordering::unordered;
}

bool contains(const Json& value, const Json& operand) {
  if (const Json::Array* items = value.array())
    return std::any_of(items->begin(), items->end(), [&](const Json& item) { return item == operand; });
  return value.string() && operand.string() && value.string()->find(*operand.string()) != std::string::npos;
}

bool fits(const Json& value, const Json& pattern, bool ignores_case) {
  return value.string() && pattern.string() && is_like(*value.string(), *pattern.string(), ignores_case);
}

/// The expression, compiled: kept, since the same few are asked of everyone.
const Pattern& compiled(const std::string& expression) {
  constexpr size_t kMostKept = 64;
  static thread_local std::unordered_map<std::string, Pattern> kept;
  const auto found = kept.find(expression);
  if (found != kept.end()) return found->second;
  if (kept.size() >= kMostKept) kept.clear();
  return kept.emplace(expression, Pattern(expression)).first->second;
}

/// A positive operator, given how the value stands to each operand.
template <class F>
bool holds_by_order(Operator op, size_t operands, F&& order) {
  switch (op) {
    case Operator::Equal:
      return order(0) == 0;
    case Operator::Less:
      return order(0) < 0;
    case Operator::LessEqual:
      return order(0) <= 0;
    case Operator::Greater:
      return order(0) > 0;
    case Operator::GreaterEqual:
      return order(0) >= 0;
    case Operator::Between:
      return order(0) >= 0 && order(1) <= 0;
    case Operator::In:
      for (size_t i = 0; i < operands; ++i)
        if (order(i) == 0) return true;
      return false;
    default:
      throw Error(Category::Internal, "operator of a rule has no order");
  }
}

/// Takes the character at `at` and goes on behind it; a broken byte counts as a character.
char32_t next_character(std::string_view text, size_t& at) {
  const auto first = static_cast<unsigned char>(text[at++]);
  const int further = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
  char32_t character = further == 0 ? first : first & (0x3fU >> further);
  for (int i = 0; i < further && at < text.size(); ++i)
    character = (character << 6) | (static_cast<unsigned char>(text[at++]) & 0x3fU);
  return character;
}

void append_character(std::string& out, char32_t character) {
  if (character < 0x80) {
    out.push_back(static_cast<char>(character));
  } else if (character < 0x800) {
    out.push_back(static_cast<char>(0xc0 | (character >> 6)));
    out.push_back(static_cast<char>(0x80 | (character & 0x3f)));
  } else {
    out.push_back(static_cast<char>(0xe0 | (character >> 12)));
    out.push_back(static_cast<char>(0x80 | ((character >> 6) & 0x3f)));
    out.push_back(static_cast<char>(0x80 | (character & 0x3f)));
  }
}

/// The small letter of a capital one, by the simple case folding of Unicode (CaseFolding.txt, status C) for
/// the scripts named in the header; other characters stay.
char32_t small_letter(char32_t c) {
  const auto in = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
  const auto of_even = [c] { return c % 2 == 0 ? c + 1 : c; };
  const auto of_odd = [c] { return c % 2 == 1 ? c + 1 : c; };
  if (c < 0x80) return in('A', 'Z') ? c + 32 : c;
  if (c < 0x100) return in(0xc0, 0xde) && c != 0xd7 ? c + 32 : c;
  if (in(0x100, 0x12f) || in(0x132, 0x137) || in(0x14a, 0x177)) return of_even();
  if (in(0x139, 0x148) || in(0x179, 0x17e)) return of_odd();
  if (c == 0x178) return 0xff;
  if (c == 0x386) return 0x3ac;
  if (in(0x388, 0x38a)) return c + 37;
  if (c == 0x38c) return 0x3cc;
  if (in(0x38e, 0x38f)) return c + 63;
  if (in(0x391, 0x3ab) && c != 0x3a2) return c + 32;
  if (c == 0x3c2) return 0x3c3;
  if (in(0x400, 0x40f)) return c + 80;
  if (in(0x410, 0x42f)) return c + 32;
  if (in(0x460, 0x481) || in(0x48a, 0x4bf) || in(0x4d0, 0x52f)) return of_even();
  if (in(0x1e00, 0x1e95) || in(0x1ea0, 0x1eff)) return of_even();
  return c;
}

}  // namespace

Operator positive_of(Operator op) {
  switch (op) {
    case Operator::NotEqual:
      return Operator::Equal;
    case Operator::NotBetween:
      return Operator::Between;
    case Operator::NotIn:
      return Operator::In;
    case Operator::NotLike:
      return Operator::Like;
    case Operator::NotILike:
      return Operator::ILike;
    case Operator::NotContains:
      return Operator::Contains;
    case Operator::NotMatches:
      return Operator::Matches;
    default:
      return op;
  }
}

std::string folded(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t from = at;
    const char32_t character = next_character(text, at);
    const char32_t small = small_letter(character);
    if (small == character)
      result.append(text.substr(from, at - from));
    else
      append_character(result, small);
  }
  return result;
}

bool is_like(std::string_view text, std::string_view pattern, bool ignores_case) {
  if (ignores_case) return is_like(folded(text), folded(pattern), false);
  InterruptTicker ticker;
  size_t t = 0;
  size_t p = 0;
  // Where to go on if what follows the last % does not fit: that % takes one character more.
  size_t pattern_after_percent = std::string_view::npos;
  size_t text_after_percent = 0;
  for (;;) {
    ticker.tick();
    if (p < pattern.size() && pattern[p] == '%') {
      pattern_after_percent = ++p;
      text_after_percent = t;
      continue;
    }
    if (t == text.size() && p == pattern.size()) return true;
    if (t < text.size() && p < pattern.size()) {
      if (pattern[p] == '_') {
        ++p;
        next_character(text, t);
        continue;
      }
      const bool is_escape = pattern[p] == '\\' && p + 1 < pattern.size();
      if (pattern[p + (is_escape ? 1 : 0)] == text[t]) {
        p += is_escape ? 2 : 1;
        ++t;
        continue;
      }
    }
    if (pattern_after_percent == std::string_view::npos || text_after_percent >= text.size()) return false;
    next_character(text, text_after_percent);
    t = text_after_percent;
    p = pattern_after_percent;
  }
}

std::optional<std::string> problem_of_expression(const std::string& expression) {
  try {
    (void)compiled(expression);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return std::nullopt;
}

bool holds(const Test& test, const Json* value) {
  const bool is_absent = value == nullptr || value->is_null();
  if (test.op == Operator::IsNull) return is_absent;
  if (is_absent) return false;
  if (test.op == Operator::IsNotNull) return true;
  const Operator positive = positive_of(test.op);
  const bool is_negative = positive != test.op;
  if (is_negative && std::any_of(test.operands.begin(), test.operands.end(),
                                 [](const Json& operand) { return operand.is_null(); }))
    return false;
  bool result = false;
  if (positive == Operator::Like || positive == Operator::ILike)
    result = fits(*value, test.operands.front(), positive == Operator::ILike);
  else if (positive == Operator::Matches)
    result = value->string() && compiled(*test.operands.front().string()).is_in(*value->string());
  else if (positive == Operator::Contains)
    result = !test.operands.front().is_null() && contains(*value, test.operands.front());
  else
    result = holds_by_order(positive, test.operands.size(),
                            [&](size_t i) { return compare(*value, test.operands[i]); });
  return result != is_negative;
}

bool holds(const Test& test, const Decimal& numerator, int64_t denominator) {
  const Operator positive = positive_of(test.op);
  const bool result = holds_by_order(positive, test.operands.size(), [&](size_t i) {
    const Decimal& operand = *test.operands[i].number();
    return numerator <=> (denominator == 1 ? operand : operand * Decimal(denominator));
  });
  return result != (positive != test.op);
}

}  // namespace cdp::rule
