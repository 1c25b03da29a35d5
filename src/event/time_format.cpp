#include "event/time_format.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>

namespace cdp::event {

namespace {

constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> kWeekdays{"monday", "tuesday",  "wednesday", "thursday",
                                                    "friday", "saturday", "sunday"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Takes what directives stand for off the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  void skip_blanks() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// A word, in lower case, if the text goes on with it.
  bool take_word(std::string_view word) {
    if (rest_.size() < word.size()) return false;
    if (!std::equal(word.begin(), word.end(), rest_.begin(), [](char a, char b) { return a == lower(b); }))
      return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  /// From one to `most` digits.
  bool number(size_t most, int64_t* value) {
    size_t count = 0;
    int64_t result = 0;
    for (; count < most && count < rest_.size() && is_digit(rest_[count]); ++count)
      result = result * 10 + (rest_[count] - '0');
    rest_.remove_prefix(count);
    *value = result;
    return count > 0;
  }

  bool digits(size_t exactly, int64_t* value) {
    const size_t before = rest_.size();
    return number(exactly, value) && before - rest_.size() == exactly;
  }

  /// Digits behind a decimal point, in microseconds; those after the sixth are dropped.
  bool fraction(Micros* value) {
    Micros unit = kSecond;
    *value = 0;
    size_t count = 0;
    for (; count < rest_.size() && is_digit(rest_[count]); ++count)
      *value += (rest_[count] - '0') * (unit /= 10);
    rest_.remove_prefix(count);
    return count > 0;
  }

  /// One of some names, whole or by its first three letters; `index` from 0.
  template <size_t Count>
  bool name(const std::array<std::string_view, Count>& names, int64_t* index) {
    for (size_t i = 0; i < Count; ++i) {
      if (!take_word(names.at(i)) && !take_word(names.at(i).substr(0, 3))) continue;
      *index = static_cast<int64_t>(i);
      return true;
    }
    return false;
  }

  bool offset(Micros* value) {
    if (take_word("z") || take_word("gmt") || take_word("utc")) return true;
    const bool is_negative = take('-');
    if (!is_negative && !take('+')) return false;
    int64_t hours = 0;
    int64_t minutes = 0;
    if (!digits(2, &hours)) return false;
    if (take(':') || (!at_end() && is_digit(rest_.front()))) {
      if (!digits(2, &minutes)) return false;
    }
    if (hours > 15 || minutes > 59) return false;
    *value = (hours * kHour + minutes * kMinute) * (is_negative ? -1 : 1);
    return true;
  }

 private:
  std::string_view rest_;
};

/// What the directives of a pattern have said so far.
struct Parts {
  int64_t year = 0;
  int64_t month = 1;
  int64_t day = 1;
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  Micros fraction = 0;
  Micros offset = 0;
  bool has_half = false;
  bool is_afternoon = false;

  bool read(char directive, Reader& in) {
    int64_t ignored = 0;
    switch (directive) {
      case 'Y':
        return in.digits(4, &year) && year >= 1;
      case 'y':
        if (!in.digits(2, &year)) return false;
        year += year >= 69 ? 1900 : 2000;
        return true;
      case 'm':
        return in.number(2, &month) && month >= 1 && month <= 12;
      case 'b':
        if (!in.name(kMonths, &month)) return false;
        ++month;
        return true;
      case 'd':
        return in.number(2, &day) && day >= 1 && day <= 31;
      case 'a':
        return in.name(kWeekdays, &ignored);
      case 'H':
        return in.number(2, &hour) && hour <= 23;
      case 'I':
        return in.number(2, &hour) && hour >= 1 && hour <= 12;
      case 'p':
        has_half = true;
        is_afternoon = in.take_word("pm");
        return is_afternoon || in.take_word("am");
      case 'M':
        return in.number(2, &minute) && minute <= 59;
      case 'S':
        return in.number(2, &second) && second <= 60;
      case 'f':
        return in.fraction(&fraction);
      case 'z':
        return in.offset(&offset);
      default:
        return in.take(directive);
    }
  }

  std::optional<Instant> instant() const {
    const int64_t first = days_from_date(year, static_cast<unsigned>(month), 1);
    const int64_t next = month == 12 ? days_from_date(year + 1, 1, 1)
                                     : days_from_date(year, static_cast<unsigned>(month) + 1, 1);
    if (first + day > next) return std::nullopt;
    const int64_t of_day = has_half ? hour % 12 + (is_afternoon ? 12 : 0) : hour;
    return Instant{(first + day - 1) * kDay + of_day * kHour + minute * kMinute + second * kSecond +
                   fraction - offset};
  }
};

[[noreturn]] void refuse(std::string_view pattern, const std::string& problem) {
  throw Error(Category::BadValue, "time_format \"" + std::string(pattern) + "\" " + problem, {},
              "Give \"iso\" or a pattern such as \"%d/%m/%Y %H:%M:%S\"; directives are "
              "%Y %y %m %b %d %a %H %I %p %M %S %f %z and %%.");
}

}  // namespace

void check_time_format(std::string_view pattern) {
  if (pattern == "iso") return;
  std::string seen;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    const char directive = ++i < pattern.size() ? pattern[i] : '\0';
    if (std::string_view("YymbdaHIpMSfz%").find(directive) == std::string_view::npos)
      refuse(pattern,
             directive == '\0' ? "ends in a %" : std::string("has an unknown directive %") + directive);
    // Two ways to say one thing stand for the same, so that neither can contradict the other.
    const char meaning = directive == 'y' ? 'Y' : directive == 'b' ? 'm' : directive == 'I' ? 'H' : directive;
    if (meaning == '%') continue;
    if (seen.find(meaning) != std::string::npos)
      refuse(pattern, std::string("says twice what %") + meaning + " stands for");
    seen.push_back(meaning);
  }
  for (const char needed : {'Y', 'm', 'd'})
    if (seen.find(needed) == std::string::npos) refuse(pattern, std::string("lacks %") + needed);
  const bool has_twelve_hours = pattern.find("%I") != std::string_view::npos;
  if (has_twelve_hours != (seen.find('p') != std::string::npos))
    refuse(pattern, "needs %I and %p together, or neither");
}

std::optional<Instant> parse_formatted_time(std::string_view text, std::string_view pattern) {
  if (pattern == "iso") return parse_instant(text);
  Reader in(text);
  Parts parts;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == ' ') {
      in.skip_blanks();
    } else if (pattern[i] != '%' || i + 1 == pattern.size()) {
      if (!in.take(pattern[i])) return std::nullopt;
    } else if (!parts.read(pattern[++i], in)) {
      return std::nullopt;
    }
  }
  if (!in.at_end()) return std::nullopt;
  return parts.instant();
}

