#include "base/error.hpp"
#include "rule/compare.hpp"
#include "rule/decide.hpp"
#include "rule/rule.hpp"
#include "rule_user.hpp"

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

namespace cdp::rule {
namespace {

TEST(RuleEvaluate, Scenario1Inactivity) {
  User user{R"({"device":"mobile"})", {}};
  for (int i = 0; i < 9; ++i) user.events.push_back({"2024-12-20", "view"});
  user.events.push_back({"2025-01-01 00:09:00", "view"});
  const char* rule = "device = 'mobile' and count(view) >= 10 and not did(any in last 7 days)";
  EXPECT_EQ(user.ask(rule, "2025-01-01 00:09:00"), until(false, "2025-01-08 00:09:00"));
  EXPECT_EQ(user.ask(rule, "2025-01-08 00:08:59"), until(false, "2025-01-08 00:09:00"));
  EXPECT_EQ(user.ask(rule, "2025-01-08 00:08:59.999999"), until(false, "2025-01-08 00:09:00"));
  EXPECT_EQ(user.ask(rule, "2025-01-08 00:09:00"), for_ever(true));
  user.events.push_back({"2025-01-08 03:05:00", "view"});
  EXPECT_EQ(user.ask(rule, "2025-01-08 00:09:00"), until(true, "2025-01-08 03:05:00"));
  EXPECT_EQ(user.ask(rule, "2025-01-08 03:05:00"), until(false, "2025-01-15 03:05:00"));
}

TEST(RuleEvaluate, Scenario2EdgeOfAWindow) {
  User user{"{}", {{"2025-01-01 12:00", "purchase"}, {"2025-01-10 09:00", "purchase"}}};
  const char* rule = "count(purchase in last 30 days) >= 3";
  const char* at_most = "count(purchase in last 30 days) <= 2";
  EXPECT_EQ(user.ask(rule, "2025-01-20 08:59:59.999999"), for_ever(false));
  user.events.push_back({"2025-01-20 09:00", "purchase"});
  EXPECT_EQ(user.ask(rule, "2025-01-20 08:59:59.999999"), until(false, "2025-01-20 09:00"));
  EXPECT_EQ(user.ask(rule, "2025-01-20 09:00"), until(true, "2025-01-31 12:00:00"));
  EXPECT_EQ(user.ask(rule, "2025-01-31 11:59:59.999999"), until(true, "2025-01-31 12:00:00"));
  EXPECT_EQ(user.ask(rule, "2025-01-31 12:00:00"), for_ever(false));
  EXPECT_EQ(user.ask(at_most, "2025-01-20 09:00"), until(false, "2025-01-31 12:00:00"));
  EXPECT_EQ(user.ask(at_most, "2025-01-31 11:59:59.999999"), until(false, "2025-01-31 12:00:00"));
  EXPECT_EQ(user.ask(at_most, "2025-01-31 12:00:00"), for_ever(true));
  user.events.push_back({"2025-01-31 11:59:59", "purchase"});
  EXPECT_EQ(user.ask(rule, "2025-01-31 11:59:59"), until(true, "2025-02-09 09:00"));
  EXPECT_EQ(user.ask(rule, "2025-01-31 12:00:00"), until(true, "2025-02-09 09:00"));
  EXPECT_EQ(user.ask(rule, "2025-02-09 09:00"), for_ever(false));
  EXPECT_EQ(user.ask(at_most, "2025-01-31 12:00:00"), until(false, "2025-02-09 09:00"));
}

TEST(RuleEvaluate, Scenario3SumOfWhatWasStored) {
  User user{"{}", {{"2025-01-01", "purchase", R"({"revenue":60})"}}};
  const char* rule = "sum(purchase.revenue in last 30 days) >= 100";
  EXPECT_EQ(user.ask(rule, "2025-01-02"), for_ever(false));
  user.events.push_back({"2025-01-03", "purchase", R"({"revenue":40})"});
  EXPECT_EQ(user.ask(rule, "2025-01-03"), until(true, "2025-01-31"));
}

TEST(RuleEvaluate, Scenario4Abandoned) {
  const char* rule = "abandoned(cart, purchase within 1 hour)";
  User user{"{}", {{"2025-01-01 10:00", "cart"}}};
  EXPECT_EQ(user.ask(rule, "2025-01-01 10:00"), until(false, "2025-01-01 11:00:00.000001"));
  EXPECT_EQ(user.ask(rule, "2025-01-01 11:00"), until(false, "2025-01-01 11:00:00.000001"));
  EXPECT_EQ(user.ask(rule, "2025-01-01 11:00:00.000001"), for_ever(true));
  user.events.push_back({"2025-01-01 11:00:00.001", "purchase"});
  EXPECT_EQ(user.ask(rule, "2025-01-01 11:00:01"), for_ever(true));
  user.events.back().time = "2025-01-01 11:00:00";
  EXPECT_EQ(user.ask(rule, "2025-01-01 11:00:01"), for_ever(false));
  user.events.back().time = "2025-01-01 10:59:30";
  EXPECT_EQ(user.ask(rule, "2025-01-01 11:05"), for_ever(false));
  user.events = {{"2025-01-01 10:00", "cart"}, {"2025-01-01 10:00", "purchase"}};  // of one time: not after
  EXPECT_EQ(user.ask(rule, "2025-01-01 11:00:00.000001"), for_ever(true));
  user.events.push_back({"2025-01-01 12:00", "cart"});
  EXPECT_EQ(user.ask(rule, "2025-01-01 12:00"), until(false, "2025-01-01 13:00:00.000001"));
  EXPECT_EQ(user.ask("abandoned(cart, purchase within 1 hour in last 1 day)", "2025-01-02"),
            until(true, "2025-01-02 12:00"));
}

TEST(RuleEvaluate, Scenario10Composition) {
  const Rule a = parse("did(x in last 1 day)");
  const Rule b = parse("did(y)");
  const Rule c = parse("in segment a and not in segment b");
  const std::map<std::string, const Rule*> segments{{"a", &a}, {"b", &b}, {"c", &c}};
  const auto resolve = [&](const std::string& name) -> const Rule* {
    const auto found = segments.find(name);
    return found == segments.end() ? nullptr : found->second;
  };
  User user{"{}", {{"2025-01-01", "x"}}};
  EXPECT_EQ(user.ask("in segment c", "2025-01-01 01:00", resolve), until(true, "2025-01-02"));
  user.events.push_back({"2025-01-01", "y"});
  EXPECT_EQ(user.ask("in segment c", "2025-01-01 01:00", resolve), for_ever(false));
}

TEST(RuleEvaluate, RefusesUnknownAndCircularSegments) {
  const Rule a = parse("true and in segment b");
  const Rule b = parse("not in segment a");
  const Rule wide = parse([] {
    std::string text = "in segment b2";
    for (int i = 0; i < 400; ++i) text += " or in segment b2";
    return text;
  }());
  const Rule full = parse([] {
    std::string text = "x = 1";
    for (int i = 0; i < 400; ++i) text += " or x = 1";
    return text;
  }());
  const std::map<std::string, const Rule*> segments{{"a", &a}, {"b", &b}, {"wide", &wide}, {"b2", &full}};
  const auto resolve = [&](const std::string& name) -> const Rule* {
    const auto found = segments.find(name);
    return found == segments.end() ? nullptr : found->second;
  };
  const auto failure = [&](const char* text,
                           const SegmentResolver& resolver) -> std::pair<Category, std::string> {
    timeline::Demand demand;
    try {
      rule::bind(parse(text), demand, resolver);
    } catch (const Error& error) {
      return {error.category(), error.message()};
    }
    return {Category::Internal, "no error"};
  };
  EXPECT_EQ(failure("in segment nobody", resolve),
            std::pair(Category::NotFound, std::string("segment \"nobody\" does not exist")));
  EXPECT_EQ(failure("in segment a", {}).first, Category::NotFound);
  EXPECT_EQ(failure("in segment a", resolve),
            std::pair(Category::BadValue, std::string("segments name each other in a circle: a -> b -> a")));
  EXPECT_EQ(failure("in segment wide", resolve).first, Category::Limit);
}

class SomeUsers final : public UserSet {
 public:
  explicit SomeUsers(std::vector<uint32_t> users) : users_(bitmap::Bitmap::of(users)) {}
  const bitmap::Bitmap& users() const override {
    ++times_asked;
    return users_;
  }
  mutable int times_asked = 0;

