#include "event/schema.hpp"
#include "rule/rule.hpp"
#include "rule/schema.hpp"
#include "rule_random.hpp"

#include <gtest/gtest.h>

namespace cdp::rule {
namespace {

/// By the checker of event schemas, which knows the keywords used but for the draft's newer ones.
class RuleSchema : public testing::Test {
 protected:
  bool takes(const Json& rule) const { return schema_.check(rule).empty(); }
  bool takes(const char* rule) const { return takes(parse_json(rule)); }

 private:
  static Json without_draft() {
    Json schema = json_schema();
    EXPECT_TRUE(schema.erase("$schema"));
    return schema;
  }

  event::Schema schema_{without_draft()};
};

TEST_F(RuleSchema, TakesEveryRule) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    RandomRules random(seed);
    const Json json = to_json(Rule(random.tree(5)));
    ASSERT_TRUE(takes(json)) << seed << ": " << json.dump();
  }
}

TEST_F(RuleSchema, RefusesWhatIsNone) {
  for (const char* json : {R"({})",
                           R"(3)",
                           R"({"and":[]})",
                           R"({"trait":["a"],"op":"=="})",
                           R"({"trait":[],"op":"is null"})",
                           R"({"trait":["a"],"op":"between","value":[1]})",
                           R"({"trait":["a"],"op":"=","value":[1]})",
                           R"({"count":{"event":"a"},"op":">","value":"1"})",
                           R"({"count":{"event":"a","last":"1 month"},"op":">","value":1})",
                           R"({"count":{"event":"a","any":true},"op":">","value":1})",
                           R"({"count":{},"op":">","value":1})",
                           R"({"sum":{"event":"a"},"op":">","value":1})",
                           R"({"did":{"event":"a","valeu":1}})",
                           R"({"first":{"event":"a"},"op":"in next","value":"1 day"})",
                           R"({"sequence":{"steps":[{"event":"a"}]}})",
                           R"({"compare":{"left":1,"op":"in","right":2}})",
                           R"({"compare":{"left":{"+":[1]},"op":"=","right":2}})",
                           R"({"now":"minute","op":"=","value":1})",
                           R"({"within":{"distance":"1 yard","latitude":0,"longitude":0}})",
                           R"({"call":["a","b","c"],"op":"=","value":1})",
                           R"({"call":"a","op":"=","value":1})",
                           R"({"held":{"call":["a"],"op":"=","value":1},"for":"1 day"})",
                           R"({"did":{"event":"a","where":{"call":["a"],"op":"=","value":1}}})",
                           R"({"held":{"did":{"event":"a"}},"for":"1 day"})"})
    EXPECT_FALSE(takes(json)) << json;
}

}  // namespace
}  // namespace cdp::rule
