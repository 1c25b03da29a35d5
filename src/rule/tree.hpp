#pragma once

#include "base/decimal.hpp"
#include "base/json.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The tree of a rule. Each kind of node names its text and its JSON; both have exactly one canonical form:
/// `and` in `and` and `or` in `or` are one node, numbers have no trailing zeros after the point, lengths of
/// time are in the largest unit up to days that divides them.
///
/// A where clause is a tree of the same kinds, limited to Constant, And, Or, Not and Comparison.
namespace cdp::rule {

struct Node;
using NodePointer = std::shared_ptr<const Node>;

/// What a comparison looks at: a trait of the profile, what a function of SQL gives for the profile, or
/// (within `where`, or measured by an aggregate) a property or context value of an event.
/// Text `address.city`, `context.page.url`; JSON `"trait":["address","city"]`, `"property":[…]`,
/// `"context":[…]`. Of a Call the names are those of the function, maybe after its schema's; text
/// `call(app.score)`, `call("Score")`, in which capital letters without quotes are small ones, as in SQL;
/// JSON `"call":["app","score"]`.
struct ValuePath {
  enum class Root : uint8_t { Trait, Property, Context, Call };
  Root root = Root::Trait;
  std::vector<std::string> names;

  friend bool operator==(const ValuePath&, const ValuePath&) = default;
};

enum class Operator : uint8_t {
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Between,  ///< two operands, both ends in
  NotBetween,
  In,  ///< one or more operands
  NotIn,
  Like,  ///< a text operand: % any characters, _ one character, \ takes the next one as it is
  NotLike,
  ILike,  ///< like, whatever the case (of Latin, Greek and Cyrillic letters)
  NotILike,
  Contains,  ///< an array has the element, a text has the part
  NotContains,
  IsNull,  ///< absent or null; no operand
  IsNotNull,
  Matches,  ///< a regular expression (RE2's syntax) is found in the text
  NotMatches,
};

/// An operator and the literals on its right: each null, a boolean, a number or a text.
///
/// False where a value or an operand is absent or null (except for IsNull, IsNotNull). Types do not mix:
/// values of different types are not equal, and neither is less. A negative operator (<>, not in, …) holds
/// where all operands and the value are there and the positive one does not hold. Texts compare by bytes,
/// false is less than true.
struct Test {
  Operator op = Operator::Equal;
  std::vector<Json> operands;

  friend bool operator==(const Test&, const Test&) = default;
};

/// A stretch of time, as it is at an instant `now`. Only what lies at or before `now` is ever in one (InNext
/// apart). A calendar window begins with the local day, the week (on Monday) or the month that contains `now`
/// in the profile's time zone, and ends with `now`.
///
///     text                     JSON                                 times
///                                                                   all
///     in last 7 days           "last":"7 days"                      (now - length, now]
///     between 2 weeks and 7 days ago   "between_ago":["14 days","7 days"]   (now - length, now - nearer]
///     more than 30 days ago    "more_than_ago":"30 days"            up to now - length
///     since '2025-01-01'       "since":"2025-01-01T00:00:00Z"       [from, now]
///     before '2025-01-01'      "before":"2025-01-01T00:00:00Z"      up to from, without it
///     between '…' and '…'      "between":["…","…"]                  [from, to]
///     today, this week, this month   "calendar":"this week"         from the start of that to now
struct Window {
  enum class Kind : uint8_t {
    Always,
    InLast,
    BetweenAgo,
    MoreThanAgo,
    Since,
    Before,
    Between,
    Today,
    ThisWeek,
    ThisMonth,
    After,   ///< after '…': later than `from`; only in tests of times
    InNext,  ///< in next 7 days: (now, now + length]; only in tests of times of traits
  };
  Kind kind = Kind::Always;
  Micros length = 0;  ///< of InLast, MoreThanAgo, InNext; of BetweenAgo the longer one
  Micros nearer = 0;  ///< of BetweenAgo the shorter one
  Instant from;       ///< of Since, Before, Between, After
  Instant to;         ///< of Between

  bool is_calendar() const { return kind >= Kind::Today && kind <= Kind::ThisMonth; }

  friend bool operator==(const Window&, const Window&) = default;
};

/// Text `true`; JSON `true`.
struct Constant {
  bool truth = true;

