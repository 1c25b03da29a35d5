/// Events of a shop for the benchmarks history and report, the same for the same arguments:
///
///   generate_shop messages|rows [EVENTS [USERS [SEED]]]
///
/// `messages`: lines for COPY cdp.inbox (source, payload, received_at), in order of time, with an identify
/// message that sets the trait country before a user's first event, and no insert ids.
/// `rows`: tab-separated user_no, ts, event, price, country, received_at, in order of (user_no, ts), for
/// others.
///
/// How active users are follows Zipf's law with exponent 0.793: of 5,000,000 events of 200,000 users the most
/// active one has 90,000, half of them 10 or fewer. Events come in sessions of 8 on average, 5 to 300 s
/// between two, at random instants of the 60 days before `kEnd`; those of the most active users overlap.
/// Times are in milliseconds, and no two events of a user have the same one, so that answers do not depend on
/// rules for ties. Receipt is 50 to 2,000 ms later, in microseconds. Each event has a price, and the country
/// of its user.

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::sys_time<std::chrono::microseconds>;

constexpr int64_t kMillisecond = 1000;
constexpr int64_t kDays = 60;
constexpr double kZipfExponent = 0.793;
constexpr Clock kEnd = std::chrono::sys_days{std::chrono::year{2025} / 3 / 1};
constexpr Clock kBegin = kEnd - std::chrono::days{kDays};

struct Kind {
  std::string_view name;
  int permille;
};
constexpr std::array<Kind, 8> kKinds = {{{"page_view", 480},
                                         {"view_item", 220},
                                         {"search", 100},
                                         {"add_to_cart", 80},
                                         {"login", 50},
                                         {"checkout", 35},
                                         {"purchase", 25},
                                         {"share", 10}}};
constexpr std::array<std::string_view, 30> kCountries = {
    "US", "DE", "GB", "FR", "IN", "BR", "JP", "CA", "ES", "IT", "NL", "PL", "AU", "MX", "SE",
    "CH", "AT", "BE", "DK", "NO", "FI", "PT", "IE", "CZ", "GR", "HU", "RO", "TR", "ZA", "KR"};

struct Event {
  int64_t time_us;  ///< since 1970
  uint32_t user;    ///< from 1
  uint32_t delay_us;
  uint16_t price_cents;
  uint8_t kind;
  uint8_t country;
};

/// Random numbers that are the same with every library.
class Random {
 public:
  explicit Random(uint64_t seed) : generator_(seed) {}
  /// From low to high, both ends in.
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(generator_() % static_cast<uint64_t>(high - low + 1));
  }

 private:
  std::mt19937_64 generator_;
};

/// How many events each user has, the most active one first; together `events`.
std::vector<int64_t> activity(int64_t events, uint32_t users) {
  double weights = 0;
  for (uint32_t rank = 1; rank <= users; ++rank) weights += std::pow(rank, -kZipfExponent);
  std::vector<int64_t> counts;
  double before = 0;
  int64_t given = 0;
  for (uint32_t rank = 1; rank <= users; ++rank) {
    before += std::pow(rank, -kZipfExponent);
    const int64_t until =
        rank == users ? events : std::llround(before / weights * static_cast<double>(events));
    counts.push_back(until - given);
    given = until;
  }
  return counts;
}

uint8_t random_kind(Random& random) {
  auto left = random.between(0, 999);
  uint8_t kind = 0;
  while (left >= kKinds[kind].permille) left -= kKinds[kind++].permille;
  return kind;
}

/// The n-th country is n times rarer than the first.
uint8_t random_country(Random& random) {
  constexpr int64_t kScale = 27720;
  int64_t all = 0;
  for (size_t n = 1; n <= kCountries.size(); ++n) all += kScale / static_cast<int64_t>(n);
  auto left = random.between(0, all - 1);
  uint8_t country = 0;
  while (left >= kScale / (country + 1)) left -= kScale / ++country;
  return country;
}

/// Times of `count` events in sessions, ascending, no two the same.
std::vector<int64_t> random_times(int64_t count, Random& random) {
  std::vector<int64_t> times;
  while (count > 0) {
    int64_t length = 1;
    while (length < count && random.between(1, 8) > 1) ++length;
    count -= length;
    std::vector<int64_t> offsets{0};
    while (--length > 0) offsets.push_back(offsets.back() + random.between(5000, 300000));
    const int64_t latest = kDays * 86400 * 1000 - 1000 - offsets.back();
    const int64_t begin = random.between(0, std::max<int64_t>(latest, 0));
    for (const int64_t offset : offsets) times.push_back(begin + offset);
  }
  std::sort(times.begin(), times.end());
  for (size_t i = 1; i < times.size(); ++i) times[i] = std::max(times[i], times[i - 1] + 1);
  for (int64_t& time : times) time = kBegin.time_since_epoch().count() + time * kMillisecond;
  return times;
}

