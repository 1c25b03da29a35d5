#include "base/time.hpp"

#include <array>
#include <cstdio>

namespace cdp {

namespace {

constexpr int64_t kDaysFrom1970To2000 = 10957;
constexpr Micros kUnixEpochOffset = kDaysFrom1970To2000 * kDay;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes characters off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool take(char c) {
    if (peek() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Exactly `count` digits.
  bool number(int count, int64_t* value) {
    if (rest_.size() < static_cast<size_t>(count)) return false;
    int64_t result = 0;
    for (int i = 0; i < count; ++i) {
      if (!is_digit(rest_[i])) return false;
      result = result * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    *value = result;
    return true;
  }
  /// One or more digits as a fraction in microseconds; digits after the sixth are dropped.
  bool fraction(Micros* value) {
    if (!is_digit(peek())) return false;
    Micros result = 0;
    Micros unit = kSecond / 10;
    for (; is_digit(peek()); rest_.remove_prefix(1)) {
      result += (peek() - '0') * unit;
      unit /= 10;
    }
    *value = result;
    return true;
  }

 private:
  std::string_view rest_;
};

bool is_leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int64_t days_in_month(int64_t year, int64_t month) {
  constexpr std::array<int8_t, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays.at(month - 1);
}

bool parse_date(Scanner& in, int64_t* days) {
  int64_t year = 0;
  int64_t month = 0;
  int64_t day = 0;
  if (!in.number(4, &year) || !in.take('-') || !in.number(2, &month) || !in.take('-') || !in.number(2, &day))
    return false;
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return false;
  *days = days_from_date(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  return true;
}

bool parse_time_of_day(Scanner& in, Micros* time) {
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  Micros fraction = 0;
  if (!in.number(2, &hour) || !in.take(':') || !in.number(2, &minute)) return false;
  if (in.take(':')) {
    if (!in.number(2, &second)) return false;
    if ((in.take('.') || in.take(',')) && !in.fraction(&fraction)) return false;
  }
  if (hour > 24 || minute > 59 || second > 60) return false;
  if (hour == 24 && (minute != 0 || second != 0 || fraction != 0)) return false;
  *time = hour * kHour + minute * kMinute + second * kSecond + fraction;
  return true;
}

bool parse_offset(Scanner& in, Micros* offset) {
  if (in.take('Z') || in.take('z')) return true;
  const bool is_negative = in.peek() == '-';
  if (!in.take('+') && !in.take('-')) return false;
  int64_t hours = 0;
  int64_t minutes = 0;
  if (!in.number(2, &hours)) return false;
  if (in.take(':') ? !in.number(2, &minutes) : (!in.at_end() && !in.number(2, &minutes))) return false;
  if (hours > 15 || minutes > 59) return false;
  *offset = (hours * kHour + minutes * kMinute) * (is_negative ? -1 : 1);
  return true;
}

}  // namespace

int64_t days_from_date(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<uint64_t>(year - era * 400);
  const uint64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const uint64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + static_cast<int64_t>(day_of_era) - 719468 - kDaysFrom1970To2000;
}

Date date_from_days(int64_t days) {
  const int64_t z = days + kDaysFrom1970To2000 + 719468;
  const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  const auto day_of_era = static_cast<uint64_t>(z - era * 146097);
  const uint64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint64_t shifted_month = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<unsigned>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const auto month = static_cast<unsigned>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

std::optional<Instant> instant_from_unix_us(int64_t us) {
  int64_t since_2000 = 0;
  if (__builtin_sub_overflow(us, kUnixEpochOffset, &since_2000)) return std::nullopt;
  const Instant t{since_2000};
  if (t < kFirstInstant || t > kLastInstant) return std::nullopt;
  return t;
}

std::optional<Instant> parse_instant(std::string_view text) {
  Scanner in(text);
  int64_t days = 0;
  Micros time = 0;
  Micros offset = 0;
  if (!parse_date(in, &days)) return std::nullopt;
  if (!in.at_end()) {
    if (!in.take('T') && !in.take('t') && !in.take(' ')) return std::nullopt;
    if (!parse_time_of_day(in, &time)) return std::nullopt;
    in.take(' ');
    if (!in.at_end() && !parse_offset(in, &offset)) return std::nullopt;
    if (!in.at_end()) return std::nullopt;
  }
  return Instant{days * kDay + time - offset};
}

std::string format_instant(Instant t) {
  if (t == Instant::max()) return "infinity";
  if (t == Instant::min()) return "-infinity";
  int64_t days = t.us / kDay;
  Micros time = t.us % kDay;
  if (time < 0) {
    time += kDay;
    --days;
  }
  const Date date = date_from_days(days);
  std::array<char, 64> buffer{};
  int length =
      std::snprintf(buffer.data(), buffer.size(), "%04lld-%02u-%02uT%02d:%02d:%02d",
                    static_cast<long long>(date.year), date.month, date.day, static_cast<int>(time / kHour),
                    static_cast<int>(time / kMinute % 60), static_cast<int>(time / kSecond % 60));
  std::string text(buffer.data(), length);
  if (const Micros fraction = time % kSecond; fraction != 0) {
    length = std::snprintf(buffer.data(), buffer.size(), ".%06d", static_cast<int>(fraction));
    text.append(buffer.data(), length);
    while (text.back() == '0') text.pop_back();
  }
  return text + "Z";
}

}  // namespace cdp
