#include "rule/decide.hpp"
#include "rule/rule.hpp"
#include "rule_texts.hpp"
#include "rule_user.hpp"

#include <gtest/gtest.h>
#include <map>

namespace cdp::rule {
namespace {

using Values = std::map<std::string, const char*>;

/// Gives values by the function's names, and notes who asks.
class NotedCalls final : public Calls {
 public:
  explicit NotedCalls(const Values& values) {
    for (const auto& [function, json] : values) values_[function] = parse_json(json);
  }

  const Json* value(const ValuePath& function, int64_t user_no) override {
    std::string name;
    for (const std::string& part : function.names) name += (name.empty() ? "" : ".") + part;
    asked.push_back(name + " of " + std::to_string(user_no));
    const auto found = values_.find(name);
    return found != values_.end() ? &found->second : nullptr;
  }

  std::vector<std::string> asked;

 private:
  std::map<std::string, Json> values_;
};

std::vector<std::string> calls_of(const std::vector<ValuePath>& calls) {
  std::vector<std::string> names;
  for (const ValuePath& call : calls) {
    EXPECT_EQ(call.root, ValuePath::Root::Call);
    std::string& name = names.emplace_back();
    for (const std::string& part : call.names) name += (name.empty() ? "" : ".") + part;
  }
  return names;
}

TEST(RuleCall, PrintsCanonically) {
  EXPECT_EQ(canonical("CALL ( My_Score ) > 0.80"), "call(my_score) > 0.8");
  EXPECT_EQ(canonical("call(App.Score) in (1, 2)"), "call(app.score) in (1, 2)");
  EXPECT_EQ(canonical("call(\"App\".\"my score\") like 'x%'"), "call(\"App\".\"my score\") like 'x%'");
  EXPECT_EQ(canonical("call(\"score\") is not null"), "call(score) is not null");
  EXPECT_EQ(canonical("exists(call(f))"), "call(f) is not null");
  EXPECT_EQ(canonical("not call(f)"), "not call(f) = true");
  EXPECT_EQ(canonical("(call(f)) and (call(g)) not between 1 and 2"),
            "call(f) = true and call(g) not between 1 and 2");
  EXPECT_EQ(canonical("call(f) in next 3 days"), "call(f) in next 3 days");
  EXPECT_EQ(canonical("2 * call(f) - age >= call(\"in\") / 2"), "2 * call(f) - age >= call(\"in\") / 2");
  EXPECT_EQ(canonical("call(f) = call(g)"), "call(f) = call(g)");
  EXPECT_EQ(canonical("call(f) + 0 = 3"), "call(f) + 0 = 3");
}

TEST(RuleCall, IsANameWhereNoParenthesisFollows) {
  EXPECT_EQ(canonical("call = 1 and call.x > 2 and exists(call)"),
            "call = 1 and call.x > 2 and call is not null");
  EXPECT_EQ(canonical("did(call where call = 1)"), "did(call where call = 1)");
  EXPECT_EQ(canonical("call(call) = call"), "call(call) = call");
  EXPECT_EQ(canonical("call for 3 days"), "call = true for 3 days");
}

TEST(RuleCall, HasJson) {
  const auto both = [](const char* text, const char* json) {
    EXPECT_EQ(json_text(text), json);
    EXPECT_EQ(from_json(parse_json(json)), parse(text)) << json;
  };
  both("call(app.score) > 0.8", R"({"call":["app","score"],"op":">","value":0.8})");
  both("call(f) is null", R"({"call":["f"],"op":"is null"})");
  both("call(\"F\") in next 1 day", R"({"call":["F"],"op":"in next","value":"1 day"})");
  both("call(f) + 1 > age",
       R"({"compare":{"left":{"+":[{"call":["f"]},1]},"op":">","right":{"trait":["age"]}}})");
}

TEST(RuleCall, SaysWhatIsWrong) {
  EXPECT_EQ(refusal("call(f) = 1 for 3 days"),
            "13: \"for\" is not possible behind \"call(…)\" | How long a function has had its value is not "
            "known, as "
            "it is of traits.");
  EXPECT_EQ(refusal("call(f) for 3 days").substr(0, 3), "9: ");
  EXPECT_EQ(refusal("call(f) in next 3 days for 3 days").substr(0, 4), "24: ");
  EXPECT_EQ(refusal("did(a where call(f) = 1)"),
            "13: \"call(…)\" is not possible in where, which compares properties");
  EXPECT_EQ(refusal("did(a where exists(call(f)))"),
            "20: \"call(…)\" is not possible in where, which compares properties");
  EXPECT_EQ(refusal("call() = 1"), "6: expected the name of a function after \"(\", found \")\"");
  EXPECT_EQ(refusal("call('f') = 1"), "6: expected the name of a function after \"(\", found \"'f'\"");
  EXPECT_EQ(refusal("call(in) = 1"),
            "6: expected the name of a function (the word in must stand in double quotes to be one) after "
            "\"(\", found "
            "\"in\"");
  EXPECT_EQ(refusal("call(a.b.c) = 1"), "9: expected \")\" after \"b\", found \".\"");
  EXPECT_EQ(refusal("call(f, 1) = 1"), "7: expected \".\" or \")\" after \"f\", found \",\"");
  EXPECT_EQ(refusal("cal(f) = 1"), "1: there is no function \"cal\" | Did you mean \"call\"?");
  EXPECT_EQ(refusal("sum(call(f)) > 1").substr(0, 3), "9: ");
  EXPECT_EQ(json_refusal(R"({"call":["a","b","c"],"op":"=","value":1})"),
            "$.call: expected the name of a function, after that of its schema if it has one");
  EXPECT_EQ(json_refusal(R"({"call":"f","op":"=","value":1})"),
            "$.call: expected an array of one or more names");
  EXPECT_EQ(
      json_refusal(R"({"held":{"call":["f"],"op":"=","value":1},"for":"1 day"})"),
      "$.held: expected a test of a trait | How long a function has had its value is not known, as it is of "
      "traits.");
  EXPECT_EQ(json_refusal(R"({"did":{"event":"a","where":{"call":["f"],"op":"=","value":1}}})"),
            "$.did.where: expected one of the members and, or, not, property, context");
}

TEST(RuleCall, IsMentionedAndReplaced) {
  const Rule rule = parse(
      "not (call(f) > 1 or age = 2) and call(a.g) in last 1 day and 1 + call(f) > call(h) * 2 and did(b "
      "where p = 1)");
  const References found = references(rule);
  EXPECT_EQ(calls_of(found.calls), (std::vector<std::string>{"f", "a.g", "h"}));
  EXPECT_EQ(found.traits, std::vector<std::string>{"age"});
  EXPECT_TRUE(found.depends_on_time);
  const Rule replaced = with_calls(rule, [](const ValuePath& call) {
    return call.names.size() == 2 ? call : ValuePath{call.root, {"S", call.names.front()}};
  });
  EXPECT_EQ(print(replaced),
            "not (call(\"S\".f) > 1 or age = 2) and call(a.g) in last 1 day and 1 + call(\"S\".f) > "
            "call(\"S\".h) * "
            "2 and did(b where p = 1)");
  EXPECT_EQ(parse(print(replaced)), replaced);
  EXPECT_EQ(with_calls(replaced, [](const ValuePath& call) { return call; }), replaced);
}

TEST(RuleCall, IsAValueLikeATrait) {
  NotedCalls calls(Values{{"score", "0.85"},
                          {"app.words", R"(["a","b"])"},
                          {"day", R"("2025-06-03")"},
                          {"hot", "true"},
                          {"nothing", "null"}});
  User user;
  user.traits = R"({"age": 30})";
  user.calls = &calls;
  EXPECT_TRUE(user.is("call(score) > 0.8 and call(score) between 0 and 1 and call(score) not in (1, 2)"));
  EXPECT_FALSE(user.is("call(score) > 0.85"));
  EXPECT_TRUE(user.is("call(app.words) contains 'b' and call(hot)"));
  EXPECT_FALSE(user.is("call(words) contains 'b'"));
  EXPECT_TRUE(user.is("call(nothing) is null and call(unknown) is null and not exists(call(nothing))"));
  EXPECT_FALSE(user.is("call(nothing) <> 1"));
  EXPECT_TRUE(user.is("call(score) * 100 + 1 > age + call(score) and call(score) * 100 = 85"));
  EXPECT_FALSE(user.is("call(nothing) + 1 > 0"));
  EXPECT_EQ(user.ask("call(day) in next 2 days", "2025-05-31"), until(false, "2025-06-01"));
  EXPECT_EQ(user.ask("call(day) in next 2 days", "2025-06-01"), until(true, "2025-06-03"));
  EXPECT_EQ(user.explained("call(score) > 0.8", "2025-06-01"),
            R"({"condition":"call(score) > 0.8","truth":true,"valid_until":null,"value":0.85})");
  EXPECT_EQ(
      user.explained("call(score) + 1 > age", "2025-06-01"),
      R"({"condition":"call(score) + 1 > age","truth":false,"valid_until":null,"value":{"left":1.85,"right":30}})");
  user.calls = nullptr;
  EXPECT_TRUE(user.is("call(score) is null"));
  EXPECT_FALSE(user.is("call(score) + 1 > 0"));
}

TEST(RuleCall, IsAskedLast) {
  NotedCalls calls(Values{{"f", "1"}});
  User user;
  user.traits = R"({"age": 30})";
  user.events = {{"2025-05-01", "a"}};
  user.calls = &calls;
  EXPECT_FALSE(user.is("call(f) = 1 and did(b) and age = 30"));
  EXPECT_TRUE(user.is("call(f) = 2 or did(b) or age = 30"));
  EXPECT_TRUE(calls.asked.empty());
  EXPECT_TRUE(user.is("call(f) = 1 and did(a) and age = 30"));
  EXPECT_EQ(calls.asked, std::vector<std::string>{"f of 1"});
}

TEST(RuleCall, TakesTheStateAndNoTrait) {
  timeline::Demand demand;
  const Rule hot = parse("call(f) > 1");
  const SegmentResolver resolve = [&](const std::string&) { return Membership(&hot); };
  const BoundRule rule = rule::bind(
      parse("in segment hot and plan = 'x' and call(g) + count(a) > 1 and call(f) < 9"), demand, resolve);
  EXPECT_EQ(calls_of(rule.calls()), (std::vector<std::string>{"f", "g"}));
  EXPECT_EQ(rule.traits(), std::vector<std::string>{"plan"});
  EXPECT_TRUE(rule.needs_state());
  EXPECT_EQ(profile_conditions(rule).size(), 1U);
  EXPECT_EQ(decide(rule, 1, nullptr, at("2025-06-01")), std::nullopt);
  EXPECT_EQ(decide(rule, 0, nullptr, at("2025-06-01")), false);
  EXPECT_EQ(open_conditions(rule, 0, 0), 1U);
  const BoundRule of_one = rule::bind(hot, demand, {});
  EXPECT_FALSE(of_one.uses_traits());
  EXPECT_FALSE(of_one.is_time_dependent());
  EXPECT_TRUE(bind(parse("plan = 'x'"), demand, {}).calls().empty());
}

TEST(RuleCall, ConditionsAreNumberedByTheirFunctions) {
  ConditionNumbers numbers;
  timeline::Demand demand;
  for (const char* text : {"call(f) + 1 > 2", "call(g) + 1 > 2", "call(f) + 1 > 2", "call(a.f) in last 1 day",
                           "call(f) in last 1 day"})
    (void)rule::bind(parse(text), demand, {}, &numbers);
  EXPECT_EQ(numbers.size(), 4U);
}

}  // namespace
}  // namespace cdp::rule
