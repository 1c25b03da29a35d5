#include "decision/attribution.hpp"
#include "decision/mention.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace cdp::decision {
namespace {

Feedback seen(int64_t user, int64_t second, const char* creative = "a") {
  return {user, "home", creative, Instant{second * kSecond}, 100 * kSecond, false};
}

Feedback clicked(int64_t user, int64_t second, const char* creative = "a") {
  return {user, "home", creative, Instant{second * kSecond}, 100 * kSecond, true};
}

Counts counted(const std::vector<Feedback>& batch, Impressions impressions = {}) {
  const CountsByArm counts = attribute(batch, impressions);
  const auto found = counts.find({"home", "a"});
  return found == counts.end() ? Counts() : found->second;
}

TEST(Attribution, CountsAClickOncePerImpression) {
  EXPECT_EQ(counted({seen(1, 0), clicked(1, 5), clicked(1, 6)}), (Counts{1, 1}));
  EXPECT_EQ(counted({seen(1, 0), clicked(1, 5), seen(1, 6), clicked(1, 7)}), (Counts{2, 2}));
  EXPECT_EQ(counted({seen(1, 0), seen(1, 6), clicked(1, 7), clicked(1, 8)}), (Counts{2, 1}));
}

TEST(Attribution, NeedsAnImpressionOfTheSameUserAndCreative) {
  EXPECT_EQ(counted({clicked(1, 5)}), Counts());
  EXPECT_EQ(counted({seen(2, 0), clicked(1, 5)}), (Counts{1, 0}));
  EXPECT_EQ(counted({seen(1, 0, "b"), clicked(1, 5)}), Counts());
  EXPECT_EQ(counted({seen(1, 6), clicked(1, 5)}), (Counts{1, 0}));
}

TEST(Attribution, EndsWithTheWindow) {
  EXPECT_EQ(counted({seen(1, 0), clicked(1, 100)}), (Counts{1, 1}));
  EXPECT_EQ(counted({seen(1, 0), clicked(1, 101)}), (Counts{1, 0}));
}

TEST(Attribution, SortsABatchByTime) {
  EXPECT_EQ(counted({clicked(1, 5), seen(1, 0)}), (Counts{1, 1}));
  EXPECT_EQ(counted({clicked(1, 7), clicked(1, 5), seen(1, 6), seen(1, 0)}), (Counts{2, 2}));
}

TEST(Attribution, TakesEqualTimesInTheOrderOfArrival) {
  EXPECT_EQ(counted({seen(1, 0), clicked(1, 0), seen(1, 0), clicked(1, 0)}), (Counts{2, 2}));
  EXPECT_EQ(counted({clicked(1, 0), seen(1, 0)}), (Counts{1, 1}));
}

TEST(Attribution, RemembersBetweenBatches) {
  Impressions impressions{{{1, "home", "a"}, {Instant{10 * kSecond}, false, false}}};
  EXPECT_EQ(counted({clicked(1, 20)}, impressions), (Counts{0, 1}));
  impressions.begin()->second.is_clicked = true;
  EXPECT_EQ(counted({clicked(1, 20)}, impressions), Counts());
  // A late impression counts and does not open the remembered one again.
  EXPECT_EQ(counted({seen(1, 5), clicked(1, 20)}, impressions), (Counts{1, 0}));
  (void)attribute({seen(1, 5)}, impressions);
  EXPECT_EQ(impressions.begin()->second.shown_at, Instant{10 * kSecond});
  EXPECT_FALSE(impressions.begin()->second.is_changed);
}

TEST(Attribution, AgreesWithAPlainReadingOfTheRule) {
  // The oracle asks for each click, in order of time, for the latest impression at or before it.
  std::mt19937_64 random(99);
  for (int round = 0; round < 2000; ++round) {
    std::vector<Feedback> batch;
    std::vector<int64_t> seconds;
    for (int64_t second = 0; second < 400; second += 1 + static_cast<int64_t>(random() % 60))
      seconds.push_back(second);
    for (const int64_t second : seconds)
      batch.push_back(random() % 2 == 0 ? seen(1, second) : clicked(1, second));
    Counts expected;
    std::vector<bool> used(batch.size());
    for (size_t i = 0; i < batch.size(); ++i) {
      if (!batch[i].is_click) ++expected.impressions;
      if (!batch[i].is_click) continue;
      for (size_t j = i; j-- > 0;) {
        if (batch[j].is_click) continue;
        if (!used[j] && seconds[i] - seconds[j] <= 100) ++expected.clicks;
        used[j] = used[j] || seconds[i] - seconds[j] <= 100;
        break;
      }
    }
    const std::vector<Feedback> in_order = batch;
    std::shuffle(batch.begin(), batch.end(), random);
    EXPECT_EQ(counted(batch), expected) << "round " << round;
    // The same in two batches cut at any time, the first one's impressions being remembered.
    Impressions impressions;
    const auto cut = in_order.begin() + static_cast<std::ptrdiff_t>(random() % (in_order.size() + 1));
    CountsByArm first = attribute({in_order.begin(), cut}, impressions);
    const CountsByArm second = attribute({cut, in_order.end()}, impressions);
    Counts total = first[{"home", "a"}];
    if (const auto found = second.find({"home", "a"}); found != second.end()) {
      total.impressions += found->second.impressions;
      total.clicks += found->second.clicks;
    }
    EXPECT_EQ(total, expected) << "round " << round;
  }
}

event::Event event_of(std::string name, std::string_view properties) {
  event::Event event;
  event.user_no = 4;
  event.name = std::move(name);
  event.properties = parse_json(properties);
  return event;
}

TEST(Mention, IgnoresMalformedProperties) {
  const auto mention = [](std::string_view properties) { return mention_of(event_of("click", properties)); };
  EXPECT_EQ(mention(R"({"decision_id": 12})").decision_id, 12);
  EXPECT_EQ(mention(R"({"decision_id": "12"})").decision_id, 12);
  EXPECT_EQ(mention(R"({"decision_id": 12.0})").decision_id, 12);
  for (const char* properties :
       {R"({"decision_id": 12.5})", R"({"decision_id": "12x"})", R"({"decision_id": ""})", "[12]", "null",
        R"({"decision_id": 1e30})", R"({"decision_id": "99999999999999999999"})", R"({"decision_id": [1]})",
        R"({"creative": 5})", R"({"creative": ""})", R"({"creative": null})", R"({"placement": "home"})"})
    EXPECT_TRUE(mention(properties).says_nothing()) << properties;
  EXPECT_EQ(mention(R"({"creative": "a", "placement": {"x": 1}})").creative, "a");
  EXPECT_EQ(mention(R"({"creative": "a", "placement": {"x": 1}})").placement, "");
}

TEST(Mention, FindsThePlacementsThatTakeTheEvent) {
  Placement home;
  home.name = "home";
  home.content_type = "banner";
  home.impression_event = "impression";
  home.click_event = "click";
  Placement side = home;
  side.name = "side";
  side.click_event = "side_click";
  Placement news = home;
  news.name = "news";
  news.content_type = "article";
  Creative a;
  a.name = "a";
  a.content_type = "banner";
  const Configuration configuration({home, side, news}, {a});
  EXPECT_EQ(placements_for(configuration, event_of("impression", "{}"), "a").size(), 2U);
  EXPECT_EQ(placements_for(configuration, event_of("side_click", "{}"), "a").size(), 1U);
  EXPECT_EQ(placements_for(configuration, event_of("impression", "{}"), "b").size(), 0U);
  EXPECT_TRUE(configuration.is_feedback("side_click"));
  EXPECT_FALSE(configuration.is_feedback("purchase"));
  EXPECT_TRUE(feedback_of(configuration, event_of("click", "{}"), {"home", "a"})->is_click);
  EXPECT_FALSE(feedback_of(configuration, event_of("impression", "{}"), {"side", "a"})->is_click);
  EXPECT_FALSE(feedback_of(configuration, event_of("click", "{}"), {"side", "a"}).has_value());
  EXPECT_FALSE(feedback_of(configuration, event_of("click", "{}"), {"news", "a"}).has_value());
  EXPECT_FALSE(feedback_of(configuration, event_of("click", "{}"), {"nowhere", "a"}).has_value());
}

}  // namespace
}  // namespace cdp::decision
