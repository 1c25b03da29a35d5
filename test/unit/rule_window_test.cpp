#include "rule/rule.hpp"
#include "rule_texts.hpp"
#include "rule_user.hpp"

#include <gtest/gtest.h>

namespace cdp::rule {
namespace {

TEST(RuleWindow, HasTextAndJson) {
  EXPECT_EQ(canonical("did(a BETWEEN 2 weeks and 7 days AGO)"), "did(a between 14 days and 7 days ago)");
  EXPECT_EQ(canonical("count(a where x more than 30 days ago) > 1"),
            "count(a where x = true more than 30 days ago) > 1");
  EXPECT_EQ(canonical("count(a where x between 3 days and 1 day ago) > 1"),
            "count(a where x = true between 3 days and 1 day ago) > 1");
  EXPECT_EQ(canonical("count(a where x between 3 and 1 between 3 days and 1 day ago) > 1"),
            "count(a where x between 3 and 1 between 3 days and 1 day ago) > 1");
  EXPECT_EQ(canonical("sum(a.p since '2025-01-01') > 1"), "sum(a.p since '2025-01-01T00:00:00Z') > 1");
  EXPECT_EQ(canonical("days(a before '2025-01-01') > 1"), "days(a before '2025-01-01T00:00:00Z') > 1");
  EXPECT_EQ(canonical("most(a.p between '2025-01-01' and '2025-01-02') like 'x%'"),
            "most(a.p between '2025-01-01T00:00:00Z' and '2025-01-02T00:00:00Z') like 'x%'");
  EXPECT_EQ(canonical("sessions(today) = 1 or sessions() > 2"), "sessions(today) = 1 or sessions() > 2");
  EXPECT_EQ(canonical("abandoned(a, b within 1 hour This Week)"), "abandoned(a, b within 1 hour this week)");
  EXPECT_EQ(canonical("sequence(a, b within 10 minutes of previous, c where x = 1 within 1 hour of previous "
                      "within 1 day this month)"),
            "sequence(a, b within 10 minutes of previous, c where x = 1 within 1 hour of previous "
            "within 1 day this month)");
  EXPECT_EQ(canonical("last(a) more than 30 days ago or first(a) between 9 days and 1 day ago"),
            "last(a) more than 30 days ago or first(a) between 9 days and 1 day ago");
  EXPECT_EQ(canonical("today = 1 and did(since) and did(today today)"),
            "today = 1 and did(since) and did(today today)");
  EXPECT_EQ(json_text("did(a between 2 weeks and 7 days ago)"),
            R"({"did":{"event":"a","between_ago":["14 days","7 days"]}})");
  EXPECT_EQ(json_text("did(a more than 30 days ago)"), R"({"did":{"event":"a","more_than_ago":"30 days"}})");
  EXPECT_EQ(json_text("did(a since '2025-01-01')"),
            R"({"did":{"event":"a","since":"2025-01-01T00:00:00Z"}})");
  EXPECT_EQ(json_text("did(a before '2025-01-01')"),
            R"({"did":{"event":"a","before":"2025-01-01T00:00:00Z"}})");
  EXPECT_EQ(json_text("did(a between '2025-01-01' and '2025-01-02')"),
            R"({"did":{"event":"a","between":["2025-01-01T00:00:00Z","2025-01-02T00:00:00Z"]}})");
  EXPECT_EQ(json_text("did(a this month)"), R"({"did":{"event":"a","calendar":"this month"}})");
  EXPECT_EQ(json_text("last(a) more than 30 days ago"),
            R"({"last":{"event":"a"},"op":"more than ago","value":"30 days"})");
  EXPECT_EQ(json_text("first(a) this week"),
            R"({"first":{"event":"a"},"op":"calendar","value":"this week"})");
  EXPECT_EQ(json_text("sessions(in last 7 days) >= 2"),
            R"({"sessions":{"last":"7 days"},"op":">=","value":2})");
  EXPECT_EQ(json_text("sessions() >= 2"), R"({"sessions":{},"op":">=","value":2})");
  EXPECT_EQ(json_text("days(a today) >= 3"),
            R"({"days":{"event":"a","calendar":"today"},"op":">=","value":3})");
  EXPECT_EQ(json_text("most(a.p) in ('x', null)"),
            R"({"most":{"event":"a","property":["p"]},"op":"in","value":["x",null]})");
  EXPECT_EQ(
      json_text("sequence(a, b within 10 minutes of previous within 1 day in last 7 days)"),
      R"({"sequence":{"steps":[{"event":"a"},{"event":"b","gap":"10 minutes"}],"within":"1 day","last":"7 days"}})");
}

TEST(RuleWindow, IsRefusedWhereItIsNone) {
  EXPECT_EQ(refusal("did(a between 7 days and 2 weeks ago)"),
            "15: expected the longer length of time first, as in \"between 14 days and 7 days ago\"");
  EXPECT_EQ(refusal("did(a between 14 days and 7 days)"), "33: expected \"ago\" after \"days\", found \")\"");
  EXPECT_EQ(refusal("did(a between '2025-01-01' and 7 days)"),
            "32: expected a time in single quotes, as '2025-01-31T12:00:00Z' after \"and\", found \"7\"");
  EXPECT_EQ(refusal("did(a this year)"), "12: expected \"week\" or \"month\" after \"this\", found \"year\"");
  EXPECT_EQ(
      refusal("did(a more then 3 days ago)"),
      "12: expected \"than\" and a length of time after \"more\", found \"then\" | Did you mean \"than\"?");
  EXPECT_EQ(refusal("did(a snice '2025-01-01')"),
            "7: expected \")\" after \"a\", found \"snice\" | Did you mean \"since\"?");
  EXPECT_EQ(refusal("sequence(a within 1 hour of previous, b)"), "19: the first event has no previous one");
  EXPECT_EQ(refusal("sequence(a, b within 1 hour, c)"), "28: expected \")\" after \"hour\", found \",\"");
  EXPECT_EQ(json_refusal(R"({"did":{"event":"a","last":"1 day","calendar":"today"}})"),
            "$.did: has more than one window of time");
  EXPECT_EQ(json_refusal(R"({"did":{"event":"a","between_ago":["1 day","2 days"]}})"),
            "$.did.between_ago: expected the longer length of time first");
  EXPECT_EQ(json_refusal(R"({"did":{"event":"a","between_ago":"1 day"}})"),
            "$.did.between_ago: expected an array of two lengths of time");
  EXPECT_EQ(json_refusal(R"({"did":{"event":"a","calendar":"this year"}})"),
            "$.did.calendar: expected \"today\", \"this week\" or \"this month\"");
  EXPECT_EQ(json_refusal(R"({"sequence":{"steps":[{"event":"a","gap":"1 day"},{"event":"b"}]}})"),
            "$.sequence.steps[0]: unknown member \"gap\" | Possible here: any, event, where.");
}

TEST(RuleWindow, TellsUntilWhen) {
  const User user{"{}", {{"2025-01-01 12:00", "a"}, {"2025-01-05 12:00", "a"}}};
  EXPECT_EQ(user.ask("did(a between 14 days and 7 days ago)", "2025-01-05 12:00"),
            until(false, "2025-01-08 12:00"));
  EXPECT_EQ(user.ask("count(a between 14 days and 7 days ago) = 2", "2025-01-12 12:00"),
            until(true, "2025-01-15 12:00"));
  EXPECT_EQ(user.ask("did(a between 14 days and 7 days ago)", "2025-01-12 12:00"),
            until(true, "2025-01-19 12:00"));
  EXPECT_EQ(user.ask("did(a more than 30 days ago)", "2025-01-05 12:00"), until(false, "2025-01-31 12:00"));
  EXPECT_EQ(user.ask("did(a more than 30 days ago)", "2025-01-31 12:00"), for_ever(true));
  EXPECT_EQ(user.ask("last(a) more than 30 days ago", "2025-01-31 12:00"), until(false, "2025-02-04 12:00"));
  EXPECT_EQ(user.ask("did(a since '2025-01-05 12:00:00.000001')", "2025-01-06"), for_ever(false));
  EXPECT_EQ(user.ask("count(a before '2025-01-05 12:00') = 1", "2025-01-06"), for_ever(true));
  EXPECT_EQ(user.ask("count(a between '2025-01-05 12:00' and '2025-01-06') = 1", "2025-01-02"),
            until(false, "2025-01-05 12:00"));
  EXPECT_EQ(user.ask("did(a today)", "2025-01-05 13:00"), until(true, "2025-01-06"));
  EXPECT_EQ(user.ask("did(a this week)", "2025-01-05 13:00"), until(true, "2025-01-06"));  // Sunday
  EXPECT_EQ(user.ask("did(a this month)", "2025-01-05 13:00"), until(true, "2025-02-01"));
  EXPECT_EQ(user.ask("count(a this week) = 1", "2025-01-02 12:00"), until(true, "2025-01-05 12:00"));
  EXPECT_EQ(user.ask("days(a in last 7 days) = 2", "2025-01-06"), until(true, "2025-01-08 12:00"));
}

TEST(RuleWindow, SequencesAreFoundThatAreNotTheFirstOnes) {
  // The first b is too late after a, the second a too early for what a sequence of nearest steps would take.
  const User user{"{}",
                  {{"2025-01-01 10:00", "a"},
                   {"2025-01-01 10:08", "a"},
                   {"2025-01-01 10:12", "b"},
                   {"2025-01-01 10:17", "b"},
                   {"2025-01-01 10:25", "c"}}};
  EXPECT_TRUE(user.is("sequence(a, b within 9 minutes of previous, c within 8 minutes of previous)"));
  EXPECT_FALSE(user.is("sequence(a, b within 8 minutes of previous, c within 8 minutes of previous)"));
  EXPECT_TRUE(user.is("sequence(a, b within 9 minutes of previous, c within 17 minutes)"));
  EXPECT_FALSE(user.is("sequence(a, b within 9 minutes of previous, c within 16 minutes)"));
}

TEST(RuleWindow, MostIsTheLatestOfEquals) {
  const User user{"{}",
                  {{"2025-01-01", "a", R"({"p":"x"})"},
                   {"2025-01-02", "a", R"({"p":"y"})"},
                   {"2025-01-03", "a", R"({"p":null})"},
                   {"2025-01-04", "a", R"({"p":"y"})"},
                   {"2025-01-05", "a", R"({"p":"x"})"}}};
  EXPECT_TRUE(user.is("most(a.p) = 'x'"));
  EXPECT_EQ(user.ask("most(a.p) = 'y'", "2025-01-04"), until(true, "2025-01-05"));
  EXPECT_EQ(user.ask("most(a.p in last 7 days) = 'x'", "2025-01-05"), until(true, "2025-01-08"));
  EXPECT_TRUE(user.is("most(a.q) is null and not most(a.q) = 'x'"));
}

TEST(RuleWindow, TellsHowFarBackItLooks) {
  const auto lookback = [](const char* text) {
    timeline::Demand demand;
    return rule::bind(parse(text), demand, {}).lookback();
  };
  EXPECT_EQ(lookback("did(a between 14 days and 7 days ago)"), 14 * kDay);
  EXPECT_EQ(lookback("last(a) in last 3 days"), 3 * kDay);
  EXPECT_EQ(lookback("last(a) between 3 days and 1 day ago"), 3 * kDay);
  EXPECT_EQ(lookback("first(a) in last 3 days"), std::nullopt);
  EXPECT_EQ(lookback("did(a more than 3 days ago)"), std::nullopt);
  EXPECT_EQ(lookback("did(a since '2025-01-01')"), std::nullopt);
  EXPECT_EQ(lookback("sessions(in last 3 days) > 1"), Micros{0});
  EXPECT_GE(lookback("did(a this month)"), 32 * kDay);
}

}  // namespace
}  // namespace cdp::rule
