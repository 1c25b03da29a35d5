#include "base/interrupt.hpp"
#include "pg/index_lookup.hpp"
#include "pg/spi.hpp"
#include "rule/decide.hpp"
#include "rule/plan.hpp"
#include "segment/indexed_rule.hpp"
#include "segment/population.hpp"
#include "segment/reading_plan.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace cdp::segment {

namespace {

/// Users that are looked at for an estimate.
constexpr uint64_t kSampleSize = 200;

/// All users, as far as that is known without reading them.
struct Population {
  std::vector<int64_t> sample;
  int64_t users = 0;  ///< about
};

/// Numbers evenly spread over all that were given out.
Population sampled_population(pg::Spi& spi) {
  static pg::Query last("SELECT coalesce(max(user_no), 0) FROM cdp.profile");
  const int64_t last_user = last(spi).bigint(0, 0);
  pg::IndexLookup profiles("cdp", "profile", "profile_pkey", spi.sees());
  const auto probes = std::min<int64_t>(last_user, kSampleSize);
  Population population;
  for (int64_t i = 0; i < probes; ++i) {
    const int64_t user_no = 1 + i * last_user / probes;
    profiles.find([&](const pg::StoredRow&) { population.sample.push_back(user_no); }, user_no);
  }
  if (probes > 0) population.users = last_user * static_cast<int64_t>(population.sample.size()) / probes;
  return population;
}

std::vector<int64_t> sample_of(const bitmap::Bitmap& users) {
  const uint64_t size = users.cardinality();
  const uint64_t probes = std::min(size, kSampleSize);
  std::vector<int64_t> sample;
  for (uint64_t i = 0; i < probes; ++i) sample.push_back(*users.nth(i * size / probes));
  return sample;
}

class Plan {
 public:
  Plan(pg::Spi& spi, const rule::BoundRule& rule, const timeline::Demand& demand, Instant at,
       rule::Calls* asked)
      : spi_(spi), rule_(rule), demand_(demand), at_(at), indexed_(rule, spi.sees()) {
    needs_.add(rule);
    needs_.asked = asked;
  }

  Json describe() {
    Json::Object plan{{"rule", Json(rule::print(*rule_.plan().root.node))}};
    describe_conditions(rule_.plan().root);
    plan.push_back({"conditions", Json(std::move(conditions_))});
    if (indexed_.is_usable() && is_within_limit())
      describe_indexed(plan);
    else
      describe_unindexed(plan);
    return Json(std::move(plan));
  }

 private:
  bool is_within_limit() const {
    return rule::profile_conditions(rule_).size() <= rule::kMostProfileConditions;
  }

  void describe_conditions(const rule::Bound& bound) {
    if (!bound.parts.empty()) {
      for (const rule::Bound& part : bound.parts) describe_conditions(part);
      return;
    }
    if (bound.node->as<rule::Constant>() != nullptr) return;
    Json::Object condition{{"condition", Json(rule::print(*bound.node))}};
    if (bound.profile_condition >= 0)
      describe_profile_condition(condition, static_cast<size_t>(bound.profile_condition));
    else if (bound.reads_history)
      describe_behaviour(condition, bound);
    else
      condition.push_back({"reads", Json(bound.calls ? "function" : "profiles")});
    conditions_.emplace_back(std::move(condition));
  }

  void describe_profile_condition(Json::Object& condition, size_t number) {
    if (const rule::UserSet* listed = rule::users_of_condition(rule_, number)) {
      condition.push_back({"reads", Json("segment")});
      condition.push_back({"users", count(listed->users())});
      return;
    }
    if (!is_within_limit() || (indexed_.indexed() >> number & 1) == 0) {
      condition.push_back({"reads", Json("profiles")});
      return;
    }
    condition.push_back({"reads", Json("index")});
    condition.push_back({"users", count(elements(UserSet(indexed_.where(number))))});
  }

  void describe_behaviour(Json::Object& condition, const rule::Bound& bound) {
    condition.push_back({"reads", Json("histories")});
    const rule::References references = rule::references(rule::Rule(bound.node));
    Json::Array events;
    for (const std::string& event : references.events) events.emplace_back(event);
    condition.push_back({"events", references.any_event ? Json("any") : Json(std::move(events))});
    condition.push_back({"since", since(rule::lookback_of(bound))});
  }

  Json since(std::optional<Micros> lookback) const {
    return lookback ? Json(format_instant(at_ - *lookback)) : Json();
  }

  bitmap::Bitmap elements(UserSet set) {
    return std::move(set).resolve([this]() -> const bitmap::Bitmap& { return indexed_.everyone(); });
  }

  static Json count(const bitmap::Bitmap& users) { return Json(static_cast<int64_t>(users.cardinality())); }

  void describe_indexed(Json::Object& plan) {
    const IndexedRule::Answer answer = indexed_.answer();
    bitmap::Bitmap unread = indexed_.changed();
    if (!indexed_.parts_of(answer.open, unread)) unread |= answer.open;
    bitmap::Bitmap undecided = answer.open;
    undecided |= indexed_.changed();
    const auto members = static_cast<int64_t>(answer.members.cardinality());
    const auto rest = static_cast<int64_t>(undecided.cardinality());
    describe_reading(plan, static_cast<int64_t>(unread.cardinality()), rest);
    const std::vector<int64_t> sample = sample_of(undecided);
    const int64_t estimate =
        sample.empty() ? 0 : scaled(members_among(sample), static_cast<int64_t>(sample.size()), rest);
    describe_users(plan, members, members + rest, members + estimate);
  }

  void describe_unindexed(Json::Object& plan) {
    const Population population = sampled_population(spi_);
    describe_reading(plan, population.users, population.users);
    const auto size = static_cast<int64_t>(population.sample.size());
    describe_users(plan, 0, std::nullopt,
                   size == 0 ? 0 : scaled(members_among(population.sample), size, population.users));
  }

  void describe_reading(Json::Object& plan, int64_t profiles, int64_t histories) const {
    const bool reads_history = rule_.plan().root.reads_history;
    plan.push_back({"profiles", Json(profiles)});
    plan.push_back({"histories", Json(reads_history ? histories : 0)});
    plan.push_back({"since", reads_history ? since(rule_.lookback()) : Json()});
  }

  static void describe_users(Json::Object& plan, int64_t least, std::optional<int64_t> most, int64_t about) {
    plan.push_back({"users", Json(Json::Object{{"at_least", Json(least)},
                                               {"at_most", most ? Json(*most) : Json()},
                                               {"about", Json(about)}})});
  }

  static int64_t scaled(int64_t found, int64_t sample, int64_t users) {
    return std::llround(static_cast<double>(found) / static_cast<double>(sample) *
                        static_cast<double>(users));
  }

  int64_t members_among(const std::vector<int64_t>& users) {
    int64_t members = 0;
    for (const int64_t user_no : users) {
      check_interrupts();
      with_user(spi_, demand_, user_no, needs_, [&](const rule::UserState& state) {
        members += rule::evaluate(rule_, state, at_).truth ? 1 : 0;
      });
    }
    return members;
  }

  pg::Spi& spi_;
  const rule::BoundRule& rule_;
  const timeline::Demand& demand_;
  Instant at_;
  Needs needs_;
  IndexedRule indexed_;
  Json::Array conditions_;
};

}  // namespace

Json reading_plan(pg::Spi& spi, const rule::BoundRule& rule, const timeline::Demand& demand, Instant at,
                  rule::Calls* asked) {
  return Plan(spi, rule, demand, at, asked).describe();
}

}  // namespace cdp::segment
