#include "base/error.hpp"
#include "event/requirement.hpp"

#include <gtest/gtest.h>

namespace cdp::event {
namespace {

Message message_with(const char* properties, const char* context) {
  Message message;
  message.properties = parse_json(properties);
  message.context = parse_json(context);
  return message;
}

bool is_in(const char* field, const Message& message, bool has_time = false) {
  return RequiredField(field).is_in(message, has_time);
}

TEST(Requirement, FindsFields) {
  Message message = message_with(R"({"a":{"b":0},"empty":"","none":null})", R"({"app":"web"})");
  for (const char* absent :
       {"user_id", "anonymous_id", "insert_id", "time", "session_id", "url", "properties.empty",
        "properties.none", "properties.a.c", "properties.app", "context.a"})
    EXPECT_FALSE(is_in(absent, message)) << absent;
  for (const char* present : {"properties.a", "properties.a.b", "context.app"})
    EXPECT_TRUE(is_in(present, message)) << present;
  message.user_id = message.anonymous_id = message.insert_id = "x";
  for (const char* present : {"user_id", "anonymous_id", "insert_id"})
    EXPECT_TRUE(is_in(present, message)) << present;
  EXPECT_TRUE(is_in("time", message, true));
}

TEST(Requirement, FindsSessionAndUrlWhereTheSourceKeepsThemAndInProperties) {
  Message message = message_with("{}", "{}");
  EXPECT_FALSE(is_in("session_id", message));
  EXPECT_FALSE(is_in("url", message));
  message.session_id = "s";
  message.url = "/";
  EXPECT_TRUE(is_in("session_id", message));
  EXPECT_TRUE(is_in("url", message));
  EXPECT_TRUE(is_in("session_id", message_with(R"({"session_id":5})", "{}")));
  EXPECT_TRUE(is_in("url", message_with(R"({"url":"/"})", "{}")));
}

TEST(Requirement, RefusesWhatIsNoField) {
  for (const char* name : {"", "mail", "properties", "properties.", "properties.a..b", "properties..a",
                           "properties.a.", "context", "traits.a", "User_id"})
    EXPECT_THROW(RequiredField{name}, Error) << name;
}

TEST(Requirement, ReadsTheCategory) {
  EXPECT_EQ(category_of(message_with(R"({"category":"order"})", "{}")), "order");
  EXPECT_EQ(category_of(message_with(R"({"category":5})", "{}")), "");
  EXPECT_EQ(category_of(message_with("{}", "{}")), "");
  Message message = message_with(R"({"category":"order"})", "{}");
  message.category = "return";
  EXPECT_EQ(category_of(message), "return");
}

}  // namespace
}  // namespace cdp::event
