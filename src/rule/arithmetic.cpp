#include "rule/arithmetic.hpp"

#include "base/error.hpp"
#include "base/quotient.hpp"
#include "rule/compare.hpp"
#include "rule/moving.hpp"

#include <algorithm>
#include <deque>

namespace cdp::rule {

namespace {

using Number = std::optional<Decimal>;

Number combined(char sign, const Decimal& left, const Decimal& right) {
  try {
    switch (sign) {
      case '+':
        return left + right;
      case '-':
        return left - right;
      case '*':
        return left * right;
      default:
        return right.sign() == 0 ? Number() : quotient(left, right, kQuotientDigits);
    }
  } catch (const Error& error) {
    if (error.category() != Category::OutOfRange) throw;
    return std::nullopt;
  }
}

/// The two sides of a comparison while time goes on.
class MovingCompare {
 public:
  MovingCompare(const Bound& node, const Subject& subject, Instant now)
      : compare_(*node.node->as<Compare>()), state_(subject.state) {
    for (const Bound& operand : node.operands) operands_.emplace_back(operand, subject, now);
  }

  Instant next() {
    Instant next = Instant::max();
    for (MovingAggregate& operand : operands_) next = std::min(next, operand.next());
    return next;
  }

  void advance() {
    const Instant next = this->next();
    for (MovingAggregate& operand : operands_)
      if (operand.next() == next) operand.advance();
  }

  struct Sides {
    Number left;
    Number right;
  };
  Sides sides() const {
    size_t place = 0;
    Sides both;
    both.left = number(*compare_.left, place);
    both.right = number(*compare_.right, place);
    return both;
  }

  bool truth() const {
    const auto [left, right] = sides();
    return left && right && holds(Test{compare_.op, {Json(*right)}}, *left, 1);
  }

 private:
  /// `place` counts the aggregates from left to right.
  Number number(const Expression& expression, size_t& place) const {
    if (const auto* literal = expression.as<Decimal>()) return *literal;
    if (expression.as<Aggregate>()) return operands_[place++].number();
    if (const auto* path = expression.as<ValuePath>()) {
      const Json* value = state_ != nullptr ? value_at(*path, *state_) : nullptr;
      return value != nullptr && value->number() != nullptr ? Number(*value->number()) : std::nullopt;
    }
    const auto& arithmetic = *expression.as<Arithmetic>();
    const Number left = number(*arithmetic.left, place);
    const Number right = number(*arithmetic.right, place);
    return left && right ? combined(arithmetic.sign, *left, *right) : std::nullopt;
  }

  const Compare& compare_;
  const UserState* state_;
  std::deque<MovingAggregate> operands_;
};

}  // namespace

Verdict evaluate_compare(const Bound& node, const Subject& subject, Instant now) {
  MovingCompare moving(node, subject, now);
  return verdict_of(moving);
}

Json value_of_compare(const Bound& node, const Subject& subject, Instant now) {
  const auto [left, right] = MovingCompare(node, subject, now).sides();
  return Json(Json::Object{{"left", left ? Json(*left) : Json()}, {"right", right ? Json(*right) : Json()}});
}

}  // namespace cdp::rule
