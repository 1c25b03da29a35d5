#include "rule/rule.hpp"
#include "rule_texts.hpp"
#include "rule_user.hpp"

#include <gtest/gtest.h>

namespace cdp::rule {
namespace {

TEST(RulePresent, HasTextAndJson) {
  EXPECT_EQ(canonical("email MATCHES '^[a-z]+@' and email not matches 'x'"),
            "email matches '^[a-z]+@' and email not matches 'x'");
  EXPECT_EQ(canonical("did(a where url matches '^/shop' in last 1 day)"),
            "did(a where url matches '^/shop' in last 1 day)");
  EXPECT_EQ(canonical("renewal in last 1 week or renewal in NEXT 24 hours or a.b more than 3 days ago"),
            "renewal in last 7 days or renewal in next 1 day or a.b more than 3 days ago");
  EXPECT_EQ(canonical("renewal before '2025-01-01' or renewal after '2025-01-01'"),
            "renewal before '2025-01-01T00:00:00Z' or renewal after '2025-01-01T00:00:00Z'");
  EXPECT_EQ(canonical("is_vip for 3 days and exists(email) for 1 day and plan in ('a') for 1 week"),
            "is_vip = true for 3 days and email is not null for 1 day and plan in ('a') for 7 days");
  EXPECT_EQ(canonical("for for 3 days and renewal in next 5 days for 1 day and \"for\" = 1"),
            "for = true for 3 days and renewal in next 5 days for 1 day and for = 1");
  EXPECT_EQ(canonical("weekday(now) in ('saturday','sunday') and Hour(NOW) between 9 and 17 and hour = 3"),
            "weekday(now) in ('saturday', 'sunday') and hour(now) between 9 and 17 and hour = 3");
  EXPECT_EQ(json_text("email not matches 'x'"), R"({"trait":["email"],"op":"not matches","value":"x"})");
  EXPECT_EQ(json_text("a.b in next 7 days"), R"({"trait":["a","b"],"op":"in next","value":"7 days"})");
  EXPECT_EQ(json_text("a more than 7 days ago"), R"({"trait":["a"],"op":"more than ago","value":"7 days"})");
  EXPECT_EQ(json_text("a after '2025-01-01'"),
            R"({"trait":["a"],"op":"after","value":"2025-01-01T00:00:00Z"})");
  EXPECT_EQ(json_text("plan = 'pro' for 3 days"),
            R"({"held":{"trait":["plan"],"op":"=","value":"pro"},"for":"3 days"})");
  EXPECT_EQ(json_text("hour(now) >= 9"), R"({"now":"hour","op":">=","value":9})");
  EXPECT_EQ(refusal("a matches '['"), "11: regular expression: missing ]: [");
  EXPECT_EQ(refusal("a matches 3"),
            "11: expected a regular expression in single quotes after \"matches\", found \"3\"");
  EXPECT_EQ(refusal("hour(then) = 3"), "6: expected \"now\" after \"(\", found \"then\"");
  EXPECT_EQ(refusal("did(a where hour(now) = 3)"),
            "13: \"hour(…)\" is not possible in where, which compares properties");
  EXPECT_EQ(refusal("a = 1 for ever"), "11: expected a number after \"for\", found \"ever\"");
}

TEST(RulePresent, MatchesTextsAnywhere) {
  const User user{R"({"email":"anna@example.com","n":5,"list":["abc"]})", {}};
  EXPECT_TRUE(
      user.is("email matches '^[a-z]+@' and email matches 'example' and not email matches '^example'"));
  EXPECT_TRUE(user.is("email not matches '^example' and n not matches '5' and list not matches 'a'"));
  EXPECT_FALSE(user.is("n matches '5' or list matches 'a' or absent matches '' or absent not matches 'x'"));
}

TEST(RulePresent, TimesOfTraitsAreDatesOrHaveAnOffset) {
  const User user{R"({"date":"2025-01-10","time":"2025-01-10T02:00:00+02:00","local":"2025-01-10T00:00:00",
                      "number":5,"bad":"2025-02-30"})",
                  {}};
  for (const char* trait : {"date", "time"}) {
    const auto ask = [&](const char* test, const char* now) {
      return user.ask((std::string(trait) + test).c_str(), now);
    };
    EXPECT_EQ(ask(" in last 3 days", "2025-01-09"), until(false, "2025-01-10"));
    EXPECT_EQ(ask(" in last 3 days", "2025-01-10"), until(true, "2025-01-13"));
    EXPECT_EQ(ask(" in last 3 days", "2025-01-13"), for_ever(false));
    EXPECT_EQ(ask(" in next 3 days", "2025-01-06"), until(false, "2025-01-07"));
    EXPECT_EQ(ask(" in next 3 days", "2025-01-07"), until(true, "2025-01-10"));
    EXPECT_EQ(ask(" in next 3 days", "2025-01-10"), for_ever(false));
    EXPECT_EQ(ask(" more than 3 days ago", "2025-01-12"), until(false, "2025-01-13"));
    EXPECT_EQ(ask(" more than 3 days ago", "2025-01-13"), for_ever(true));
    EXPECT_EQ(ask(" before '2025-01-10'", "2025-01-13"), for_ever(false));
    EXPECT_EQ(ask(" before '2025-01-10T00:00:01Z'", "2025-01-13"), for_ever(true));
    EXPECT_EQ(ask(" after '2025-01-10'", "2025-01-13"), for_ever(false));
    EXPECT_EQ(ask(" after '2025-01-09'", "2025-01-01"), for_ever(true));
  }
  for (const char* no : {"local before '2030-01-01'", "number before '2030-01-01'", "bad before '2030-01-01'",
                         "absent before '2030-01-01'"})
    EXPECT_EQ(user.ask(no, "2025-01-01"), for_ever(false)) << no;
}

