#include "bitmap/text.hpp"

#include "bitmap/bsi.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <type_traits>
#include <vector>

namespace cdp::bitmap {

namespace {

/// The longest text of a server's value: 1 GB less its end.
constexpr size_t kMostText = 0x3fffffff - 1;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The text around a mistake, short enough for a message.
std::string excerpt(std::string_view text) {
  constexpr size_t kMost = 40;
  return text.size() <= kMost ? std::string(text) : std::string(text.substr(0, kMost)) + "…";
}

/// What the texts of a type have.
struct Form {
  const char* type;
  const char* element;
  const char* bits;
  const char* hint;
  const char* way_out;  // where a text would be too long
};
constexpr Form kForm{"roaringbitmap", "integer", "32",
                     "Write elements as in {1,2,3}, or the portable bytes as in \\x3a30….",
                     "Use rb_iterate, or the binary form."};
constexpr Form kForm64{"roaringbitmap64", "bigint", "64",
                       "Write elements as in {1,2,3}, or the portable bytes as in \\x0100….",
                       "Use rb64_iterate, or the binary form."};
constexpr Form kFormBsi{"rb_bsi", "integer", "32",
                        "Write ids and values as in {1:10,2:-5}, or the bytes as in \\x0101….",
                        "Use rb_bsi_iterate, or the binary form."};

[[noreturn]] void refuse(const Form& form, std::string_view text, const std::string& problem,
                         size_t position) {
  throw Error(Category::BadText,
              "invalid input syntax for type " + std::string(form.type) + ": \"" + excerpt(text) + "\"",
              problem + " at character " + std::to_string(position + 1) + ".", form.hint);
}

/// Goes along a text.
class Scanner {
 public:
  Scanner(const Form& form, std::string_view text) : form_(form), text_(text) {}

  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  bool is_at_end() const { return at_ == text_.size(); }
  size_t position() const { return at_; }
  [[noreturn]] void refuse_here(const std::string& problem) const { refuse(form_, text_, problem, at_); }

  /// Reads an integer and the space around it; `type` and `note` are for the error if it is out of range.
  template <class Integer>
  Integer integer(const char* type, const std::string& note) {
    skip_space();
    const size_t begin = at_;
    if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
    const size_t digits = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    if (digits == at_) refuse(form_, text_, "Expected an integer", begin);
    const size_t number = text_[begin] == '+' ? begin + 1 : begin;
    Integer value = 0;
    const auto [end, problem] = std::from_chars(text_.data() + number, text_.data() + at_, value);
    if (problem != std::errc())
      throw Error(
          Category::OutOfRange,
          "value \"" + excerpt(text_.substr(begin, at_ - begin)) + "\" is out of range for type " + type,
          "It stands at character " + std::to_string(begin + 1) + ". " + note);
    skip_space();
    return value;
  }