 private:
  bitmap::Bitmap users_;
};

TEST(RuleEvaluate, SegmentsMayBeSetsOfUsers) {
  const User user{"{}", {{"2025-06-01T00:00:00Z", "x"}}};  // its number is 1
  const auto with = std::make_shared<SomeUsers>(std::vector<uint32_t>{1, 70000});
  const auto without = std::make_shared<SomeUsers>(std::vector<uint32_t>{2, 70000});
  const auto resolve = [&](const std::string& name) -> Membership {
    if (name == "with") return std::shared_ptr<const UserSet>(with);
    if (name == "without") return std::shared_ptr<const UserSet>(without);
    return {};
  };
  const char* now = "2025-06-01T00:00:00Z";
  EXPECT_EQ(user.ask("in segment with", now, resolve), (Verdict{true, Instant::max()}));
  EXPECT_EQ(user.ask("in segment without", now, resolve), (Verdict{false, Instant::max()}));
  EXPECT_EQ(user.ask("did(x in last 1 hour) and not in segment without", now, resolve),
            (Verdict{true, at("2025-06-01T01:00:00Z")}));
  EXPECT_EQ(user.explained("in segment with", now, resolve),
            R"({"condition":"in segment with","truth":true,"valid_until":null})");
  // What the profile's conditions tell decides as evaluate() does.
  timeline::Demand demand;
  const int asked = with->times_asked;
  const BoundRule rule = rule::bind(parse("age = 1 or in segment with and did(x)"), demand, resolve);
  EXPECT_EQ(with->times_asked, asked);
  ASSERT_EQ(profile_conditions(rule).size(), 2U);
  EXPECT_EQ(users_of_condition(rule, 0), nullptr);
  EXPECT_EQ(users_of_condition(rule, 1), with.get());
  EXPECT_EQ(decide(rule, 0b01, nullptr, at(now)), true);
  EXPECT_EQ(decide(rule, 0b10, nullptr, at(now)), std::nullopt);
  EXPECT_EQ(decide(rule, 0b00, nullptr, at(now)), false);
  const timeline::History nothing(0);
  EXPECT_FALSE(holds(rule, 0b10, nothing, at(now)));
  EXPECT_TRUE(holds(rule, 0b01, nothing, at(now)));
}

TEST(RuleEvaluate, ComparesTraitsByType) {
  const User user{R"({"age":30,"code":"5","big":12345678901234567890.10,"ok":true,"nothing":null,
                      "tags":["IT","a",3],"address":{"city":"Oslo"},"name":"Änne","list":{"0":1}})",
                  {}};
  for (const char* yes : {"age = 30",
                          "age = 30.0",
                          "age <> 31",
                          "age <> '30'",
                          "age > 29.99",
                          "age between 30 and 30",
                          "age not between 31 and 40",
                          "age in (1, '30', 30)",
                          "age not in (1, '30')",
                          "code = '5'",
                          "code <> 5",
                          "big = 12345678901234567890.1",
                          "big > 12345678901234567890.09",
                          "ok",
                          "ok = true",
                          "ok > false",
                          "nothing is null",
                          "absent is null",
                          "not age > 30",
                          "not absent > 30",
                          "tags contains 'IT'",
                          "tags contains 3",
                          "tags not contains '3'",
                          "address.city = 'Oslo'",
                          "address.city contains 'sl'",
                          "name like '_nne'",
                          "name ilike 'äN%'",
                          "name not like 'a%'",
                          "exists(age)",
                          "age is not null",
                          "name > 'Z'",
                          "code like '\\5'"})
    EXPECT_TRUE(user.is(yes)) << yes;
  for (const char* no : {"age = '30'",
                         "code = 5",
                         "code > 4",
                         "age < '40'",
                         "absent = 1",
                         "absent <> 1",
                         "nothing <> 1",
                         "nothing = null",
                         "age = null",
                         "age <> null",
                         "absent not in (1)",
                         "absent not like 'x'",
                         "age in (null)",
                         "age not in (1, null)",
                         "absent not between 1 and 2",
                         "ok = 1",
                         "tags contains '3'",
                         "tags = 'IT'",
                         "age contains 3",
                         "address = 'Oslo'",
                         "age.x = 1",
                         "name like 'Änn'",
                         "name ilike 'anne'",
                         "exists(nothing)",
                         "false",
                         "tags contains null",
                         "list.\"1\" = 1"})
    EXPECT_FALSE(user.is(no)) << no;
}

