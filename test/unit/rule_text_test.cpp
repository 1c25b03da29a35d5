#include "base/error.hpp"
#include "rule/rule.hpp"
#include "rule_random.hpp"
#include "rule_texts.hpp"

#include <gtest/gtest.h>

namespace cdp::rule {
namespace {

TEST(RuleText, PrintsCanonically) {
  EXPECT_EQ(canonical("country='US' AND(age Between 25 and 40 OR interests contains 'IT')"),
            "country = 'US' and (age between 25 and 40 or interests contains 'IT')");
  EXPECT_EQ(canonical("plan in ('pro','team') and email is not null and email like '%@example.com'"),
            "plan in ('pro', 'team') and email is not null and email like '%@example.com'");
  EXPECT_EQ(canonical("did(\"App Launch\" in last 5 minutes) and not did(purchase in last 30 days)"),
            "did(\"App Launch\" in last 5 minutes) and not did(purchase in last 30 days)");
  EXPECT_EQ(canonical("did('App Launch')"), "did(\"App Launch\")");
  EXPECT_EQ(canonical("count(page_viewed where url like '/product/%' and price > 10 in last 1 week) >= 3.0"),
            "count(page_viewed where url like '/product/%' and price > 10 in last 7 days) >= 3");
  EXPECT_EQ(canonical("sum(purchase.amount in last 90 days)>=100"),
            "sum(purchase.amount in last 90 days) >= 100");
  EXPECT_EQ(canonical("first(purchase) in last 86400 seconds"), "first(purchase) in last 1 day");
  EXPECT_EQ(
      canonical("last(any where context.page.url = '/') between '2025-01-01' and '2025-01-02 01:00+01'"),
      "last(any where context.page.url = '/') between '2025-01-01T00:00:00Z' and '2025-01-02T00:00:00Z'");
  EXPECT_EQ(canonical("sequence(a, b where x, c within 90 minutes in last 36 hours)"),
            "sequence(a, b where x = true, c within 90 minutes in last 36 hours)");
  EXPECT_EQ(canonical("abandoned(cart,purchase within 1 HOUR)"), "abandoned(cart, purchase within 1 hour)");
  EXPECT_EQ(canonical("in segment vip and not in segment 'Staff Only'"),
            "in segment vip and not in segment \"Staff Only\"");
  EXPECT_EQ(canonical("sample(12.50 percent, 'it''s')"), "sample(12.5 percent, 'it''s')");
  EXPECT_EQ(canonical("is_vip and not exists(email) -- a comment\n or FALSE"),
            "is_vip = true and not email is not null or false");
  EXPECT_EQ(canonical("a != 1 and (b <> -1.50 and (c = 1e3))"), "a <> 1 and b <> -1.5 and c = 1000");
  EXPECT_EQ(canonical("not(not(a=1))"), "not not a = 1");
  EXPECT_EQ(canonical("\"and\" = 1 and Straße = 'ß' and address.\"zip code\".in = null"),
            "\"and\" = 1 and Straße = 'ß' and address.\"zip code\".\"in\" = null");
  EXPECT_EQ(canonical("did(\"any\") or did(a where \"context\".x = 1 and context = 2)"),
            "did(\"any\") or did(a where \"context\".x = 1 and context = 2)");
  EXPECT_EQ(canonical("count(a) = 1 and count = 1 and last = 2"), "count(a) = 1 and count = 1 and last = 2");
}

TEST(RuleText, HasAJsonFormOfEachKind) {
  EXPECT_EQ(json_text("country = 'US'"), R"({"trait":["country"],"op":"=","value":"US"})");
  EXPECT_EQ(json_text("a in (1, null) or not b is null"),
            R"({"or":[{"trait":["a"],"op":"in","value":[1,null]},{"not":{"trait":["b"],"op":"is null"}}]})");
  EXPECT_EQ(json_text("count(page_viewed where url = '/' and context.ip = 'x' in last 7 days) >= 3"),
            R"({"count":{"event":"page_viewed","where":{"and":[{"property":["url"],"op":"=","value":"/"},)"
            R"({"context":["ip"],"op":"=","value":"x"}]},"last":"7 days"},"op":">=","value":3})");
  EXPECT_EQ(json_text("did(any in last 1 day)"), R"({"did":{"any":true,"last":"1 day"}})");
  EXPECT_EQ(json_text("sum(purchase.amount) between 1 and 2"),
            R"({"sum":{"event":"purchase","property":["amount"]},"op":"between","value":[1,2]})");
  EXPECT_EQ(json_text("distinct(visit.context.ip) > 1"),
            R"({"distinct":{"event":"visit","context":["ip"]},"op":">","value":1})");
  EXPECT_EQ(json_text("first(a) in last 30 days"),
            R"({"first":{"event":"a"},"op":"in last","value":"30 days"})");
  EXPECT_EQ(json_text("last(a) before '2025-01-01'"),
            R"({"last":{"event":"a"},"op":"before","value":"2025-01-01T00:00:00Z"})");
  EXPECT_EQ(json_text("sequence(a, any within 1 hour)"),
            R"({"sequence":{"steps":[{"event":"a"},{"any":true}],"within":"1 hour"}})");
  EXPECT_EQ(
      json_text("abandoned(a, b within 1 hour in last 2 days)"),
      R"({"abandoned":{"first":{"event":"a"},"then":{"event":"b"},"within":"1 hour","last":"2 days"}})");
  EXPECT_EQ(json_text("in segment vip"), R"({"in_segment":"vip"})");
  EXPECT_EQ(json_text("sample(10 percent, 's')"), R"({"sample":{"percent":10,"seed":"s"}})");
  EXPECT_EQ(json_text("not true"), R"({"not":true})");
}

TEST(RuleText, NamesPositionAndExpectation) {
  EXPECT_EQ(refusal("count(a) >= 'x'"), "13: expected a number after \">=\", found \"'x'\"");
  EXPECT_EQ(refusal("count(a) >="), "12: expected a number after \">=\", found the end");
  EXPECT_EQ(refusal(""), "1: expected a condition, found the end");
  EXPECT_EQ(refusal("größe ~ 1"), "7: unexpected character \"~\"");
  EXPECT_EQ(refusal("a = 1\nand b ="),
            "14: expected a value ('text', a number, true, false or null) after \"=\", found the end");
  EXPECT_EQ(refusal("cuont(a) > 1"), "1: there is no function \"cuont\" | Did you mean \"count\"?");
  EXPECT_EQ(
      refusal("a lkie 'x'"),
      "3: expected a comparison (=, <>, <, <=, >, >=, between, in, like, ilike, contains, matches, is null) "
      "after \"a\", "
      "found \"lkie\" | Did you mean \"like\"?");
  EXPECT_EQ(refusal("a = 1 adn b = 2"),
            "7: expected \"and\", \"or\" or the end after \"1\", found \"adn\" | Did you mean \"and\"?");
  EXPECT_EQ(refusal("did(a in last 3 dyas)"),
            "17: expected a unit of time (seconds, minutes, hours, days, weeks) after \"3\", found \"dyas\" "
            "| Did you "
            "mean \"days\"?");
  EXPECT_EQ(refusal("did(a in last 3 months)"), "17: months and years vary in length; write days");
  EXPECT_EQ(refusal("did(a in last 0 days)"),
            "15: expected a length of time in a whole number of units, from 1");
  EXPECT_EQ(refusal("did(a in last 1.5 days)"),
            "15: expected a length of time in a whole number of units, from 1");
  EXPECT_EQ(refusal("did(a in last 99999999999999999999 days)"),
            "15: expected a length of time in a whole number of units, from 1");
  EXPECT_EQ(refusal("did(order.completed)"),
            "10: expected \"where\", \"in last\", \",\" or \")\" (an event name with a dot stands in double "
            "quotes) "
            "after \"order\", found \".\"");
  EXPECT_EQ(refusal("did(where)"),
            "5: expected the name of an event (the word where must stand in double quotes to "
            "be one) after \"(\", found \"where\"");
  EXPECT_EQ(refusal("sum(a) > 1"), "6: expected \".\" and a property of the event after \"a\", found \")\"");
  EXPECT_EQ(refusal("did(a where count(b) > 1)"),
            "13: \"count(…)\" is not possible in where, which compares properties");
  EXPECT_EQ(refusal("did(a where session.page = '/')"),
            "13: properties of the session are not supported by this "
            "version | A property with the name session stands in double "
            "quotes.");
  EXPECT_EQ(refusal("did(a where in segment b)"), "13: \"in segment\" is not possible in where");
  EXPECT_EQ(refusal("a like 'x\\'"), "8: the pattern must not end with a single backslash");
  EXPECT_EQ(refusal("a = 'x"), "5: the text in single quotes does not end");
  EXPECT_EQ(refusal("a = \"\""), "5: a name in double quotes must not be empty");
  EXPECT_EQ(refusal("first(a) > 3"),
            "10: expected \"in last\", \"more than\", \"before\", \"after\", \"since\", \"between\", "
            "\"today\" or \"this\" "
            "after \")\", found \">\"");
  EXPECT_EQ(refusal("first(a) before '2025-02-30'"),
            "17: expected a time as '2025-01-31' or '2025-01-31T12:00:00Z', found \"'2025-02-30'\"");
  EXPECT_EQ(refusal("sequence(a)"), "11: expected \",\" and a second event after \"a\", found \")\"");
  EXPECT_EQ(refusal("abandoned(a, b)"),
            "15: expected \"within\" and a length of time after \"b\", found \")\"");
  EXPECT_EQ(refusal("sample(101 percent, 's')"), "8: expected a percentage from 0 to 100");
  EXPECT_EQ(refusal("a = 1)"), "6: expected \"and\", \"or\" or the end after \"1\", found \")\"");
  EXPECT_EQ(refusal("(a = 1"), "7: expected \"and\", \"or\" or \")\" after \"1\", found the end");
  EXPECT_EQ(refusal("a = '\xff'"), "6: the text is not UTF-8");
}

TEST(RuleText, NamesThePlaceInJson) {
  EXPECT_EQ(json_refusal("{}").substr(0, 25), "$: expected a condition |");
  EXPECT_EQ(json_refusal("3"), "$: expected an object, true or false, found number");
  EXPECT_EQ(json_refusal(R"({"and":[true,{"trait":["a"],"op":"=","value":1,"valeu":2}]})"),
            "$.and[1]: unknown member \"valeu\" | Possible here: trait, op, value.");
  EXPECT_EQ(
      json_refusal(R"({"trait":["a"],"op":"=="})"),
      "$.op: unknown operator \"==\" | Possible: =, <>, <, <=, >, >=, and with or without not: between, in, "
      "like, ilike, contains, matches; is null, is not null.");
  EXPECT_EQ(json_refusal(R"({"trait":["a"],"op":"="})"), "$: expected a member \"value\"");
  EXPECT_EQ(json_refusal(R"({"trait":[],"op":"is null"})"),
            "$.trait: expected an array of one or more names");
  EXPECT_EQ(json_refusal(R"({"trait":["a"],"op":"between","value":[1]})"),
            "$.value: expected an array of two values");
  EXPECT_EQ(json_refusal(R"({"trait":["a"],"op":"=","value":[1]})"),
            "$.value: expected a text, a number, true, false or null, found array");
  EXPECT_EQ(
      json_refusal(R"({"count":{"event":"a","where":{"trait":["x"],"op":"is null"}},"op":">","value":1})"),
      "$.count.where: expected one of the members and, or, not, property, context");
  EXPECT_EQ(json_refusal(R"({"count":{"event":"a"},"op":">","value":"1"})"),
            "$.value: expected a number, found string");
  EXPECT_EQ(json_refusal(R"({"count":{"event":"a","last":"1 month"},"op":">","value":1})"),
            "$.count.last: months and years vary in length; write days");
  EXPECT_EQ(json_refusal(R"({"count":{"event":"a","any":true},"op":">","value":1})"),
            "$.count: has both \"any\" and \"event\"");
  EXPECT_EQ(json_refusal(R"({"sum":{"event":"a","trait":["x"]},"op":">","value":1})"),
            "$.sum: expected a member \"property\"");
}

TEST(RuleText, KeepsItsLimits) {
  std::string deep;
  for (int i = 0; i < kMaxDepth - 1; ++i) deep += "not ";
  EXPECT_NO_THROW(parse(deep + "a = 1"));
  EXPECT_EQ(refusal("not " + deep + "a = 1", Category::Limit),
            "rule nests deeper than 32 levels at position 129");
  EXPECT_EQ(refusal(std::string(60000, '('), Category::Limit),
            "rule nests deeper than 32 levels at position 33");
  std::string wide = "a = 1";
  for (int i = 1; i < kMaxNodes - 1; ++i) wide += " or a = 1";  // and the node of the or itself
  EXPECT_NO_THROW(parse(wide));
  EXPECT_EQ(
      refusal(wide + " or a = 1", Category::Limit),
      "rule has more than 500 conditions | Split it into segments and combine them with \"in segment\".");
  EXPECT_EQ(refusal(std::string(kMaxTextBytes, ' ') + "true", Category::Limit),
            "rule is longer than 65536 bytes");
  std::string list = "a in (1";
  for (int i = 0; i < 30000; ++i) list += ",1";
  EXPECT_EQ(refusal(list + ")", Category::Limit), "rule in canonical text is longer than 65536 bytes");
  EXPECT_EQ(refusal("a = 1e1000", Category::Limit),
            "number in rule has more than 1000 digits (at position 5)");
  for (const char* longest : {"a = 1e999", "a = -1e999", "a = -1e-999"}) {
    const Rule rule = parse(longest);
    EXPECT_EQ(parse(print(rule)), rule) << longest;
    EXPECT_EQ(from_json(parse_json(to_json(rule).dump(), 1000)), rule) << longest;
  }
  EXPECT_EQ(refusal("a = 1e999999", Category::Limit), "number has too many digits (at position 5)");
  std::string json = "true";
  for (int i = 0; i < kMaxDepth; ++i) json = R"({"not":)" + json + "}";
  EXPECT_EQ(json_refusal(json, Category::Limit).substr(0, 34), "rule nests deeper than 32 levels a");
}

TEST(RuleText, PrintedRulesAreReadAsTheyWere) {
  for (uint64_t seed = 1; seed <= 20000; ++seed) {
    RandomRules random(seed);
    const Rule rule(random.tree(7));
    const std::string text = print(rule);
    ASSERT_EQ(parse(text), rule) << seed << ": " << text << "\n" << print(parse(text));
    const Json json = to_json(rule);
    ASSERT_EQ(from_json(json), rule) << seed << ": " << json.dump();
    ASSERT_EQ(from_json(parse_json(json.dump())), rule) << seed << ": " << json.dump();
  }
}

TEST(RuleText, DifferentRulesPrintDifferently) {
  RandomRules random(7);
  std::vector<Rule> rules;
  for (int i = 0; i < 150; ++i) rules.emplace_back(random.tree(2));
  for (const Rule& a : rules)
    for (const Rule& b : rules) ASSERT_EQ(a == b, print(a) == print(b)) << print(a) << "\n" << print(b);
}

TEST(RuleText, TellsWhatARuleMentions) {
  const Rule rule = parse(
      "country = 'US' and address.city = 'Oslo' and address.zip = 1 and in segment b and not in segment a "
      "and "
      "in segment b and count(x where p = 1) > 1 and sequence(y, x, any)");
  const References found = references(rule);
  EXPECT_EQ(found.traits, (std::vector<std::string>{"country", "address"}));
  EXPECT_EQ(found.segments, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(segments_named(rule), found.segments);
  EXPECT_EQ(found.events, (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(found.any_event);
  EXPECT_FALSE(found.depends_on_time);
  for (const char* text : {"did(a in last 1 day)", "first(a) in last 1 day", "sequence(a, b in last 1 day)",
                           "abandoned(a, b within 1 day)", "not sum(a.p in last 1 day) > 1"})
    EXPECT_TRUE(references(parse(text)).depends_on_time) << text;
  for (const char* text : {"did(a)", "first(a) before '2025-01-01'", "sequence(a, b within 1 day)", "a = 1"})
    EXPECT_FALSE(references(parse(text)).depends_on_time) << text;
}

}  // namespace
}  // namespace cdp::rule
