#include "rule_oracle.hpp"

#include "rule/compare.hpp"
#include "rule/decide.hpp"
#include "rule/rule.hpp"
#include "rule_random.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>

namespace cdp::rule {
namespace {

/// A value that is a time, or nearly one.
void add_time(RawUser& user, Json& values, const char* name, RandomRules& random) {
  const Instant time = random.instant();
  const std::string text = format_instant(time);
  const std::string date = text.substr(0, 10);
  switch (random.below(7)) {
    case 0:
      values.set(name, Json(date));
      user.times[name] = *parse_instant(date);
      return;
    case 1:
      values.set(name, Json(format_instant(time + 2 * kHour).substr(0, 19) + "+02:00"));
      user.times[name] = {time.us - time.us % kSecond};
      return;
    case 2:
      values.set(name, Json(text.substr(0, text.size() - 1)));
      return;
    case 3:
      values.set(name, random.value());
      return;
    default:
      values.set(name, Json(text));
      user.times[name] = time;
  }
}

/// Some of them are none.
Json random_location(RandomRules& random) {
  const char* latitudes[] = {"59.92", "60.5", "0.001", "-33", "91", "40"};
  const char* longitudes[] = {"10.7", "179.5", "-180.5", "0", "-3", "100"};
  Json location{Json::Object()};
  location.set("latitude", Json(*Decimal::parse(latitudes[random.below(6)])));
  location.set("longitude",
               random.chance(90) ? Json(*Decimal::parse(longitudes[random.below(6)])) : random.value());
  return location;
}

/// As a profile has them: when traits were set last, and since when they are so.
Json trait_times_of(const RawUser& user) {
  Json times{Json::Object()};
  for (const auto& [name, since] : user.since) {
    const bool is_repeated = since.us % 2 == 0 && name != "age";
    times.set(name,
              is_repeated ? Json(Json::Array{Json(since.us + kSecond), Json(since.us)}) : Json(since.us));
  }
  return times;
}

RawUser random_user(RandomRules& random) {
  RawUser user;
  for (const char* name : {"plan", "age", "Plan Name", "count"}) {
    if (random.chance(20)) continue;
    if (random.chance(15))
      user.traits.set(name, Json(Json::Array{random.value(), random.value()}));
    else
      user.traits.set(name, random.value());
  }
  if (random.chance(70))
    user.traits.set(random.chance(60) ? "time_zone" : "timezone",
                    random.chance(80) ? Json(zones()[random.below(zones().size())].name) : random.value());
  for (const char* name : {"renewal", "birth"}) add_time(user, user.traits, name, random);
  add_time(user, user.calls, "due", random);
  if (random.chance(80)) user.calls.set("score", random.value());
  user.calls.set("app", Json(Json::Object{{"Score", random.value()}, {"call", random.value()}}));
  for (const char* name : {"plan", "age", "Plan Name", "count", "renewal", "birth"})
    if (random.chance(85)) user.since[name] = random.instant();
  for (uint64_t i = 0, count = random.below(6); i < count; ++i) user.sessions.push_back(random.instant());
  std::sort(user.sessions.begin(), user.sessions.end());
  for (uint64_t i = 0, count = random.below(14); i < count; ++i) {
    RawEvent event{random.instant(), random.event_name(), Json(Json::Object()), Json(Json::Object())};
    for (const char* name : {"p", "q", "where"})
      if (random.chance(70)) event.properties.set(name, random.value());
    if (random.chance(20)) event.properties.set("context", Json(Json::Object{{"p", random.value()}}));
    if (random.chance(50)) event.context.set("p", random.value());
    if (random.chance(60)) event.context.set("location", random_location(random));
    user.events.push_back(std::move(event));
  }
  std::stable_sort(user.events.begin(), user.events.end(),
                   [](const RawEvent& a, const RawEvent& b) { return a.time < b.time; });
  return user;
}

/// What a reader of histories hands over for a demand: events not wanted are left out, or stand as others.
timeline::History history_of(const RawUser& user, const timeline::Demand& demand) {
  timeline::History history(demand.properties().size());
  for (const RawEvent& event : user.events) {
    int number = timeline::History::kOther;
    for (size_t i = 0; i < demand.events().size(); ++i)
      if (demand.events()[i] == event.name) number = static_cast<int>(i);
    if (number == timeline::History::kOther && !demand.wants_all_events()) continue;
    std::vector<Json> values;
    for (const timeline::PropertyPath& path : demand.properties()) {
      const bool is_context = path.root == timeline::PropertyPath::Root::Context;
      const Json* value = at_path(is_context ? event.context : event.properties, path.names);
      values.push_back(value != nullptr ? *value : Json());
    }
    history.add(event.time, number, values);
  }
  return history;
}

/// All instants at which anything could change, their neighbours, and ends.
std::vector<Instant> instants_of(const RawUser& user, const Scale& scale) {
  std::set<int64_t> all{-kSecond};
  const auto add = [&](int64_t us) {
    for (const int64_t neighbour : {-1, 0, 1}) all.insert(us + neighbour);
  };
  std::vector<Instant> times = user.sessions;
  for (const RawEvent& event : user.events) times.push_back(event.time);
  for (const auto& [name, time] : user.times)
    for (int64_t window = -12; window <= 12; ++window) add(time.us + window * scale.unit);
  for (const auto& [name, time] : user.since) times.push_back(time);
  for (const Instant time : times)
    for (int64_t window = 0; window <= 24; ++window) add(time.us + window * scale.unit);
  // Where days, weeks and months begin in the zones.
  for (int64_t hour = -36; hour <= 62 * 24; hour += 6)
    if (scale.unit > kHour || hour < 4 * 24 || (hour > 30 * 24 && hour < 32 * 24)) add(hour * kHour);
  all.insert(*all.rbegin() + kSecond);
  std::vector<Instant> instants;
  for (const int64_t us : all) instants.push_back({us});
  return instants;
}

timeline::HistorySummary summary_of(const timeline::History& history, size_t events) {
  timeline::HistorySummary summary(events);
  for (size_t i = 0; i < history.size(); ++i) {
    const timeline::Occurrences one{1, history.time(i), history.time(i)};
    if (history.event(i) != timeline::History::kOther) summary.add(history.event(i), one);
    summary.add_to_all(one);
  }
  return summary;
}

/// What is decided without a look at each event is what the oracle says.
class Decisions {
 public:
  Decisions(const BoundRule& rule, const UserState& state, size_t events)
      : rule_(rule), history_(*state.history), summary_(summary_of(history_, events)) {
    const std::span<const Node* const> conditions = profile_conditions(rule);
    for (size_t i = 0; i < conditions.size(); ++i) {
      const auto* comparison = conditions[i]->as<Comparison>();
      const bool truth = comparison != nullptr
                             ? holds(comparison->test, at_path(*state.traits, comparison->path.names))
                             : is_in_sample(*conditions[i], state);
      truths_ |= ProfileTruths{truth} << i;
    }
  }

