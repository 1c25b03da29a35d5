#include "rule/decide.hpp"

#include "rule/compare.hpp"
#include "rule/plan.hpp"

#include <algorithm>

namespace cdp::rule {

namespace {

using Truth = std::optional<bool>;
using timeline::HistorySummary;
using timeline::Occurrences;

/// How many events there may be: at least and at most.
struct Count {
  uint64_t least = 0;
  uint64_t most = 0;
};

/// Of these occurrences, those in a window. A window of which nothing is known but the ends of the
/// occurrences holds all of them, none, or some.
Count count_in(const Occurrences& events, const Window& window, Instant now) {
  if (events.count == 0 || events.first > now) return {};
  if (window.is_calendar()) {
    // Where it begins depends on the person's zone.
    return events.last <= now - *lookback_of(window) ? Count() : Count{0, events.count};
  }
  const Span span = MovingWindow(window, nullptr).span_at(now);
  if (events.last < span.begin || events.first >= span.end || span.end <= span.begin) return {};
  const auto is_in = [&](Instant time) { return time >= span.begin && time < span.end; };
  const bool is_first_in = is_in(events.first);
  const bool is_last_in = is_in(events.last);
  if (is_first_in && is_last_in) return {events.count, events.count};
  Count count{uint64_t{is_first_in || is_last_in}, events.count};
  if (!is_first_in) --count.most;
  if (!is_last_in && events.count > 1) --count.most;
  return count;
}

bool holds_for(const Test& test, uint64_t count) {
  return holds(test, Decimal(static_cast<int64_t>(count)), 1);
}

class Decider {
 public:
  /// At most one of `summary` and `all` is given.
  Decider(ProfileTruths profile, const HistorySummary* summary, const Occurrences* all, Instant now)
      : profile_(profile), summary_(summary), all_(all), now_(now) {}

  Truth decide(const Bound& bound) const {
    if (bound.node->as<And>()) return combined(bound, false);
    if (bound.node->as<Or>()) return combined(bound, true);
    if (bound.node->as<Not>()) {
      const Truth part = decide(bound.parts.front());
      return part ? Truth(!*part) : part;
    }
    if (bound.profile_condition >= 0) return (profile_ >> bound.profile_condition & 1) != 0;
    if (bound.node->as<InSegment>()) return decide(bound.parts.front());
    if (const auto* constant = bound.node->as<Constant>()) return constant->truth;
    if (!bound.reads_history) return std::nullopt;
    return summary_ != nullptr || all_ != nullptr ? decide_behaviour(bound) : std::nullopt;
  }

 private:
  Truth combined(const Bound& bound, bool deciding) const {
    bool is_known = true;
    for (const Bound& part : bound.parts) {
      const Truth truth = decide(part);
      if (truth == deciding) return deciding;
      is_known = is_known && truth.has_value();
    }
    return is_known ? Truth(!deciding) : std::nullopt;
  }

  /// How many events a filter takes in a window.
  Count count(const BoundFilter& filter, const Window& window) const {
    const Occurrences& events = summary_ == nullptr ? *all_
                                : filter.is_any     ? summary_->all()
                                                    : summary_->event(filter.event);
    Count count = count_in(events, window, now_);
    if (!filter.where.empty() || (summary_ == nullptr && !filter.is_any)) count.least = 0;
    return count;
  }

  Truth decide_behaviour(const Bound& bound) const {
    if (const auto* aggregate = bound.node->as<Aggregate>()) return decide_aggregate(bound, *aggregate);
    if (const auto* moment = bound.node->as<Moment>()) {
      // Nothing in the window: neither the first nor the last one is.
      return count(bound.filters.front(), moment->window).most == 0 ? Truth(false) : std::nullopt;
    }
    if (const auto* sequence = bound.node->as<Sequence>()) {
      const bool lacks_a_step =
          std::any_of(bound.filters.begin(), bound.filters.end(),
                      [&](const BoundFilter& step) { return count(step, sequence->window).most == 0; });
      return lacks_a_step ? Truth(false) : std::nullopt;
    }
    if (const auto* abandoned = bound.node->as<Abandoned>())
      return count(bound.filters.front(), abandoned->window).most == 0 ? Truth(false) : std::nullopt;
    // Compare, Nearby: only the events tell; without any, nobody is anywhere.
    const bool is_nowhere = bound.node->as<Nearby>() && count(bound.filters.front(), Window()).most == 0;
    return is_nowhere ? Truth(false) : std::nullopt;
  }

