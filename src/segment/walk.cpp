#include "segment/walk.hpp"

#include "base/interrupt.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cdp::segment {

namespace {

/// An occurrence at the instant at which it takes effect.
struct Effect {
  Instant at;
  Reason reason;
  Occurrence::Kind kind;
  int event = 0;
};

/// Events of who was merged may lie behind the merge; those among the occurrences take effect of themselves.
void add_events_behind(Instant merged, std::span<const Occurrence> occurrences,
                       const timeline::History& history, std::vector<Effect>* effects) {
  std::vector<std::pair<Instant, int>> known;
  for (const Occurrence& occurrence : occurrences)
    if (occurrence.kind == Occurrence::Kind::Event) known.emplace_back(occurrence.at, occurrence.event);
  std::sort(known.begin(), known.end());
  for (size_t i = history.size(); i > 0 && history.time(i - 1) > merged; --i) {
    const std::pair event{history.time(i - 1), history.event(i - 1)};
    if (!std::binary_search(known.begin(), known.end(), event))
      effects->push_back({event.first, Reason::Event, Occurrence::Kind::Event, event.second});
  }
}

std::vector<Effect> effects_of(std::span<const Occurrence> occurrences, const timeline::History& history,
                               Instant evaluated_at) {
  std::vector<Effect> effects;
  Instant merged = Instant::max();
  for (const Occurrence& occurrence : occurrences) {
    const bool is_correction = occurrence.kind == Occurrence::Kind::Event && occurrence.at < evaluated_at;
    effects.push_back({std::max(effective_at(occurrence.at, occurrence.received_at), evaluated_at),
                       is_correction ? Reason::Correction : occurrence.reason, occurrence.kind,
                       occurrence.event});
    if (occurrence.reason == Reason::Merge) merged = std::min(merged, effects.back().at);
  }
  if (merged != Instant::max()) add_events_behind(merged, occurrences, history, &effects);
  std::stable_sort(effects.begin(), effects.end(),
                   [](const Effect& a, const Effect& b) { return a.at < b.at; });
  return effects;
}

uint64_t new_identity() {
  static uint64_t last = 0;
  return ++last;
}

}  // namespace

Instant effective_at(Instant at, Instant received_at) {
  return received_at <= at + kPromptness ? at : received_at;
}

const char* name_of(Reason reason) {
  constexpr std::array<const char*, 6> kNames{"event", "time", "rule", "merge", "trait", "correction"};
  return kNames.at(static_cast<size_t>(reason));
}

RuleSet::RuleSet(std::vector<rule::BoundRule> rules, size_t conditions)
    : identity_(new_identity()), rules_(std::move(rules)), conditions_(conditions) {
  int last_event = -1;
  for (const rule::BoundRule& rule : rules_)
    if (!rule.events().empty()) last_event = std::max(last_event, rule.events().back());
  by_event_.resize(static_cast<size_t>(last_event) + 1);
  for (size_t i = 0; i < rules_.size(); ++i) {
    const rule::BoundRule& rule = rules_[i];
    const int number = static_cast<int>(i);
    if (rule.uses_all_events()) by_any_event_.push_back(number);
    for (size_t event = 0; event < by_event_.size(); ++event)
      if (rule.uses_event(static_cast<int>(event))) by_event_[event].push_back(number);
    if (rule.uses_traits()) by_traits_.push_back(number);
    if (rule.uses_user_id()) by_user_id_.push_back(number);
    if (rule.is_time_dependent()) by_time_.push_back(number);
    use_sessions_ = use_sessions_ || rule.uses_sessions();
    for (const rule::ValuePath& call : rule.calls())
      if (std::find(calls_.begin(), calls_.end(), call) == calls_.end()) calls_.push_back(call);
  }
  for (const std::vector<int>& rules_of_event : by_event_) {
    std::vector<int>& events = beside_event_.emplace_back();
    for (const int rule : rules_of_event)
      events.insert(events.end(), rules_[rule].events().begin(), rules_[rule].events().end());
    std::sort(events.begin(), events.end());
    events.erase(std::unique(events.begin(), events.end()), events.end());
  }
}

const std::vector<int>* RuleSet::events_beside(int demand_event) const {
  static const std::vector<int> kNone;
  if (!by_any_event_.empty()) return nullptr;
  if (demand_event < 0 || static_cast<size_t>(demand_event) >= beside_event_.size()) return &kNone;
  return &beside_event_[static_cast<size_t>(demand_event)];
}

const std::vector<int>* RuleSet::events_of(int rule) const {
  const rule::BoundRule& bound = rules_[static_cast<size_t>(rule)];
  return bound.uses_all_events() ? nullptr : &bound.events();
}

const std::vector<int>& RuleSet::changed_by_event(int demand_event) const {
  if (demand_event < 0 || static_cast<size_t>(demand_event) >= by_event_.size()) return by_any_event_;
  return by_event_[demand_event];
}

void RuleSet::changed_by_time(const timeline::History& history, std::vector<int>* rules) const {
  rules->clear();
  for (const int number : by_time_) {
    const rule::BoundRule& rule = rules_[number];
    const bool is_concerned = !rule.is_fixed_without_events() ||
                              std::any_of(rule.events().begin(), rule.events().end(),
                                          [&](int event) { return !history.positions(event).empty(); });
    if (is_concerned) rules->push_back(number);
  }
}

