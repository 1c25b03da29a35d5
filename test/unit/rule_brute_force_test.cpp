#include "rule/rule.hpp"
#include "rule_user.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// Conditions about events against brute force: their truth, and the instant at which it changes.
namespace cdp::rule {
namespace {

/// By the minutes of a few hours.
std::string time_of(int minute) {
  return "2025-01-01 0" + std::to_string(minute / 60) + ":" + (minute % 60 < 10 ? "0" : "") +
         std::to_string(minute % 60);
}

TEST(RuleBruteForce, ACountLastsAsLongAsEventsToComeKeepItUp) {
  // A window is the events of which so many minutes, or at least so many, have passed.
  struct Counted {
    const char* window;
    int from;  ///< minutes after an event from which on it is in the window
    int to;
  };
  uint32_t random = 1;
  const auto next = [&random](uint32_t below) {
    random = random * 1664525 + 1013904223;
    return static_cast<int>((random >> 8) % below);
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<int> minutes;
    for (int i = next(14); i >= 0; --i) minutes.push_back(next(60));
    std::sort(minutes.begin(), minutes.end());
    std::vector<std::string> times;
    for (const int minute : minutes) times.push_back(time_of(minute));
    User user{"{}", {}};
    for (const std::string& time : times) user.events.push_back({time.c_str(), "a"});
    for (const Counted& counted : {Counted{"in last 7 minutes", 0, 7},
                                   {"more than 9 minutes ago", 9, 1000},
                                   {"in last 30 minutes", 0, 30}}) {
      for (const int least : {1, 2, 3}) {
        const auto holds = [&](int now) {
          return std::count_if(minutes.begin(), minutes.end(), [&](int minute) {
                   return minute + counted.from <= now && now < minute + counted.to;
                 }) >= least;
        };
        const int now = next(60);
        int change = now + 1;
        while (change < 200 && holds(change) == holds(now)) ++change;
        const std::string rule = "count(a " + std::string(counted.window) + ") >= " + std::to_string(least);
        EXPECT_EQ(user.ask(rule.c_str(), time_of(now).c_str()),
                  change == 200 ? for_ever(holds(now)) : until(holds(now), time_of(change).c_str()))
            << rule << " at " << time_of(now) << ", round " << round;
      }
    }
  }
}

// What asks for so much is found from the newest event on; with negative numbers among them, and for other
// tests, from the first.
TEST(RuleBruteForce, SumsAndDaysAreThoseOfBruteForce) {
  constexpr int kNever = 100000;
  const auto hour = [](int hours) {
    const int day = 1 + hours / 24;
    return "2025-01-" + std::string(day < 10 ? "0" : "") + std::to_string(day) + " " +
           (hours % 24 < 10 ? "0" : "") + std::to_string(hours % 24) + ":00";
  };
  struct Window {
    const char* text;
    int from;  ///< hours after an event from which on it is in the window
    int to;
  };
  struct Operator {
    const char* text;
    bool (*holds)(int64_t, int64_t);
  };
  const std::vector<Window> windows{{"", 0, kNever},
                                    {" in last 72 hours", 0, 72},
                                    {" between 96 hours and 24 hours ago", 24, 96},
                                    {" more than 48 hours ago", 48, kNever}};
  const std::vector<Operator> operators{{">=", [](int64_t a, int64_t b) { return a >= b; }},
                                        {">", [](int64_t a, int64_t b) { return a > b; }},
                                        {"<", [](int64_t a, int64_t b) { return a < b; }},
                                        {"<=", [](int64_t a, int64_t b) { return a <= b; }},
                                        {"=", [](int64_t a, int64_t b) { return a == b; }}};
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  int true_ones = 0, changing = 0;
  for (int round = 0; round < 400; ++round) {
    struct Happened {
      int hour;
      std::optional<int64_t> value;
      std::string time, properties;
    };
    std::vector<Happened> events(1 + random() % 14);
    for (Happened& event : events) {
      event.hour = static_cast<int>(random() % 240);
      if (random() % 6 > 0) event.value = static_cast<int64_t>(random() % 5) - (round % 3 == 0 ? 2 : 0);
    }
    std::stable_sort(events.begin(), events.end(), [](auto& a, auto& b) { return a.hour < b.hour; });
    User user{"{}", {}};
    for (Happened& event : events) {
      event.time = hour(event.hour);
      event.properties = event.value         ? "{\"p\":" + std::to_string(*event.value) + "}"
                         : random() % 2 == 0 ? R"({"p":"7"})"
                                             : "{}";
      user.events.push_back({event.time.c_str(), "a", event.properties.c_str()});
    }
    for (const Window& window : windows) {
      const Operator& op = operators[random() % operators.size()];
      const auto bound = static_cast<int64_t>(random() % 8) - 1;
      for (const bool is_sum : {true, false}) {
        if (!is_sum && bound < 0) continue;
        const auto holds = [&](int now) {
          int64_t sum = 0;
          std::set<int> days;
          for (const Happened& event : events) {
            if (event.hour + window.from > now || now >= event.hour + window.to) continue;
            days.insert(event.hour / 24);
            sum += event.value.value_or(0);
          }
          return op.holds(is_sum ? sum : static_cast<int64_t>(days.size()), bound);
        };
        const int now = static_cast<int>(random() % 300);
        int change = now + 1;
        while (change < 600 && holds(change) == holds(now)) ++change;
        const std::string rule = std::string(is_sum ? "sum(a.p" : "days(a") + window.text + ") " + op.text +
                                 " " + std::to_string(bound);
        EXPECT_EQ(user.ask(rule.c_str(), hour(now).c_str()),
                  change == 600 ? for_ever(holds(now)) : until(holds(now), hour(change).c_str()))
            << rule << " at " << hour(now) << ", round " << round;
        true_ones += holds(now) ? 1 : 0;
        changing += change < 600 ? 1 : 0;
      }
    }
  }
  EXPECT_GT(true_ones, 500);
  EXPECT_GT(changing, 500);
}

/// A chain of events, each with its step and minute, that brute force looks for.
struct Chain {
  std::vector<char> steps;
  std::vector<int> gaps;  ///< to the step before; of the first one of no meaning
  int within;

