#include "segment/walk.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace cdp::segment {
namespace {

/// One user to whom events happen, with the rules that follow.
class Life {
 public:
  explicit Life(const std::vector<const char*>& rules) {
    std::vector<rule::BoundRule> bound;
    for (const char* text : rules) bound.push_back(rule::bind(rule::parse(text), demand_, {}));
    rules_ = RuleSet(std::move(bound));
    standing_.is_member.resize(rules.size());
  }

  void happen(const char* event, const char* at, const char* received_at = nullptr) {
    Occurrence occurrence;
    occurrence.event = demand_.event(event);
    occurrence.at = *parse_instant(at);
    occurrence.received_at = received_at != nullptr ? *parse_instant(received_at) : occurrence.at;
    events_.emplace_back(occurrence.at, occurrence.event);
    occurrences_.push_back(occurrence);
  }

  /// What changes up to `now`, as "rule +time reason" lines.
  std::vector<std::string> walk_to(const char* now) {
    std::stable_sort(events_.begin(), events_.end(), [](auto& a, auto& b) { return a.first < b.first; });
    timeline::History history(demand_.properties().size());
    std::vector<Json> none(demand_.properties().size());
    for (const auto& [time, event] : events_) history.add(time, event, none);
    const rule::UserState state{nullptr, &history, 1, "u"};
    std::vector<std::string> lines;
    WalkMemory memory(rules_, reach_);
    for (const Flip& flip : walk(rules_, state, occurrences_, *parse_instant(now), &standing_, memory))
      lines.push_back(std::to_string(flip.rule) + (flip.has_entered ? " + " : " - ") +
                      format_instant(flip.effective_at) + " " + name_of(flip.reason));
    occurrences_.clear();
    return lines;
  }

  /// Another person's event, who was merged into this one.
  void take_over(const char* event, const char* at) {
    events_.emplace_back(*parse_instant(at), demand_.event(event));
  }

  void merge(const char* at, const char* received_at) {
    occurrences_.push_back(
        {Occurrence::Kind::Everything, 0, *parse_instant(at), *parse_instant(received_at), Reason::Merge});
  }

  /// Up to which user each rule is evaluated; this one has number 1.
  void set_reach(std::vector<int64_t> reach) { reach_ = std::move(reach); }

  std::string next_due() const { return format_instant(standing_.dues.next()); }

  void evaluate_everything(const char* at) {
    occurrences_.push_back(
        {Occurrence::Kind::Everything, 0, *parse_instant(at), *parse_instant(at), Reason::Event});
  }

