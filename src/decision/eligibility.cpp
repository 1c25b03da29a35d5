#include "decision/eligibility.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace cdp::decision {

Strategy strategy_of(std::string_view name) {
  if (name == "random") return Strategy::Random;
  if (name == "latest") return Strategy::Latest;
  if (name == "bandit") return Strategy::Bandit;
  throw Error(Category::BadValue, "unknown ranking strategy \"" + std::string(name) + "\"", {},
              "Strategies are random, latest and bandit.");
}

Configuration::Configuration(std::vector<Placement> placements, std::vector<Creative> creatives)
    : placements_(std::move(placements)), creatives_(std::move(creatives)) {
  std::unordered_map<std::string_view, std::vector<size_t>> by_content_type;
  for (size_t i = 0; i < creatives_.size(); ++i) {
    creative_by_name_.emplace(creatives_[i].name, i);
    by_content_type[creatives_[i].content_type].push_back(i);
  }
  for (size_t i = 0; i < placements_.size(); ++i) {
    Placement& placement = placements_[i];
    placement_by_name_.emplace(placement.name, i);
    feedback_events_.emplace(placement.impression_event, true);
    feedback_events_.emplace(placement.click_event, true);
    const auto found = by_content_type.find(placement.content_type);
    if (found == by_content_type.end()) continue;
    placement.candidates = found->second;
    placement.names_segments =
        std::any_of(placement.candidates.begin(), placement.candidates.end(), [this](size_t candidate) {
          return !creatives_[candidate].included.empty() || !creatives_[candidate].excluded.empty();
        });
  }
}

const Placement* Configuration::find_placement(std::string_view name) const {
  const auto found = placement_by_name_.find(std::string(name));
  return found == placement_by_name_.end() ? nullptr : &placements_[found->second];
}

const Creative* Configuration::find_creative(std::string_view name) const {
  const auto found = creative_by_name_.find(std::string(name));
  return found == creative_by_name_.end() ? nullptr : &creatives_[found->second];
}

const char* code_of(Reason reason) {
  switch (reason) {
    case Reason::Eligible:
      return "eligible";
    case Reason::PlacementDisabled:
      return "placement_disabled";
    case Reason::CampaignDisabled:
      return "campaign_disabled";
    case Reason::AdGroupDisabled:
      return "ad_group_disabled";
    case Reason::CreativeDisabled:
      return "creative_disabled";
    case Reason::CampaignNotStarted:
      return "campaign_not_started";
    case Reason::CampaignEnded:
      return "campaign_ended";
    case Reason::AdGroupNotStarted:
      return "ad_group_not_started";
    case Reason::AdGroupEnded:
      return "ad_group_ended";
    case Reason::CreativeNotStarted:
      return "creative_not_started";
    case Reason::CreativeEnded:
      return "creative_ended";
    case Reason::InExcludedSegment:
      return "in_excluded_segment";
    case Reason::NotInIncludedSegment:
      return "not_in_included_segment";
  }
  return "eligible";
}

namespace {

bool has_common(const std::vector<int32_t>& wanted, std::span<const int32_t> ascending) {
  return std::any_of(wanted.begin(), wanted.end(), [&](int32_t segment) {
    return std::binary_search(ascending.begin(), ascending.end(), segment);
  });
}

}  // namespace

Reason judge(const Placement& placement, const Creative& creative, std::span<const int32_t> segments,
             Instant now) {
  if (!placement.is_enabled) return Reason::PlacementDisabled;
  if (!creative.of_campaign.is_enabled) return Reason::CampaignDisabled;
  if (!creative.of_ad_group.is_enabled) return Reason::AdGroupDisabled;
  if (!creative.own.is_enabled) return Reason::CreativeDisabled;
  if (now < creative.of_campaign.starts_at) return Reason::CampaignNotStarted;
  if (now >= creative.of_campaign.ends_at) return Reason::CampaignEnded;
  if (now < creative.of_ad_group.starts_at) return Reason::AdGroupNotStarted;
  if (now >= creative.of_ad_group.ends_at) return Reason::AdGroupEnded;
  if (now < creative.own.starts_at) return Reason::CreativeNotStarted;
  if (now >= creative.own.ends_at) return Reason::CreativeEnded;
  if (has_common(creative.excluded, segments)) return Reason::InExcludedSegment;
  if (!creative.included.empty() && !has_common(creative.included, segments))
    return Reason::NotInIncludedSegment;
  return Reason::Eligible;
}

std::string detail_of(Reason reason, const Creative& creative) {
  switch (reason) {
    case Reason::CampaignNotStarted:
      return "starts at " + format_instant(creative.of_campaign.starts_at);
    case Reason::CampaignEnded:
      return "ended at " + format_instant(creative.of_campaign.ends_at);
    case Reason::AdGroupNotStarted:
      return "starts at " + format_instant(creative.of_ad_group.starts_at);
    case Reason::AdGroupEnded:
      return "ended at " + format_instant(creative.of_ad_group.ends_at);
    case Reason::CreativeNotStarted:
      return "starts at " + format_instant(creative.own.starts_at);
    case Reason::CreativeEnded:
      return "ended at " + format_instant(creative.own.ends_at);
    case Reason::InExcludedSegment:
      return "excludes segments: " + creative.excluded_names;
    case Reason::NotInIncludedSegment:
      return "is for segments: " + creative.included_names;
    default:
      return {};
  }
}

}  // namespace cdp::decision
