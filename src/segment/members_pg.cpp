#include "pg/datum.hpp"
#include "pg/index_lookup.hpp"
#include "pg/memory.hpp"
#include "pg/ordered_scan.hpp"
#include "pg/spi.hpp"
#include "profile/columns.hpp"
#include "rule/compare.hpp"
#include "rule/decide.hpp"
#include "segment/indexed_rule.hpp"
#include "segment/members.hpp"
#include "segment/population.hpp"
#include "timeline/reader.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace cdp::segment {

namespace {

using profile::kProfileTraits;
using profile::kProfileUser;
using profile::kProfileUserId;

/// The most groups of users that are told apart.
constexpr size_t kMostGroups = IndexedRule::kMostParts;

/// Users for whom the conditions about the profile have the same truths, which do not decide the rule.
struct Group {
  rule::ProfileTruths truths;
  bitmap::Bitmap users;
};

/// Of fewer users than this share of all each is looked up by itself; else all are walked past.
constexpr uint64_t kSparse = 200;

/// Finds the members of a rule: by trait indexes, then by profiles, then by histories.
class Search {
 public:
  Search(pg::Spi& spi, const rule::BoundRule& rule, const timeline::Demand& demand, Instant at,
         const Needs& needs)
      : spi_(spi),
        rule_(rule),
        demand_(demand),
        at_(at),
        needs_(needs),
        conditions_(rule::profile_conditions(rule)) {}

  /// nullopt where the users fall into too many groups.
  std::optional<bitmap::Bitmap> run() {
    if (conditions_.size() > rule::kMostProfileConditions) return std::nullopt;
    IndexedRule indexed(rule_, spi_.sees());
    if (!(indexed.is_usable() ? ask_indexes(indexed) : read_profiles(nullptr))) return std::nullopt;
    if (!groups_.empty()) read_histories();
    return std::move(members_);
  }

 private:
  /// Reads the profiles of those of whom the indexes do not tell all that decides, and who changed since.
  bool ask_indexes(IndexedRule& indexed) {
    IndexedRule::Answer answer = indexed.answer();
    members_ = std::move(answer.members);
    bitmap::Bitmap unread = indexed.changed();
    if (!answer.open.is_empty()) {
      population_ = indexed.everyone().cardinality();
      std::optional<std::vector<IndexedRule::Part>> parts = indexed.parts_of(std::move(answer.open), unread);
      if (!parts) return false;
      for (const IndexedRule::Part& part : *parts)
        if (!add(part.users, part.truths)) return false;
    }
    if (unread.is_empty()) return true;
    if (population_ == 0) population_ = indexed.everyone().cardinality();
    return is_sparse(unread) ? look_profiles_up(unread) : read_profiles(&unread);
  }

  bool is_sparse(const bitmap::Bitmap& users) const { return users.cardinality() * kSparse < population_; }

  /// Walks past all profiles and reads those of `users`, or all; false if there are too many groups.
  bool read_profiles(const bitmap::Bitmap* users) {
    pg::OrderedScan profiles("cdp", "profile", "profile_pkey", spi_.sees(),
                             (conditions_.empty() ? kProfileUser : kProfileTraits) + 1);
    if (users != nullptr) profiles.set_filter(bitmap::Bitmap::has_user, users);
    profiles.seek(INT64_MIN, INT64_MAX);
    pg::Arena arena("cdp profiles");
    uint64_t profiles_read = 0;
    while (const auto profile = profiles.next()) {
      if (++profiles_read % 256 == 0) arena.reset();
      if (!take_profile(*profile, arena)) return false;
    }
    if (users == nullptr) population_ = profiles_read;
    return true;
  }

  bool look_profiles_up(const bitmap::Bitmap& users) {
    pg::IndexLookup profiles("cdp", "profile", "profile_pkey", spi_.sees());
    pg::Arena arena("cdp profiles");
    bool is_within_groups = true;
    users.for_each([&](uint32_t user_no) {
      if (!is_within_groups) return;
      arena.reset();
      profiles.find([&](const pg::StoredRow& profile) { is_within_groups = take_profile(profile, arena); },
                    static_cast<int64_t>(user_no));
    });
    return is_within_groups;
  }

  bool take_profile(const pg::StoredRow& profile, const pg::Arena& arena) {
    const auto user_no = static_cast<uint32_t>(profile.bigint(kProfileUser));
    if (conditions_.empty()) return add(user_no, 0);
    const pg::InContext in_arena(arena.context());
    return add(user_no, truths_of(profile));
  }

