#include "base/error.hpp"
#include "rule/plan.hpp"

#include <algorithm>

namespace cdp::rule {

namespace {

class Binder {
 public:
  Binder(timeline::Demand& demand, const SegmentResolver& resolve, ConditionNumbers* numbers)
      : demand_(demand), resolve_(resolve), numbers_(numbers) {}

  std::shared_ptr<const BoundRule::Plan> plan(const Rule& rule) {
    plan_.root = bind(rule.root_pointer());
    std::sort(plan_.events.begin(), plan_.events.end());
    plan_.events.erase(std::unique(plan_.events.begin(), plan_.events.end()), plan_.events.end());
    return std::make_shared<const BoundRule::Plan>(std::move(plan_));
  }

 private:
  Bound bind(const NodePointer& node) {
    if (++nodes_ > kMaxBoundNodes)
      throw Error(Category::Limit, "rule has more than " + std::to_string(kMaxBoundNodes) +
                                       " conditions with the segments it names");
    if (++depth_ > kMaxBoundDepth)
      throw Error(Category::Limit, "rule nests deeper than " + std::to_string(kMaxBoundDepth) +
                                       " levels with the segments it names");
    Bound bound;
    bound.node = node;
    std::visit([&](const auto& kind) { bind_kind(bound, kind); }, node->kind);
    for (const Bound& part : bound.parts) {
      bound.reads_history = bound.reads_history || part.reads_history;
      bound.calls = bound.calls || part.calls;
    }
    bound.reads_history = bound.reads_history || !bound.filters.empty() || !bound.operands.empty();
    if (numbers_ != nullptr && is_costly(bound)) bound.number = numbers_->number_of(*node);
    --depth_;
    return bound;
  }

  /// Is it a condition by itself, and more than a look at a trait?
  static bool is_costly(const Bound& bound) {
    const Node& node = *bound.node;
    return bound.parts.empty() &&
           (!bound.filters.empty() || node.as<Compare>() || node.as<TraitTime>() || node.as<Held>());
  }

  void bind_kind(Bound& /*bound*/, const Constant& /*constant*/) {}
  void bind_kind(Bound& bound, const Sample& /*sample*/) {
    add_profile_condition(bound);
    plan_.uses_user_id = true;
  }
  void bind_kind(Bound& bound, const And& all) { bind_parts(bound, all.parts); }
  void bind_kind(Bound& bound, const Or& any) { bind_parts(bound, any.parts); }
  void bind_kind(Bound& bound, const Not& negation) { bound.parts.push_back(bind(negation.part)); }

  void bind_kind(Bound& bound, const Comparison& comparison) {
    switch (comparison.path.root) {
      case ValuePath::Root::Property:
      case ValuePath::Root::Context:
        bound.column = column(comparison.path);
        return;
      case ValuePath::Root::Trait:
        add_profile_condition(bound);
        break;
      case ValuePath::Root::Call:
        break;
    }
    use_value(bound, comparison.path);
  }

  /// Of a trait or a call.
  void use_value(Bound& bound, const ValuePath& path) {
    if (path.root != ValuePath::Root::Call) return add_trait(path.names.front());
    bound.calls = plan_.needs_state = true;
    if (std::find(plan_.calls.begin(), plan_.calls.end(), path) == plan_.calls.end())
      plan_.calls.push_back(path);
  }

  void bind_kind(Bound& bound, const TraitTime& condition) {
    use_value(bound, condition.path);
    plan_.needs_state = true;
    if (moves(condition.window)) depend_on_present();
  }
  void bind_kind(Bound& bound, const Held& held) {
    if (const auto* comparison = held.test->as<Comparison>())
      add_trait(comparison->path.names.front());
    else
      bind_kind(bound, *held.test->as<TraitTime>());
    plan_.uses_trait_times = plan_.needs_state = true;
    depend_on_present();
  }
  void bind_kind(Bound& bound, const LocalNow& /*condition*/) {
    use_zone(bound);
    depend_on_present();
  }

