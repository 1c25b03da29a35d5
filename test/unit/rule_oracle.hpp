#pragma once

#include "rule_raw.hpp"

namespace cdp::rule {

class Oracle {
 public:
  Oracle(const RawUser& user, Instant now, const std::map<std::string, Rule>& segments)
      : user_(user), now_(now), segments_(segments) {}

  bool truth(const Node& node) const {
    if (const auto* constant = node.as<Constant>()) return constant->truth;
    if (const auto* all = node.as<And>())
      return std::all_of(all->parts.begin(), all->parts.end(), [&](const auto& p) { return truth(*p); });
    if (const auto* any = node.as<Or>())
      return std::any_of(any->parts.begin(), any->parts.end(), [&](const auto& p) { return truth(*p); });
    if (const auto* negation = node.as<Not>()) return !truth(*negation->part);
    if (const auto* comparison = node.as<Comparison>())
      return test_holds(comparison->test, value_of(user_, comparison->path));
    if (const auto* membership = node.as<InSegment>()) return truth(segments_.at(membership->name).root());
    if (const auto* sample = node.as<Sample>()) {
      // The seeds of the tests; independent of the hash only at the ends, elsewhere asked of a whole rule.
      const Rule sampled(std::make_shared<const Node>(Node{*sample}));
      timeline::Demand demand;
      UserState state;
      state.user_no = kUserNo;
      state.user_id = kUserId;
      return evaluate(rule::bind(sampled, demand, {}), state, now_).truth;
    }
    if (const auto* condition = node.as<TraitTime>()) return trait_time_holds(*condition);
    if (const auto* held = node.as<Held>()) {
      const auto* comparison = held->test->as<Comparison>();
      const ValuePath& path = comparison != nullptr ? comparison->path : held->test->as<TraitTime>()->path;
      const auto since = user_.since.find(path.names.front());
      return since != user_.since.end() && now_.us >= since->second.us + held->length && truth(*held->test);
    }
    if (const auto* condition = node.as<LocalNow>()) return local_now_holds(*condition);
    if (const auto* aggregate = node.as<Aggregate>()) return aggregate_holds(*aggregate);
    if (const auto* moment = node.as<Moment>()) return moment_holds(*moment);
    if (const auto* sequence = node.as<Sequence>()) return sequence_holds(*sequence, 0, now_, now_);
    if (const auto* compare = node.as<Compare>()) return compare_holds(*compare);
    if (const auto* nearby = node.as<Nearby>()) return nearby_holds(*nearby);
    return abandoned_holds(*node.as<Abandoned>());
  }

  /// Did any comparison hang on digits that only exact numbers have?
  bool is_uncertain() const { return is_uncertain_; }

 private:
  bool trait_time_holds(const TraitTime& condition) const {
    const auto found = user_.times.find(condition.path.names.front());
    if (found == user_.times.end()) return false;
    const int64_t t = found->second.us;
    const int64_t length = condition.window.length;
    switch (condition.window.kind) {
      case Window::Kind::InLast:
        return t <= now_.us && t > now_.us - length;
      case Window::Kind::InNext:
        return t > now_.us && t <= now_.us + length;
      case Window::Kind::MoreThanAgo:
        return t <= now_.us - length;
      case Window::Kind::Before:
        return t < condition.window.from.us;
      default:
        return t > condition.window.from.us;
    }
  }