TEST(RuleEvaluate, AggregatesOverNothingAndOverOtherThanNumbers) {
  const User nobody;
  for (const char* yes : {"count(a) = 0", "sum(a.p) = 0", "distinct(a.p) <= 0", "not avg(a.p) = 0",
                          "not min(a.p) < 1", "not first(a) in last 1 day", "sum(a.p in last 1 day) < 1"})
    EXPECT_EQ(nobody.ask(yes, "2025-06-01"), for_ever(true)) << yes;
  const User user{"{}",
                  {{"2025-01-01", "a", R"({"p":0.1})"},
                   {"2025-01-02", "a", R"({"p":"7"})"},
                   {"2025-01-03", "a", R"({"p":0.2})"},
                   {"2025-01-04", "a"},
                   {"2025-01-05", "a", R"({"p":0.20})"}}};
  for (const char* yes :
       {"count(a) = 5", "sum(a.p) = 0.5", "avg(a.p) between 0.1666 and 0.1667",
        "avg(a.p) <> 0.16666666666666666666", "min(a.p) = 0.1", "max(a.p) = 0.2", "distinct(a.p) = 3",
        "count(any) = 5", "count(a where p = 0.2) = 2", "count(a where p is null) = 1"})
    EXPECT_TRUE(user.is(yes)) << yes;
}

