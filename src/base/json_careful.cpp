#include "base/error.hpp"
#include "base/json_parse.hpp"

#include <map>
#include <nlohmann/json.hpp>

namespace cdp {

namespace {

[[noreturn]] void refuse(const std::string& problem, size_t position) {
  throw Error(Category::BadText, "invalid JSON: " + problem, "At byte " + std::to_string(position) + ".");
}

/// Builds a Json from the library's events; numbers come as the text they were written with.
class Builder {
 public:
  explicit Builder(int max_depth) : max_depth_(max_depth) {}

  Json take() { return std::move(root_); }

  bool null() { return add(Json()); }
  bool boolean(bool value) { return add(Json(value)); }
  bool number_integer(int64_t value) { return add(Json(Decimal(value))); }
  bool number_unsigned(uint64_t value) { return add_number(std::to_string(value)); }
  bool number_float(long double /*value*/, const std::string& text) { return add_number(text); }
  bool string(std::string& value) {
    refuse_zero(value);
    return add(Json(std::move(value)));
  }
  bool binary(std::vector<uint8_t>& /*value*/) { return false; }
  bool start_object(size_t /*size*/) { return open(Json(Json::Object())); }
  bool key(std::string& name) {
    refuse_zero(name);
    keys_.back() = std::move(name);
    return true;
  }
  bool end_object() { return close(); }
  bool start_array(size_t /*size*/) { return open(Json(Json::Array())); }
  bool end_array() { return close(); }

  bool parse_error(size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& error) {
    std::string_view message = error.what();
    if (const size_t colon = message.rfind("syntax error"); colon != std::string_view::npos)
      message.remove_prefix(colon);
    else if (const size_t bracket = message.find("] "); bracket != std::string_view::npos)
      message.remove_prefix(bracket + 2);
    refuse(std::string(message), position);
  }

 private:
  static void refuse_zero(const std::string& text) {
    if (text.find('\0') != std::string::npos)
      throw Error(Category::BadText, "invalid JSON: the character U+0000 cannot be stored", {},
                  "Leave \\u0000 out of names and strings.");
  }

  bool add_number(const std::string& text) {
    const std::optional<Decimal> number = Decimal::parse(text);
    if (!number) return false;
    if (text.find_first_of("eE") != std::string::npos) {
      exponent_digits_ += number->to_string().size();
      if (exponent_digits_ > kMaxExponentDigits)
        throw Error(Category::OutOfRange, "invalid JSON: numbers with exponents have too many digits", {},
                    "Together they may have " + std::to_string(kMaxExponentDigits) + ".");
    }
    return add(Json(*number));
  }

  bool add(Json value) {
    place(std::move(value));
    return true;
  }

  Json* place(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (Json::Array* array = open_.back()->array()) {
      array->push_back(std::move(value));
      return &array->back();
    }
    Json::Object& object = *open_.back()->object();
    object.push_back({std::move(keys_.back()), std::move(value)});
    return &object.back().value;
  }

  bool open(Json container) {
    if (static_cast<int>(open_.size()) >= max_depth_)
      throw Error(Category::Limit, "JSON nests deeper than " + std::to_string(max_depth_) + " levels");
    open_.push_back(place(std::move(container)));
    keys_.emplace_back();
    return true;
  }

  bool close() {
    if (Json::Object* object = open_.back()->object()) keep_last_of_each_name(*object);
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  /// Seven bytes, 1e4931, stand for 4932 digits: a short text must not become a large value.
  static constexpr size_t kMaxExponentDigits = 1000000;

  size_t exponent_digits_ = 0;
  int max_depth_;
  Json root_;
  std::vector<Json*> open_;
  std::vector<std::string> keys_;
};

/// The library's reader, which refuses what its kind of float cannot hold; the widest one refuses least.
using Reader = nlohmann::basic_json<std::map, std::vector, std::string, bool, int64_t, uint64_t, long double>;

}  // namespace

Json read_json_carefully(std::string_view text, int max_depth) {
  // Said here, since the library's words for it differ from version to version.
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) refuse("the text is empty", text.size());
  Builder builder(max_depth);
  if (!Reader::sax_parse(text.begin(), text.end(), &builder)) refuse("not readable", text.size());
  return builder.take();
}

}  // namespace cdp