  bool local_now_holds(const LocalNow& condition) const {
    const char* names[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
    const int64_t day = local_day(now_);
    const Json value = condition.unit == LocalNow::Unit::Hour ? Json(local_hours(now_) - day * 24)
                                                              : Json(names[(day + 5 + 7000) % 7]);
    return test_holds(condition.test, &value);
  }

  bool takes(const EventFilter& filter, const RawEvent& event) const {
    if (event.time > now_) return false;
    if (filter.event && *filter.event != event.name) return false;
    return filter.where == nullptr || clause_holds(*filter.where, event);
  }

  bool clause_holds(const Node& node, const RawEvent& event) const {
    if (const auto* all = node.as<And>()) {
      for (const auto& part : all->parts)
        if (!clause_holds(*part, event)) return false;
      return true;
    }
    if (const auto* any = node.as<Or>()) {
      for (const auto& part : any->parts)
        if (clause_holds(*part, event)) return true;
      return false;
    }
    if (const auto* negation = node.as<Not>()) return !clause_holds(*negation->part, event);
    return test_holds(node.as<Comparison>()->test, value(node.as<Comparison>()->path, event));
  }

  static const Json* value(const ValuePath& path, const RawEvent& event) {
    return at_path(path.root == ValuePath::Root::Context ? event.context : event.properties, path.names);
  }

  /// Local time in hours since 2000, in the user's zone.
  int64_t local_hours(Instant t) const {
    int64_t ahead = 0;
    const Json* name = at_path(user_.traits, {"time_zone"});
    if (name == nullptr) name = at_path(user_.traits, {"timezone"});
    for (const RawZone& zone : zones())
      if (name != nullptr && name->string() && *name->string() == zone.name) ahead = hours_ahead(zone, t);
    const int64_t local = t.us + ahead * kHour;
    return local >= 0 ? local / kHour : -((-local + kHour - 1) / kHour);
  }
  int64_t local_day(Instant t) const {
    int64_t day = 0;
    for (int64_t hours = local_hours(t); hours >= 24; hours -= 24) ++day;
    for (int64_t hours = local_hours(t); hours < 0; hours += 24) --day;
    return day;
  }
  /// Counted from a Monday, 1999-12-27.
  int64_t local_week(Instant t) const { return (local_day(t) + 5 + 7000) / 7; }
  int64_t local_month(Instant t) const {
    const int64_t day = local_day(t);
    return day < 0 ? -1 : day < 31 ? 0 : day < 31 + 29 ? 1 : 2;
  }

  bool is_in_window(Instant time, const Window& window) const {
    if (time > now_) return false;
    const int64_t age = now_.us - time.us;
    switch (window.kind) {
      case Window::Kind::Always:
        return true;
      case Window::Kind::InLast:
        return age < window.length;
      case Window::Kind::BetweenAgo:
        return age < window.length && age >= window.nearer;
      case Window::Kind::MoreThanAgo:
        return age >= window.length;
      case Window::Kind::Since:
        return time.us >= window.from.us;
      case Window::Kind::Before:
        return time.us < window.from.us;
      case Window::Kind::After:
        return time.us > window.from.us;
      case Window::Kind::Between:
        return time.us >= window.from.us && time.us <= window.to.us;
      case Window::Kind::Today:
        return local_day(time) == local_day(now_);
      case Window::Kind::ThisWeek:
        return local_week(time) == local_week(now_);
      case Window::Kind::ThisMonth:
        return local_month(time) == local_month(now_);
      case Window::Kind::InNext:
        break;  // no window of events
    }
    return false;
  }

  /// What an aggregate finds in its window.
  struct Found {
    int64_t count = 0;
    std::vector<double> numbers;  // all of them are multiples of 1/2: exact in a double
    std::vector<Json> values;
    std::vector<Json> different;
    std::set<int64_t> days;
  };
  Found find(const Aggregate& aggregate) const {
    Found found;
    if (aggregate.function == Aggregate::Function::Sessions) {
      for (const Instant start : user_.sessions) found.count += is_in_window(start, aggregate.window) ? 1 : 0;
      return found;
    }
    for (const RawEvent& event : user_.events) {
      if (!is_in_window(event.time, aggregate.window) || !takes(aggregate.events, event)) continue;
      ++found.count;
      found.days.insert(local_day(event.time));
      if (aggregate.measured.names.empty()) continue;
      const Json* measured = value(aggregate.measured, event);
      if (measured == nullptr || measured->is_null()) continue;
      found.values.push_back(*measured);
      if (measured->number()) found.numbers.push_back(measured->number()->to_double());
      if (std::none_of(found.different.begin(), found.different.end(),
                       [&](const Json& x) { return equal(x, *measured); }))
        found.different.push_back(*measured);
    }
    return found;
  }

  /// The value, times the number of values if it is an average; nullopt if absent.
  static std::optional<double> number_of(const Aggregate& aggregate, const Found& found) {
    using Function = Aggregate::Function;
    double sum = 0;
    for (const double number : found.numbers) sum += number;
    switch (aggregate.function) {
      case Function::Count:
      case Function::Sessions:
        return static_cast<double>(found.count);
      case Function::Days:
        return static_cast<double>(found.days.size());
      case Function::Sum:
        return sum;
      case Function::Distinct:
        return static_cast<double>(found.different.size());
      default:
        break;
    }
    if (found.numbers.empty()) return std::nullopt;
    if (aggregate.function == Function::Avg) return sum;
    return aggregate.function == Function::Min
               ? *std::min_element(found.numbers.begin(), found.numbers.end())
               : *std::max_element(found.numbers.begin(), found.numbers.end());
  }

  bool aggregate_holds(const Aggregate& aggregate) const {
    using Function = Aggregate::Function;
    const Found found = find(aggregate);
    if (aggregate.function == Function::Did) return found.count > 0;
    if (aggregate.function == Function::Most) {
      const Json* most = nullptr;
      int64_t most_often = 0;
      for (const Json& candidate : found.values) {
        const auto often = std::count_if(found.values.begin(), found.values.end(),
                                         [&](const Json& x) { return equal(x, candidate); });
        if (often >= most_often) most = &candidate;  // the later one of equals
        most_often = std::max<int64_t>(most_often, often);
      }
      return test_holds(aggregate.test, most);
    }
    const std::optional<double> result = number_of(aggregate, found);
    if (!result) return false;
    const size_t scale = aggregate.function == Function::Avg ? found.numbers.size() : 1;
    Test scaled = aggregate.test;
    for (Json& operand : scaled.operands)
      operand = Json(*operand.number() * Decimal(static_cast<int64_t>(scale)));
    const Json value(*Decimal::parse(std::to_string(static_cast<int64_t>(*result * 10)) + "e-1"));
    return test_holds(scaled, &value);
  }

  /// A quotient that is no small decimal is no more exact.
  struct Number {
    long double value;
    bool is_exact;
  };
  static Number quotient(const Number& a, const Number& b) {
    const long double value = a.value / b.value;
    const bool is_short = value * 1024 == std::floor(value * 1024) && value * b.value == a.value;
    return {value, a.is_exact && b.is_exact && is_short};
  }

  std::optional<Number> number(const Expression& expression) const {
    if (const auto* literal = expression.as<Decimal>()) return Number{literal->to_double(), true};
    if (const auto* path = expression.as<ValuePath>()) {
      const Json* value = value_of(user_, *path);
      if (value == nullptr || !value->number()) return std::nullopt;
      return Number{value->number()->to_double(), true};
    }
    if (const auto* aggregate = expression.as<Aggregate>()) {
      const Found found = find(*aggregate);
      const std::optional<double> value = number_of(*aggregate, found);
      if (!value) return std::nullopt;
      const Number result{*value, true};
      if (aggregate->function != Aggregate::Function::Avg) return result;
      return quotient(result, {static_cast<long double>(found.numbers.size()), true});
    }
    const auto& arithmetic = *expression.as<Arithmetic>();
    const std::optional<Number> left = number(*arithmetic.left);
    const std::optional<Number> right = number(*arithmetic.right);
    if (!left || !right) return std::nullopt;
    const bool is_exact = left->is_exact && right->is_exact;
    if (arithmetic.sign == '+') return Number{left->value + right->value, is_exact};
    if (arithmetic.sign == '-') return Number{left->value - right->value, is_exact};
    if (arithmetic.sign == '*') return Number{left->value * right->value, is_exact};
    if (std::abs(right->value) < 1e-9L) {
      if (!right->is_exact) is_uncertain_ = true;
      return std::nullopt;
    }
    return quotient(*left, *right);
  }

  bool compare_holds(const Compare& compare) const {
    const std::optional<Number> left = number(*compare.left);
    const std::optional<Number> right = number(*compare.right);
    if (!left || !right) return false;
    const long double distance = left->value - right->value;
    if (!(left->is_exact && right->is_exact) && std::abs(distance) < 1e-9L) is_uncertain_ = true;
    switch (compare.op) {
      case Operator::Equal:
        return distance == 0;
      case Operator::NotEqual:
        return distance != 0;
      case Operator::Less:
        return distance < 0;
      case Operator::LessEqual:
        return distance <= 0;
      case Operator::Greater:
        return distance > 0;
      default:
        return distance >= 0;
    }
  }

  /// By the chord through the sphere.
  bool nearby_holds(const Nearby& nearby) const {
    const auto point = [](double latitude, double longitude) {
      const double phi = latitude * M_PI / 180;
      const double lambda = longitude * M_PI / 180;
      return std::array{std::cos(phi) * std::cos(lambda), std::cos(phi) * std::sin(lambda), std::sin(phi)};
    };
    const auto here = point(nearby.latitude.to_double(), nearby.longitude.to_double());
    const double meters[] = {1, 1000, 0.3048, 1609.344};
    bool is_near = false;
    for (const RawEvent& event : user_.events) {
      if (event.time > now_) break;
      const Json* latitude = at_path(event.context, {"location", "latitude"});
      const Json* longitude = at_path(event.context, {"location", "longitude"});
      if (!latitude || !longitude || !latitude->number() || !longitude->number()) continue;
      if (*latitude->number() > Decimal(90) || *longitude->number() < Decimal(-180)) continue;
      const auto there = point(latitude->number()->to_double(), longitude->number()->to_double());
      double squared = 0;
      for (size_t i = 0; i < 3; ++i) squared += (here.at(i) - there.at(i)) * (here.at(i) - there.at(i));
      const double distance = 2 * 6371008.8 * std::asin(std::min(1.0, std::sqrt(squared) / 2));
      is_near = distance <= nearby.distance.to_double() * meters[static_cast<int>(nearby.unit)] + 1e-6;
    }
    return is_near;
  }

  bool moment_holds(const Moment& moment) const {
    std::optional<Instant> time;
    for (const RawEvent& event : user_.events) {
      if (!takes(moment.events, event)) continue;
      if (!time || (moment.is_first ? event.time < *time : event.time > *time)) time = event.time;
    }
    return time && is_in_window(*time, moment.window);
  }

  bool sequence_holds(const Sequence& sequence, size_t step, Instant first, Instant previous) const {
    if (step == sequence.steps.size()) return !sequence.within || previous.us - first.us <= *sequence.within;
    for (const RawEvent& event : user_.events) {
      if (!is_in_window(event.time, sequence.window) || !takes(sequence.steps[step], event)) continue;
      if (step > 0 && event.time <= previous) continue;
      if (sequence.gaps[step] && event.time.us - previous.us > *sequence.gaps[step]) continue;
      if (sequence_holds(sequence, step + 1, step == 0 ? event.time : first, event.time)) return true;
    }
    return false;
  }

  bool abandoned_holds(const Abandoned& abandoned) const {
    std::optional<Instant> latest;
    for (const RawEvent& event : user_.events)
      if (takes(abandoned.first, event) && (!latest || event.time > *latest)) latest = event.time;
    if (!latest || !is_in_window(*latest, abandoned.window)) return false;
    if (now_.us <= latest->us + abandoned.within) return false;
    for (const RawEvent& event : user_.events)
      if (takes(abandoned.then, event) && event.time > *latest &&
          event.time.us <= latest->us + abandoned.within)
        return false;
    return true;
  }

  const RawUser& user_;
  Instant now_;
  const std::map<std::string, Rule>& segments_;
  mutable bool is_uncertain_ = false;
};

}  // namespace cdp::rule
