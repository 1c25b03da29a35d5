#include "base/hash.hpp"
#include "base/interrupt.hpp"
#include "rule/compare.hpp"
#include "rule/decide.hpp"
#include "rule/evidence.hpp"
#include "rule/plan.hpp"
#include "rule/present.hpp"

#include <algorithm>

namespace cdp::rule {

namespace {

/// Truth of a where clause for one event.
bool holds_for_event(const Bound& bound, const timeline::History& history, size_t i) {
  const auto holds_for_part = [&](const Bound& part) { return holds_for_event(part, history, i); };
  if (const auto* comparison = bound.node->as<Comparison>())
    return holds(comparison->test, &history.property(i, bound.column));
  if (bound.node->as<And>()) return std::all_of(bound.parts.begin(), bound.parts.end(), holds_for_part);
  if (bound.node->as<Or>()) return std::any_of(bound.parts.begin(), bound.parts.end(), holds_for_part);
  if (bound.node->as<Not>()) return !holds_for_part(bound.parts.front());
  return bound.node->as<Constant>()->truth;
}

class Evaluator {
 public:
  Evaluator(const UserState& state, Instant now, KnownVerdicts* known = nullptr)
      : state_(state),
        history_(state.history != nullptr ? *state.history : no_events_),
        now_(now),
        known_(known) {
    for (const Instant start : state.session_starts) sessions_.add(start, timeline::History::kOther, {});
  }

  Verdict evaluate(const Bound& bound) const {
    if (known_ == nullptr || bound.number < 0) return evaluate_anew(bound);
    if (const Verdict* verdict = known_->find(bound.number)) return *verdict;
    const Verdict verdict = evaluate_anew(bound);
    known_->keep(bound.number, verdict);
    return verdict;
  }

  Json explain(const Bound& bound) const {
    const Verdict verdict = evaluate(bound);
    Json::Object object{{"condition", Json(print(*bound.node))}, {"truth", Json(verdict.truth)}};
    object.push_back({"valid_until", verdict.valid_until == Instant::max()
                                         ? Json()
                                         : Json(format_instant(verdict.valid_until))});
    if (!bound.parts.empty()) {
      Json::Array parts;
      for (const Bound& part : bound.parts) parts.push_back(explain(part));
      object.push_back({"parts", Json(std::move(parts))});
    } else if (!bound.node->as<Constant>() && !bound.users) {
      object.push_back({"value", value_of(bound)});
      if (bound.reads_history)
        object.push_back({"events", events_of_behaviour(bound, subject_of(bound), now_)});
    }
    return Json(std::move(object));
  }

 private:
  Verdict evaluate_anew(const Bound& bound) const {
    if (bound.node->as<And>()) return combined(bound, false);
    if (bound.node->as<Or>()) return combined(bound, true);
    if (bound.node->as<Not>()) {
      Verdict verdict = evaluate(bound.parts.front());
      verdict.truth = !verdict.truth;
      return verdict;
    }
    if (bound.users)
      return {bound.users->users().contains(static_cast<uint32_t>(state_.user_no)), Instant::max()};
    if (bound.node->as<InSegment>()) return evaluate(bound.parts.front());
    if (bound.reads_history || bound.node->as<Compare>())
      return evaluate_behaviour(bound, subject_of(bound), now_);
    if (const auto* comparison = bound.node->as<Comparison>())
      return {holds(comparison->test, value_at(comparison->path, state_)), Instant::max()};
    if (bound.node->as<Sample>()) return {is_in_sample(*bound.node, state_), Instant::max()};
    if (const auto* constant = bound.node->as<Constant>()) return {constant->truth, Instant::max()};
    return evaluate_present(*bound.node, state_, zone_of(bound), now_);
  }

  static int cost_of(const Bound& bound) { return bound.calls ? 2 : bound.reads_history ? 1 : 0; }

  /// A conjunction (`deciding` false) or disjunction (true): one part of the deciding truth decides. While
  /// such a part keeps its truth so does the whole; without one the whole lasts as long as all parts.
  Verdict combined(const Bound& bound, bool deciding) const {
    Verdict decided{deciding, Instant::min()};
    Verdict undecided{!deciding, Instant::max()};
    bool is_decided = false;
    // Parts that need no history are cheap, and what they decide lasts. Functions may cost most.
    for (int cost = 0; cost <= cost_of(bound); ++cost) {
      for (const Bound& part : bound.parts) {
        if (cost_of(part) != cost) continue;
        const Verdict verdict = evaluate(part);
        if (verdict.truth == deciding) {
          is_decided = true;
          decided.valid_until = std::max(decided.valid_until, verdict.valid_until);
          if (decided.valid_until == Instant::max()) return decided;
        } else {
          undecided.valid_until = std::min(undecided.valid_until, verdict.valid_until);
        }
      }
    }
    return is_decided ? decided : undecided;
  }

  Json value_of(const Bound& bound) const {
    if (bound.reads_history || bound.node->as<Compare>())
      return value_of_behaviour(bound, subject_of(bound), now_);
    if (const auto* sample = bound.node->as<Sample>()) {
      // In percent, to four digits.
      return Json(
          *Decimal::parse(std::to_string(static_cast<int64_t>(sample_point(*sample, state_) * 1e6)) + "e-4"));
    }
    if (!bound.node->as<Comparison>()) return value_of_present(*bound.node, state_, zone_of(bound), now_);
    const Json* value = value_at(bound.node->as<Comparison>()->path, state_);
    return value != nullptr ? *value : Json();
  }

