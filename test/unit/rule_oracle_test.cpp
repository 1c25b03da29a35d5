#include "rule/compare.hpp"
#include "rule/decide.hpp"
#include "rule/rule.hpp"
#include "rule_random.hpp"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <set>

/// A second evaluator, written from the meaning of the language and in the slowest way: it looks at every
/// event at every instant, knows no valid_until and shares no code with the one under test.
namespace cdp::rule {
namespace {

struct RawEvent {
  Instant time;
  std::string name;
  Json properties;
  Json context;
};

struct RawUser {
  Json traits = Json(Json::Object());
  std::vector<RawEvent> events;
};

constexpr int64_t kUserNo = 4711;
constexpr const char* kUserId = "u-1";

const Json* at_path(const Json& root, const std::vector<std::string>& names) {
  const Json* at = &root;
  for (const std::string& name : names) {
    if (at->object() == nullptr) return nullptr;
    const Json* next = nullptr;
    for (const Json::Member& member : *at->object())
      if (member.name == name) next = &member.value;
    if (next == nullptr) return nullptr;
    at = next;
  }
  return at;
}

bool like(const char* text, const char* pattern, bool ignores_case) {
  if (*pattern == '\0') return *text == '\0';
  if (*pattern == '%')
    return like(text, pattern + 1, ignores_case) || (*text && like(text + 1, pattern, ignores_case));
  if (*text == '\0') return false;
  if (*pattern == '_') return like(text + 1, pattern + 1, ignores_case);
  if (*pattern == '\\') ++pattern;
  const bool is_same = ignores_case ? std::tolower(*text) == std::tolower(*pattern) : *text == *pattern;
  return is_same && like(text + 1, pattern + 1, ignores_case);
}

bool equal(const Json& a, const Json& b) {
  if (std::string(a.kind_name()) != b.kind_name()) return false;
  if (a.number()) return a.number()->to_double() == b.number()->to_double();
  if (a.string()) return *a.string() == *b.string();
  if (a.boolean()) return *a.boolean() == *b.boolean();
  return false;
}

bool less(const Json& a, const Json& b) {
  if (std::string(a.kind_name()) != b.kind_name()) return false;
  if (a.number()) return a.number()->to_double() < b.number()->to_double();
  if (a.string()) return std::strcmp(a.string()->c_str(), b.string()->c_str()) < 0;
  if (a.boolean()) return !*a.boolean() && *b.boolean();
  return false;
}

bool test_holds(const Test& test, const Json* value) {
  const bool is_absent = value == nullptr || value->is_null();
  if (test.op == Operator::IsNull) return is_absent;
  if (test.op == Operator::IsNotNull) return !is_absent;
  if (is_absent) return false;
  const auto& operands = test.operands;
  bool has_null = false;
  for (const Json& operand : operands) has_null = has_null || operand.is_null();
  const auto one_of = [&] {
    return std::any_of(operands.begin(), operands.end(), [&](const Json& x) { return equal(*value, x); });
  };
  const auto at_most = [](const Json& a, const Json& b) { return less(a, b) || equal(a, b); };
  const auto is_between = [&] { return at_most(operands[0], *value) && at_most(*value, operands[1]); };
  const auto is_like = [&](bool ignores_case) {
    return value->string() && like(value->string()->c_str(), operands[0].string()->c_str(), ignores_case);
  };
  const auto has_part = [&] {
    if (const auto* items = value->array())
      return std::any_of(items->begin(), items->end(), [&](const Json& x) { return equal(x, operands[0]); });
    return value->string() && operands[0].string() &&
           value->string()->find(*operands[0].string()) != std::string::npos;
  };
  switch (test.op) {
    case Operator::Equal:
    case Operator::In:
      return one_of();
    case Operator::NotEqual:
    case Operator::NotIn:
      return !has_null && !one_of();
    case Operator::Less:
      return less(*value, operands[0]);
    case Operator::LessEqual:
      return at_most(*value, operands[0]);
    case Operator::Greater:
      return less(operands[0], *value);
    case Operator::GreaterEqual:
      return at_most(operands[0], *value);
    case Operator::Between:
      return is_between();
    case Operator::NotBetween:
      return !has_null && !is_between();
    case Operator::Like:
      return is_like(false);
    case Operator::NotLike:
      return !is_like(false);
    case Operator::ILike:
      return is_like(true);
    case Operator::NotILike:
      return !is_like(true);
    case Operator::Contains:
      return has_part();
    case Operator::NotContains:
      return !has_null && !has_part();
    default:
      return false;
  }
}

class Oracle {
 public:
  Oracle(const RawUser& user, Instant now, const std::map<std::string, Rule>& segments)
      : user_(user), now_(now), segments_(segments) {}

