#pragma once

#include "rule/rule.hpp"

#include <array>
#include <random>

/// Random rules over a small vocabulary, so that they meet the random users of the tests often.
namespace cdp::rule {

/// Events lie on the steps of a scale, from 2000-01-01 on; windows are multiples of its unit.
struct Scale {
  Micros step = kSecond / 2;
  Micros unit = kSecond;
  uint64_t steps = 80;
};
constexpr Scale kSeconds{};
/// Over days, so that local time matters.
constexpr Scale kDays{6 * kHour, 12 * kHour, 160};

class RandomRules {
 public:
  explicit RandomRules(uint64_t seed, const Scale& scale = kSeconds) : random_(seed), scale_(scale) {}

  uint64_t below(uint64_t bound) { return random_() % bound; }
  bool chance(int percent) { return below(100) < static_cast<uint64_t>(percent); }

  /// A whole tree of at most `depth` levels over conditions.
  NodePointer tree(int depth) {
    if (depth > 1 && chance(55)) {
      switch (below(3)) {
        case 0:
          return joined<And>(depth);
        case 1:
          return joined<Or>(depth);
        default:
          return node(Not{tree(depth - 1)});
      }
    }
    return chance(60) ? behaviour() : leaf();
  }

  /// A condition about events.
  NodePointer behaviour() {
    switch (below(12)) {
      case 10:
        return compare();
      case 11:
        return nearby();
      case 0:
      case 1: {
        Moment moment;
        moment.is_first = chance(50);
        moment.events = filter();
        do moment.window = window(true);
        while (moment.window.kind == Window::Kind::Always);
        return node(std::move(moment));
      }
      case 2: {
        Sequence sequence;
        for (uint64_t i = 0, count = 2 + below(2); i < count; ++i) {
          sequence.steps.push_back(filter());
          sequence.gaps.emplace_back();
          if (i > 0 && chance(40)) sequence.gaps.back() = length();
        }
        if (chance(60)) sequence.within = length();
        sequence.window = window();
        return node(std::move(sequence));
      }
      case 3: {
        Abandoned abandoned;
        abandoned.first = filter();
        abandoned.then = filter();
        abandoned.within = length();
        abandoned.window = window();
        return node(std::move(abandoned));
      }
      default: {
        using Function = Aggregate::Function;
        Aggregate aggregate;
        aggregate.function = static_cast<Function>(below(10));
        if (aggregate.function != Function::Sessions) aggregate.events = filter();
        if (aggregate.function >= Function::Sum && aggregate.function <= Function::Most)
          aggregate.measured = property();
        aggregate.window = window();
        if (aggregate.function == Function::Most)
          aggregate.test = any_test();
        else if (aggregate.function != Function::Did)
          aggregate.test = numeric_test();
        return node(std::move(aggregate));
      }
    }
  }

  /// A condition about the profile and the present.
  NodePointer present() {
    using Kind = Window::Kind;
    switch (below(3)) {
      case 0: {
        Window window;
        window.kind =
            std::array{Kind::InLast, Kind::InNext, Kind::MoreThanAgo, Kind::Before, Kind::After}.at(below(5));
        if (window.kind == Kind::Before || window.kind == Kind::After)
          window.from = instant();
        else
          window.length = length();
        if (chance(15)) return node(TraitTime{{ValuePath::Root::Call, {"due"}}, window});
        return node(TraitTime{{ValuePath::Root::Trait, {pick({"renewal", "birth", "age"})}}, window});
      }
      case 1: {
        NodePointer test = chance(50) ? comparison() : present();
        while (!may_be_held(*test)) test = present();
        return node(Held{std::move(test), length()});
      }
      default: {
        LocalNow condition;
        condition.unit = chance(50) ? LocalNow::Unit::Weekday : LocalNow::Unit::Hour;
        condition.test = any_test();
        for (Json& operand : condition.test.operands) {
          if (condition.unit == LocalNow::Unit::Hour && operand.number())
            operand = Json(static_cast<int64_t>(below(25)));
          if (condition.unit == LocalNow::Unit::Weekday && chance(80))
            operand = Json(pick({"monday", "sunday", "friday", "%day"}));
        }
        return node(std::move(condition));
      }
    }
  }

  /// Two numbers compared, in a form that a Comparison or an Aggregate has not.
  NodePointer compare() {
    for (;;) {
      Compare compare{expression(3), static_cast<Operator>(below(6)), expression(3)};
      const bool is_single = compare.left->as<ValuePath>() || compare.left->as<Aggregate>();
      if (!is_single || !compare.right->as<Decimal>()) return node(std::move(compare));
    }
  }

  ExpressionPointer expression(int depth) {
    const auto make = [](auto kind) {
      return std::make_shared<const Expression>(Expression{std::move(kind)});
    };
    if (depth > 1 && chance(50))
      return make(Arithmetic{*pick({"+", "-", "*", "/"}), expression(depth - 1), expression(depth - 1)});
    if (chance(25)) return make(number());
    if (chance(10)) return make(call());
    if (chance(25)) return make(ValuePath{ValuePath::Root::Trait, {pick({"age", "count"})}});
    using Function = Aggregate::Function;
    Aggregate aggregate;
    aggregate.function = std::array{Function::Count, Function::Sum,      Function::Avg, Function::Min,
                                    Function::Max,   Function::Distinct, Function::Days}
                             .at(below(7));
    aggregate.events = filter();
    if (aggregate.function >= Function::Sum && aggregate.function <= Function::Most)
      aggregate.measured = property();
    aggregate.window = window();
    return make(std::move(aggregate));
  }

  NodePointer nearby() {
    return node(Nearby{Decimal(static_cast<int64_t>(below(8000))), static_cast<Nearby::Unit>(below(4)),
                       *Decimal::parse(pick({"59.91", "0", "-33.5"})),
                       *Decimal::parse(pick({"10.75", "-179.5", "0"}))});
  }

