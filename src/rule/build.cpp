#include "rule/build.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>

namespace cdp::rule {

namespace {

template <class T>
NodePointer joined(std::vector<NodePointer> parts) {
  if (parts.size() == 1) return std::move(parts.front());
  T all;
  for (NodePointer& part : parts) {
    if (const T* inner = part->as<T>())
      all.parts.insert(all.parts.end(), inner->parts.begin(), inner->parts.end());
    else
      all.parts.push_back(std::move(part));
  }
  return make_node(std::move(all));
}

/// Counts the nodes of a tree and measures how deep it is.
class Measure {
 public:
  void visit(const NodePointer& node, int depth) {
    if (node == nullptr) return;
    count(depth);
    std::visit([&](const auto& kind) { visit_parts(kind, depth + 1); }, node->kind);
  }

 private:
  void count(int depth) {
    if (++nodes_ > kMaxNodes)
      throw Error(Category::Limit, "rule has more than " + std::to_string(kMaxNodes) + " conditions", {},
                  "Split it into segments and combine them with \"in segment\".");
    if (depth > kMaxDepth)
      throw Error(Category::Limit, "rule nests deeper than " + std::to_string(kMaxDepth) + " levels");
  }

  void visit(const Expression& expression, int depth) {
    count(depth);
    if (const auto* aggregate = expression.as<Aggregate>()) visit(aggregate->events.where, depth + 1);
    if (const auto* arithmetic = expression.as<Arithmetic>()) {
      visit(*arithmetic->left, depth + 1);
      visit(*arithmetic->right, depth + 1);
    }
  }

  void visit_parts(const And& all, int depth) {
    for (const NodePointer& part : all.parts) visit(part, depth);
  }
  void visit_parts(const Or& any, int depth) {
    for (const NodePointer& part : any.parts) visit(part, depth);
  }
  void visit_parts(const Not& negation, int depth) { visit(negation.part, depth); }
  void visit_parts(const Aggregate& aggregate, int depth) { visit(aggregate.events.where, depth); }
  void visit_parts(const Moment& moment, int depth) { visit(moment.events.where, depth); }
  void visit_parts(const Sequence& sequence, int depth) {
    for (const EventFilter& step : sequence.steps) visit(step.where, depth);
  }
  void visit_parts(const Abandoned& abandoned, int depth) {
    visit(abandoned.first.where, depth);
    visit(abandoned.then.where, depth);
  }
  void visit_parts(const Compare& compare, int depth) {
    visit(*compare.left, depth);
    visit(*compare.right, depth);
  }
  void visit_parts(const Held& held, int depth) { visit(held.test, depth); }
  template <class Leaf>
  void visit_parts(const Leaf& /*leaf*/, int /*depth*/) {}