  bool truth(const Node& node) const {
    if (const auto* constant = node.as<Constant>()) return constant->truth;
    if (const auto* all = node.as<And>())
      return std::all_of(all->parts.begin(), all->parts.end(), [&](const auto& p) { return truth(*p); });
    if (const auto* any = node.as<Or>())
      return std::any_of(any->parts.begin(), any->parts.end(), [&](const auto& p) { return truth(*p); });
    if (const auto* negation = node.as<Not>()) return !truth(*negation->part);
    if (const auto* comparison = node.as<Comparison>())
      return test_holds(comparison->test, at_path(user_.traits, comparison->path.names));
    if (const auto* membership = node.as<InSegment>()) return truth(segments_.at(membership->name).root());
    if (const auto* sample = node.as<Sample>()) {
      // The seeds of the tests; independent of the hash only at the ends, elsewhere asked of a whole rule.
      const Rule sampled(std::make_shared<const Node>(Node{*sample}));
      timeline::Demand demand;
      UserState state;
      state.user_no = kUserNo;
      state.user_id = kUserId;
      return evaluate(rule::bind(sampled, demand, {}), state, now_).truth;
    }
    if (const auto* aggregate = node.as<Aggregate>()) return aggregate_holds(*aggregate);
    if (const auto* moment = node.as<Moment>()) return moment_holds(*moment);
    if (const auto* sequence = node.as<Sequence>()) return sequence_holds(*sequence, 0, now_, now_);
    return abandoned_holds(*node.as<Abandoned>());
  }

 private:
  bool takes(const EventFilter& filter, const RawEvent& event) const {
    if (event.time > now_) return false;
    if (filter.event && *filter.event != event.name) return false;
    return filter.where == nullptr || clause_holds(*filter.where, event);
  }

  bool clause_holds(const Node& node, const RawEvent& event) const {
    if (const auto* all = node.as<And>()) {
      for (const auto& part : all->parts)
        if (!clause_holds(*part, event)) return false;
      return true;
    }
    if (const auto* any = node.as<Or>()) {
      for (const auto& part : any->parts)
        if (clause_holds(*part, event)) return true;
      return false;
    }
    if (const auto* negation = node.as<Not>()) return !clause_holds(*negation->part, event);
    return test_holds(node.as<Comparison>()->test, value(node.as<Comparison>()->path, event));
  }

  static const Json* value(const ValuePath& path, const RawEvent& event) {
    return at_path(path.root == ValuePath::Root::Context ? event.context : event.properties, path.names);
  }

  bool is_in_window(Instant time, std::optional<Micros> last) const {
    return time <= now_ && (!last || time.us > now_.us - *last);
  }

  bool aggregate_holds(const Aggregate& aggregate) const {
    using Function = Aggregate::Function;
    int64_t count = 0;
    std::vector<double> numbers;  // all of them are multiples of 1/2: exact in a double
    std::vector<Json> different;
    for (const RawEvent& event : user_.events) {
      if (!is_in_window(event.time, aggregate.last) || !takes(aggregate.events, event)) continue;
      ++count;
      if (aggregate.function < Function::Sum) continue;
      const Json* measured = value(aggregate.measured, event);
      if (measured == nullptr || measured->is_null()) continue;
      if (measured->number()) numbers.push_back(measured->number()->to_double());
      if (std::none_of(different.begin(), different.end(),
                       [&](const Json& x) { return equal(x, *measured); }))
        different.push_back(*measured);
    }
    if (aggregate.function == Function::Did) return count > 0;
    double result = 0;
    double scale = 1;
    double sum = 0;
    for (const double number : numbers) sum += number;
    switch (aggregate.function) {
      case Function::Count:
        result = static_cast<double>(count);
        break;
      case Function::Sum:
        result = sum;
        break;
      case Function::Distinct:
        result = static_cast<double>(different.size());
        break;
      default:
        if (numbers.empty()) return false;
        scale = aggregate.function == Function::Avg ? static_cast<double>(numbers.size()) : 1;
        result = aggregate.function == Function::Avg   ? sum
                 : aggregate.function == Function::Min ? *std::min_element(numbers.begin(), numbers.end())
                                                       : *std::max_element(numbers.begin(), numbers.end());
    }
    Test scaled = aggregate.test;
    for (Json& operand : scaled.operands)
      operand = Json(*operand.number() * Decimal(static_cast<int64_t>(scale)));
    const Json value(*Decimal::parse(std::to_string(static_cast<int64_t>(result * 10)) + "e-1"));
    return test_holds(scaled, &value);
  }