  Window window(bool of_time = false) {
    using Kind = Window::Kind;
    Window window;
    window.kind =
        chance(40) ? (chance(50) ? Kind::Always : Kind::InLast) : static_cast<Kind>(below(of_time ? 11 : 10));
    if (window.kind == Kind::InLast || window.kind == Kind::MoreThanAgo) window.length = length();
    if (window.kind == Kind::BetweenAgo) {
      window.nearer = length();
      window.length = window.nearer + length();
    }
    if (window.kind == Kind::Since || window.kind == Kind::Before || window.kind == Kind::After ||
        window.kind == Kind::Between)
      window.from = instant();
    if (window.kind == Kind::Between) window.to = instant();
    return window;
  }

  Instant instant() { return {static_cast<int64_t>(below(scale_.steps)) * scale_.step}; }
  Micros length() { return static_cast<Micros>(1 + below(12)) * scale_.unit; }

  Json value() {
    switch (below(8)) {
      case 0:
        return Json(chance(50));
      case 1:
        return Json();
      case 2:
      case 3:
        return Json(std::string(pick({"x", "y", "xy", "X", "", "it's", "a%b_", "10"})));
      default:
        return Json(number());
    }
  }

  Decimal number() {
    const auto whole = static_cast<int64_t>(below(9)) - 2;
    return chance(30) ? *Decimal::parse(std::to_string(whole * 5) + "e-1") : Decimal(whole);
  }

  const char* event_name() { return pick({"a", "b", "c"}); }

 private:
  template <class T>
  static NodePointer node(T kind) {
    return std::make_shared<const Node>(Node{std::move(kind)});
  }

  const char* pick(std::initializer_list<const char*> from) { return from.begin()[below(from.size())]; }

  /// An And has no And among its parts, an Or no Or.
  template <class T>
  NodePointer joined(int depth) {
    T all;
    while (all.parts.size() < 2 || chance(25)) {
      NodePointer part = tree(depth - 1);
      if (part->as<T>() == nullptr) all.parts.push_back(std::move(part));
    }
    return node(std::move(all));
  }

  static bool may_be_held(const Node& test) {
    const auto* comparison = test.as<Comparison>();
    const auto* time = test.as<TraitTime>();
    if (comparison == nullptr && time == nullptr) return false;
    return (comparison != nullptr ? comparison->path : time->path).root == ValuePath::Root::Trait;
  }

  ValuePath call() {
    if (chance(50)) return {ValuePath::Root::Call, {pick({"score", "due"})}};
    return {ValuePath::Root::Call, {pick({"app", "in"}), pick({"Score", "call"})}};
  }

  NodePointer leaf() {
    switch (below(8)) {
      case 0:
        return node(Constant{chance(50)});
      case 1:
        return node(InSegment{pick({"vip", "Staff Only", "in", "s1"})});
      case 2:
        return node(Sample{Decimal(static_cast<int64_t>(below(101))), pick({"", "seed", "it's"})});
      case 3:
      case 4:
        return present();
      default:
        return comparison();
    }
  }

  NodePointer comparison() {
    if (chance(20)) return node(Comparison{call(), any_test()});
    return node(
        Comparison{{ValuePath::Root::Trait, {pick({"plan", "age", "Plan Name", "count"})}}, any_test()});
  }

  EventFilter filter() {
    EventFilter filter;
    if (chance(85)) filter.event = event_name();
    if (chance(40)) filter.where = clause(2);
    return filter;
  }

  NodePointer clause(int depth) {
    if (depth > 1 && chance(30)) {
      if (chance(30)) return node(Not{clause(depth - 1)});
      const NodePointer first = node(Comparison{property(), any_test()});
      const NodePointer second = node(Comparison{property(), any_test()});
      if (chance(50)) return node(And{{first, second}});
      return node(Or{{first, second}});
    }
    return node(Comparison{property(), any_test()});
  }

  ValuePath property() {
    switch (below(6)) {
      case 0:
        return {ValuePath::Root::Context, {"p"}};
      case 1:
        return {ValuePath::Root::Property, {pick({"context", "session", "Context"}), "p"}};
      default:
        return {ValuePath::Root::Property, {pick({"p", "q", "where"})}};
    }
  }

  Test any_test() {
    Test test{static_cast<Operator>(below(20)), {}};
    size_t operands = 1;
    if (test.op == Operator::IsNull || test.op == Operator::IsNotNull) operands = 0;
    if (test.op == Operator::Between || test.op == Operator::NotBetween) operands = 2;
    if (test.op == Operator::In || test.op == Operator::NotIn) operands = 1 + below(3);
    const bool is_pattern = test.op >= Operator::Like && test.op <= Operator::NotILike;
    for (size_t i = 0; i < operands; ++i)
      if (test.op == Operator::Matches || test.op == Operator::NotMatches)
        test.operands.emplace_back(pick({"x", "^x", "[xy]+$", "day$", "^$", "(?i)X"}));
      else
        test.operands.push_back(is_pattern ? Json(pick({"x%", "_", "%y", "a\\%b%", "%", "X_"})) : value());
    return test;
  }

  Test numeric_test() {
    Test test{static_cast<Operator>(below(10)), {}};
    const bool is_range = test.op == Operator::Between || test.op == Operator::NotBetween;
    const bool is_list = test.op == Operator::In || test.op == Operator::NotIn;
    const size_t operands = is_range ? 2 : is_list ? 1 + below(3) : 1;
    for (size_t i = 0; i < operands; ++i) test.operands.emplace_back(number());
    return test;
  }

  std::mt19937_64 random_;
  Scale scale_;
};

}  // namespace cdp::rule