TEST(RuleEvaluate, ASumLastsUntilTheExpiryThatTurnsIt) {
  const User user{"{}",
                  {{"2025-01-01", "a", R"({"p":-5})"},
                   {"2025-01-02", "a", R"({"p":5})"},
                   {"2025-01-03", "a", R"({"p":3})"}}};
  // 3, then 8, then 3, then 0.
  EXPECT_EQ(user.ask("sum(a.p in last 10 days) > 3", "2025-01-03"), until(false, "2025-01-11"));
  EXPECT_EQ(user.ask("sum(a.p in last 10 days) > 3", "2025-01-11"), until(true, "2025-01-12"));
  EXPECT_EQ(user.ask("sum(a.p in last 10 days) = 3", "2025-01-12"), until(true, "2025-01-13"));
  EXPECT_EQ(user.ask("sum(a.p in last 10 days) >= 0", "2025-01-03"), for_ever(true));
  EXPECT_EQ(user.ask("min(a.p in last 10 days) = 3", "2025-01-03"), until(false, "2025-01-11"));
  EXPECT_EQ(user.ask("avg(a.p in last 10 days) = 4", "2025-01-03"), until(false, "2025-01-11"));
}

TEST(RuleEvaluate, SequencesNeedGrowingTimes) {
  const User user{"{}",
                  {{"2025-01-01 10:00", "a"},
                   {"2025-01-01 10:30", "b"},
                   {"2025-01-01 10:30", "c"},
                   {"2025-01-01 10:45", "a"},
                   {"2025-01-01 11:00", "c"}}};
  EXPECT_TRUE(user.is("sequence(a, b, c within 1 hour)"));
  EXPECT_FALSE(user.is("sequence(a, b, c within 59 minutes)"));
  EXPECT_FALSE(user.is("sequence(b, c within 29 minutes)"));
  EXPECT_FALSE(user.is("sequence(a, c, b)"));
  EXPECT_EQ(user.ask("sequence(a, c in last 1 day)", "2025-01-01 12:00"), until(true, "2025-01-02 10:45"));
  EXPECT_EQ(user.ask("sequence(a, c in last 1 day)", "2025-01-01 10:30"), until(true, "2025-01-02 10:45"));
}

TEST(RuleEvaluate, ADecidedWholeLastsAsLongAsWhatDecidesIt) {
  const User user{R"({"a":1})", {{"2025-01-01", "x"}, {"2025-01-02", "y"}}};
  EXPECT_EQ(user.ask("a = 2 and did(x in last 10 days)", "2025-01-03"), for_ever(false));
  EXPECT_EQ(user.ask("did(x in last 10 days) or a = 1", "2025-01-03"), for_ever(true));
  EXPECT_EQ(user.ask("did(x in last 10 days) or did(y in last 10 days)", "2025-01-03"),
            until(true, "2025-01-12"));
  EXPECT_EQ(user.ask("did(x in last 10 days) and did(y in last 10 days)", "2025-01-03"),
            until(true, "2025-01-11"));
  EXPECT_EQ(user.ask("not (did(x in last 10 days) or did(y in last 10 days))", "2025-01-03"),
            until(false, "2025-01-12"));
}

TEST(RuleEvaluate, SamplesAreStableSharesOfUsers) {
  int in_first = 0;
  int in_both = 0;
  for (int i = 0; i < 10000; ++i) {
    User user;
    user.user_id = "user-" + std::to_string(i);
    const bool first = user.is("sample(20 percent, 'one')");
    in_first += first ? 1 : 0;
    in_both += first && user.is("sample(20 percent, 'two')") ? 1 : 0;
    EXPECT_TRUE(!first || user.is("sample(30 percent, 'one')"));
    EXPECT_FALSE(user.is("sample(0 percent, 'one')"));
    EXPECT_TRUE(user.is("sample(100 percent, 'one')"));
  }
  // Five standard deviations of a binomial count: 5 * sqrt(n p (1 - p)).
  EXPECT_NEAR(in_first, 2000, 200);
  EXPECT_NEAR(in_both, 400, 98);
}

