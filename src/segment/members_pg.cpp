#include "pg/datum.hpp"
#include "pg/memory.hpp"
#include "pg/ordered_scan.hpp"
#include "pg/spi.hpp"
#include "rule/compare.hpp"
#include "rule/decide.hpp"
#include "segment/members.hpp"
#include "segment/population.hpp"
#include "timeline/reader.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace cdp::segment {

namespace {

/// The columns of cdp.profile.
enum ProfileColumn : uint8_t { kProfileUser, kProfileUserId, kProfileTraits };

/// The most groups of users that are told apart.
constexpr size_t kMostGroups = 64;

/// Users for whom the conditions about the profile have the same truths, which do not decide the rule.
struct Group {
  rule::ProfileTruths truths;
  bitmap::Bitmap users;
};

/// Finds the members of a rule: first by profiles, then by histories.
class Search {
 public:
  Search(pg::Spi& spi, const rule::BoundRule& rule, const timeline::Demand& demand, Instant at)
      : spi_(spi), rule_(rule), demand_(demand), at_(at), conditions_(rule::profile_conditions(rule)) {}

  /// nullopt where the users fall into too many groups.
  std::optional<bitmap::Bitmap> run() {
    if (conditions_.size() > rule::kMostProfileConditions || !read_profiles()) return std::nullopt;
    if (!groups_.empty()) read_histories();
    return std::move(members_);
  }

 private:
  bool read_profiles() {
    pg::OrderedScan profiles("cdp", "profile", "profile_pkey", pg::Sees::WhatTheCallerSees);
    profiles.seek(INT64_MIN, INT64_MAX);
    pg::Arena arena("cdp profiles");
    uint64_t profiles_read = 0;
    while (const auto profile = profiles.next()) {
      if (++profiles_read % 256 == 0) arena.reset();
      const auto user_no = static_cast<uint32_t>(profile->bigint(kProfileUser));
      rule::ProfileTruths truths = 0;
      if (!conditions_.empty()) {
        const pg::InContext in_arena(arena.context());
        truths = truths_of(*profile);
      }
      if (!add(user_no, truths)) return false;
    }
    return true;
  }

  rule::ProfileTruths truths_of(const pg::StoredRow& profile) const {
    rule::ProfileTruths truths = 0;
    for (size_t i = 0; i < conditions_.size(); ++i) {
      const rule::Node& condition = *conditions_[i];
      bool truth = false;
      if (const auto* comparison = condition.as<rule::Comparison>()) {
        const Json value = pg::json_at(profile.datum(kProfileTraits), comparison->path.names);
        truth = rule::holds(comparison->test, &value);
      } else {
        const std::string_view user_id =
            profile.is_null(kProfileUserId) ? std::string_view() : profile.text(kProfileUserId);
        truth = rule::is_in_sample(condition, {nullptr, nullptr, profile.bigint(kProfileUser), user_id});
      }
      truths |= rule::ProfileTruths{truth} << i;
    }
    return truths;
  }

  /// Puts a user where the truths about the profile lead to; false if there are too many groups.
  bool add(uint32_t user_no, rule::ProfileTruths truths) {
    const auto known = std::find_if(outcomes_.begin(), outcomes_.end(),
                                    [&](const Outcome& outcome) { return outcome.truths == truths; });
    const Outcome outcome = known != outcomes_.end() ? *known : outcomes_.emplace_back(outcome_of(truths));
    if (outcome.decided == false) return true;
    if (outcome.decided == true)
      members_.add(user_no);
    else
      groups_[outcome.group].users.add(user_no);
    return outcomes_.size() <= kMostGroups;
  }

  /// What follows from the truths about the profile.
  struct Outcome {
    rule::ProfileTruths truths;
    std::optional<bool> decided;
    size_t group;
  };

