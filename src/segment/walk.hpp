#pragma once

#include "base/time.hpp"
#include "rule/rule.hpp"
#include "segment/due_rules.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace cdp::segment {

/// Why a membership changed, as cdp.segment_change.reason has it.
enum class Reason : uint8_t { Event, Time, Rule, Merge, Trait, Correction };

const char* name_of(Reason reason);

/// The rules of all segments, bound to one demand, with an index from what happens to the rules it can
/// change.
class RuleSet {
 public:
  /// `conditions`: how many numbers the rules' conditions were given.
  explicit RuleSet(std::vector<rule::BoundRule> rules, size_t conditions = 0);
  RuleSet() : RuleSet(std::vector<rule::BoundRule>()) {}

  /// Of this set and its copies alone, never 0.
  uint64_t identity() const { return identity_; }
  size_t size() const { return rules_.size(); }
  size_t conditions() const { return conditions_; }
  const rule::BoundRule& operator[](size_t i) const { return rules_[i]; }
  /// Rules that an event with this number of the demand can change; of kOther: those that see every event.
  const std::vector<int>& changed_by_event(int demand_event) const;
  const std::vector<int>& changed_by_traits() const { return by_traits_; }
  const std::vector<int>& changed_by_user_id() const { return by_user_id_; }
  /// Rules that time alone can change for a user with these events, ascending.
  void changed_by_time(const timeline::History& history, std::vector<int>* rules) const;
  /// The events, by number of the demand, that those rules ask for which an event can change, ascending;
  /// nullptr where one of them asks for any.
  const std::vector<int>* events_beside(int demand_event) const;
  /// Those that a rule asks for, likewise.
  const std::vector<int>* events_of(int rule) const;
  /// Does any rule count sessions?
  bool use_sessions() const { return use_sessions_; }
  /// The functions of SQL that they call, each once.
  const std::vector<rule::ValuePath>& calls() const { return calls_; }
  bool use_calls() const { return !calls_.empty(); }

 private:
  uint64_t identity_;
  std::vector<rule::BoundRule> rules_;
  size_t conditions_;
  std::vector<std::vector<int>> by_event_;
  std::vector<int> by_any_event_;
  std::vector<std::vector<int>> beside_event_;
  std::vector<int> by_traits_;
  std::vector<int> by_user_id_;
  std::vector<int> by_time_;
  bool use_sessions_ = false;
  std::vector<rule::ValuePath> calls_;
};

/// Something that may change memberships of one user.
struct Occurrence {
  enum class Kind : uint8_t {
    Event,       ///< an event with number `event` of the demand, that happened at `at`
    Traits,      ///< traits changed
    UserId,      ///< the user got a user id, or another one
    Everything,  ///< every rule is to be evaluated: a new profile, or one that others were merged into
  };
  Kind kind = Kind::Event;
  int event = 0;
  Instant at;           ///< when it happened
  Instant received_at;  ///< when it became known, not before `at`
  Reason reason = Reason::Event;
};

/// Up to this long after it happened, an event takes effect at its own time; a later one when it was
/// received, since windows that have passed do not change.
constexpr Micros kPromptness = 5 * kMinute;

/// When what happened at an instant takes effect for whom nothing later was evaluated.
Instant effective_at(Instant at, Instant received_at);

/// The earliest instant at which something that was received then can take effect.
inline Instant earliest_effect(Instant received_at) { return received_at - kPromptness; }

/// One change of membership.
struct Flip {
  int rule = 0;
  bool has_entered = false;
  Instant effective_at;
  Reason reason = Reason::Event;

  friend bool operator==(const Flip&, const Flip&) = default;
};

/// What is kept of a user's memberships between batches.
struct Standing {
  std::vector<char> is_member;            ///< by rule
  Instant evaluated_at = Instant::min();  ///< the latest instant for which rules were evaluated
  DueRules dues;                          ///< which time alone may change next
};

/// What walks remember on their way, used for one user after the other: it is large where there are many
/// rules.
class WalkMemory {
 public:
  /// `reach`: of each rule up to which user it is evaluated, the others being left as they are; empty: all
  /// are for everyone.
  explicit WalkMemory(const RuleSet& rules, std::vector<int64_t> reach = {})
      : reach_(std::move(reach)), seen_(rules.size()), known_(rules.conditions()) {}

 private:
  friend class Walker;

  /// The last evaluation of a rule.
  struct Seen {
    uint64_t walk = 0;
    Instant at = Instant::min();
    rule::Verdict verdict;
  };
  bool reaches(int rule, int64_t user_no) const {
    return reach_.empty() || user_no <= reach_[static_cast<size_t>(rule)];
  }

  std::vector<int64_t> reach_;
  std::vector<Seen> seen_;          ///< by rule
  std::vector<int> moved_by_time_;  ///< in this walk, if it has passed time
  rule::KnownVerdicts known_;
  uint64_t walk_ = 0;
};

/// Brings a user's memberships up to `now`: goes through the occurrences in the order in which they take
/// effect and, between them, through every instant at which time alone changes a rule; so that each change
/// bears its exact instant, also after an outage. A due instant comes before what happens at the same
/// instant. An event that happened before what was already evaluated takes effect at once, as a correction.
/// Of a merge, the events behind it count as well: those of who was merged are new to this user.
/// `state` holds all events, the new ones included: rules see those up to the instant they are asked about.
std::vector<Flip> walk(const RuleSet& rules, const rule::UserState& state,
                       std::span<const Occurrence> occurrences, Instant now, Standing* standing,
                       WalkMemory& memory);

/// The same for events alone, where `state` holds only the events that events_beside() names for them and
/// events_of() for each rule that is due until `now`. nullopt where on the way the horizon of `standing.dues`
/// is reached, which takes all events; `standing` is of no use then.
std::optional<std::vector<Flip>> walk_events(const RuleSet& rules, const rule::UserState& state,
                                             std::span<const Occurrence> occurrences, Instant now,
                                             Standing* standing, WalkMemory& memory);

}  // namespace cdp::segment