 private:
  timeline::Demand demand_;
  RuleSet rules_;
  Standing standing_;
  std::vector<int64_t> reach_;
  std::vector<std::pair<Instant, int>> events_;
  std::vector<Occurrence> occurrences_;
};

using Lines = std::vector<std::string>;

TEST(Walk, LeavesRulesAloneThatDoNotReachTheUserYet) {
  Life life({"did(view)", "did(view in last 1 hour)", "count(view) >= 1"});
  life.set_reach({0, 0, 1});
  life.happen("view", "2025-01-01T00:00:00Z");
  EXPECT_EQ(life.walk_to("2025-01-01T02:00:00Z"), Lines{"2 + 2025-01-01T00:00:00Z event"});
  // Nothing becomes due for them either.
  life.set_reach({1, 1, 1});
  EXPECT_EQ(life.walk_to("2025-01-01T03:00:00Z"), Lines{});
  life.happen("view", "2025-01-01T04:00:00Z");
  EXPECT_EQ(life.walk_to("2025-01-01T06:00:00Z"),
            (Lines{"0 + 2025-01-01T04:00:00Z event", "1 + 2025-01-01T04:00:00Z event",
                   "1 - 2025-01-01T05:00:00Z time"}));
}

// Scenario 1: inactivity, with the worker down while it becomes true.
TEST(Walk, AppliesTimeAfterAnOutageAtItsExactInstant) {
  Life life({"count(view) >= 10 and not did(any in last 7 days)"});
  for (int i = 0; i < 10; ++i) life.happen("view", ("2025-01-01T00:0" + std::to_string(i) + ":00Z").c_str());
  EXPECT_EQ(life.walk_to("2025-01-07T23:00:00Z"), Lines{});
  EXPECT_EQ(life.walk_to("2025-01-08T00:08:59.999999Z"), Lines{});
  life.happen("open", "2025-01-08T03:05:00Z");
  EXPECT_EQ(life.walk_to("2025-01-08T03:05:01Z"),
            (Lines{"0 + 2025-01-08T00:09:00Z time", "0 - 2025-01-08T03:05:00Z event"}));
}

// Scenario 2: the edge of a window, and the rule that enters where the other exits.
TEST(Walk, LeavesExactlyWhereTheWindowEnds) {
  const std::vector<const char*> rules{"count(purchase in last 30 days) >= 3",
                                       "count(purchase in last 30 days) <= 2"};
  Life life(rules);
  life.evaluate_everything("2025-01-01T00:00:00Z");
  EXPECT_EQ(life.walk_to("2025-01-01T00:00:00Z"), Lines{"1 + 2025-01-01T00:00:00Z event"});
  life.happen("purchase", "2025-01-01T12:00:00Z");
  life.happen("purchase", "2025-01-10T09:00:00Z");
  life.happen("purchase", "2025-01-20T09:00:00Z");
  EXPECT_EQ(life.walk_to("2025-01-31T11:59:59.999999Z"),
            (Lines{"0 + 2025-01-20T09:00:00Z event", "1 - 2025-01-20T09:00:00Z event"}));
  Life other = life;
  EXPECT_EQ(life.walk_to("2025-02-01T00:00:00Z"),
            (Lines{"0 - 2025-01-31T12:00:00Z time", "1 + 2025-01-31T12:00:00Z time"}));
  other.happen("purchase", "2025-01-31T11:59:59Z");
  EXPECT_EQ(other.walk_to("2025-02-09T08:59:59Z"), Lines{});
  EXPECT_EQ(other.walk_to("2025-02-09T09:00:00Z"),
            (Lines{"0 - 2025-02-09T09:00:00Z time", "1 + 2025-02-09T09:00:00Z time"}));
}

TEST(Walk, TakesALateEventWhenItWasReceived) {
  Life life({"count(view) >= 1", "did(view in last 30 days)"});
  life.happen("view", "2025-01-01T00:00:00Z", "2025-02-10T00:00:00Z");
  EXPECT_EQ(life.walk_to("2025-02-10T00:00:00Z"), Lines{"0 + 2025-02-10T00:00:00Z event"});
}

TEST(Walk, CallsAnEventBeforeWhatWasEvaluatedACorrection) {
  Life life({"did(cart) and not did(purchase)"});
  life.happen("cart", "2025-01-01T11:00:00Z");
  EXPECT_EQ(life.walk_to("2025-01-01T11:00:00Z"), Lines{"0 + 2025-01-01T11:00:00Z event"});
  life.happen("purchase", "2025-01-01T10:59:30Z", "2025-01-01T11:05:00Z");
  EXPECT_EQ(life.walk_to("2025-01-01T11:05:00Z"), Lines{"0 - 2025-01-01T11:05:00Z correction"});
}

TEST(Walk, CountsEventsBehindAMerge) {
  Life life({"count(buy) >= 2", "did(buy in last 1 minute)"});
  life.happen("buy", "2025-01-01T11:00:01Z");
  EXPECT_EQ(life.walk_to("2025-01-01T11:00:01Z"), Lines{"1 + 2025-01-01T11:00:01Z event"});
  life.merge("2025-01-01T11:00:02Z", "2025-01-01T11:02:00Z");
  life.take_over("buy", "2025-01-01T11:00:00Z");
  life.take_over("look", "2025-01-01T11:00:30Z");
  life.take_over("buy", "2025-01-01T11:00:03Z");
  EXPECT_EQ(life.walk_to("2025-01-01T11:02:00Z"),
            (Lines{"0 + 2025-01-01T11:00:02Z merge", "1 - 2025-01-01T11:01:03Z time"}));
}

TEST(Walk, TakesALateEventWhenItWasReceivedAlsoBehindAMerge) {
  Life life({"did(buy)"});
  life.evaluate_everything("2025-01-01T11:00:00Z");
  EXPECT_EQ(life.walk_to("2025-01-01T11:00:00Z"), Lines{});
  life.merge("2025-01-01T11:00:02Z", "2025-01-01T11:00:04Z");
  life.happen("buy", "2025-01-01T11:00:03Z", "2025-01-01T12:00:00Z");
  EXPECT_EQ(life.walk_to("2025-01-01T12:00:00Z"), Lines{"0 + 2025-01-01T12:00:00Z event"});
}

TEST(Walk, CountsEventsBehindAMergeOnly) {
  Life life({"count(buy) >= 2", "count(look) >= 1"});
  life.happen("buy", "2025-01-01T11:00:01Z");
  EXPECT_EQ(life.walk_to("2025-01-01T11:00:01Z"), Lines{});
  life.merge("2025-01-01T11:00:02Z", "2025-01-01T11:00:04Z");
  life.take_over("buy", "2025-01-01T11:00:03Z");
  life.take_over("look", "2025-01-01T11:00:05Z");
  EXPECT_EQ(life.walk_to("2025-01-01T11:00:06Z"),
            (Lines{"0 + 2025-01-01T11:00:03Z event", "1 + 2025-01-01T11:00:05Z event"}));
}

// Membership after any batching of the same events, at any instants, is what the rule says there.
TEST(Walk, EndsWhereTheRuleSaysWhateverTheBatches) {
  const std::vector<const char*> rules{"count(a in last 10 seconds) >= 2",
                                       "not did(any in last 7 seconds)",
                                       "did(a in last 5 seconds) and not did(b in last 3 seconds)",
                                       "count(b) between 2 and 3",
                                       "count(any in last 20 seconds) <= 1",
                                       "not did(b in last 3 seconds) or count(b) between 2 and 3"};
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    timeline::Demand demand;
    rule::ConditionNumbers numbers;
    std::vector<rule::BoundRule> bound;
    for (const char* text : rules) bound.push_back(rule::bind(rule::parse(text), demand, {}, &numbers));
    const RuleSet set(bound, numbers.size());
    const int names[] = {demand.event("a"), demand.event("b"), timeline::History::kOther};

    std::vector<std::pair<Instant, int>> events;
    for (int i = 0; i < 12; ++i)
      events.emplace_back(Instant{static_cast<int64_t>(random() % 40000) * kMillisecond},
                          names[random() % 3]);
    std::sort(events.begin(), events.end());

    Standing standing;
    standing.is_member.resize(rules.size());
    WalkMemory memory(set);
    timeline::History history;
    size_t next = 0;
    std::vector<Occurrence> occurrences{
        {Occurrence::Kind::Everything, 0, Instant{0}, Instant{0}, Reason::Event}};
    for (Instant now{0}; now.us < 60 * kSecond;
         now = now + static_cast<Micros>(random() % 5000) * kMillisecond) {
      for (; next < events.size() && events[next].first <= now; ++next) {
        history.add(events[next].first, events[next].second, {});
        occurrences.push_back({Occurrence::Kind::Event, events[next].second, events[next].first,
                               events[next].first, Reason::Event});
      }
      const rule::UserState state{nullptr, &history, 1, "u"};
      (void)walk(set, state, occurrences, now, &standing, memory);
      occurrences.clear();
      for (size_t i = 0; i < rules.size(); ++i)
        ASSERT_EQ(standing.is_member[i] != 0, rule::evaluate(bound[i], state, now).truth)
            << rules[i] << " at " << format_instant(now) << " round " << round;
    }
  }
}