TEST(RuleEvaluate, TellsWhatABoundRuleUses) {
  timeline::Demand demand;
  const Rule segment = parse("did(y in last 9 days) and plan = 'pro'");
  const auto resolve = [&](const std::string&) { return &segment; };
  const BoundRule one =
      rule::bind(parse("did(x where p = 1 in last 7 days) and in segment s"), demand, resolve);
  const BoundRule two = rule::bind(parse("count(z) > 1 or sum(x.p) > 2"), demand, resolve);
  const BoundRule three = rule::bind(parse("did(any)"), demand, resolve);
  const BoundRule four = rule::bind(parse("age = 1 and age = 2"), demand, resolve);
  EXPECT_EQ(demand.events(), (std::vector<std::string>{"x", "y", "z"}));
  EXPECT_EQ(demand.properties().size(), 1U);
  EXPECT_TRUE(demand.wants_all_events());
  EXPECT_EQ(one.events(), (std::vector<int>{0, 1}));
  EXPECT_TRUE(one.uses_event(0) && one.uses_event(1) && !one.uses_event(2) && !one.uses_all_events());
  EXPECT_TRUE(two.uses_event(0) && !two.uses_event(1) && two.uses_event(2));
  EXPECT_TRUE(three.uses_all_events() && three.uses_event(17) && three.events().empty());
  EXPECT_EQ(one.traits(), std::vector<std::string>{"plan"});
  EXPECT_EQ(four.traits(), std::vector<std::string>{"age"});
  EXPECT_TRUE(one.uses_traits() && one.is_time_dependent() && !two.uses_traits() && !two.is_time_dependent());
  EXPECT_EQ(one.lookback(), 9 * kDay);
  EXPECT_EQ(two.lookback(), std::nullopt);
  EXPECT_EQ(four.lookback(), Micros{0});
}

TEST(RuleEvaluate, ExplainsEachCondition) {
  const User user{R"({"plan":"pro"})",
                  {{"2025-01-01", "x", R"({"p":2})"}, {"2025-01-02", "x", R"({"p":3})"}}};
  EXPECT_EQ(
      user.explained("plan = 'pro' and avg(x.p in last 1 day) > 1", "2025-01-01 12:00"),
      R"({"condition":"plan = 'pro' and avg(x.p in last 1 day) > 1","truth":true,)"
      R"("valid_until":"2025-01-03T00:00:00Z","parts":[)"
      R"({"condition":"plan = 'pro'","truth":true,"valid_until":null,"value":"pro"},)"
      R"({"condition":"avg(x.p in last 1 day) > 1","truth":true,"valid_until":"2025-01-03T00:00:00Z","value":2,)"
      R"("events":[{"event":"x","ts":"2025-01-01T00:00:00Z"}]}]})");
  EXPECT_EQ(user.explained("last(x) in last 5 days", "2025-01-02"),
            R"({"condition":"last(x) in last 5 days","truth":true,"valid_until":"2025-01-07T00:00:00Z",)"
            R"("value":"2025-01-02T00:00:00Z","events":[{"event":"x","ts":"2025-01-02T00:00:00Z"}]})");
}

TEST(RuleCompare, LikeTakesCharactersAndEscapes) {
  EXPECT_TRUE(is_like("äöü", "_ö_", false));
  EXPECT_FALSE(is_like("äöü", "__", false));
  EXPECT_TRUE(is_like("a%b", "a\\%b", false));
  EXPECT_FALSE(is_like("axb", "a\\%b", false));
  EXPECT_TRUE(is_like("", "%", false));
  EXPECT_FALSE(is_like("", "_", false));
  EXPECT_TRUE(is_like("aXbXc", "%X%c", false));
  EXPECT_FALSE(is_like(std::string(3000, 'a'), "%a%a%a%a%a%a%a%b", false));
  EXPECT_EQ(folded("ÀÖ×Þß Ÿ ĀŽ ΆΏΣ ЀЯѠ ẠỸ"), "àö×þß ÿ āž άώσ ѐяѡ ạỹ");
}

}  // namespace
}  // namespace cdp::rule
