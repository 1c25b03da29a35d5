#include "base/error.hpp"
#include "decision/eligibility.hpp"

#include <functional>
#include <gtest/gtest.h>

namespace cdp::decision {
namespace {

constexpr Instant kNow{1000 * kSecond};
const Window kOff{false, Instant::min(), Instant::max()};
const Window kLater{true, kNow + 1, Instant::max()};
const Window kEnded{true, Instant::min(), kNow};
const Window kExactlyNow{true, kNow, kNow + 1};

Reason reason(const std::function<void(Placement&, Creative&)>& change,
              const std::vector<int32_t>& segments = {}) {
  Placement placement;
  Creative creative;
  change(placement, creative);
  return judge(placement, creative, segments, kNow);
}

TEST(Eligibility, NamesTheRuleThatKeepsACreativeOut) {
  EXPECT_EQ(reason([](auto&, auto&) {}), Reason::Eligible);
  EXPECT_EQ(reason([](auto& p, auto&) { p.is_enabled = false; }), Reason::PlacementDisabled);
  EXPECT_EQ(reason([](auto&, auto& c) { c.of_campaign = kOff; }), Reason::CampaignDisabled);
  EXPECT_EQ(reason([](auto&, auto& c) { c.of_ad_group = kOff; }), Reason::AdGroupDisabled);
  EXPECT_EQ(reason([](auto&, auto& c) { c.own = kOff; }), Reason::CreativeDisabled);
  EXPECT_EQ(reason([](auto&, auto& c) { c.of_campaign = kLater; }), Reason::CampaignNotStarted);
  EXPECT_EQ(reason([](auto&, auto& c) { c.of_campaign = kEnded; }), Reason::CampaignEnded);
  EXPECT_EQ(reason([](auto&, auto& c) { c.of_ad_group = kLater; }), Reason::AdGroupNotStarted);
  EXPECT_EQ(reason([](auto&, auto& c) { c.of_ad_group = kEnded; }), Reason::AdGroupEnded);
  EXPECT_EQ(reason([](auto&, auto& c) { c.own = kLater; }), Reason::CreativeNotStarted);
  EXPECT_EQ(reason([](auto&, auto& c) { c.own = kEnded; }), Reason::CreativeEnded);
}

TEST(Eligibility, TakesTheStartInAndTheEndOut) {
  EXPECT_EQ(reason([](auto&, auto& c) { c.own = c.of_ad_group = c.of_campaign = kExactlyNow; }),
            Reason::Eligible);
}

TEST(Eligibility, AsksForAnyIncludedAndNoExcludedSegment) {
  const auto included = [](auto&, auto& c) { c.included = {7, 3}; };
  EXPECT_EQ(reason(included), Reason::NotInIncludedSegment);
  EXPECT_EQ(reason(included, {1, 2, 4, 8}), Reason::NotInIncludedSegment);
  EXPECT_EQ(reason(included, {1, 3, 4}), Reason::Eligible);
  EXPECT_EQ(reason(included, {7}), Reason::Eligible);
  const auto both = [](auto&, auto& c) {
    c.included = {7};
    c.excluded = {9, 1};
  };
  EXPECT_EQ(reason(both, {7, 8}), Reason::Eligible);
  EXPECT_EQ(reason(both, {1, 7}), Reason::InExcludedSegment);
  EXPECT_EQ(reason([](auto&, auto& c) { c.excluded = {9}; }), Reason::Eligible);
  EXPECT_EQ(reason([](auto&, auto& c) { c.excluded = {9}; }, {9}), Reason::InExcludedSegment);
}

TEST(Eligibility, AsksSwitchesBeforeSchedulesBeforeSegments) {
  EXPECT_EQ(reason([](auto&, auto& c) {
              c.of_campaign = kEnded;
              c.own = kOff;
              c.included = {7};
            }),
            Reason::CreativeDisabled);
  EXPECT_EQ(reason([](auto&, auto& c) {
              c.own = kEnded;
              c.included = {7};
            }),
            Reason::CreativeEnded);
}

TEST(Eligibility, TellsTheInputsOfARule) {
  Creative creative;
  creative.own = {true, Instant::min(), *parse_instant("2024-05-01")};
  creative.included_names = "staff, vip";
  EXPECT_EQ(detail_of(Reason::CreativeEnded, creative), "ended at 2024-05-01T00:00:00Z");
  EXPECT_EQ(detail_of(Reason::NotInIncludedSegment, creative), "is for segments: staff, vip");
  EXPECT_EQ(detail_of(Reason::CreativeDisabled, creative), "");
  EXPECT_STREQ(code_of(Reason::NotInIncludedSegment), "not_in_included_segment");
  EXPECT_STREQ(code_of(Reason::InExcludedSegment), "in_excluded_segment");
}

TEST(Eligibility, GivesAPlacementTheCreativesOfItsContentType) {
  Placement home;
  home.name = "home";
  home.content_type = "banner";
  std::vector<Creative> creatives(3);
  creatives[0].content_type = creatives[2].content_type = "banner";
  creatives[1].content_type = "article";
  creatives[1].included = {1};
  EXPECT_EQ(Configuration({home}, creatives).placements()[0].candidates, (std::vector<size_t>{0, 2}));
  EXPECT_FALSE(Configuration({home}, creatives).placements()[0].names_segments);
  creatives[2].excluded = {1};
  EXPECT_TRUE(Configuration({home}, creatives).placements()[0].names_segments);
  EXPECT_EQ(Configuration({home}, creatives).find_placement("nowhere"), nullptr);
}

TEST(Strategy, RefusesUnknownNames) {
  EXPECT_EQ(strategy_of("latest"), Strategy::Latest);
  EXPECT_THROW(strategy_of("best"), Error);
}

}  // namespace
}  // namespace cdp::decision