  Truth decide_aggregate(const Bound& bound, const Aggregate& aggregate) const {
    using Function = Aggregate::Function;
    if (aggregate.function == Function::Sessions) return std::nullopt;
    const Count found = count(bound.filters.front(), aggregate.window);
    switch (aggregate.function) {
      case Function::Did:
        if (found.least > 0) return true;
        return found.most == 0 ? Truth(false) : std::nullopt;
      case Function::Days:
        // On one day at least, on another for each event at most.
        return decide_count(aggregate.test, {std::min<uint64_t>(found.least, 1), found.most});
      case Function::Count:
        return decide_count(aggregate.test, found);
      case Function::Most:
        return found.most == 0 ? Truth(holds(aggregate.test, nullptr)) : std::nullopt;
      case Function::Sum:
      case Function::Distinct:
        return found.most == 0 ? Truth(holds_for(aggregate.test, 0)) : std::nullopt;
      case Function::Avg:
      case Function::Min:
      case Function::Max:
      case Function::Sessions:
        return found.most == 0 ? Truth(false) : std::nullopt;
    }
    return std::nullopt;
  }

  /// A number that is somewhere between.
  static Truth decide_count(const Test& test, const Count& count) {
    const bool truth = holds_for(test, count.least);
    if (count.least == count.most) return truth;
    const bool is_monotone = test.op >= Operator::Less && test.op <= Operator::GreaterEqual;
    return is_monotone && truth == holds_for(test, count.most) ? Truth(truth) : std::nullopt;
  }

  ProfileTruths profile_;
  const HistorySummary* summary_;
  const Occurrences* all_;
  Instant now_;
};

/// Looks for conditions about the profile that are not known and may matter.
class OpenConditions {
 public:
  OpenConditions(ProfileTruths profile, ProfileTruths known) : profile_(profile), known_(known) {}

  /// What is known of a part, and the conditions on which the rest depends.
  struct Part {
    Truth truth;
    ProfileTruths open = 0;
  };

  Part look(const Bound& bound) const {
    if (bound.node->as<And>()) return combined(bound, false);
    if (bound.node->as<Or>()) return combined(bound, true);
    if (bound.node->as<Not>()) {
      Part part = look(bound.parts.front());
      if (part.truth) part.truth = !*part.truth;
      return part;
    }
    if (bound.profile_condition >= 0) {
      const ProfileTruths condition = ProfileTruths{1} << bound.profile_condition;
      if ((known_ & condition) == 0) return {std::nullopt, condition};
      return {(profile_ & condition) != 0};
    }
    if (bound.node->as<InSegment>()) return look(bound.parts.front());
    if (const auto* constant = bound.node->as<Constant>()) return {constant->truth};
    return {std::nullopt};
  }

 private:
  Part combined(const Bound& bound, bool deciding) const {
    Part all{!deciding};
    for (const Bound& bound_part : bound.parts) {
      const Part part = look(bound_part);
      if (part.truth == deciding) return {deciding};
      if (!part.truth) all.truth = std::nullopt;
      all.open |= part.open;
    }
    return all;
  }

  ProfileTruths profile_;
  ProfileTruths known_;
};

/// As Decider, with the history itself.
bool holds_for(const Bound& bound, ProfileTruths profile, const timeline::History& history, Instant now) {
  const auto holds_part = [&](const Bound& part) { return holds_for(part, profile, history, now); };
  if (bound.node->as<And>()) return std::all_of(bound.parts.begin(), bound.parts.end(), holds_part);
  if (bound.node->as<Or>()) return std::any_of(bound.parts.begin(), bound.parts.end(), holds_part);
  if (bound.node->as<Not>()) return !holds_part(bound.parts.front());
  if (bound.profile_condition >= 0) return (profile >> bound.profile_condition & 1) != 0;
  if (bound.node->as<InSegment>()) return holds_part(bound.parts.front());
  if (const auto* constant = bound.node->as<Constant>()) return constant->truth;
  return evaluate_behaviour(bound, {history}, now).truth;
}

}  // namespace

std::span<const Node* const> profile_conditions(const BoundRule& rule) {
  return rule.plan().profile_conditions;
}

const UserSet* users_of_condition(const BoundRule& rule, size_t i) { return rule.plan().condition_users[i]; }

bool is_in_sample(const Node& sample, const UserState& state) {
  const auto& share = *sample.as<Sample>();
  return sample_point(share, state) < share.percent.to_double() / 100;
}

std::optional<bool> decide(const BoundRule& rule, ProfileTruths profile, const HistorySummary* summary,
                           Instant now) {
  return Decider(profile, summary, nullptr, now).decide(rule.plan().root);
}

std::optional<bool> decide(const BoundRule& rule, ProfileTruths profile, const Occurrences& all,
                           Instant now) {
  return Decider(profile, nullptr, &all, now).decide(rule.plan().root);
}

ProfileTruths open_conditions(const BoundRule& rule, ProfileTruths profile, ProfileTruths known) {
  return OpenConditions(profile, known).look(rule.plan().root).open;
}

bool holds(const BoundRule& rule, ProfileTruths profile, const timeline::History& history, Instant now) {
  return holds_for(rule.plan().root, profile, history, now);
}

}  // namespace cdp::rule