TEST(Walk, TimeAsksOnlyRulesOfEventsThatTheUserHas) {
  timeline::Demand demand;
  std::vector<rule::BoundRule> bound;
  for (const char* text :
       {"did(a in last 1 day)", "abandoned(b, c within 1 hour)", "count(c) > 1", "did(any in last 1 day)",
        "not did(b today) and hour(now) < 12", "sessions(in last 1 day) > 1", "x for 3 days",
        "renewal in next 30 days or did(a)", "count(a this week) > 1 or count(d in last 1 day) = 0"})
    bound.push_back(rule::bind(rule::parse(text), demand, {}));
  const RuleSet rules(bound);
  const auto of_events = [&](const std::vector<const char*>& names) {
    timeline::History history(demand.properties().size());
    std::vector<Json> none(demand.properties().size());
    for (const char* name : names) history.add(Instant{0}, demand.event(name), none);
    std::vector<int> changed{17};
    rules.changed_by_time(history, &changed);
    return changed;
  };
  EXPECT_EQ(of_events({}), (std::vector<int>{3, 4, 5, 6, 7}));
  EXPECT_EQ(of_events({"a"}), (std::vector<int>{0, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(of_events({"c", "d"}), (std::vector<int>{1, 3, 4, 5, 6, 7, 8}));
}

TEST(Walk, AsksOnlyTheRulesThatAreKnownToBeDue) {
  Life life({"did(view in last 1 hour)", "did(view in last 2 hours)", "not did(view in last 1 hour)"});
  life.happen("view", "2025-01-01T00:00:00Z");
  EXPECT_EQ(life.walk_to("2025-01-01T00:00:00Z"),
            (Lines{"0 + 2025-01-01T00:00:00Z event", "1 + 2025-01-01T00:00:00Z event"}));
  // Another view puts the first rule off, and nothing is due at its old instant.
  life.happen("view", "2025-01-01T00:30:00Z");
  EXPECT_EQ(life.walk_to("2025-01-01T00:30:00Z"), Lines{});
  EXPECT_EQ(life.next_due(), "2025-01-01T01:30:00Z");
  EXPECT_EQ(life.walk_to("2025-01-01T02:30:00Z"),
            (Lines{"0 - 2025-01-01T01:30:00Z time", "2 + 2025-01-01T01:30:00Z time",
                   "1 - 2025-01-01T02:30:00Z time"}));
}

TEST(Walk, NeedsOnlyTheEventsBesideThoseThatHappened) {
  timeline::Demand demand;
  const RuleSet rules({rule::bind(rule::parse("did(a) and not did(b)"), demand, {}),
                       rule::bind(rule::parse("did(b)"), demand, {}),
                       rule::bind(rule::parse("did(c)"), demand, {}),
                       rule::bind(rule::parse("x = 1"), demand, {})});
  const int a = demand.event("a"), b = demand.event("b"), c = demand.event("c");
  EXPECT_EQ(*rules.events_beside(a), (std::vector<int>{a, b}));
  EXPECT_EQ(*rules.events_beside(b), (std::vector<int>{a, b}));
  EXPECT_EQ(*rules.events_beside(c), std::vector<int>{c});
  EXPECT_EQ(*rules.events_beside(timeline::History::kOther), std::vector<int>{});
  EXPECT_EQ(*rules.events_beside(17), std::vector<int>{});
  const RuleSet with_any(
      {rule::bind(rule::parse("did(a)"), demand, {}), rule::bind(rule::parse("did(any)"), demand, {})});
  EXPECT_EQ(with_any.events_beside(a), nullptr);
  EXPECT_EQ(*with_any.events_of(0), std::vector<int>{a});
  EXPECT_EQ(with_any.events_of(1), nullptr);
  EXPECT_EQ(with_any.events_beside(timeline::History::kOther), nullptr);
}

// Events and rules that are due, with no more of the history than they need, lead where the whole of it
// leads.
TEST(Walk, OfEventsAloneIsTheWalk) {
  const std::vector<const char*> texts{
      "count(a in last 10 seconds) >= 2",  "did(a) and not did(b in last 7 seconds)",
      "sequence(c, d in last 20 seconds)", "count(d) between 2 and 3",
      "last(c) more than 5 seconds ago",   "abandoned(b, c within 2 seconds)"};
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  int compared = 0, refused = 0, by_time = 0;
  for (int round = 0; round < 300; ++round) {
    timeline::Demand demand;
    rule::ConditionNumbers numbers;
    std::vector<rule::BoundRule> bound;
    for (const char* text : texts) bound.push_back(rule::bind(rule::parse(text), demand, {}, &numbers));
    const RuleSet rules(bound, numbers.size());
    WalkMemory memory(rules);
    Standing standing;
    standing.is_member.resize(texts.size());
    std::vector<std::pair<Instant, int>> events;
    Instant now{0};
    for (int step = 0; step < 12; ++step) {
      std::vector<Occurrence> occurrences;
      if (step == 0) occurrences.push_back({Occurrence::Kind::Everything, 0, now, now, Reason::Rule});
      for (uint64_t i = random() % 3; i > 0; --i) {
        const Instant at = now + static_cast<Micros>(random() % 3000) * kMillisecond;
        const int event = static_cast<int>(random() % demand.events().size());
        events.emplace_back(at, event);
        occurrences.push_back({Occurrence::Kind::Event, event, at, at, Reason::Event});
      }
      now = now + 3 * kSecond;
      std::stable_sort(events.begin(), events.end(), [](auto& x, auto& y) { return x.first < y.first; });
      timeline::History whole, needed;
      for (const auto& [at, event] : events) {
        whole.add(at, event, {});
        const auto asks = [event = event](const std::vector<int>* asked) {
          return std::binary_search(asked->begin(), asked->end(), event);
        };
        bool is_needed = std::any_of(
            occurrences.begin(), occurrences.end(),
            [&](const Occurrence& occurrence) { return asks(rules.events_beside(occurrence.event)); });
        for (size_t i = 0; i < standing.dues.rules().size(); ++i)
          is_needed |= standing.dues.instants()[i] <= now && asks(rules.events_of(standing.dues.rules()[i]));
        if (is_needed) needed.add(at, event, {});
      }
      // Nothing may be known of any rule but when the first is due, as of users read anew.
      if (random() % 4 == 0) standing.dues = DueRules(standing.dues.next());
      Standing after = standing;
      const std::vector<Flip> flips =
          walk(rules, rule::UserState{nullptr, &whole, 1, "u"}, occurrences, now, &after, memory);
      Standing other = standing;
      const auto of_events =
          walk_events(rules, rule::UserState{nullptr, &needed, 1, "u"}, occurrences, now, &other, memory);
      if (step > 0 && of_events) {
        ++compared;
        EXPECT_EQ(*of_events, flips);
        EXPECT_EQ(other.is_member, after.is_member);
        EXPECT_EQ(other.evaluated_at, after.evaluated_at);
        EXPECT_EQ(other.dues.next(), after.dues.next());
      }
      refused += step > 0 && !of_events ? 1 : 0;
      by_time +=
          static_cast<int>(of_events && std::any_of(of_events->begin(), of_events->end(),
                                                    [](auto& flip) { return flip.reason == Reason::Time; }));
      standing = after;
    }
  }
  EXPECT_GT(compared, 300);
  EXPECT_GT(refused, 100);
  EXPECT_GT(by_time, 100);
}

}  // namespace
}  // namespace cdp::segment