  friend bool operator==(const Constant&, const Constant&) = default;
};

/// Text `a and b`; JSON `{"and":[a,b]}`. Two or more parts, none of them an And.
struct And {
  std::vector<NodePointer> parts;
};

/// Text `a or b`; JSON `{"or":[a,b]}`. Two or more parts, none of them an Or.
struct Or {
  std::vector<NodePointer> parts;
};

/// Text `not a`; JSON `{"not":a}`.
struct Not {
  NodePointer part;
};

/// Text `country = 'US'`, `age between 25 and 40`, `email is null`;
/// JSON `{"trait":["country"],"op":"=","value":"US"}`. For between and in the value is an array, for
/// `is null` and `is not null` there is none. A bare `is_vip` is `is_vip = true`, `exists(email)` is
/// `email is not null`.
struct Comparison {
  ValuePath path;
  Test test;

  friend bool operator==(const Comparison&, const Comparison&) = default;
};

/// Text `in segment vip`; JSON `{"in_segment":"vip"}`.
struct InSegment {
  std::string name;

  friend bool operator==(const InSegment&, const InSegment&) = default;
};

/// A stable random share of all users, the same for each rule with the seed: a user belongs if the first 53
/// bits of hash64(user_id, hash64(seed)), as a fraction of 1, are less than percent / 100. A user without an
/// id is hashed by the decimal number.
/// Text `sample(10 percent, 'seed')`; JSON `{"sample":{"percent":10,"seed":"seed"}}`.
struct Sample {
  Decimal percent;  ///< 0 to 100
  std::string seed;

  friend bool operator==(const Sample&, const Sample&) = default;
};

/// Which events: those of a name (nullopt: all of them) for which the clause holds (nullptr: all of those).
/// Text `purchase where amount > 10`, `any`; JSON `"event":"purchase","where":…`, `"any":true`.
struct EventFilter {
  std::optional<std::string> event;
  NodePointer where;
};

/// Text `count(purchase where amount > 10 in last 30 days) >= 3`, `sum(purchase.amount) >= 100`;
/// JSON `{"count":{"event":"purchase","where":…,"last":"30 days"},"op":">=","value":3}`,
/// `{"sum":{"event":"purchase","property":["amount"]},"op":">=","value":100}`. `did` is a condition by
/// itself: `did(purchase in last 7 days)`, `{"did":{"event":"purchase","last":"7 days"}}`.
///
/// Sum, Avg, Min and Max take numbers and skip events without one; Distinct counts different values that
/// are not null. Most is the value that is not null and occurs most often, of equals the one whose latest
/// event is the later. Days counts the local dates of the events. Sessions counts sessions of the user that
/// started in the window, and names no event: `sessions(in last 7 days) >= 2`. Counts, Sum, Distinct over
/// nothing are 0, the others absent. The test has one of = <> < <= > >= between, in and their negatives, and
/// numbers; of Most any operator.
struct Aggregate {
  enum class Function : uint8_t { Did, Count, Sum, Avg, Min, Max, Distinct, Most, Days, Sessions };
  Function function = Function::Did;
  EventFilter events;  ///< of Sessions none
  ValuePath measured;  ///< of Sum to Most: Property or Context; else without names
  Window window;
  Test test;  ///< without operands for Did, and within an Expression
};

/// The time of the first or last event up to now, by a window in which it is to lie: text
/// `first(purchase) in last 30 days`, `last(purchase where amount > 10) before '2025-01-01T00:00:00Z'`,
/// `last(visit) more than 30 days ago`; JSON `{"first":{"event":"purchase"},"op":"in last","value":"30
/// days"}`,
/// `{"last":{…},"op":"between","value":["2025-01-01T00:00:00Z","2025-02-01T00:00:00Z"]}`; the other ops are
/// "between ago", "more than ago", "since", "before", "after" and "calendar". False without such an event.
struct Moment {
  bool is_first = true;
  EventFilter events;
  Window window;
};

/// There are events of each step with growing times in the window, the last at most `within` after the first,
/// each at most its gap after the one before. Events of one time are in no order.
/// Text `sequence(cart, checkout where amount > 10 within 10 minutes of previous, purchase within 1 hour in
/// last 7 days)`; JSON `{"sequence":{"steps":[{"event":"cart"},{"event":"checkout","where":…,"gap":"10
/// minutes"},…],"within":"1 hour","last":"7 days"}}`.
struct Sequence {
  std::vector<EventFilter> steps;           ///< two or more
  std::vector<std::optional<Micros>> gaps;  ///< as many; the first has none
  std::optional<Micros> within;
  Window window;
};

/// The latest event of `first`, at t, was not followed by one of `then` in (t, t + within], that time has
/// passed (now > t + within), and t lies in the window.
/// Text `abandoned(cart, purchase within 1 hour in last 7 days)`;
/// JSON `{"abandoned":{"first":{"event":"cart"},"then":{"event":"purchase"},"within":"1 hour","last":"7
/// days"}}`.
struct Abandoned {
  EventFilter first;
  EventFilter then;
  Micros within = 0;
  Window window;
};

/// A trait as a time, by a window in which it is to lie (of InLast, InNext, MoreThanAgo, Before, After): a
/// text that is a date, which stands for midnight UTC, or a time with its offset from UTC. Other values are
/// absent. Text `renewal in next 30 days`; JSON `{"trait":["renewal"],"op":"in next","value":"30 days"}`.
struct TraitTime {
  ValuePath path;
  Window window;

