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

TEST(Traits, KnowSinceWhenTheyAreSo) {
  Traits traits;
  const auto since = [&](const char* name) {
    const std::optional<Instant> found = held_since(traits.times, name);
    return found ? found->us : -1;
  };
  traits.set(R"({"plan":"pro","age":30})", 100);
  EXPECT_EQ(since("plan"), 100);
  traits.set(R"({"plan":"pro","age":30.0})", 200);  // repetitions
  EXPECT_EQ(since("plan"), 100);
  EXPECT_EQ(since("age"), 100);
  traits.set(R"({"plan":"free"})", 150);  // older: says nothing
  EXPECT_EQ(since("plan"), 100);
  EXPECT_FALSE(traits.set(R"({"plan":"free"})", 199));
  traits.set(R"({"plan":"free"})", 250);
  EXPECT_EQ(since("plan"), 250);
  EXPECT_EQ(traits.times, parse_json(R"({"plan":250,"age":[200,100]})"));
  traits.set(R"({"plan":null})", 300);
  traits.set(R"({"plan":null})", 400);
  EXPECT_EQ(since("plan"), 300);
  traits.set(R"({"plan":"free"})", 400);  // of one time the later message counts
  EXPECT_EQ(since("plan"), 400);
  EXPECT_EQ(since("nothing"), -1);
}

TEST(Traits, MergedAreSoSinceTheEarlierTime) {
  for (const bool swapped : {false, true}) {
    Traits a;
    a.set(R"({"same":1,"other":1,"gone":null,"mine":1})", 100);
    a.set(R"({"same":1})", 120);
    Traits b;
    b.set(R"({"same":1.0,"other":2,"gone":null})", 200);
    b.set(R"({"other":2})", 250);
    if (swapped) std::swap(a, b);
    merge_traits(a.values, a.times, b.values, b.times, a.changed);
    EXPECT_EQ(a.values, parse_json(R"({"same":1,"other":2,"mine":1})"));
    EXPECT_EQ(a.times, parse_json(R"({"same":[200,100],"other":[250,200],"gone":[200,100],"mine":100})"));
  }
}

}  // namespace
}  // namespace cdp::profile