  void bind_kind(Bound& bound, const Compare& compare) {
    bind_operands(bound, *compare.left);
    bind_operands(bound, *compare.right);
  }
  void bind_operands(Bound& bound, const Expression& expression) {
    if (const auto* path = expression.as<ValuePath>()) {
      use_value(bound, *path);
      plan_.needs_state = true;
    } else if (const auto* aggregate = expression.as<Aggregate>()) {
      bound.operands.push_back(bind(std::make_shared<const Node>(Node{*aggregate})));
      bound.uses_zone |= bound.operands.back().uses_zone;
    } else if (const auto* arithmetic = expression.as<Arithmetic>()) {
      bind_operands(bound, *arithmetic->left);
      bind_operands(bound, *arithmetic->right);
    }
  }
  void bind_kind(Bound& bound, const Nearby& /*nearby*/) {
    using Root = ValuePath::Root;
    add(bound, EventFilter());
    bound.column = column({Root::Context, {"location", "latitude"}});
    bound.second_column = column({Root::Context, {"location", "longitude"}});
    look_back(bound);
  }

  void bind_kind(Bound& bound, const InSegment& membership) {
    const Membership meaning = resolve_ ? resolve_(membership.name) : Membership();
    if (meaning.users) {
      bound.users = meaning.users;
      add_profile_condition(bound);
      return;
    }
    if (meaning.rule == nullptr)
      throw Error(Category::NotFound, "segment \"" + membership.name + "\" does not exist");
    if (std::find(open_.begin(), open_.end(), membership.name) != open_.end()) {
      std::string chain;
      for (auto it = std::find(open_.begin(), open_.end(), membership.name); it != open_.end(); ++it)
        chain += *it + " -> ";
      throw Error(Category::BadValue, "segments name each other in a circle: " + chain + membership.name);
    }
    open_.push_back(membership.name);
    bound.parts.push_back(bind(meaning.rule->root_pointer()));
    open_.pop_back();
  }

  void bind_kind(Bound& bound, const Aggregate& aggregate) {
    if (aggregate.function == Aggregate::Function::Sessions) {
      // Of the session starts all count; any event may begin a session, or join two.
      bound.filters.push_back({true, 0, {}});
      plan_.uses_sessions = plan_.uses_all_events = plan_.needs_state = true;
    } else {
      add(bound, aggregate.events);
      look_back(bound);
    }
    if (!aggregate.measured.names.empty()) bound.column = column(aggregate.measured);
    if (aggregate.function == Aggregate::Function::Days) use_zone(bound);
    use(bound, aggregate.window);
  }
  void bind_kind(Bound& bound, const Moment& moment) {
    add(bound, moment.events);
    look_back(bound);
    use(bound, moment.window);
  }
  void bind_kind(Bound& bound, const Sequence& sequence) {
    for (const EventFilter& step : sequence.steps) add(bound, step);
    look_back(bound);
    use(bound, sequence.window);
  }
  void bind_kind(Bound& bound, const Abandoned& abandoned) {
    add(bound, abandoned.first);
    add(bound, abandoned.then);
    look_back(bound);
    use(bound, abandoned.window);
    plan_.is_time_dependent = true;
  }

  void use(Bound& bound, const Window& window) {
    plan_.is_time_dependent |= moves(window);
    if (window.is_calendar()) use_zone(bound);
  }

  /// Time changes the truth whatever the events are.
  void depend_on_present() { plan_.is_time_dependent = plan_.depends_on_present = true; }

  void use_zone(Bound& bound) {
    bound.uses_zone = plan_.needs_state = true;
    for (const char* name : kTimeZoneTraits) add_trait(name);
  }

  void add_trait(const std::string& name) {
    if (std::find(plan_.traits.begin(), plan_.traits.end(), name) == plan_.traits.end())
      plan_.traits.push_back(name);
  }