 private:
  const Form& form_;
  std::string_view text_;
  size_t at_ = 0;
};

/// Reads `{item,item,…}`, where `item(scanner)` reads one, or none.
template <class Item>
void parse_list(const Form& form, std::string_view text, Item item) {
  Scanner scanner(form, text);
  scanner.skip_space();
  if (!scanner.take('{')) scanner.refuse_here("Expected \"{\" or \"\\x\"");
  scanner.skip_space();
  if (!scanner.take('}')) {
    InterruptTicker ticker;
    do {
      ticker.tick();
      item(scanner);
    } while (scanner.take(','));
    if (!scanner.take('}')) scanner.refuse_here("Expected \",\" or \"}\"");
  }
  scanner.skip_space();
  if (!scanner.is_at_end()) scanner.refuse_here("Unexpected text after \"}\"");
}

/// The elements of a text, which are written as integers of that type.
template <class Integer>
std::vector<std::make_unsigned_t<Integer>> parse_elements(const Form& form, std::string_view text) {
  const std::string note = "Elements are " + std::string(form.bits) +
                           "-bit numbers written as signed integers: -1 is the largest.";
  std::vector<std::make_unsigned_t<Integer>> elements;
  parse_list(form, text, [&](Scanner& scanner) {
    elements.push_back(
        static_cast<std::make_unsigned_t<Integer>>(scanner.integer<Integer>(form.element, note)));
  });
  return elements;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string bytes_of_hex(const Form& form, std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 2; i < text.size(); i += 2) {
    while (i < text.size() && is_space(text[i])) ++i;
    if (i == text.size()) break;
    const int high = hex_value(text[i]);
    if (high < 0) refuse(form, text, "Expected a hexadecimal digit", i);
    const int low = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
    if (low < 0) refuse(form, text, "Expected the second hexadecimal digit of a byte", i + 1);
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return bytes;
}

[[noreturn]] void refuse_length(const Form& form) {
  throw Error(Category::Limit, "text of " + std::string(form.type) + " is larger than 1 GB", {},
              form.way_out);
}

/// The text of what the reader gives, as integers of that type.
template <class Integer, class Reader>
std::string array_text(const Form& form, Reader reader) {
  constexpr size_t kLongestElement = std::numeric_limits<Integer>::digits10 + 3;  // sign and comma
  std::string text = "{";
  std::array<std::make_unsigned_t<Integer>, 1024> piece;
  while (const size_t count = reader.read(piece)) {
    check_interrupts();
    const size_t begin = text.size();
    text.resize(begin + count * kLongestElement);
    char* out = text.data() + begin;
    for (size_t i = 0; i < count; ++i) {
      if (out != text.data() + 1) *out++ = ',';
      out = std::to_chars(out, out + kLongestElement, static_cast<Integer>(piece[i])).ptr;
    }
    text.resize(static_cast<size_t>(out - text.data()));
    if (text.size() >= kMostText) refuse_length(form);
  }
  text.push_back('}');
  return text;
}

/// The set in a text: that of its bytes, or that of its elements.
template <class Set, class Integer>
Set parse(const Form& form, std::string_view text) {
  if (!text.starts_with("\\x")) return Set::of(parse_elements<Integer>(form, text));
  const std::string bytes = bytes_of_hex(form, text);
  return Set::from_bytes(bytes_in(bytes), Category::BadText);
}

}  // namespace

Bitmap parse_bitmap(std::string_view text) { return parse<Bitmap, int32_t>(kForm, text); }
Bitmap64 parse_bitmap64(std::string_view text) { return parse<Bitmap64, int64_t>(kForm64, text); }

std::string to_array_text(const Bitmap& bitmap) { return array_text<int32_t>(kForm, Bitmap::Reader(bitmap)); }
std::string to_array_text(const Bitmap64& bitmap) {
  return array_text<int64_t>(kForm64, Bitmap64::Reader(bitmap));
}

Bsi parse_bsi(std::string_view text) {
  if (text.starts_with("\\x"))
    return Bsi::from_bytes(bytes_in(bytes_of_hex(kFormBsi, text)), Category::BadText);
  std::vector<BsiEntry> entries;
  parse_list(kFormBsi, text, [&](Scanner& scanner) {
    const auto id = static_cast<uint32_t>(scanner.integer<int32_t>(
        "integer", "Ids are 32-bit numbers written as signed integers: -1 is the largest."));
    if (!scanner.take(':')) scanner.refuse_here("Expected \":\" and a value");
    entries.push_back({id, scanner.integer<int64_t>("bigint", "Values are 64-bit integers.")});
  });
  std::sort(entries.begin(), entries.end(), [](const BsiEntry& a, const BsiEntry& b) { return a.id < b.id; });
  const auto repeated = std::adjacent_find(entries.begin(), entries.end(),
                                           [](const BsiEntry& a, const BsiEntry& b) { return a.id == b.id; });
  if (repeated != entries.end())
    throw Error(Category::BadText, "invalid input syntax for type rb_bsi: \"" + excerpt(text) + "\"",
                "Id " + std::to_string(static_cast<int32_t>(repeated->id)) + " has two values.");
  return Bsi::of(entries);
}

std::string to_text(const Bsi& bsi) {
  std::string text = "{";
  InterruptTicker ticker;
  for (const BsiEntry& entry : bsi.entries()) {
    ticker.tick();
    if (text.size() > 1) text.push_back(',');
    text += std::to_string(static_cast<int32_t>(entry.id));
    text.push_back(':');
    text += std::to_string(entry.value);
    if (text.size() >= kMostText) refuse_length(kFormBsi);
  }
  text.push_back('}');
  return text;
}

std::string to_hex_text(ByteView bytes, bool is_wide) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (bytes.size() > (kMostText - 2) / 2) refuse_length(is_wide ? kForm64 : kForm);
  std::string text(2 + 2 * bytes.size(), '\\');
  text[1] = 'x';
  for (size_t i = 0; i < bytes.size(); ++i) {
    text[2 + 2 * i] = kDigits[bytes[i] >> 4];
    text[3 + 2 * i] = kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace cdp::bitmap
