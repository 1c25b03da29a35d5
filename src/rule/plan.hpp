#pragma once

#include "rule/rule.hpp"
#include "rule/window.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cdp::rule {

struct Bound;

/// An event filter with its event's number in the demand, and its clause bound.
struct BoundFilter {
  bool is_any = false;
  int event = 0;
  std::vector<Bound> where;  ///< none or one
};

/// A node of a tree together with where its events and properties stand in histories.
struct Bound {
  NodePointer node;
  std::vector<Bound> parts;              ///< of And, Or, Not; of InSegment the segment's rule
  std::vector<BoundFilter> filters;      ///< of conditions about events, in the order of the tree
  std::vector<Bound> operands;           ///< of Compare: its aggregates from left to right
  size_t column = 0;                     ///< of a property: the one compared in where, or measured
  size_t second_column = 0;              ///< of Nearby: the longitude, `column` being the latitude
  bool reads_history = false;            ///< by itself or below
  bool calls = false;                    ///< functions of SQL, by itself or below
  bool uses_zone = false;                ///< local time counts for the condition
  int number = -1;                       ///< by ConditionNumbers, of a condition that is worth it
  std::shared_ptr<const UserSet> users;  ///< of InSegment, instead of parts, where no rule is asked
  int profile_condition =
      -1;  ///< of a comparison of a trait, a sample or such a segment: which of the plan's
};

struct BoundRule::Plan {
  Bound root;
  std::vector<int> events;          ///< ascending
  std::vector<std::string> traits;  ///< each once
  std::vector<ValuePath> calls;     ///< each once
  std::vector<const Node*> profile_conditions;
  std::vector<const UserSet*> condition_users;  ///< of each of them that is a segment; else nullptr
  bool uses_all_events = false;
  bool is_time_dependent = false;
  bool depends_on_present = false;
  bool uses_sessions = false;
  bool uses_user_id = false;
  bool uses_trait_times = false;
  bool needs_state = false;
  std::optional<Micros> lookback = 0;
};

/// How far before `now` a history must reach for a condition about events; nullopt for all of it.
std::optional<Micros> lookback_of(const Bound& condition);

/// What a condition about events looks at: events (or session starts) in ascending order, the zone of the
/// person, nullptr for UTC, and what else is known; nullptr for nothing.
struct Subject {
  const timeline::History& history;
  const TimeZone* zone = nullptr;
  const UserState* state = nullptr;
};

/// What a path of a trait or a call leads to; nullptr if it is absent.
const Json* value_at(const ValuePath& path, const UserState& state);

/// Does the filter take the i-th event of a history?
bool matches(const BoundFilter& filter, const timeline::History& history, size_t i);
/// The first event from `begin` on, before `end`, that the filter takes; `end` if there is none. Events of
/// other names cost nothing.
size_t first_match(const BoundFilter& filter, const timeline::History& history, size_t begin, size_t end);
/// The last one before `end`, not before `begin`; `end` if there is none.
size_t last_match(const BoundFilter& filter, const timeline::History& history, size_t begin, size_t end);

/// A condition about events at an instant, and the first instant after it at which its truth differs.
/// `node` is an Aggregate, Moment, Sequence, Abandoned, Compare or Nearby.
Verdict evaluate_behaviour(const Bound& node, const Subject& subject, Instant now);

/// What explain() shows as the condition's value; null if absent.
Json value_of_behaviour(const Bound& node, const Subject& subject, Instant now);

/// The share of a sample that a user falls into: at least 0 and less than 1.
double sample_point(const Sample& sample, const UserState& state);

}  // namespace cdp::rule