  friend bool operator==(const TraitTime&, const TraitTime&) = default;
};

/// A test of a trait (a Comparison or a TraitTime, not of a Call) holds and the trait, as a whole where the
/// path leads into it, has had its value at least that long. Text `plan = 'pro' for 3 days`; JSON
/// `{"held":{"trait":["plan"],"op":"=","value":"pro"},"for":"3 days"}`.
struct Held {
  NodePointer test;
  Micros length = 0;
};

/// The weekday (`monday` to `sunday`) or hour (0 to 23) of now in the profile's time zone.
/// Text `weekday(now) in ('saturday', 'sunday')`, `hour(now) between 9 and 17`;
/// JSON `{"now":"weekday","op":"in","value":["saturday","sunday"]}`.
struct LocalNow {
  enum class Unit : uint8_t { Weekday, Hour };
  Unit unit = Unit::Weekday;
  Test test;

  friend bool operator==(const LocalNow&, const LocalNow&) = default;
};

/// A number that is computed: a literal, a trait, a Call, an aggregate without its test (Count to Distinct,
/// Days), or two of them combined. Absent where an operand is absent or no number, for a division by 0, and
/// beyond the digits of Decimal. Exact but for quotients, which have 30 significant digits (half away from
/// zero). JSON `2`, `{"trait":["age"]}`, `{"count":{"event":"a"}}`, `{"+":[…,…]}`, likewise "-", "*", "/".
struct Expression;
using ExpressionPointer = std::shared_ptr<const Expression>;
struct Arithmetic {
  char sign = '+';  ///< one of + - * /
  ExpressionPointer left;
  ExpressionPointer right;
};
struct Expression {
  std::variant<Decimal, ValuePath, Aggregate, Arithmetic> kind;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&kind);
  }
};

/// Two numbers compared, false if one is absent. A trait or an aggregate on the left with a literal on the
/// right is no Compare but the Comparison or Aggregate that says the same.
/// Text `sum(purchase.amount) / count(purchase) > 20`; JSON `{"compare":{"left":…,"op":">","right":20}}`.
struct Compare {
  ExpressionPointer left;
  Operator op = Operator::Equal;  ///< Equal to GreaterEqual
  ExpressionPointer right;
};

/// The great-circle distance (on a sphere of 6,371,008.8 m) of the user's latest event that has numbers
/// location.latitude and location.longitude (-90 to 90, -180 to 180) in its context is at most that.
/// Text `within(100 feet, 59.91, 10.75)`;
/// JSON `{"within":{"distance":"100 feet","latitude":59.91,"longitude":10.75}}`.
struct Nearby {
  enum class Unit : uint8_t { Meters, Kilometers, Feet, Miles };
  Decimal distance;  ///< 0 or more
  Unit unit = Unit::Meters;
  Decimal latitude;
  Decimal longitude;

  friend bool operator==(const Nearby&, const Nearby&) = default;
};

struct Node {
  std::variant<Constant, And, Or, Not, Comparison, InSegment, Sample, Aggregate, Moment, Sequence, Abandoned,
               TraitTime, Held, LocalNow, Compare, Nearby>
      kind;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&kind);
  }
};

/// Equality of trees, part by part.
bool operator==(const Node& a, const Node& b);

}  // namespace cdp::rule