  int nodes_ = 0;
};

struct Unit {
  std::string_view name;
  Micros length;
};
constexpr std::array<Unit, 5> kUnits{
    {{"week", 7 * kDay}, {"day", kDay}, {"hour", kHour}, {"minute", kMinute}, {"second", kSecond}}};

struct Sign {
  Operator op;
  const char* text;
};
constexpr std::array<Sign, 20> kSigns{{{Operator::Equal, "="},
                                       {Operator::NotEqual, "<>"},
                                       {Operator::Less, "<"},
                                       {Operator::LessEqual, "<="},
                                       {Operator::Greater, ">"},
                                       {Operator::GreaterEqual, ">="},
                                       {Operator::Between, "between"},
                                       {Operator::NotBetween, "not between"},
                                       {Operator::In, "in"},
                                       {Operator::NotIn, "not in"},
                                       {Operator::Like, "like"},
                                       {Operator::NotLike, "not like"},
                                       {Operator::ILike, "ilike"},
                                       {Operator::NotILike, "not ilike"},
                                       {Operator::Contains, "contains"},
                                       {Operator::NotContains, "not contains"},
                                       {Operator::IsNull, "is null"},
                                       {Operator::IsNotNull, "is not null"},
                                       {Operator::Matches, "matches"},
                                       {Operator::NotMatches, "not matches"}}};

/// In the order of Aggregate::Function.
constexpr std::array<const char*, 10> kFunctions{"did", "count",    "sum",  "avg",  "min",
                                                 "max", "distinct", "most", "days", "sessions"};

/// One and many, in the order of Nearby::Unit.
constexpr std::array<std::pair<const char*, const char*>, 4> kDistanceUnits{
    {{"meter", "meters"}, {"kilometer", "kilometers"}, {"foot", "feet"}, {"mile", "miles"}}};

/// In the order of Window::Kind, from Today.
constexpr std::array<const char*, 3> kCalendars{"today", "this week", "this month"};

/// How many letters to insert, drop, replace, or swap with their neighbour.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> rows(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        rows[i][j] = i + j;
        continue;
      }
      const size_t replaced = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      rows[i][j] = std::min({replaced, rows[i - 1][j] + 1, rows[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows.back().back();
}

}  // namespace

NodePointer make_comparison(ExpressionPointer left, Operator op, ExpressionPointer right) {
  if (const Decimal* number = right->as<Decimal>()) {
    Test test{op, {Json(*number)}};
    if (const auto* path = left->as<ValuePath>()) return make_node(Comparison{*path, std::move(test)});
    if (const auto* aggregate = left->as<Aggregate>()) {
      Aggregate compared = *aggregate;
      compared.test = std::move(test);
      return make_node(std::move(compared));
    }
  }
  return make_node(Compare{std::move(left), op, std::move(right)});
}

const ValuePath& path_of(const Node& test) {
  const auto* comparison = test.as<Comparison>();
  return comparison != nullptr ? comparison->path : test.as<TraitTime>()->path;
}

bool compares_two(Operator op) { return op <= Operator::GreaterEqual; }

bool is_operand(Aggregate::Function function) {
  using Function = Aggregate::Function;
  return function != Function::Did && function != Function::Most && function != Function::Sessions;
}

NodePointer make_and(std::vector<NodePointer> parts) { return joined<And>(std::move(parts)); }
NodePointer make_or(std::vector<NodePointer> parts) { return joined<Or>(std::move(parts)); }

Decimal canonical_number(const Decimal& number) {
  std::string text = number.to_string();
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  // Neither the sign nor the point counts: a text has the sign apart from the number, JSON within it.
  if (std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) > kMaxNumberDigits)
    throw Error(Category::Limit,
                "number in rule has more than " + std::to_string(kMaxNumberDigits) + " digits");
  return *Decimal::parse(text);
}

Rule finish(NodePointer root) {
  Measure().visit(root, 1);
  Rule rule(std::move(root));
  // What was read in must be readable again once it is printed: pg_dump relies on it.
  if (print(rule).size() > kMaxTextBytes)
    throw Error(Category::Limit,
                "rule in canonical text is longer than " + std::to_string(kMaxTextBytes) + " bytes");
  return rule;
}

std::optional<Micros> unit_of_time(std::string_view name) {
  std::string singular = lowered(name);
  if (singular.size() > 1 && singular.back() == 's') singular.pop_back();
  for (const Unit& unit : kUnits)
    if (unit.name == singular) return unit.length;
  return std::nullopt;
}

const char* reason_against_unit(std::string_view name) {
  const std::string lower = lowered(name);
  for (const std::string_view varying : {"month", "months", "quarter", "quarters", "year", "years"})
    if (lower == varying) return "months and years vary in length; write days";
  return nullptr;
}

std::optional<Micros> length_of_time(const Decimal& count, Micros unit) {
  const std::optional<int64_t> whole = count.to_int64();
  Micros length = 0;
  if (!whole || *whole < 1 || __builtin_mul_overflow(*whole, unit, &length)) return std::nullopt;
  return length;
}

std::string print_length(Micros length) {
  for (const Unit& unit : kUnits) {
    if (unit.length > kDay || length % unit.length != 0) continue;
    const Micros count = length / unit.length;
    return std::to_string(count) + " " + std::string(unit.name) + (count == 1 ? "" : "s");
  }
  throw Error(Category::Internal, "length of time in a rule is not in whole seconds");
}

const char* name_of(Window::Kind calendar) {
  return kCalendars.at(static_cast<size_t>(calendar) - static_cast<size_t>(Window::Kind::Today));
}

std::optional<Window::Kind> calendar_of(std::string_view name) {
  const auto* const found = std::find(kCalendars.begin(), kCalendars.end(), name);
  if (found == kCalendars.end()) return std::nullopt;
  return static_cast<Window::Kind>(static_cast<int>(Window::Kind::Today) +
                                   static_cast<int>(found - kCalendars.begin()));
}

std::optional<Instant> instant_of_literal(std::string_view text) {
  const std::optional<Instant> t = parse_instant(text);
  if (!t || parse_instant(format_instant(*t)) != t) return std::nullopt;
  return t;
}

const char* sign_of(Operator op) {
  for (const Sign& sign : kSigns)
    if (sign.op == op) return sign.text;
  throw Error(Category::Internal, "unknown operator in a rule");
}

std::optional<Operator> operator_of(std::string_view sign) {
  for (const Sign& known : kSigns)
    if (known.text == sign) return known.op;
  return std::nullopt;
}

bool takes_list(Operator op) {
  return op == Operator::Between || op == Operator::NotBetween || op == Operator::In || op == Operator::NotIn;
}

bool takes_nothing(Operator op) { return op == Operator::IsNull || op == Operator::IsNotNull; }

bool is_numeric(Operator op) { return op <= Operator::NotIn; }

const char* name_of(Aggregate::Function function) { return kFunctions.at(static_cast<size_t>(function)); }

std::optional<Aggregate::Function> function_of(std::string_view name) {
  const auto* const found = std::find(kFunctions.begin(), kFunctions.end(), name);
  if (found == kFunctions.end()) return std::nullopt;
  return static_cast<Aggregate::Function>(found - kFunctions.begin());
}

bool measures_property(Aggregate::Function function) {
  return function >= Aggregate::Function::Sum && function <= Aggregate::Function::Most;
}

const char* name_of(LocalNow::Unit unit) { return unit == LocalNow::Unit::Weekday ? "weekday" : "hour"; }

std::optional<LocalNow::Unit> local_unit_of(std::string_view name) {
  if (name == "weekday") return LocalNow::Unit::Weekday;
  if (name == "hour") return LocalNow::Unit::Hour;
  return std::nullopt;
}

const char* name_of(Nearby::Unit unit, bool is_one) {
  const auto& names = kDistanceUnits.at(static_cast<size_t>(unit));
  return is_one ? names.first : names.second;
}

std::optional<Nearby::Unit> distance_unit_of(std::string_view name) {
  const std::string lower = lowered(name);
  for (size_t i = 0; i < kDistanceUnits.size(); ++i)
    if (lower == kDistanceUnits.at(i).first || lower == kDistanceUnits.at(i).second)
      return static_cast<Nearby::Unit>(i);
  return std::nullopt;
}

std::string print_distance(const Nearby& nearby) {
  return nearby.distance.to_string() + " " + name_of(nearby.unit, nearby.distance == Decimal(1));
}

bool is_latitude(const Decimal& degrees) { return degrees >= Decimal(-90) && degrees <= Decimal(90); }
bool is_longitude(const Decimal& degrees) { return degrees >= Decimal(-180) && degrees <= Decimal(180); }

std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::string_view nearest(std::string_view name, Words candidates) {
  constexpr size_t kLongestName = 32;
  if (name.size() < 2 || name.size() > kLongestName) return {};
  const std::string lower = lowered(name);
  size_t bound = name.size() <= 4 ? 2 : 3;
  std::string_view best;
  for (const std::string_view candidate : candidates) {
    const size_t distance = edit_distance(lower, candidate);
    if (distance == 0 || distance >= bound) continue;
    bound = distance;
    best = candidate;
  }
  return best;
}

bool is_like_pattern(std::string_view pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\') continue;
    if (++i == pattern.size()) return false;
  }
  return true;
}

}  // namespace cdp::rule
