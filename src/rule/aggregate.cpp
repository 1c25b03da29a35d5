#include "base/interrupt.hpp"
#include "rule/build.hpp"
#include "rule/compare.hpp"
#include "rule/plan.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <unordered_map>

namespace cdp::rule {

namespace {

using timeline::History;
using Function = Aggregate::Function;

/// A text that is the same for equal values and different for others.
void append_key(std::string& key, const Json& value) {
  if (const Decimal* number = value.number()) {
    std::string digits = number->to_string();
    if (digits.find('.') != std::string::npos) {
      digits.erase(digits.find_last_not_of('0') + 1);
      if (digits.back() == '.') digits.pop_back();
    }
    key += digits;
  } else if (const Json::Array* items = value.array()) {
    key += '[';
    for (const Json& item : *items) {
      append_key(key, item);
      key += ',';
    }
    key += ']';
  } else if (const Json::Object* object = value.object()) {
    std::vector<const Json::Member*> members;
    for (const Json::Member& member : *object) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
    key += '{';
    for (const Json::Member* member : members) {
      append_json_string(key, member->name);
      append_key(key, member->value);
      key += ',';
    }
    key += '}';
  } else {
    key += value.dump();
  }
}

/// The value of an aggregate over a window that moves: events come in and go out in order of time.
class Accumulator {
 public:
  Accumulator(const Bound& node, const Aggregate& aggregate, const History& history)
      : node_(node), aggregate_(aggregate), history_(history) {}

  /// Does the event bear on the value?
  bool takes(size_t i) const {
    if (!matches(node_.filters.front(), history_, i)) return false;
    if (!measures_property(aggregate_.function)) return true;
    const Json& value = measured(i);
    return aggregate_.function == Function::Distinct ? !value.is_null() : value.number() != nullptr;
  }

  void enter(size_t i) {
    ++count_;
    if (sums()) {
      sum_ += *measured(i).number();
    } else if (keeps_extremes()) {
      // Events that an event after them outdoes will never matter again.
      while (!extremes_.empty() && !outdoes(extremes_.back(), i)) extremes_.pop_back();
      extremes_.push_back(i);
    } else if (aggregate_.function == Function::Distinct) {
      ++distinct_[key_of(i)];
    }
  }

  void leave(size_t i) {
    --count_;
    if (sums()) {
      sum_ -= *measured(i).number();
    } else if (keeps_extremes()) {
      if (extremes_.front() == i) extremes_.pop_front();
    } else if (aggregate_.function == Function::Distinct) {
      const auto found = distinct_.find(key_of(i));
      if (--found->second == 0) distinct_.erase(found);
    }
  }

  bool truth() const {
    switch (aggregate_.function) {
      case Function::Did:
        return count_ > 0;
      case Function::Count:
        return holds(aggregate_.test, Decimal(count_), 1);
      case Function::Sum:
        return holds(aggregate_.test, sum_, 1);
      case Function::Distinct:
        return holds(aggregate_.test, Decimal(static_cast<int64_t>(distinct_.size())), 1);
      case Function::Avg:
        return count_ > 0 && holds(aggregate_.test, sum_, count_);
      case Function::Min:
      case Function::Max:
        return count_ > 0 && holds(aggregate_.test, *measured(extremes_.front()).number(), 1);
    }
    return false;
  }

  Json value() const {
    switch (aggregate_.function) {
      case Function::Did:
      case Function::Count:
        return Json(count_);
      case Function::Sum:
        return Json(sum_);
      case Function::Distinct:
        return Json(static_cast<int64_t>(distinct_.size()));
      case Function::Avg:
        return count_ > 0 ? average() : Json();
      case Function::Min:
      case Function::Max:
        return count_ > 0 ? measured(extremes_.front()) : Json();
    }
    return Json();
  }

 private:
  bool sums() const { return aggregate_.function == Function::Sum || aggregate_.function == Function::Avg; }
  bool keeps_extremes() const {
    return aggregate_.function == Function::Min || aggregate_.function == Function::Max;
  }
  const Json& measured(size_t i) const { return history_.property(i, node_.column); }

  bool outdoes(size_t i, size_t other) const {
    const auto order = *measured(i).number() <=> *measured(other).number();
    return aggregate_.function == Function::Min ? order < 0 : order > 0;
  }

  std::string key_of(size_t i) const {
    std::string key;
    append_key(key, measured(i));
    return key;
  }