TimeUnit read_time_unit(const Json& value) {
  const std::string unit = value.string() != nullptr ? *value.string() : std::string();
  if (unit == "auto") return TimeUnit::Automatic;
  if (unit == "s") return TimeUnit::Seconds;
  if (unit == "ms") return TimeUnit::Milliseconds;
  if (unit == "us") return TimeUnit::Microseconds;
  throw Error(Category::BadValue, "time_unit must be \"auto\", \"s\", \"ms\" or \"us\"",
              "It is " + value.dump() + ".");
}

std::vector<std::string> read_time_formats(const Json& value) {
  const Json::Array one{value};
  const Json::Array& several = value.array() != nullptr ? *value.array() : one;
  std::vector<std::string> formats;
  for (const Json& format : several) {
    if (format.string() == nullptr)
      throw Error(Category::BadValue, "time_format must be a text or an array of texts, not " + value.dump());
    check_time_format(*format.string());
    formats.push_back(*format.string());
  }
  if (formats.empty()) throw Error(Category::BadValue, "time_format must not be an empty array");
  return formats;
}

std::optional<Instant> read_time(const Json& value, const TimeForm& form) {
  const std::string* text = value.string();
  if (text != nullptr && !form.formats.empty()) {
    for (const std::string& format : form.formats)
      if (const std::optional<Instant> t = parse_formatted_time(*text, format)) return t;
    return std::nullopt;
  }
  std::optional<Decimal> number;
  if (value.number() != nullptr) number = *value.number();
  if (text != nullptr) {
    if (const std::optional<Instant> t = parse_instant(*text)) return t;
    // With an exponent it could have more digits than fit a number; nobody writes times so.
    if (text->size() <= 32 && text->find_first_of("eE") == std::string::npos) number = Decimal::parse(*text);
  }
  if (!number) return std::nullopt;

  TimeUnit unit = form.unit;
  const double magnitude = number->sign() < 0 ? -number->to_double() : number->to_double();
  if (unit == TimeUnit::Automatic)
    unit = magnitude < 1e11   ? TimeUnit::Seconds
           : magnitude < 1e14 ? TimeUnit::Milliseconds
                              : TimeUnit::Microseconds;
  const int64_t factor = unit == TimeUnit::Seconds        ? kSecond
                         : unit == TimeUnit::Milliseconds ? kMillisecond
                                                          : 1;
  if (magnitude * static_cast<double>(factor) > 9.2e18) return std::nullopt;
  // Digits below a microsecond are dropped.
  const std::string us = (*number * Decimal(factor)).to_string();
  const std::optional<Decimal> whole = Decimal::parse(us.substr(0, us.find('.')));
  const std::optional<int64_t> unix_us = whole ? whole->to_int64() : std::nullopt;
  return unix_us ? instant_from_unix_us(*unix_us) : std::nullopt;
}

}  // namespace cdp::event