  void bind_parts(Bound& bound, const std::vector<NodePointer>& parts) {
    for (const NodePointer& part : parts) bound.parts.push_back(bind(part));
  }

  void add_profile_condition(Bound& bound) {
    bound.profile_condition = static_cast<int>(plan_.profile_conditions.size());
    plan_.profile_conditions.push_back(bound.node.get());
    plan_.condition_users.push_back(bound.users.get());
  }

  void add(Bound& bound, const EventFilter& filter) {
    BoundFilter result;
    if (filter.event) {
      result.event = demand_.event(*filter.event);
      plan_.events.push_back(result.event);
    } else {
      result.is_any = true;
      demand_.want_all_events();
      plan_.uses_all_events = true;
    }
    if (filter.where != nullptr) result.where.push_back(bind(filter.where));
    bound.filters.push_back(std::move(result));
  }

  size_t column(const ValuePath& path) {
    using Root = timeline::PropertyPath::Root;
    const Root root = path.root == ValuePath::Root::Context ? Root::Context : Root::Properties;
    return static_cast<size_t>(demand_.property({root, path.names}));
  }

  void look_back(const Bound& bound) { plan_.lookback = further_back(plan_.lookback, lookback_of(bound)); }

  timeline::Demand& demand_;
  const SegmentResolver& resolve_;
  ConditionNumbers* numbers_;
  BoundRule::Plan plan_;
  std::vector<std::string> open_;  // segments being put in place
  int nodes_ = 0;
  int depth_ = 0;
};

}  // namespace

bool BoundRule::uses_event(int demand_event_number) const {
  return plan_->uses_all_events ||
         std::binary_search(plan_->events.begin(), plan_->events.end(), demand_event_number);
}
const std::vector<int>& BoundRule::events() const { return plan_->events; }
bool BoundRule::uses_all_events() const { return plan_->uses_all_events; }
bool BoundRule::uses_traits() const { return !plan_->traits.empty(); }
bool BoundRule::uses_user_id() const { return plan_->uses_user_id; }
bool BoundRule::uses_trait_times() const { return plan_->uses_trait_times; }
bool BoundRule::uses_sessions() const { return plan_->uses_sessions; }
const std::vector<ValuePath>& BoundRule::calls() const { return plan_->calls; }
bool BoundRule::needs_state() const { return plan_->needs_state; }
const std::vector<std::string>& BoundRule::traits() const { return plan_->traits; }
bool BoundRule::is_time_dependent() const { return plan_->is_time_dependent; }
bool BoundRule::is_fixed_without_events() const {
  return !plan_->depends_on_present && !plan_->uses_all_events;
}
std::optional<Micros> BoundRule::lookback() const { return plan_->lookback; }

std::optional<Micros> lookback_of(const Bound& condition) {
  const Node& node = *condition.node;
  if (const auto* aggregate = node.as<Aggregate>()) return lookback_of(aggregate->window);
  if (const auto* sequence = node.as<Sequence>()) return lookback_of(sequence->window);
  if (const auto* abandoned = node.as<Abandoned>()) return lookback_of(abandoned->window);
  // The first event ever can lie anywhere; the last one need not be known where it is too old to matter.
  if (const auto* moment = node.as<Moment>(); moment != nullptr && !moment->is_first)
    return lookback_of(moment->window);
  if (node.as<Compare>() == nullptr) return std::nullopt;
  std::optional<Micros> furthest = 0;
  for (const Bound& operand : condition.operands) furthest = further_back(furthest, lookback_of(operand));
  return furthest;
}

int ConditionNumbers::number_of(const Node& condition) {
  return by_text_.try_emplace(print(condition), static_cast<int>(by_text_.size())).first->second;
}

BoundRule bind(const Rule& rule, timeline::Demand& demand, const SegmentResolver& resolve,
               ConditionNumbers* numbers) {
  return BoundRule(Binder(demand, resolve, numbers).plan(rule));
}

}  // namespace cdp::rule