  bool exists(const std::vector<std::pair<int, char>>& events, int from, int to, size_t step = 0,
              int first = 0, int last = 0) const {
    if (step == steps.size()) return last - first <= within;
    return std::any_of(events.begin(), events.end(), [&](const auto& event) {
      const auto& [minute, name] = event;
      if (name != steps[step] || minute <= from || minute > to) return false;
      if (step > 0 && (minute <= last || minute - last > gaps[step])) return false;
      return exists(events, from, to, step + 1, step == 0 ? minute : first, minute);
    });
  }
};

// With many events and few, so that sequences are found from behind, go on with what comes, and run out.
TEST(RuleBruteForce, SequencesAreThoseOfBruteForce) {
  constexpr int kNever = 1000;
  struct Asked {
    const char* text;
    Chain chain;
    int window;
  };
  const std::vector<Asked> all{
      {"sequence(a, b in last 60 minutes)", {{'a', 'b'}, {0, kNever}, kNever}, 60},
      {"sequence(a, b, c)", {{'a', 'b', 'c'}, {0, kNever, kNever}, kNever}, kNever},
      {"sequence(a, b, a in last 40 minutes)", {{'a', 'b', 'a'}, {0, kNever, kNever}, kNever}, 40},
      {"sequence(a, a, b within 9 minutes in last 50 minutes)",
       {{'a', 'a', 'b'}, {0, kNever, kNever}, 9},
       50},
      {"sequence(a, b within 7 minutes of previous in last 45 minutes)", {{'a', 'b'}, {0, 7}, kNever}, 45},
      {"sequence(a, b within 5 minutes of previous, c within 9 minutes of previous in last 60 minutes)",
       {{'a', 'b', 'c'}, {0, 5, 9}, kNever},
       60},
      {"sequence(a, b within 8 minutes of previous, c within 12 minutes in last 30 minutes)",
       {{'a', 'b', 'c'}, {0, 8, kNever}, 12},
       30}};
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  int true_ones = 0, changing = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<std::pair<int, char>> events;
    const uint64_t size = 1 + random() % (round % 2 == 0 ? 6 : 25);
    for (uint64_t i = 0; i < size; ++i)
      events.emplace_back(static_cast<int>(random() % 90), static_cast<char>('a' + random() % 3));
    std::stable_sort(events.begin(), events.end(), [](auto& x, auto& y) { return x.first < y.first; });
    User user{"{}", {}};
    std::vector<std::string> texts;
    for (const auto& [minute, name] : events) {
      texts.push_back(time_of(minute));
      texts.emplace_back(1, name);
    }
    for (size_t i = 0; i < events.size(); ++i)
      user.events.push_back({texts[2 * i].c_str(), texts[2 * i + 1].c_str()});
    for (const Asked& asked : all) {
      const auto holds = [&](int now) { return asked.chain.exists(events, now - asked.window, now); };
      const int now = static_cast<int>(random() % 100);
      int change = now + 1;
      while (change < 200 && holds(change) == holds(now)) ++change;
      EXPECT_EQ(user.ask(asked.text, time_of(now).c_str()),
                change == 200 ? for_ever(holds(now)) : until(holds(now), time_of(change).c_str()))
          << asked.text << " at " << time_of(now) << ", round " << round;
      true_ones += holds(now) ? 1 : 0;
      changing += change < 200 ? 1 : 0;
    }
  }
  EXPECT_GT(true_ones, 250);
  EXPECT_GT(changing, 250);
}

}  // namespace
}  // namespace cdp::rule
