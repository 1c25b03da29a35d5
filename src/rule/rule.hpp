#pragma once

#include "base/json.hpp"
#include "base/local_time.hpp"
#include "base/time.hpp"
#include "bitmap/bitmap.hpp"
#include "rule/tree.hpp"
#include "timeline/history.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

/// The rule language: text or JSON to a tree, the tree to text and JSON, and the one evaluator.
///
///     country = 'US' and (age between 25 and 40 or interests contains 'IT')
///     did("App Launch" in last 5 minutes) and not did(any in last 30 days)
///     count(page_viewed where url like '/product/%' in last 7 days) >= 3
///     sum(purchase.amount in last 90 days) >= 100        -- also avg, min, max, distinct, most
///     days(app_launch between 14 days and 7 days ago) >= 3 and sessions(this week) >= 2
///     first(purchase) in last 30 days and in segment vip
///     renewal in next 30 days and plan = 'pro' for 90 days and hour(now) between 9 and 17
///     sequence(cart, checkout, purchase within 1 hour)
///     abandoned(cart, purchase within 1 hour) and sample(10 percent, 'seed')
///     call(app.score) > 0.8                               -- a function of SQL on the profile
///
/// Keywords are case-insensitive; names are taken as written, since members of JSON are. A name that is a
/// reserved word, or has other characters than letters, digits, _ and $, stands in double quotes.
/// Lengths of time are in seconds, minutes, hours, days (of 24 hours) or weeks.
namespace cdp::rule {

constexpr size_t kMaxTextBytes = 64 * 1024;  ///< of a rule's text, also of the canonical one
constexpr int kMaxDepth = 32;                ///< of the tree, where clauses included
constexpr int kMaxNodes = 500;               ///< of the tree, where clauses included
constexpr int kMaxNumberDigits = 1000;       ///< of a literal
constexpr int kMaxBoundNodes = 10000;        ///< of a rule with the segments it names put in place
constexpr int kMaxBoundDepth = 256;          ///< likewise

/// A rule within the limits above. Cheap to copy, never changed; the default one is `false`.
class Rule {
 public:
  Rule();
  explicit Rule(NodePointer root) : root_(std::move(root)) {}

  const Node& root() const { return *root_; }
  const NodePointer& root_pointer() const { return root_; }

  friend bool operator==(const Rule& a, const Rule& b) { return a.root_ == b.root_ || *a.root_ == *b.root_; }

 private:
  NodePointer root_;
};

/// Reads a rule's text (UTF-8). Throws Error(BadText) that names the position, as the number of the
/// character from 1, and what was expected there; Error(Limit) beyond the limits above.
Rule parse(std::string_view text);

/// Reads a rule's JSON, as tree.hpp has it. Throws Error(BadText) that names the place as a path
/// (`$.and[1].value`), also for members that do not belong there; Error(Limit) beyond the limits above.
Rule from_json(const Json& json);

/// The canonical text; parse() of it gives an equal rule. Without line breaks but those within literals.
std::string print(const Rule& rule);
std::string print(const Node& node);

/// The canonical JSON; from_json() of it gives an equal rule.
Json to_json(const Rule& rule);

/// Does a where clause hold for an event? `value` gives the event's values; JSON null where it has none.
bool holds_for_event(const Node& where, const std::function<Json(const ValuePath&)>& value);

/// The paths that a where clause compares, each once.
std::vector<ValuePath> paths_of(const Node& where);

/// The segments that `in segment` names, each once, in the order of the text.
std::vector<std::string> segments_named(const Rule& rule);

/// What a rule mentions itself; what the segments it names mention is not included. Each name once, in the
/// order of the text.
struct References {
  std::vector<std::string> segments;
  std::vector<std::string> events;
  std::vector<std::string> traits;  ///< top-level names
  std::vector<ValuePath> calls;     ///< functions of SQL
  bool any_event = false;           ///< `any` is used
  bool depends_on_time = false;     ///< the truth may change without an event: a window or `abandoned`
};
References references(const Rule& rule);

/// The rule with each function that it calls replaced, as `replace` says. Throws what that throws, and
/// Error(Limit) where longer names lead beyond the limits above.
Rule with_calls(const Rule& rule, const std::function<ValuePath(const ValuePath&)>& replace);

/// The users of a segment for which no rule is asked; read when they are first wanted.
class UserSet {
 public:
  UserSet() = default;
  UserSet(const UserSet&) = delete;
  UserSet& operator=(const UserSet&) = delete;
  virtual ~UserSet() = default;
  virtual const bitmap::Bitmap& users() const = 0;
};

/// What `in segment` asks: the segment's rule, or a set of users; neither if there is no such segment.
struct Membership {
  Membership() = default;
  Membership(const Rule* its_rule) : rule(its_rule) {}
  Membership(std::shared_ptr<const UserSet> its_users) : users(std::move(its_users)) {}