  /// For people: the double nearest to it. The truth is told without dividing.
  Json average() const {
    char digits[32];
    const auto end =
        std::to_chars(digits, digits + sizeof digits, sum_.to_double() / static_cast<double>(count_));
    const std::optional<Decimal> value = Decimal::parse(std::string_view(digits, end.ptr - digits));
    return value ? Json(*value) : Json();
  }

  const Bound& node_;
  const Aggregate& aggregate_;
  const History& history_;
  int64_t count_ = 0;
  Decimal sum_;
  std::deque<size_t> extremes_;
  std::unordered_map<std::string, int64_t> distinct_;
};

/// For a condition that only tells from how many events on it holds, or no longer does: that number.
struct Threshold {
  int64_t count;
  bool truth_from_there;
};
std::optional<Threshold> threshold_of(const Aggregate& aggregate) {
  if (aggregate.function == Function::Did) return Threshold{1, true};
  if (aggregate.function != Function::Count) return std::nullopt;
  const Operator op = aggregate.test.op;
  if (op < Operator::Less || op > Operator::GreaterEqual) return std::nullopt;
  const std::optional<int64_t> number = aggregate.test.operands.front().number()->to_int64();
  if (!number || *number < 0 || *number == INT64_MAX) return std::nullopt;
  const bool is_beyond = op == Operator::Greater || op == Operator::LessEqual;
  const int64_t count = *number + (is_beyond ? 1 : 0);
  if (count == 0) return std::nullopt;
  return Threshold{count, op == Operator::Greater || op == Operator::GreaterEqual};
}

/// Newest first: as soon as enough events are found the older ones need no look.
Verdict evaluate_threshold(const Bound& node, const Threshold& threshold, std::optional<Micros> last,
                           const History& history, Range range) {
  InterruptTicker ticker;
  int64_t found = 0;
  for (size_t i = range.end; i > range.begin; --i) {
    ticker.tick();
    if (!matches(node.filters.front(), history, i - 1) || ++found < threshold.count) continue;
    return {threshold.truth_from_there, last ? history.time(i - 1) + *last : Instant::max()};
  }
  return {!threshold.truth_from_there, Instant::max()};
}

}  // namespace

Verdict evaluate_aggregate(const Bound& node, const History& history, Instant now) {
  const auto& aggregate = *node.node->as<Aggregate>();
  const Range range = range_of(history, aggregate.last, now);
  if (range.end == history.size())
    if (const std::optional<Threshold> threshold = threshold_of(aggregate))
      return evaluate_threshold(node, *threshold, aggregate.last, history, range);

  InterruptTicker ticker;
  Accumulator accumulator(node, aggregate, history);
  std::vector<size_t> taken;
  size_t coming = 0;  // of `taken`, the first that is still to come
  for (size_t i = range.begin; i < history.size(); ++i) {
    ticker.tick();
    if (!accumulator.takes(i)) continue;
    taken.push_back(i);
    if (i >= range.end) continue;
    accumulator.enter(i);
    ++coming;
  }
  const bool truth = accumulator.truth();
  // The window moves on: at each instant at which events leave it or come in, the condition is asked again.
  const auto leaves_at = [&](size_t k) {
    return aggregate.last ? history.time(taken[k]) + *aggregate.last : Instant::max();
  };
  size_t leaving = 0;
  for (;;) {
    ticker.tick();
    Instant next = Instant::max();
    if (leaving < coming) next = leaves_at(leaving);
    if (coming < taken.size()) next = std::min(next, history.time(taken[coming]));
    if (next == Instant::max()) return {truth, Instant::max()};
    while (leaving < coming && leaves_at(leaving) == next) accumulator.leave(taken[leaving++]);
    while (coming < taken.size() && history.time(taken[coming]) == next) accumulator.enter(taken[coming++]);
    if (accumulator.truth() != truth) return {truth, next};
  }
}

Json value_of_aggregate(const Bound& node, const History& history, Instant now) {
  const auto& aggregate = *node.node->as<Aggregate>();
  const Range range = range_of(history, aggregate.last, now);
  InterruptTicker ticker;
  Accumulator accumulator(node, aggregate, history);
  for (size_t i = range.begin; i < range.end; ++i) {
    ticker.tick();
    if (accumulator.takes(i)) accumulator.enter(i);
  }
  return accumulator.value();
}

}  // namespace cdp::rule
