#include "profile/traits.hpp"

#include <gtest/gtest.h>

namespace cdp::profile {
namespace {

struct Traits {
  Json values = Json(Json::Object());
  Json times = Json(Json::Object());
  std::vector<std::string> changed;

  bool set(const char* update, int64_t us) {
    return set_traits(values, times, parse_json(update), Instant{us}, changed);
  }
};

TEST(Traits, KeepTheNewestValueByEventTime) {
  Traits traits;
  EXPECT_TRUE(traits.set(R"({"plan":"free","age":30})", 100));
  EXPECT_TRUE(traits.set(R"({"plan":"pro"})", 200));
  EXPECT_FALSE(traits.set(R"({"plan":"team"})", 150));
  EXPECT_EQ(traits.values, parse_json(R"({"plan":"pro","age":30})"));
  EXPECT_TRUE(traits.set(R"({"plan":"team"})", 200));
  EXPECT_EQ(traits.values, parse_json(R"({"plan":"team","age":30})"));
}

TEST(Traits, StayRemovedForOlderMessages) {
  Traits traits;
  traits.set(R"({"plan":"free"})", 100);
  traits.set(R"({"plan":null})", 200);
  EXPECT_EQ(traits.values, parse_json("{}"));
  EXPECT_FALSE(traits.set(R"({"plan":"free"})", 150));
  EXPECT_TRUE(traits.set(R"({"plan":"pro"})", 250));
  EXPECT_EQ(traits.values, parse_json(R"({"plan":"pro"})"));
}

TEST(Traits, TellWhatHasAnotherValueNow) {
  Traits traits;
  traits.set(R"({"plan":"free","age":30,"city":null})", 100);
  EXPECT_EQ(traits.changed, (std::vector<std::string>{"plan", "age"}));
  traits.changed.clear();
  EXPECT_TRUE(traits.set(R"({"plan":"free","age":30.0,"city":null})", 200));
  EXPECT_TRUE(traits.changed.empty());
  traits.set(R"({"plan":"pro","age":31})", 150);
  EXPECT_TRUE(traits.changed.empty());
  traits.set(R"({"plan":null})", 200);
  EXPECT_EQ(traits.changed, (std::vector<std::string>{"plan"}));
}

TEST(Traits, MergeByTime) {
  Traits a;
  a.set(R"({"x":1,"y":1})", 100);
  a.set(R"({"z":null})", 300);
  Traits b;
  b.set(R"({"x":2,"z":2})", 200);
  b.set(R"({"y":2})", 50);
  b.set(R"({"w":2})", 50);
  a.changed.clear();
  merge_traits(a.values, a.times, b.values, b.times, a.changed);
  EXPECT_EQ(a.changed, (std::vector<std::string>{"x", "w"}));
  EXPECT_EQ(a.values, parse_json(R"({"x":2,"y":1,"w":2})"));
}

}  // namespace
}  // namespace cdp::profile
