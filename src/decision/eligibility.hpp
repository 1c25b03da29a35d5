#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cdp::decision {

/// How a placement orders its candidates.
enum class Strategy : uint8_t { Random, Latest, Bandit };

/// Reads "random", "latest" or "bandit". Throws Error(BadValue) for anything else.
Strategy strategy_of(std::string_view name);

/// A switch with a schedule: open in [starts_at, ends_at).
struct Window {
  bool is_enabled = true;
  Instant starts_at = Instant::min();
  Instant ends_at = Instant::max();
};

/// A creative with all that decides whether it may be shown, as the tables of schema cdp say.
struct Creative {
  std::string name;
  std::string content_type;
  std::string content;  ///< as the server keeps a jsonb, header included
  Instant created_at;
  std::string ad_group;  ///< empty for a creative of no ad group
  std::string campaign;
  Window own;
  Window of_ad_group;
  Window of_campaign;
  std::vector<int32_t> included;  ///< segment numbers; empty: everyone
  std::vector<int32_t> excluded;
  std::string included_names;  ///< for people: "adults, vip"
  std::string excluded_names;
};

struct Placement {
  std::string name;
  std::string content_type;
  Strategy strategy = Strategy::Bandit;
  int32_t max_results = 1;
  bool is_enabled = true;
  std::string impression_event;
  std::string click_event;
  Micros attribution_window = kDay;
  std::vector<size_t> candidates;  ///< the creatives of its content type, by their place in the configuration
  bool names_segments = false;     ///< does it take the user's memberships to judge the candidates?
};

/// All placements and creatives, and the ways to find them.
class Configuration {
 public:
  Configuration() = default;
  Configuration(std::vector<Placement> placements, std::vector<Creative> creatives);

  const std::vector<Placement>& placements() const { return placements_; }
  const std::vector<Creative>& creatives() const { return creatives_; }
  const Creative& creative(size_t i) const { return creatives_[i]; }

  /// nullptr if there is none of that name.
  const Placement* find_placement(std::string_view name) const;
  const Creative* find_creative(std::string_view name) const;

  /// Is this the name of some placement's impression or click event?
  bool is_feedback(std::string_view event) const { return feedback_events_.contains(std::string(event)); }

 private:
  std::vector<Placement> placements_;
  std::vector<Creative> creatives_;
  std::unordered_map<std::string, size_t> placement_by_name_;
  std::unordered_map<std::string, size_t> creative_by_name_;
  std::unordered_map<std::string, bool> feedback_events_;
};

/// The first rule that keeps a creative out, in the order in which the rules are asked.
enum class Reason : uint8_t {
  Eligible,
  PlacementDisabled,
  CampaignDisabled,
  AdGroupDisabled,
  CreativeDisabled,
  CampaignNotStarted,
  CampaignEnded,
  AdGroupNotStarted,
  AdGroupEnded,
  CreativeNotStarted,
  CreativeEnded,
  InExcludedSegment,
  NotInIncludedSegment,
};

/// "eligible", "placement_disabled", … : what cdp_rank_explain says.
const char* code_of(Reason reason);

/// May the placement show the creative now, to a user who is in `segments` (ascending numbers)?
Reason judge(const Placement& placement, const Creative& creative, std::span<const int32_t> segments,
             Instant now);

/// The inputs of the rule that `judge` named, in words; empty where the code says it all.
std::string detail_of(Reason reason, const Creative& creative);

}  // namespace cdp::decision
