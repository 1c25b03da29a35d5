#include "bitmap/text.hpp"

#include <charconv>

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

[[noreturn]] void refuse(std::string_view text, const std::string& problem, size_t position) {
  throw Error(Category::BadText, "invalid input syntax for type roaringbitmap: \"" + excerpt(text) + "\"",
              problem + " at character " + std::to_string(position + 1) + ".",
              "Write elements as in {1,2,3}, or the portable bytes as in \\x3a30….");
}

class ArrayParser {
 public:
  explicit ArrayParser(std::string_view text) : text_(text) {}

  Bitmap parse() {
    Bitmap bitmap;
    skip_space();
    if (!take('{')) refuse(text_, "Expected \"{\" or \"\\x\"", at_);
    skip_space();
    if (!take('}')) {
      std::vector<uint32_t> elements;
      do {
        elements.push_back(element());
        if (elements.size() == kPiece) {
          bitmap.add_many(elements);
          elements.clear();
        }
      } while (take(','));
      if (!take('}')) refuse(text_, "Expected \",\" or \"}\"", at_);
      bitmap.add_many(elements);
    }
    skip_space();
    if (at_ != text_.size()) refuse(text_, "Unexpected text after \"}\"", at_);
    return bitmap;
  }

 private:
  static constexpr size_t kPiece = 65536;

  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  uint32_t element() {
    skip_space();
    const size_t begin = at_;
    if (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+')) ++at_;
    const size_t digits = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    if (digits == at_) refuse(text_, "Expected an integer", begin);
    const size_t number = text_[begin] == '+' ? begin + 1 : begin;
    int32_t value = 0;
    const auto [end, problem] = std::from_chars(text_.data() + number, text_.data() + at_, value);
    if (problem != std::errc())
      throw Error(
          Category::OutOfRange,
          "value \"" + excerpt(text_.substr(begin, at_ - begin)) + "\" is out of range for type integer",
          "It stands at character " + std::to_string(begin + 1) +
              ". Elements are 32-bit numbers written as signed integers: -1 is the largest.");
    skip_space();
    return static_cast<uint32_t>(value);
  }

  std::string_view text_;
  size_t at_ = 0;
};

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string bytes_of_hex(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 2; i < text.size(); i += 2) {
    while (i < text.size() && is_space(text[i])) ++i;
    if (i == text.size()) break;
    const int high = hex_value(text[i]);
    if (high < 0) refuse(text, "Expected a hexadecimal digit", i);
    const int low = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
    if (low < 0) refuse(text, "Expected the second hexadecimal digit of a byte", i + 1);
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return bytes;
}

[[noreturn]] void refuse_length() {
  throw Error(Category::Limit, "text of roaringbitmap is larger than 1 GB", {},
              "Use rb_iterate, or the binary form.");
}

}  // namespace

Bitmap parse_bitmap(std::string_view text) {
  if (!text.starts_with("\\x")) return ArrayParser(text).parse();
  const std::string bytes = bytes_of_hex(text);
  return Bitmap::from_bytes({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()},
                            Category::BadText);
}

std::string to_array_text(const Bitmap& bitmap) {
  constexpr size_t kLongestElement = 12;  // "-2147483648,"
  std::string text = "{";
  std::array<uint32_t, 1024> piece;
  Bitmap::Reader reader(bitmap);
  while (const size_t count = reader.read(piece)) {
    check_interrupts();
    const size_t begin = text.size();
    text.resize(begin + count * kLongestElement);
    char* out = text.data() + begin;
    for (size_t i = 0; i < count; ++i) {
      if (out != text.data() + 1) *out++ = ',';
      out = std::to_chars(out, out + kLongestElement, static_cast<int32_t>(piece[i])).ptr;
    }
    text.resize(static_cast<size_t>(out - text.data()));
    if (text.size() >= kMostText) refuse_length();
  }
  text.push_back('}');
  return text;
}

std::string to_hex_text(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (bytes.size() > (kMostText - 2) / 2) refuse_length();
  std::string text(2 + 2 * bytes.size(), '\\');
  text[1] = 'x';
  for (size_t i = 0; i < bytes.size(); ++i) {
    text[2 + 2 * i] = kDigits[bytes[i] >> 4];
    text[3 + 2 * i] = kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace cdp::bitmap
