#include "rule/rule.hpp"
#include "rule_texts.hpp"
#include "rule_user.hpp"

#include <gtest/gtest.h>

namespace cdp::rule {
namespace {

TEST(RuleNumber, IsPrintedWithNoMoreParenthesesThanItNeeds) {
  for (const char* text : {"sum(a.p in last 7 days) / count(a) > 20", "count(a) > 2 * count(b)",
                           "balance - spent >= 10", "age + 1 = 30", "a - (b - c) = 1", "a - b - c = 1",
                           "(a + b) * 2 / (c * d) <> -3", "a / (b / c) < 1 - 2", "3 < count(a)", "1 = 1",
                           "-3 + a >= - 5", "a = b", "a > \"where\".x and not b * 2 = 3",
                           "(a + 1 = 2 or b) and avg(a.p) > max(a.p where x = 1 today) - 1"}) {
    std::string expected(text);
    if (const size_t sign = expected.find("- 5"); sign != std::string::npos) expected.erase(sign + 1, 1);
    if (const size_t flag = expected.find("or b)"); flag != std::string::npos)
      expected.replace(flag, 5, "or b = true)");
    EXPECT_EQ(canonical(text), expected);
  }
  EXPECT_EQ(canonical("((a + (b))) = (((3)))"), "a + b = 3");
  EXPECT_EQ(canonical("(a) = 3 and (count(b)) > 3 and (is_vip) and ((c) or d)"),
            "a = 3 and count(b) > 3 and is_vip = true and (c = true or d = true)");
  EXPECT_EQ(canonical("a > (5)"), "a > 5");
  EXPECT_EQ(canonical("a = -5 and b = +5"), "a = -5 and b = 5");
}

TEST(RuleNumber, HasJson) {
  EXPECT_EQ(json_text("sum(a.p in last 7 days) / count(a) > 20"),
            R"({"compare":{"left":{"/":[{"sum":{"event":"a","property":["p"],"last":"7 days"}},)"
            R"({"count":{"event":"a"}}]},"op":">","right":20}})");
  EXPECT_EQ(
      json_text("balance.usd - spent >= 10"),
      R"({"compare":{"left":{"-":[{"trait":["balance","usd"]},{"trait":["spent"]}]},"op":">=","right":10}})");
  // What the present forms say stays in them.
  EXPECT_EQ(
      print(from_json(parse_json(R"({"compare":{"left":{"count":{"event":"a"}},"op":">","right":2.0}})"))),
      "count(a) > 2");
  EXPECT_EQ(
      to_json(from_json(parse_json(R"({"compare":{"left":{"trait":["a"]},"op":"!=","right":2}})"))).dump(),
      R"({"trait":["a"],"op":"<>","value":2})");
  EXPECT_EQ(json_refusal(R"({"compare":{"left":1,"op":"in","right":2}})"),
            "$.compare.op: expected =, <>, <, <=, > or >=");
  EXPECT_EQ(json_refusal(R"({"compare":{"left":{"+":[1]},"op":"=","right":2}})"),
            "$.compare.left.+: expected an array of two operands");
  EXPECT_EQ(json_refusal(R"({"compare":{"left":"1","op":"=","right":2}})"),
            "$.compare.left: expected a number or an object, found string");
  EXPECT_EQ(json_refusal(R"({"compare":{"left":{"most":{"event":"a","property":["p"]}},"op":"=","right":2}})")
                .substr(0, 40),
            "$.compare.left: expected one of the memb");
}

TEST(RuleNumber, IsRefusedWhereItIsNone) {
  EXPECT_EQ(refusal("a + 1"), "6: expected a comparison (=, <>, <, <=, >, >=) after \"1\", found the end");
  EXPECT_EQ(refusal("a + 1 in (2)"),
            "7: expected a comparison (=, <>, <, <=, >, >=) after \"1\", found \"in\"");
  EXPECT_EQ(refusal("a + 'x' = 3"),
            "5: expected a number, a trait or an aggregate after \"+\", found \"'x'\"");
  EXPECT_EQ(refusal("a + did(b) = 3"), "5: \"did(…)\" is no number to compute with");
  EXPECT_EQ(refusal("(a + 1) and b"),
            "9: expected a comparison (=, <>, <, <=, >, >=) after \")\", found \"and\"");
  EXPECT_EQ(refusal("did(a where x + 1 = 2)").substr(0, 4), "15: ");
  EXPECT_EQ(refusal("a * = 3"), "5: expected a number, a trait or an aggregate after \"*\", found \"=\"");
}

TEST(RuleNumber, IsComputedExactlyAndAbsentWhereItCannotBe) {
  const User user{
      R"({"age":29,"third":0.1,"text":"5","zero":0})",
      {{"2025-01-01", "a", R"({"p":10})"}, {"2025-01-02", "a", R"({"p":11})"}, {"2025-01-03", "b"}}};
  for (const char* yes :
       {"age + 1 = 30", "third + third + third = 0.3", "sum(a.p) / count(a) = 10.5",
        "count(a) = 2 * count(b)", "2 + 3 * 4 = 14", "(2 + 3) * 4 = 20", "10 - 3 - 2 = 5", "8 / 4 / 2 = 1",
        "1 / 3 * 3 < 1", "2 / 3 = 0.666666666666666666666666666667",
        "-2 / 3 = -0.666666666666666666666666666667", "avg(a.p) * 2 = 21", "age > zero", "1 < count(a)"})
    EXPECT_TRUE(user.is(yes)) << yes;
  for (const char* no : {"1 / zero = 1", "1 / zero <> 1", "text + 1 = 6", "absent + 1 <> 6",
                         "age / zero = age / zero", "min(c.p) + 1 > 0", "text = text"})
    EXPECT_EQ(user.ask(no, "2025-06-01"), for_ever(false)) << no;
  std::string product = "(x";
  for (int i = 0; i < 12; ++i) product += " * x";
  product = product + ") * " + product + ") * " + product + ")";
  User big{R"({"x":1})", {}};
  const std::string huge = "{\"x\":1" + std::string(4900, '0') + "}";
  big.traits = huge.c_str();
  EXPECT_EQ(big.ask((product + " > 1").c_str(), "2025-06-01"), for_ever(false));
}

TEST(RuleNumber, LastsUntilOneOfItsPartsChangesIt) {
  const User user{"{}", {{"2025-01-01", "a"}, {"2025-01-02", "a"}, {"2025-01-04", "b"}}};
  EXPECT_EQ(user.ask("count(a in last 7 days) > 2 * count(b)", "2025-01-03"), until(true, "2025-01-04"));
  EXPECT_EQ(user.ask("count(a in last 7 days) >= 2 * count(b)", "2025-01-04"), until(true, "2025-01-08"));
  EXPECT_EQ(user.ask("count(a in last 7 days) - count(b in last 3 days) = 1", "2025-01-04"),
            until(true, "2025-01-07"));
  EXPECT_EQ(user.ask("count(a in last 7 days) - count(b in last 3 days) = 1", "2025-01-07"),
            until(false, "2025-01-08"));
  EXPECT_EQ(user.explained("count(a) / 3 > count(b)", "2025-01-02"),
            R"-({"condition":"count(a) / 3 > count(b)","truth":true,"valid_until":"2025-01-04T00:00:00Z",)-"
            R"-("value":{"left":0.666666666666666666666666666667,"right":0},"events":[)-"
            R"-({"event":"a","ts":"2025-01-01T00:00:00Z"},{"event":"a","ts":"2025-01-02T00:00:00Z"}]})-");
}

TEST(RulePlace, IsTheLatestOneKnown) {
  EXPECT_EQ(canonical("WITHIN(1.50 Mile, +59.91, -10.750)"), "within(1.5 miles, 59.91, -10.75)");
  EXPECT_EQ(canonical("within(1 feet, 0, 0)"), "within(1 foot, 0, 0)");
  EXPECT_EQ(json_text("within(100 feet, 59.91, 10.75)"),
            R"({"within":{"distance":"100 feet","latitude":59.91,"longitude":10.75}})");
  EXPECT_EQ(refusal("within(1 yard, 0, 0)"),
            "10: expected a unit of distance (meters, kilometers, feet, miles) after \"1\", found \"yard\"");
  EXPECT_EQ(refusal("within(1 foot, 90.1, 0)"), "16: expected a latitude from -90 to 90 degrees");
  EXPECT_EQ(refusal("within(-1 feet, 0, 0)"), "8: expected a distance of 0 or more");
  EXPECT_EQ(json_refusal(R"({"within":{"distance":"1 yard","latitude":0,"longitude":0}})"),
            "$.within.distance: expected a distance as \"100 feet\" (in meters, kilometers, feet or miles)");
  EXPECT_EQ(json_refusal(R"({"within":{"distance":"1 foot","latitude":"0","longitude":0}})"),
            "$.within.latitude: expected degrees from -90 to 90");
  // A degree along the equator is 111,195 m on this sphere.
  const User user{"{}",
                  {{"2025-01-01", "a", "{}", R"({"location":{"latitude":0,"longitude":1}})"},
                   {"2025-01-02", "a", "{}", R"({"location":{"latitude":91,"longitude":0}})"},
                   {"2025-01-03", "b", "{}", R"({"location":{"latitude":"0","longitude":0}})"},
                   {"2025-01-04", "c", "{}", R"({"location":{"latitude":0,"longitude":-179.5}})"}}};
  EXPECT_EQ(user.ask("within(111196 meters, 0, 0)", "2025-01-01"), until(true, "2025-01-04"));
  EXPECT_EQ(user.ask("within(111194 meters, 0, 0)", "2025-01-01"), for_ever(false));
  EXPECT_EQ(user.ask("within(112 kilometers, 0, 179.5)", "2025-01-03"), until(false, "2025-01-04"));
  EXPECT_EQ(user.ask("within(112 kilometers, 0, 179.5)", "2024-01-03"), until(false, "2025-01-04"));
  timeline::Demand demand;
  const BoundRule bound = rule::bind(parse("within(1 mile, 0, 0)"), demand, {});
  EXPECT_TRUE(demand.wants_all_events() && bound.uses_all_events() && !bound.is_time_dependent());
  EXPECT_EQ(bound.lookback(), std::nullopt);
}

}  // namespace
}  // namespace cdp::rule