  Outcome outcome_of(rule::ProfileTruths truths) {
    const std::optional<bool> decided = rule::decide(rule_, truths, nullptr, at_);
    if (!decided) groups_.push_back({truths, {}});
    return {truths, decided, groups_.size() - 1};
  }

  std::optional<bool> decide(rule::ProfileTruths truths, const timeline::HistorySummary& summary) const {
    return rule::decide(rule_, truths, &summary, at_);
  }
  std::optional<bool> decide(rule::ProfileTruths truths, const timeline::Occurrences& all) const {
    return rule::decide(rule_, truths, all, at_);
  }

  const Group& group_of(uint32_t user_no) const {
    if (groups_.size() == 1) return groups_.front();
    return *std::find_if(groups_.begin(), groups_.end(),
                         [&](const Group& group) { return group.users.contains(user_no); });
  }

  void read_histories() {
    std::optional<bitmap::Bitmap> all;
    if (groups_.size() > 1) {
      all.emplace();
      for (const Group& group : groups_) *all |= group.users;
    }
    const bitmap::Bitmap& users = all ? *all : groups_.front().users;
    timeline::Selection selection;
    selection.users = &users;
    if (const std::optional<Micros> lookback = rule_.lookback()) selection.since = (at_ - *lookback) + 1;
    selection.until = at_ + 1;
    const timeline::History nothing(demand_.properties().size());
    std::vector<const Group*> without_events;  // that are members without any event
    for (const Group& group : groups_)
      if (!rule_.needs_state() && rule::holds(rule_, group.truths, nothing, at_))
        without_events.push_back(&group);
    bitmap::Bitmap seen;
    const bool is_seen_asked = rule_.needs_state() || !without_events.empty();
    const auto take = [&](int64_t user_no, bool is_member) {
      if (is_member) members_.add(static_cast<uint32_t>(user_no));
      if (is_seen_asked) seen.add(static_cast<uint32_t>(user_no));
    };
    const auto is_undecided = [&](int64_t user_no, const auto& known) {
      const Group& group = group_of(static_cast<uint32_t>(user_no));
      const std::optional<bool> decided = decide(group.truths, known);
      if (decided) take(user_no, *decided);
      return !decided;
    };
    selection.may_want = is_undecided;
    selection.wants = is_undecided;
    if (rule_.needs_state()) {
      Needs needs;
      needs.add(rule_);
      for_each_user(spi_, demand_, needs, selection, [&](const rule::UserState& state) {
        if (!seen.contains(static_cast<uint32_t>(state.user_no)))
          take(state.user_no, rule::evaluate(rule_, state, at_).truth);
      });
      return;
    }
    timeline::read_all_histories(spi_, demand_, selection,
                                 [&](int64_t user_no, const timeline::History& history) {
                                   const Group& group = group_of(static_cast<uint32_t>(user_no));
                                   take(user_no, rule::holds(rule_, group.truths, history, at_));
                                 });
    for (const Group* group : without_events) {
      bitmap::Bitmap others = group->users;
      others -= seen;
      members_ |= others;
    }
  }

  pg::Spi& spi_;
  const rule::BoundRule& rule_;
  const timeline::Demand& demand_;
  Instant at_;
  std::span<const rule::Node* const> conditions_;
  std::vector<Outcome> outcomes_;
  std::vector<Group> groups_;
  bitmap::Bitmap members_;
};

}  // namespace

bitmap::Bitmap members_at(pg::Spi& spi, const rule::BoundRule& rule, const timeline::Demand& demand,
                          Instant at) {
  if (std::optional<bitmap::Bitmap> members = Search(spi, rule, demand, at).run()) return *std::move(members);
  bitmap::Bitmap members;
  Needs needs;
  needs.add(rule);
  for_each_user(spi, demand, needs, {}, [&](const rule::UserState& state) {
    if (rule::evaluate(rule, state, at).truth) members.add(static_cast<uint32_t>(state.user_no));
  });
  return members;
}

}  // namespace cdp::segment
