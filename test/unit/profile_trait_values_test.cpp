#include "profile/trait_values.hpp"

#include <gtest/gtest.h>
#include <set>
#include <string>

namespace cdp::profile {
namespace {

using Users = std::vector<uint32_t>;

struct Chunk {
  TraitValues values{true};
  TraitChunk chunk;
  uint32_t user = 0;

  void add(const char* json) { chunk.add(++user, parse_json(json), values); }
  Users of(const char* json, bool is_element = false) {
    const auto found = chunk.users.find(values.number_of(parse_json(json), is_element));
    return found == chunk.users.end() ? Users() : found->second;
  }
};

TEST(TraitChunk, KeepsKindsApartAndEqualNumbersTogether) {
  Chunk chunk;
  for (const char* value :
       {"5", "\"5\"", "5.00", "true", "[5]", "null", "{\"a\":5}", "\"true\"", "-0.0", "0"})
    chunk.add(value);
  EXPECT_EQ(chunk.of("5"), (Users{1, 3}));
  EXPECT_EQ(chunk.of("\"5\""), (Users{2}));
  EXPECT_EQ(chunk.of("true"), (Users{4}));
  EXPECT_EQ(chunk.of("5.0", true), (Users{5}));
  EXPECT_EQ(chunk.of("0.0"), (Users{9, 10}));
  EXPECT_EQ(chunk.chunk.users.at(0), (Users{1, 2, 3, 4, 5, 7, 8, 9, 10}));
  EXPECT_EQ(chunk.chunk.numbers.size(), 4U);
  EXPECT_EQ(chunk.values.numbers(), 2U);
  EXPECT_EQ(chunk.values.texts(), 4U);
}

TEST(TraitChunk, TakesAnElementOnceAndNoNestedOnes) {
  Chunk chunk;
  chunk.add(R"(["a", 1, "a", 1.0, null, ["b"], {"c": 1}, false])");
  chunk.add("[]");
  chunk.add("\"a\"");
  EXPECT_EQ(chunk.of("\"a\"", true), (Users{1}));
  EXPECT_EQ(chunk.of("1", true), (Users{1}));
  EXPECT_EQ(chunk.of("false", true), (Users{1}));
  EXPECT_EQ(chunk.of("\"b\"", true), Users());
  EXPECT_EQ(chunk.of("\"a\""), (Users{3}));
  EXPECT_EQ(chunk.chunk.users.at(0), (Users{1, 2, 3}));
  EXPECT_TRUE(chunk.chunk.numbers.empty());
}

TEST(TraitValues, StopListingNumbersButNotElements) {
  Chunk chunk;
  for (const char* value : {"1", "2.5", "[3]", "\"x\""}) chunk.add(value);
  EXPECT_EQ(chunk.values.stop_listing().size(), 2U);
  EXPECT_EQ(chunk.values.numbers(), 0U);
  EXPECT_EQ(chunk.values.texts(), 2U);
  chunk.add("7");
  EXPECT_EQ(chunk.values.entries().size(), 2U);
  EXPECT_EQ(chunk.chunk.numbers.size(), 3U);
  EXPECT_EQ(chunk.chunk.users.at(0).back(), 5U);
}

TEST(TraitValues, GiveNoNumberTwice) {
  TraitValues values(true);
  values.load({7, Json("a"), false, 3, 0});
  EXPECT_EQ(values.at(7).stored_chunks, 3);
  EXPECT_EQ(values.number_of(Json("a"), false), 7);
  EXPECT_EQ(values.number_of(Json("a"), true), 8);
  values.erase(7);
  EXPECT_EQ(values.number_of(Json("a"), false), 9);
  EXPECT_EQ(values.texts(), 2U);
}

}  // namespace
}  // namespace cdp::profile