  rule::ProfileTruths truths_of(const pg::StoredRow& profile) const {
    rule::ProfileTruths truths = 0;
    for (size_t i = 0; i < conditions_.size(); ++i) {
      const rule::Node& condition = *conditions_[i];
      bool truth = false;
      if (const auto* comparison = condition.as<rule::Comparison>()) {
        const Json value = pg::json_at(profile.datum(kProfileTraits), comparison->path.names);
        truth = rule::holds(comparison->test, &value);
      } else if (const rule::UserSet* users = rule::users_of_condition(rule_, i)) {
        truth = users->users().contains(static_cast<uint32_t>(profile.bigint(kProfileUser)));
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
    const Outcome& outcome = outcome_of(truths);
    if (outcome.decided == false) return true;
    if (outcome.decided == true)
      members_.add(user_no);
    else
      groups_[outcome.group].users.add(user_no);
    return outcomes_.size() <= kMostGroups;
  }
  bool add(const bitmap::Bitmap& users, rule::ProfileTruths truths) {
    const Outcome& outcome = outcome_of(truths);
    if (outcome.decided == true) members_ |= users;
    if (!outcome.decided) groups_[outcome.group].users |= users;
    return outcomes_.size() <= kMostGroups;
  }

  /// What follows from the truths about the profile.
  struct Outcome {
    rule::ProfileTruths truths;
    std::optional<bool> decided;
    size_t group;
  };

  const Outcome& outcome_of(rule::ProfileTruths truths) {
    const auto known = std::find_if(outcomes_.begin(), outcomes_.end(),
                                    [&](const Outcome& outcome) { return outcome.truths == truths; });
    if (known != outcomes_.end()) return *known;
    const std::optional<bool> decided = rule::decide(rule_, truths, nullptr, at_);
    if (!decided) groups_.push_back({truths, {}});
    return outcomes_.emplace_back(Outcome{truths, decided, groups_.size() - 1});
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
    if (rule_.needs_state())
      read_states(users);
    else
      read_events(users);
  }

  /// Asks the rule of the whole state of users whom the index of their events does not decide.
  void read_states(const bitmap::Bitmap& users) {
    const auto ask = [&](const rule::UserState& state) {
      if (rule::evaluate(rule_, state, at_).truth) members_.add(static_cast<uint32_t>(state.user_no));
    };
    if (is_sparse(users)) {
      users.for_each([&](uint32_t user_no) { with_user(spi_, demand_, user_no, needs_, ask); });
      return;
    }
    bitmap::Bitmap decided;
    const auto take = [&](int64_t user_no, bool is_member) {
      decided.add(static_cast<uint32_t>(user_no));
      if (is_member) members_.add(static_cast<uint32_t>(user_no));
    };
    for_each_user(spi_, demand_, needs_, undecided(users, take), [&](const rule::UserState& state) {
      if (!decided.contains(static_cast<uint32_t>(state.user_no))) ask(state);
    });
  }

  /// Asks the rule of the events of users whom the index of their events does not decide.
  void read_events(const bitmap::Bitmap& users) {
    const timeline::History nothing(demand_.properties().size());
    std::vector<const Group*> without_events;  // that are members without any event
    for (const Group& group : groups_)
      if (rule::holds(rule_, group.truths, nothing, at_)) without_events.push_back(&group);
    bitmap::Bitmap seen;
    const auto take = [&](int64_t user_no, bool is_member) {
      if (is_member) members_.add(static_cast<uint32_t>(user_no));
      if (!without_events.empty()) seen.add(static_cast<uint32_t>(user_no));
    };
    const auto read = [&](int64_t user_no, const timeline::History& history) {
      const Group& group = group_of(static_cast<uint32_t>(user_no));
      take(user_no, rule::holds(rule_, group.truths, history, at_));
    };
    if (is_sparse(users)) {
      std::vector<int64_t> list;
      users.for_each([&](uint32_t user_no) { list.push_back(user_no); });
      timeline::read_histories(spi_, demand_, list, timeline::Numbers::ByValue, read);
      return add_without_events(without_events, seen);
    }
    timeline::read_all_histories(spi_, demand_, undecided(users, take), read);
    add_without_events(without_events, seen);
  }

  /// The histories of those whom the index of their events does not decide; `take` is told of the others.
  /// Both must outlive it.
  template <class Take>
  timeline::Selection undecided(const bitmap::Bitmap& users, const Take& take) const {
    timeline::Selection selection;
    selection.users = &users;
    if (const std::optional<Micros> lookback = rule_.lookback()) selection.since = (at_ - *lookback) + 1;
    selection.until = at_ + 1;
    const auto is_undecided = [this, &take](int64_t user_no, const auto& known) {
      const std::optional<bool> decided = decide(group_of(static_cast<uint32_t>(user_no)).truths, known);
      if (decided) take(user_no, *decided);
      return !decided;
    };
    selection.may_want = is_undecided;
    selection.wants = is_undecided;
    return selection;
  }

  /// Who was not seen has no events.
  void add_without_events(const std::vector<const Group*>& groups, const bitmap::Bitmap& seen) {
    for (const Group* group : groups) {
      bitmap::Bitmap others = group->users;
      others -= seen;
      members_ |= others;
    }
  }

  pg::Spi& spi_;
  const rule::BoundRule& rule_;
  const timeline::Demand& demand_;
  Instant at_;
  const Needs& needs_;
  std::span<const rule::Node* const> conditions_;
  uint64_t population_ = 0;  ///< how many users there are, about
  std::vector<Outcome> outcomes_;
  std::vector<Group> groups_;
  bitmap::Bitmap members_;
};

}  // namespace

bitmap::Bitmap members_at(pg::Spi& spi, const rule::BoundRule& rule, const timeline::Demand& demand,
                          Instant at, rule::Calls* asked) {
  Needs needs;
  needs.add(rule);
  needs.asked = asked;
  if (std::optional<bitmap::Bitmap> members = Search(spi, rule, demand, at, needs).run())
    return *std::move(members);
  bitmap::Bitmap members;
  for_each_user(spi, demand, needs, {}, [&](const rule::UserState& state) {
    if (rule::evaluate(rule, state, at).truth) members.add(static_cast<uint32_t>(state.user_no));
  });
  return members;
}

}  // namespace cdp::segment