  bool moment_holds(const Moment& moment) const {
    std::optional<Instant> time;
    for (const RawEvent& event : user_.events) {
      if (!takes(moment.events, event)) continue;
      if (!time || (moment.is_first ? event.time < *time : event.time > *time)) time = event.time;
    }
    if (!time) return false;
    switch (moment.test) {
      case Moment::Test::InLast:
        return time->us > now_.us - moment.last;
      case Moment::Test::Before:
        return time->us < moment.from.us;
      case Moment::Test::After:
        return time->us > moment.from.us;
      default:
        return time->us >= moment.from.us && time->us <= moment.to.us;
    }
  }

  bool sequence_holds(const Sequence& sequence, size_t step, Instant first, Instant previous) const {
    if (step == sequence.steps.size()) return !sequence.within || previous.us - first.us <= *sequence.within;
    for (const RawEvent& event : user_.events) {
      if (!is_in_window(event.time, sequence.last) || !takes(sequence.steps[step], event)) continue;
      if (step > 0 && event.time <= previous) continue;
      if (sequence_holds(sequence, step + 1, step == 0 ? event.time : first, event.time)) return true;
    }
    return false;
  }

  bool abandoned_holds(const Abandoned& abandoned) const {
    std::optional<Instant> latest;
    for (const RawEvent& event : user_.events)
      if (takes(abandoned.first, event) && (!latest || event.time > *latest)) latest = event.time;
    if (!latest || !is_in_window(*latest, abandoned.last)) return false;
    if (now_.us <= latest->us + abandoned.within) return false;
    for (const RawEvent& event : user_.events)
      if (takes(abandoned.then, event) && event.time > *latest &&
          event.time.us <= latest->us + abandoned.within)
        return false;
    return true;
  }

  const RawUser& user_;
  Instant now_;
  const std::map<std::string, Rule>& segments_;
};

RawUser random_user(RandomRules& random) {
  RawUser user;
  for (const char* name : {"plan", "age", "Plan Name", "count"}) {
    if (random.chance(20)) continue;
    if (random.chance(15))
      user.traits.set(name, Json(Json::Array{random.value(), random.value()}));
    else
      user.traits.set(name, random.value());
  }
  for (uint64_t i = 0, count = random.below(14); i < count; ++i) {
    RawEvent event{random.instant(), random.event_name(), Json(Json::Object()), Json(Json::Object())};
    for (const char* name : {"p", "q", "where"})
      if (random.chance(70)) event.properties.set(name, random.value());
    if (random.chance(20)) event.properties.set("context", Json(Json::Object{{"p", random.value()}}));
    if (random.chance(50)) event.context.set("p", random.value());
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
std::vector<Instant> instants_of(const RawUser& user) {
  std::set<int64_t> all{-kSecond};
  for (const RawEvent& event : user.events)
    for (int64_t window = 0; window <= 12; ++window)
      for (const int64_t neighbour : {-1, 0, 1}) all.insert(event.time.us + window * kSecond + neighbour);
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
    ASSERT_EQ(holds(rule_, truths_, history_, now), truth);
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

void check(const Rule& rule, bool is_single, uint64_t seed, RandomRules& random,
           const std::map<std::string, Rule>& segments) {
  const auto resolve = [&](const std::string& name) { return &segments.at(name); };
  timeline::Demand demand;
  demand.event("c");  // another rule of the same demand
  demand.property({timeline::PropertyPath::Root::Properties, {"another"}});
  const BoundRule bound = rule::bind(rule, demand, resolve);
  const RawUser user = random_user(random);
  const timeline::History history = history_of(user, demand);
  const UserState state{&user.traits, &history, kUserNo, kUserId};

  Decisions decisions(bound, state, demand.events().size());
  const std::vector<Instant> instants = instants_of(user);
  std::vector<bool> truths;
  for (const Instant now : instants) truths.push_back(Oracle(user, now, segments).truth(rule.root()));
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
    ASSERT_TRUE(bound.is_time_dependent() || verdict.valid_until <= user.events.back().time) << where();
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

TEST(RuleOracle, SingleConditionsAgreeAndTheirValidUntilIsExact) {
  for (uint64_t seed = 1; seed <= 6000; ++seed) {
    RandomRules random(seed);
    check(Rule(random.behaviour()), true, seed, random, {});
    if (HasFatalFailure()) return;
  }
}

TEST(RuleOracle, TreesAgreeAndHoldUntilTheySay) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    RandomRules random(seed);
    const std::map<std::string, Rule> segments = some_segments(random);
    check(Rule(random.tree(4)), false, seed, random, segments);
    if (HasFatalFailure()) return;
  }
  // Most of it must have been asked for the comparison to mean anything.
  EXPECT_GT(Decisions::by_size, 10000);
  EXPECT_GT(Decisions::by_counts, 10000);
  EXPECT_GT(Decisions::by_profile, 10000);
  EXPECT_GT(Decisions::undecided, 10000);
}

}  // namespace
}  // namespace cdp::rule