  const Rule* rule = nullptr;  ///< valid during bind()
  std::shared_ptr<const UserSet> users;
};

/// What a segment's name stands for.
using SegmentResolver = std::function<Membership(const std::string&)>;

/// A rule made ready to be evaluated over histories that a Demand asked for. Cheap to copy; holds no
/// reference to the rule or the demand. What it tells covers the segments that the rule names.
class BoundRule {
 public:
  struct Plan;
  explicit BoundRule(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {}

  /// Can an event with this number of the demand change the truth? Always true if uses_all_events(), which
  /// does not mean that the demand wants all of them.
  bool uses_event(int demand_event_number) const;
  /// The numbers of the events that are named, ascending.
  const std::vector<int>& events() const;
  bool uses_all_events() const;
  bool uses_traits() const;
  /// Does it depend on the user id, as samples do?
  bool uses_user_id() const;
  /// Does it ask since when traits have had their values?
  bool uses_trait_times() const;
  /// Does it count sessions, which every event may change?
  bool uses_sessions() const;
  /// The functions of SQL that it calls, each once.
  const std::vector<ValuePath>& calls() const;
  bool uses_calls() const { return !calls().empty(); }
  /// Are truths of conditions about the profile and events not enough to tell it, see decide.hpp? Then it
  /// takes evaluate() with the user's whole state.
  bool needs_state() const;
  /// Top-level names of the traits used, each once.
  const std::vector<std::string>& traits() const;
  /// May the truth change without an event?
  bool is_time_dependent() const;
  /// Does time leave the truth alone as long as the user has none of the events that are named?
  bool is_fixed_without_events() const;
  /// How far before `now` a history must reach; nullopt for all of it, 0 for no events at all.
  std::optional<Micros> lookback() const;

  const Plan& plan() const { return *plan_; }

 private:
  std::shared_ptr<const Plan> plan_;
};

/// Numbers conditions about behaviour and the present time, so that those that read the same have the same
/// number in whatever rules they are.
class ConditionNumbers {
 public:
  int number_of(const Node& condition);
  size_t size() const { return by_text_.size(); }

 private:
  std::unordered_map<std::string, int> by_text_;
};

/// Binds a rule (call it as rule::bind: a SegmentResolver brings std::bind into the look-up): asks `demand`
/// for the events and properties it needs and puts the rules of the segments it names in place. Several rules
/// may share a demand. Throws Error(NotFound) for a segment that `resolve` does not know (also if `resolve`
/// is empty), Error(BadValue) for segments that name each other in a circle, naming the chain, and
/// Error(Limit) beyond kMaxBoundNodes or kMaxBoundDepth.
/// `numbers`: numbers its conditions.
BoundRule bind(const Rule& rule, timeline::Demand& demand, const SegmentResolver& resolve,
               ConditionNumbers* numbers = nullptr);

/// What functions of SQL give for users.
class Calls {
 public:
  Calls() = default;
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;
  virtual ~Calls() = default;
  /// nullptr or JSON null if absent. Valid until another user is asked about.
  virtual const Json* value(const ValuePath& function, int64_t user_no) = 0;
};

/// What a rule sees of one user.
struct UserState {
  const Json* traits = nullptr;                ///< an object; nullptr for none
  const timeline::History* history = nullptr;  ///< read for the demand; nullptr for no events
  int64_t user_no = 0;
  std::string_view user_id;
  std::span<const Instant> session_starts = {};  ///< ascending
  const TimeZones* time_zones = nullptr;         ///< nullptr: none but UTC is known
  const Json* trait_times = nullptr;             ///< as profile/traits.hpp has them; nullptr for none
  Calls* calls = nullptr;                        ///< asked where a rule calls functions; nullptr: all absent
};

/// The traits that name a person's time zone; the first that is there counts.
constexpr std::array<const char*, 2> kTimeZoneTraits{"time_zone", "timezone"};

/// The truth at an instant, and the first instant after it at which the truth may differ if no further
/// event comes: Instant::max() if never. Events of the history that lie after the instant come at their time.
struct Verdict {
  bool truth = false;
  Instant valid_until = Instant::max();

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// What is known of numbered conditions for one user at one instant, so that several rules ask it once.
class KnownVerdicts {
 public:
  explicit KnownVerdicts(size_t conditions) : entries_(conditions) {}

  /// Another user, instant or history: nothing is known.
  void forget() { ++epoch_; }
  const Verdict* find(int condition) const {
    const Entry& entry = entries_[static_cast<size_t>(condition)];
    return entry.epoch == epoch_ ? &entry.verdict : nullptr;
  }
  void keep(int condition, const Verdict& verdict) {
    entries_[static_cast<size_t>(condition)] = {epoch_, verdict};
  }

 private:
  struct Entry {
    uint64_t epoch = 0;
    Verdict verdict;
  };
  std::vector<Entry> entries_;
  uint64_t epoch_ = 1;
};

/// Truth of `rule` for one user at `now`, which is finite.
///
/// `state.history` must hold the user's events as the demand asks for them, at least as far back as
/// `rule.lookback()`, and have been made with as many columns as the demand has properties. Only events with
/// time <= now count, a window is (now - W, now]. `valid_until` is exact for a single condition; for and, or
/// and not it is never later than the first change. Throws what the interrupt check throws. Cost: for each
/// condition one pass over the events in its window; windows are found by binary search.
///
/// `known`: of the numbers that the rule was bound with; takes from there what it finds, and adds the rest.
Verdict evaluate(const BoundRule& rule, const UserState& state, Instant now, KnownVerdicts* known = nullptr);

/// The same as a tree for people: each condition as an object with `condition` (canonical text), `truth`,
/// `valid_until` (ISO text; null if never), where it has one `value` (a count, sum, time, trait …; null if
/// absent), and of one about behaviour `events`, the latest ten that count (see evidence.hpp); and, or, not
/// and in segment have the conditions below them in `parts`.
Json explain(const BoundRule& rule, const UserState& state, Instant now);

}  // namespace cdp::rule