  Subject subject_of(const Bound& bound) const {
    const auto* aggregate = bound.node->as<Aggregate>();
    const bool is_about_sessions =
        aggregate != nullptr && aggregate->function == Aggregate::Function::Sessions;
    return {is_about_sessions ? sessions_ : history_, zone_of(bound), &state_};
  }

  /// nullptr for UTC.
  const TimeZone* zone_of(const Bound& bound) const {
    if (!bound.uses_zone || state_.traits == nullptr || state_.time_zones == nullptr) return nullptr;
    for (const char* name : kTimeZoneTraits)
      if (const Json* value = state_.traits->find(name))
        return value->string() != nullptr ? (*state_.time_zones)(*value->string()) : nullptr;
    return nullptr;
  }

  const UserState& state_;
  const timeline::History no_events_;
  const timeline::History& history_;
  timeline::History sessions_;  ///< session starts as events
  Instant now_;
  KnownVerdicts* known_;
};

}  // namespace

std::vector<ValuePath> paths_of(const Node& where) {
  std::vector<ValuePath> paths;
  const std::function<void(const Node&)> collect = [&](const Node& node) {
    if (const auto* comparison = node.as<Comparison>()) {
      if (std::find(paths.begin(), paths.end(), comparison->path) == paths.end())
        paths.push_back(comparison->path);
    } else if (const auto* all = node.as<And>()) {
      for (const NodePointer& part : all->parts) collect(*part);
    } else if (const auto* any = node.as<Or>()) {
      for (const NodePointer& part : any->parts) collect(*part);
    } else if (const auto* negation = node.as<Not>()) {
      collect(*negation->part);
    }
  };
  collect(where);
  return paths;
}

bool holds_for_event(const Node& where, const std::function<Json(const ValuePath&)>& value) {
  const auto holds_for_part = [&](const NodePointer& part) { return holds_for_event(*part, value); };
  if (const auto* comparison = where.as<Comparison>()) {
    const Json found = value(comparison->path);
    return holds(comparison->test, &found);
  }
  if (const auto* all = where.as<And>())
    return std::all_of(all->parts.begin(), all->parts.end(), holds_for_part);
  if (const auto* any = where.as<Or>())
    return std::any_of(any->parts.begin(), any->parts.end(), holds_for_part);
  if (const auto* negation = where.as<Not>()) return !holds_for_part(negation->part);
  return where.as<Constant>()->truth;
}

bool matches(const BoundFilter& filter, const timeline::History& history, size_t i) {
  return (filter.is_any || history.event(i) == filter.event) &&
         (filter.where.empty() || holds_for_event(filter.where.front(), history, i));
}

size_t first_match(const BoundFilter& filter, const timeline::History& history, size_t begin, size_t end) {
  InterruptTicker ticker;
  const auto is_taken = [&](size_t i) {
    ticker.tick();
    return filter.where.empty() || holds_for_event(filter.where.front(), history, i);
  };
  if (filter.is_any) {
    for (size_t i = begin; i < end; ++i)
      if (is_taken(i)) return i;
    return end;
  }
  const std::span<const uint32_t> positions = history.positions(filter.event);
  for (auto i = std::lower_bound(positions.begin(), positions.end(), begin); i != positions.end() && *i < end;
       ++i)
    if (is_taken(*i)) return *i;
  return end;
}

size_t last_match(const BoundFilter& filter, const timeline::History& history, size_t begin, size_t end) {
  InterruptTicker ticker;
  const auto is_taken = [&](size_t i) {
    ticker.tick();
    return filter.where.empty() || holds_for_event(filter.where.front(), history, i);
  };
  if (filter.is_any) {
    for (size_t i = end; i > begin; --i)
      if (is_taken(i - 1)) return i - 1;
    return end;
  }
  const std::span<const uint32_t> positions = history.positions(filter.event);
  for (auto i = std::lower_bound(positions.begin(), positions.end(), end);
       i != positions.begin() && *(i - 1) >= begin; --i)
    if (is_taken(*(i - 1))) return *(i - 1);
  return end;
}

const Json* value_at(const ValuePath& path, const UserState& state) {
  if (path.root == ValuePath::Root::Call)
    return state.calls != nullptr ? state.calls->value(path, state.user_no) : nullptr;
  return state.traits != nullptr ? state.traits->find(path.names) : nullptr;
}

double sample_point(const Sample& sample, const UserState& state) {
  const std::string number = state.user_id.empty() ? std::to_string(state.user_no) : std::string();
  const uint64_t hash = hash64(state.user_id.empty() ? number : state.user_id, hash64(sample.seed));
  return static_cast<double>(hash >> 11) * 0x1p-53;
}

Verdict evaluate(const BoundRule& rule, const UserState& state, Instant now, KnownVerdicts* known) {
  return Evaluator(state, now, known).evaluate(rule.plan().root);
}

Json explain(const BoundRule& rule, const UserState& state, Instant now) {
  return Evaluator(state, now).explain(rule.plan().root);
}

}  // namespace cdp::rule