/// In order of (user, time).
std::vector<Event> generate(int64_t events, uint32_t users, uint64_t seed) {
  Random random(seed);
  std::vector<int64_t> counts = activity(events, users);
  for (size_t i = counts.size() - 1; i > 0; --i)
    std::swap(counts[i], counts[static_cast<size_t>(random.between(0, static_cast<int64_t>(i)))]);
  std::vector<Event> all;
  all.reserve(static_cast<size_t>(events));
  for (uint32_t user = 1; user <= users; ++user) {
    const uint8_t country = random_country(random);
    for (const int64_t time : random_times(counts[user - 1], random)) {
      const auto delay = static_cast<uint32_t>(random.between(50 * kMillisecond, 2000 * kMillisecond));
      const auto price = static_cast<uint16_t>(random.between(100, 50000));
      all.push_back({time, user, delay, price, random_kind(random), country});
    }
  }
  return all;
}

/// Lines of text, written in large pieces.
class Lines {
 public:
  ~Lines() { flush(); }
  Lines& operator<<(std::string_view text) {
    text_ += text;
    return *this;
  }
  Lines& operator<<(int64_t number) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return *this << std::string_view(digits.data(), static_cast<size_t>(end - digits.data()));
  }
  /// With so many digits.
  Lines& padded(int64_t number, int digits) {
    for (int64_t limit = 10; --digits > 0; limit *= 10)
      if (number < limit) text_ += '0';
    return *this << number;
  }
  /// `separator` stands between date and time.
  Lines& time(int64_t time_us, char separator, bool in_microseconds) {
    const Clock instant{std::chrono::microseconds{time_us}};
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    if (day != day_) {
      const std::chrono::year_month_day date{day};
      std::array<char, 16> digits{};
      const int length =
          std::snprintf(digits.data(), digits.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
      date_.assign(digits.data(), static_cast<size_t>(length));
      day_ = day;
    }
    const int64_t us = (instant - day).count();
    *this << date_;
    text_ += separator;
    padded(us / 3600000000, 2) << ":";
    padded(us / 60000000 % 60, 2) << ":";
    padded(us / 1000000 % 60, 2) << ".";
    return in_microseconds ? padded(us % 1000000, 6) : padded(us % 1000000 / kMillisecond, 3);
  }
  Lines& price(uint16_t cents) {
    *this << int64_t{cents / 100} << ".";
    return padded(cents % 100, 2);
  }
  void end() {
    text_ += '\n';
    if (text_.size() > 1 << 20) flush();
  }

 private:
  void flush() {
    if (std::fwrite(text_.data(), 1, text_.size(), stdout) != text_.size()) std::exit(1);
    text_.clear();
  }

  std::string text_;
  std::chrono::sys_days day_{};
  std::string date_ = "1970-01-01";
};

void write_rows(const std::vector<Event>& events) {
  Lines lines;
  for (const Event& event : events) {
    lines << int64_t{event.user} << "\t";
    lines.time(event.time_us, ' ', false) << "\t" << kKinds[event.kind].name << "\t";
    lines.price(event.price_cents) << "\t" << kCountries[event.country] << "\t";
    lines.time(event.time_us + event.delay_us, ' ', true).end();
  }
}

void write_messages(std::vector<Event> events, uint32_t users) {
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.time_us != b.time_us ? a.time_us < b.time_us : a.user < b.user;
  });
  std::vector<bool> is_known(users + 1);
  Lines lines;
  const auto begin = [&lines](const Event& event, std::string_view type) {
    lines << "segment\t{\"type\":\"" << type << "\",\"userId\":\"user-" << int64_t{event.user}
          << "\",\"timestamp\":\"";
    lines.time(event.time_us, 'T', false) << "Z\",";
  };
  const auto end = [&lines](const Event& event) {
    lines << "\"country\":\"" << kCountries[event.country] << "\"}}\t";
    lines.time(event.time_us + event.delay_us, ' ', true) << "Z";
    lines.end();
  };
  for (const Event& event : events) {
    if (!is_known[event.user]) {
      begin(event, "identify");
      lines << "\"traits\":{";
      end(event);
      is_known[event.user] = true;
    }
    begin(event, "track");
    lines << "\"event\":\"" << kKinds[event.kind].name << "\",\"properties\":{\"price\":";
    lines.price(event.price_cents) << ",";
    end(event);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view format = argc > 1 ? argv[1] : "";
  const int64_t events = argc > 2 ? std::atoll(argv[2]) : 5000000;
  const int64_t users = argc > 3 ? std::atoll(argv[3]) : std::max<int64_t>(events / 25, 1);
  const uint64_t seed = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 1;
  if ((format != "messages" && format != "rows") || events < 1 || users < 1 || users > 100000000) {
    std::fputs("usage: generate_shop messages|rows [EVENTS [USERS [SEED]]]\n", stderr);
    return 2;
  }
  const auto all = generate(events, static_cast<uint32_t>(users), seed);
  if (format == "rows") {
    write_rows(all);
  } else {
    write_messages(all, static_cast<uint32_t>(users));
  }
}