  void expect(bool truth, Instant now) {
    ASSERT_TRUE(rule_.needs_state() || holds(rule_, truths_, history_, now) == truth);
    for (const timeline::HistorySummary* summary :
         {&summary_, static_cast<timeline::HistorySummary*>(nullptr)})
      if (const std::optional<bool> decided = decide(rule_, truths_, summary, now)) {
        ASSERT_EQ(*decided, truth) << (summary != nullptr ? "by counts" : "by profile");
        ++(summary != nullptr ? by_counts : by_profile);
      } else {
        ++undecided;
      }
  }

  void expect_by_size(bool truth, Instant now) {
    const std::optional<bool> decided = decide(rule_, truths_, summary_.all(), now);
    if (!decided) return;
    ASSERT_EQ(*decided, truth) << "by size";
    ++by_size;
  }

  inline static int64_t by_size = 0;
  inline static int64_t by_counts = 0;
  inline static int64_t by_profile = 0;
  inline static int64_t undecided = 0;

 private:
  const BoundRule& rule_;
  const timeline::History& history_;
  timeline::HistorySummary summary_;
  ProfileTruths truths_ = 0;
};

/// How many rules were compared from first to last.
int64_t compared = 0;

void check(const Rule& rule, bool is_single, uint64_t seed, RandomRules& random,
           const std::map<std::string, Rule>& segments, const Scale& scale = kSeconds) {
  const auto resolve = [&](const std::string& name) { return &segments.at(name); };
  timeline::Demand demand;
  demand.event("c");  // another rule of the same demand
  demand.property({timeline::PropertyPath::Root::Properties, {"another"}});
  const BoundRule bound = rule::bind(rule, demand, resolve);
  const RawUser user = random_user(random);
  const timeline::History history = history_of(user, demand);
  const Json trait_times = trait_times_of(user);
  RawCalls calls(user);
  const UserState state{&user.traits,  &history,      kUserNo,      kUserId,
                        user.sessions, &time_zones(), &trait_times, &calls};

  Decisions decisions(bound, state, demand.events().size());
  const std::vector<Instant> instants = instants_of(user, scale);
  std::vector<bool> truths;
  for (const Instant now : instants) {
    const Oracle oracle(user, now, segments);
    truths.push_back(oracle.truth(rule.root()));
    if (oracle.is_uncertain()) return;
  }
  ++compared;
  for (size_t i = 0; i < instants.size(); ++i) {
    const Verdict verdict = evaluate(bound, state, instants[i]);
    const auto where = [&] {
      std::string text = print(rule) + " at " + format_instant(instants[i]) + " seed " + std::to_string(seed);
      for (const RawEvent& event : user.events)
        text += "\n  " + format_instant(event.time) + " " + event.name + " " + event.properties.dump();
      return text;
    };
    ASSERT_EQ(verdict.truth, truths[i]) << where();
    decisions.expect(truths[i], instants[i]);
    decisions.expect_by_size(truths[i], instants[i]);
    ASSERT_FALSE(testing::Test::HasFatalFailure()) << where();
    ASSERT_GT(verdict.valid_until, instants[i]) << where();
    size_t next = i + 1;
    while (next < instants.size() && instants[next] < verdict.valid_until) {
      ASSERT_EQ(truths[next], truths[i]) << where() << "\n changes at " << format_instant(instants[next])
                                         << ", said " << format_instant(verdict.valid_until);
      ++next;
    }
    if (verdict.valid_until == Instant::max()) continue;
    ASSERT_TRUE(bound.is_time_dependent() ||
                (!user.events.empty() && verdict.valid_until <= user.events.back().time) ||
                (!user.sessions.empty() && verdict.valid_until <= user.sessions.back()))
        << where();
    if (!is_single) continue;
    ASSERT_LT(next, instants.size()) << where();
    ASSERT_EQ(instants[next], verdict.valid_until) << where();
    ASSERT_NE(truths[next], truths[i]) << where();
  }
}

std::map<std::string, Rule> some_segments(RandomRules& random) {
  std::map<std::string, Rule> segments;
  segments.emplace("s1", Rule(random.behaviour()));
  segments.emplace("in", Rule(random.behaviour()));
  segments.emplace("Staff Only", parse("in segment s1 or plan = 'x'"));
  segments.emplace("vip", parse("in segment \"Staff Only\" and not in segment \"in\""));
  return segments;
}

// Sanitizers take ten times as long, and find in a few rules what they look for.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CDP_SANITIZED 1
#endif
#endif
#ifdef CDP_SANITIZED
constexpr int kSlower = 6;
#else
constexpr int kSlower = 1;
#endif

TEST(RuleOracle, SingleConditionsAgreeAndTheirValidUntilIsExact) {
  for (uint64_t seed = 1; seed <= 6000 / kSlower; ++seed) {
    RandomRules random(seed);
    check(Rule(random.behaviour()), true, seed, random, {});
    if (HasFatalFailure()) return;
  }
}

TEST(RuleOracle, SingleConditionsAgreeOverDaysInTheUsersZone) {
  for (uint64_t seed = 1; seed <= 2500 / kSlower; ++seed) {
    RandomRules random(seed, kDays);
    check(Rule(random.behaviour()), true, seed, random, {}, kDays);
    if (HasFatalFailure()) return;
  }
}

TEST(RuleOracle, ConditionsAboutTheProfileAndThePresentAgree) {
  for (uint64_t seed = 1; seed <= 2000 / kSlower; ++seed) {
    const Scale& scale = seed % 2 == 0 ? kDays : kSeconds;
    RandomRules random(seed, scale);
    NodePointer node = random.present();
    // Of those each hour is a candidate, which the walk through candidates of other tests does not have.
    while (node->as<LocalNow>()) node = random.present();
    check(Rule(std::move(node)), true, seed, random, {}, scale);
    if (HasFatalFailure()) return;
  }
}

TEST(RuleOracle, TheHourAndTheWeekdayAreThoseOfTheZone) {
  for (uint64_t seed = 1; seed <= 400 / kSlower; ++seed) {
    RandomRules random(seed, kDays);
    NodePointer node = random.present();
    while (!node->as<LocalNow>()) node = random.present();
    const Rule rule(std::move(node));
    const RawUser user = random_user(random);
    timeline::Demand demand;
    const BoundRule bound = rule::bind(rule, demand, {});
    UserState state;
    state.traits = &user.traits;
    state.time_zones = &time_zones();
    const auto truth_at = [&](int64_t us) { return Oracle(user, {us}, {}).truth(rule.root()); };
    // Hour by hour, clocks being changed on the hour.
    for (int64_t us = -3 * kDay; us < 30 * kDay; us += kHour) {
      const Verdict verdict = evaluate(bound, state, {us + 1});
      ASSERT_EQ(verdict.truth, truth_at(us + 1)) << print(rule) << " seed " << seed;
      int64_t next = us + kHour;
      while (next < us + 40 * kDay && truth_at(next) == verdict.truth) next += kHour;
      const Instant expected = next < us + 40 * kDay ? Instant{next} : Instant::max();
      ASSERT_EQ(verdict.valid_until, expected)
          << print(rule) << " seed " << seed << " at " << format_instant({us});
      if (expected == Instant::max()) break;
    }
  }
}

TEST(RuleOracle, NumbersThatAreComputedAndPlacesAgree) {
  const int64_t before = compared;
  for (uint64_t seed = 1; seed <= 2000 / kSlower; ++seed) {
    RandomRules random(seed);
    check(Rule(random.chance(70) ? random.compare() : random.nearby()), true, seed, random, {});
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(compared - before, 1800 / kSlower);
}

TEST(RuleOracle, TreesAgreeAndHoldUntilTheySay) {
  const int64_t before = compared;
  for (uint64_t seed = 1; seed <= 3000 / kSlower; ++seed) {
    RandomRules random(seed);
    const std::map<std::string, Rule> segments = some_segments(random);
    check(Rule(random.tree(4)), false, seed, random, segments);
    if (HasFatalFailure()) return;
  }
  // Most of it must have been asked for the comparison to mean anything.
  EXPECT_GT(compared - before, 2900 / kSlower);
  EXPECT_GT(Decisions::by_size, 10000 / kSlower);
  EXPECT_GT(Decisions::by_counts, 10000 / kSlower);
  EXPECT_GT(Decisions::by_profile, 10000 / kSlower);
  EXPECT_GT(Decisions::undecided, 10000 / kSlower);
}

}  // namespace
}  // namespace cdp::rule