TEST(RulePresent, ValuesAreHeldSinceTheyWereGiven) {
  // 2000-01-02; repeated a day later.
  User user{R"({"plan":"pro","renewal":"2000-01-06"})", {}};
  user.trait_times = R"({"plan":[172800000000,86400000000],"renewal":86400000000,"gone":86400000000})";
  EXPECT_EQ(user.ask("plan = 'pro' for 3 days", "2000-01-03"), until(false, "2000-01-05"));
  EXPECT_EQ(user.ask("plan = 'pro' for 3 days", "2000-01-05"), for_ever(true));
  EXPECT_EQ(user.ask("plan = 'free' for 3 days", "2000-01-05"), for_ever(false));
  EXPECT_EQ(user.ask("gone is null for 3 days", "2000-01-05"), for_ever(true));
  EXPECT_EQ(user.ask("never is null for 3 days", "2000-01-05"), for_ever(false));
  EXPECT_EQ(user.ask("renewal in next 2 days for 3 days", "2000-01-04 12:00"), until(false, "2000-01-05"));
  EXPECT_EQ(user.ask("renewal in next 2 days for 3 days", "2000-01-05"), until(true, "2000-01-06"));
}

TEST(RulePresent, HoursFollowTheZone) {
  const TimeZone oslo = [](Instant t) {
    const Instant forward = at("2025-03-30 01:00");
    return t < forward ? ZoneOffset{kHour, forward} : ZoneOffset{2 * kHour, Instant::max()};
  };
  const TimeZones zones = [&](std::string_view name) { return name == "Europe/Oslo" ? &oslo : nullptr; };
  User user{R"({"time_zone":"Europe/Oslo"})", {}};
  user.time_zones = &zones;
  EXPECT_EQ(user.ask("hour(now) between 9 and 17", "2025-03-29 08:00"), until(true, "2025-03-29 17:00"));
  EXPECT_EQ(user.ask("hour(now) between 9 and 17", "2025-03-29 17:00"), until(false, "2025-03-30 07:00"));
  EXPECT_EQ(user.ask("hour(now) = 2", "2025-03-29 02:00"), until(false, "2025-03-31 00:00"));
  EXPECT_EQ(user.ask("hour(now) <= 2", "2025-03-30 00:00"), until(true, "2025-03-30 01:00"));
  EXPECT_EQ(user.ask("weekday(now) = 'sunday'", "2025-03-29 12:00"), until(false, "2025-03-29 23:00"));
  EXPECT_EQ(user.ask("weekday(now) = 'sunday'", "2025-03-29 23:00"), until(true, "2025-03-30 22:00"));
  EXPECT_EQ(user.ask("hour(now) < 24", "2025-03-30"), for_ever(true));
  EXPECT_EQ(user.ask("weekday(now) = 'Sunday'", "2025-03-30"), for_ever(false));
  EXPECT_EQ(
      user.explained("weekday(now) = 'sunday'", "2025-03-29 23:00"),
      R"({"condition":"weekday(now) = 'sunday'","truth":true,"valid_until":"2025-03-30T22:00:00Z","value":"sunday"})");
  user.time_zones = nullptr;
  EXPECT_EQ(user.ask("hour(now) = 2", "2025-03-30 01:59"), until(false, "2025-03-30 02:00"));
}

TEST(RulePresent, IsKnownByWhatItUses) {
  timeline::Demand demand;
  const BoundRule held = rule::bind(parse("plan = 'pro' for 3 days"), demand, {});
  EXPECT_TRUE(held.uses_traits() && held.uses_trait_times() && held.is_time_dependent() &&
              held.needs_state());
  const BoundRule hour = rule::bind(parse("hour(now) = 3"), demand, {});
  EXPECT_TRUE(hour.uses_traits() && hour.is_time_dependent() && hour.needs_state());
  const BoundRule fixed = rule::bind(parse("renewal before '2025-01-01'"), demand, {});
  EXPECT_TRUE(fixed.uses_traits() && !fixed.is_time_dependent());
  EXPECT_TRUE(demand.wants_nothing());
  const References found = references(parse("renewal in next 3 days and plan = 1 for 1 day"));
  EXPECT_EQ(found.traits, (std::vector<std::string>{"renewal", "plan"}));
  EXPECT_TRUE(found.depends_on_time && references(parse("hour(now) = 3")).depends_on_time);
  EXPECT_FALSE(references(parse("a before '2025-01-01'")).depends_on_time);
}

}  // namespace
}  // namespace cdp::rule