/// Evaluates rules at ascending instants and collects the flips.
class Walker {
 public:
  Walker(const RuleSet& rules, const rule::UserState& state, Standing* standing, WalkMemory& memory)
      : rules_(rules), state_(state), standing_(*standing), memory_(memory) {
    ++memory_.walk_;
  }

  void go(std::span<const Occurrence> occurrences, Instant until) {
    for (const Effect& effect : effects_of(occurrences, *state_.history, standing_.evaluated_at)) {
      pass_time(effect.at - 1);
      take(effect);
    }
    pass_time(until);
  }

  std::vector<Flip> release() { return std::move(flips_); }
  bool has_asked_all() const { return has_asked_all_; }

 private:
  /// Goes through the instants up to `until` at which time alone may change a rule.
  void pass_time(Instant until) {
    DueRules& dues = standing_.dues;
    while (dues.next() <= until) {
      const Instant due = dues.next();
      if (due < dues.horizon()) {
        const int rule = dues.rules().front();
        dues.set(rule, Instant::max());
        evaluate(rule, due, Reason::Time);
      } else {
        ask_all(due);
      }
      standing_.evaluated_at = std::max(standing_.evaluated_at, due);
      ticker_.tick();
    }
  }

  /// Of rules of which nobody knows when they are due.
  void ask_all(Instant due) {
    if (!std::exchange(has_asked_all_, true))
      rules_.changed_by_time(*state_.history, &memory_.moved_by_time_);
    standing_.dues = DueRules();
    for (const int rule : memory_.moved_by_time_) {
      const WalkMemory::Seen& seen = memory_.seen_[static_cast<size_t>(rule)];
      // What was found on the way holds until then; what happened since has evaluated the rule itself.
      if (seen.walk == memory_.walk_ && seen.verdict.valid_until > due)
        standing_.dues.set(rule, seen.verdict.valid_until);
      else
        evaluate(rule, due, Reason::Time);
    }
  }

  void take(const Effect& effect) {
    switch (effect.kind) {
      case Occurrence::Kind::Event:
        for (const int rule : rules_.changed_by_event(effect.event)) evaluate(rule, effect.at, effect.reason);
        break;
      case Occurrence::Kind::Traits:
        for (const int rule : rules_.changed_by_traits()) evaluate(rule, effect.at, effect.reason);
        break;
      case Occurrence::Kind::UserId:
        for (const int rule : rules_.changed_by_user_id()) evaluate(rule, effect.at, effect.reason);
        break;
      case Occurrence::Kind::Everything:
        for (size_t rule = 0; rule < rules_.size(); ++rule)
          evaluate(static_cast<int>(rule), effect.at, effect.reason);
        break;
    }
    standing_.evaluated_at = std::max(standing_.evaluated_at, effect.at);
    ticker_.tick();
  }

  void evaluate(int rule, Instant at, Reason reason) {
    if (!memory_.reaches(rule, state_.user_no)) return;
    if (std::exchange(now_, at) != at) memory_.known_.forget();
    WalkMemory::Seen& seen = memory_.seen_[static_cast<size_t>(rule)];
    // Of several occurrences that take effect at once the first evaluation has seen all.
    const bool is_known = seen.walk == memory_.walk_ && seen.at == at;
    if (!is_known) seen = {memory_.walk_, at, rule::evaluate(rules_[rule], state_, at, &memory_.known_)};
    // Later than `at` by contract; held to it here, since otherwise time would not pass. Of rules that time
    // leaves alone it is when events come that are known already, which occur themselves.
    if (rules_[rule].is_time_dependent())
      standing_.dues.set(rule, std::max(seen.verdict.valid_until, at + 1));
    if (is_known || seen.verdict.truth == (standing_.is_member[rule] != 0)) return;
    standing_.is_member[rule] = seen.verdict.truth ? 1 : 0;
    flips_.push_back({rule, seen.verdict.truth, at, reason});
  }

  const RuleSet& rules_;
  const rule::UserState& state_;
  Standing& standing_;
  WalkMemory& memory_;
  Instant now_ = Instant::min();  ///< of which memory_ knows verdicts; of nothing at first
  std::vector<Flip> flips_;
  bool has_asked_all_ = false;
  InterruptTicker ticker_;
};

std::vector<Flip> walk(const RuleSet& rules, const rule::UserState& state,
                       std::span<const Occurrence> occurrences, Instant now, Standing* standing,
                       WalkMemory& memory) {
  Walker walker(rules, state, standing, memory);
  walker.go(occurrences, now);
  return walker.release();
}

std::optional<std::vector<Flip>> walk_events(const RuleSet& rules, const rule::UserState& state,
                                             std::span<const Occurrence> occurrences, Instant now,
                                             Standing* standing, WalkMemory& memory) {
  Walker walker(rules, state, standing, memory);
  walker.go(occurrences, now);
  if (walker.has_asked_all()) return std::nullopt;
  return walker.release();
}

}  // namespace cdp::segment
