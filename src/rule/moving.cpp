#include "rule/moving.hpp"

#include "base/interrupt.hpp"
#include "base/quotient.hpp"
#include "rule/build.hpp"
#include "rule/compare.hpp"

#include <algorithm>
#include <charconv>

namespace cdp::rule {

namespace {

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

}  // namespace

MovingAggregate::MovingAggregate(const Bound& node, const Subject& subject, Instant now)
    : node_(node),
      aggregate_(*node.node->as<Aggregate>()),
      history_(subject.history),
      window_(aggregate_.window, subject.zone),
      local_(subject.zone) {
  InterruptTicker ticker;
  const Range range = window_.at(history_, now);
  const size_t end = window_.end_of_all(history_);
  const BoundFilter& filter = node_.filters.front();
  for (size_t i = first_match(filter, history_, range.begin, end); i < end;
       i = first_match(filter, history_, i + 1, end)) {
    ticker.tick();
    if (!measures(i)) continue;
    taken_.push_back(i);
    if (i >= range.end) continue;
    enter(i);
    ++coming_;
  }
}

Instant MovingAggregate::next() {
  Instant next = Instant::max();
  if (leaving_ < coming_) next = window_.leaves_at(history_.time(taken_[leaving_]));
  if (coming_ < taken_.size()) next = std::min(next, window_.enters_at(history_.time(taken_[coming_])));
  return next;
}

void MovingAggregate::advance() {
  const Instant next = this->next();
  // What comes in may go out at once, so that comes first.
  while (coming_ < taken_.size() && window_.enters_at(history_.time(taken_[coming_])) == next)
    enter(taken_[coming_++]);
  while (leaving_ < coming_ && window_.leaves_at(history_.time(taken_[leaving_])) <= next)
    leave(taken_[leaving_++]);
}

bool MovingAggregate::sums() const {
  return aggregate_.function == Function::Sum || aggregate_.function == Function::Avg;
}

bool MovingAggregate::keeps_extremes() const {
  return aggregate_.function == Function::Min || aggregate_.function == Function::Max;
}

/// Does the event, which the filter takes, bear on the value?
bool MovingAggregate::measures(size_t i) const {
  if (!measures_property(aggregate_.function)) return true;
  const Json& value = measured(i);
  return sums() || keeps_extremes() ? value.number() != nullptr : !value.is_null();
}

void MovingAggregate::enter(size_t i) {
  ++count_;
  if (sums()) {
    sum_ += *measured(i).number();
  } else if (keeps_extremes()) {
    // Events that an event after them outdoes will never matter again.
    while (!extremes_.empty() && !outdoes(extremes_.back(), i)) extremes_.pop_back();
    extremes_.push_back(i);
  } else if (aggregate_.function == Function::Distinct) {
    ++values_[key_of(i)].count;
  } else if (aggregate_.function == Function::Most) {
    Occurring& value = values_[key_of(i)];
    if (value.count > 0) ranks_.erase({value.count, value.latest});
    value = {value.count + 1, i};
    ranks_.insert({value.count, i});
  } else if (aggregate_.function == Function::Days) {
    ++days_[local_.day(history_.time(i))];
  }
}

void MovingAggregate::leave(size_t i) {
  --count_;
  if (sums()) {
    sum_ -= *measured(i).number();
  } else if (keeps_extremes()) {
    if (extremes_.front() == i) extremes_.pop_front();
  } else if (aggregate_.function == Function::Distinct || aggregate_.function == Function::Most) {
    const auto found = values_.find(key_of(i));
    Occurring& value = found->second;
    if (aggregate_.function == Function::Most) ranks_.erase({value.count, value.latest});
    if (--value.count == 0)
      values_.erase(found);
    else if (aggregate_.function == Function::Most)
      ranks_.insert({value.count, value.latest});
  } else if (aggregate_.function == Function::Days) {
    const auto found = days_.find(local_.day(history_.time(i)));
    if (--found->second == 0) days_.erase(found);
  }
}

bool MovingAggregate::truth() const {
  const auto holds_for = [&](const Decimal& value) { return holds(aggregate_.test, value, 1); };
  switch (aggregate_.function) {
    case Function::Did:
      return count_ > 0;
    case Function::Count:
    case Function::Sessions:
      return holds_for(Decimal(count_));
    case Function::Sum:
      return holds_for(sum_);
    case Function::Distinct:
      return holds_for(Decimal(static_cast<int64_t>(values_.size())));
    case Function::Days:
      return holds_for(Decimal(static_cast<int64_t>(days_.size())));
    case Function::Avg:
      return count_ > 0 && holds(aggregate_.test, sum_, count_);
    case Function::Min:
    case Function::Max:
      return count_ > 0 && holds_for(*measured(extremes_.front()).number());
    case Function::Most:
      return holds(aggregate_.test, most());
  }
  return false;
}

Json MovingAggregate::value() const {
  switch (aggregate_.function) {
    case Function::Did:
    case Function::Count:
    case Function::Sessions:
      return Json(count_);
    case Function::Sum:
      return Json(sum_);
    case Function::Distinct:
      return Json(static_cast<int64_t>(values_.size()));
    case Function::Days:
      return Json(static_cast<int64_t>(days_.size()));
    case Function::Avg:
      return count_ > 0 ? average() : Json();
    case Function::Min:
    case Function::Max:
      return count_ > 0 ? measured(extremes_.front()) : Json();
    case Function::Most:
      return count_ > 0 ? *most() : Json();
  }
  return Json();
}

std::optional<Decimal> MovingAggregate::number() const {
  if (aggregate_.function == Function::Avg)
    return count_ > 0 ? std::optional(quotient(sum_, Decimal(count_), kQuotientDigits)) : std::nullopt;
  const Json value = this->value();
  return value.number() != nullptr ? std::optional(*value.number()) : std::nullopt;
}

bool MovingAggregate::outdoes(size_t i, size_t other) const {
  const auto order = *measured(i).number() <=> *measured(other).number();
  return aggregate_.function == Function::Min ? order < 0 : order > 0;
}

std::string MovingAggregate::key_of(size_t i) const {
  std::string key;
  append_key(key, measured(i));
  return key;
}

const Json* MovingAggregate::most() const {
  return ranks_.empty() ? nullptr : &measured(ranks_.rbegin()->second);
}

/// For people: the double nearest to it. The truth is told without dividing.
Json MovingAggregate::average() const {
  char digits[32];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, sum_.to_double() / static_cast<double>(count_));
  const std::optional<Decimal> value = Decimal::parse(std::string_view(digits, end.ptr - digits));
  return value ? Json(*value) : Json();
}

}  // namespace cdp::rule
