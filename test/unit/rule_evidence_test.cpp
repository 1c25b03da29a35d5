#include "rule_user.hpp"

#include <gtest/gtest.h>
#include <regex>

namespace cdp::rule {
namespace {

/// The members `events` of an explanation, one after the other.
std::string events_of(const User& user, const char* rule, const char* now) {
  const std::string text = user.explained(rule, now);
  const std::regex member(R"re("events":(\[[^\]]*\]))re");
  std::string found;
  for (std::sregex_iterator it(text.begin(), text.end(), member), end; it != end; ++it)
    found += (*it)[1].str();
  return std::regex_replace(found, std::regex(R"re("event":|"ts":"2025-|:00:00Z|")re"), "");
}

User shopper() {
  User user;
  user.events = {{"2025-01-01 10:00", "view", R"({"p":1})"}, {"2025-01-02 10:00", "buy", R"({"p":2})"},
                 {"2025-01-03 10:00", "view", R"({"p":3})"}, {"2025-01-04 10:00", "view", R"({"p":4})"},
                 {"2025-01-05 10:00", "buy", R"({"p":5})"},  {"2025-01-06 10:00", "leave"}};
  return user;
}

TEST(Evidence, IsTheEventsThatTheConditionTakesInItsWindow) {
  const User user = shopper();
  EXPECT_EQ(events_of(user, "count(view) >= 1", "2025-01-07"),
            "[{view,01-01T10},{view,01-03T10},{view,01-04T10}]");
  EXPECT_EQ(events_of(user, "count(view where p > 1 in last 4 days) >= 9", "2025-01-07"),
            "[{view,01-03T10},{view,01-04T10}]");
  EXPECT_EQ(events_of(user, "not did(view)", "2025-01-02"), "[{view,01-01T10}]");
  EXPECT_EQ(events_of(user, "did(nothing)", "2025-01-07"), "[]");
  EXPECT_EQ(events_of(user, "did(any in last 2 days)", "2025-01-07"), "[{null,01-05T10},{null,01-06T10}]");
}

TEST(Evidence, IsTheOneOfFirstAndLast) {
  const User user = shopper();
  EXPECT_EQ(events_of(user, "first(view) in last 100 days", "2025-01-07"), "[{view,01-01T10}]");
  EXPECT_EQ(events_of(user, "last(view where p < 4) in last 1 day", "2025-01-07"), "[{view,01-03T10}]");
}

TEST(Evidence, IsTheStepsOfSequences) {
  const User user = shopper();
  EXPECT_EQ(events_of(user, "sequence(view, buy)", "2025-01-05"),
            "[{view,01-01T10},{buy,01-02T10},{view,01-03T10},{view,01-04T10}]");
  EXPECT_EQ(events_of(user, "abandoned(buy, view within 1 day)", "2025-01-07"),
            "[{view,01-01T10},{buy,01-02T10},{view,01-03T10},{view,01-04T10},{buy,01-05T10}]");
}

TEST(Evidence, IsOfEachConditionAndOfBothSidesOfAComparison) {
  const User user = shopper();
  EXPECT_EQ(events_of(user, "did(leave) or did(buy) and plan = 'x'", "2025-01-07"),
            "[{leave,01-06T10}][{buy,01-02T10},{buy,01-05T10}]");
  EXPECT_EQ(events_of(user, "count(leave) > count(buy in last 3 days)", "2025-01-07"),
            "[{buy,01-05T10},{leave,01-06T10}]");
}

TEST(Evidence, OfAPlaceIsTheEventThatTellsIt) {
  User user;
  user.events = {{"2025-01-01 10:00", "a", "{}", R"({"location":{"latitude":1,"longitude":2}})"},
                 {"2025-01-02 10:00", "a", "{}", R"({"location":{"latitude":"1","longitude":2}})"},
                 {"2025-01-03 10:00", "a", "{}", R"({"location":{"latitude":91,"longitude":2}})"},
                 {"2025-01-04 10:00", "a"}};
  EXPECT_EQ(events_of(user, "within(1 mile, 1, 2)", "2025-01-07"), "[{null,01-01T10}]");
  EXPECT_EQ(events_of(user, "within(1 mile, 1, 2)", "2024-12-31"), "[]");
}

TEST(Evidence, HasAtMostTenTheLatest) {
  User user;
  static const char* kTimes[] = {"2025-01-01 00:00", "2025-01-01 01:00", "2025-01-01 02:00",
                                 "2025-01-01 03:00", "2025-01-01 04:00", "2025-01-01 05:00",
                                 "2025-01-01 06:00", "2025-01-01 07:00", "2025-01-01 08:00",
                                 "2025-01-01 09:00", "2025-01-01 10:00", "2025-01-01 11:00"};
  for (const char* time : kTimes) user.events.push_back({time, "x"});
  const std::string events = events_of(user, "count(x) > 0", "2025-01-07");
  EXPECT_EQ(std::count(events.begin(), events.end(), '{'), 10);
  EXPECT_EQ(events.substr(0, 13), "[{x,01-01T02}");
}

}  // namespace
}  // namespace cdp::rule
