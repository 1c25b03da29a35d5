#include "rule/rule.hpp"

#include "rule/build.hpp"
#include "rule/window.hpp"

#include <algorithm>

namespace cdp::rule {

namespace {

bool same(const NodePointer& a, const NodePointer& b) {
  return a == b || (a != nullptr && b != nullptr && *a == *b);
}
bool same(const std::vector<NodePointer>& a, const std::vector<NodePointer>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const NodePointer& x, const NodePointer& y) { return same(x, y); });
}
bool same(const EventFilter& a, const EventFilter& b) { return a.event == b.event && same(a.where, b.where); }

bool same(const And& a, const And& b) { return same(a.parts, b.parts); }
bool same(const Or& a, const Or& b) { return same(a.parts, b.parts); }
bool same(const Not& a, const Not& b) { return same(a.part, b.part); }
bool same(const Aggregate& a, const Aggregate& b) {
  return a.function == b.function && same(a.events, b.events) && a.measured == b.measured &&
         a.window == b.window && a.test == b.test;
}
bool same(const Moment& a, const Moment& b) {
  return a.is_first == b.is_first && same(a.events, b.events) && a.window == b.window;
}
bool same(const Sequence& a, const Sequence& b) {
  return std::equal(a.steps.begin(), a.steps.end(), b.steps.begin(), b.steps.end(),
                    [](const EventFilter& x, const EventFilter& y) { return same(x, y); }) &&
         a.gaps == b.gaps && a.within == b.within && a.window == b.window;
}
bool same(const Abandoned& a, const Abandoned& b) {
  return same(a.first, b.first) && same(a.then, b.then) && a.within == b.within && a.window == b.window;
}
bool same(const ExpressionPointer& a, const ExpressionPointer& b);
bool same(const Arithmetic& a, const Arithmetic& b) {
  return a.sign == b.sign && same(a.left, b.left) && same(a.right, b.right);
}
bool same(const Compare& a, const Compare& b) {
  return a.op == b.op && same(a.left, b.left) && same(a.right, b.right);
}
bool same(const Held& a, const Held& b) { return same(a.test, b.test) && a.length == b.length; }
template <class Plain>
bool same(const Plain& a, const Plain& b) {
  return a == b;
}

/// Are the kinds the same, and the parts of them?
template <class Variant>
bool same_kind(const Variant& a, const Variant& b) {
  return a.index() == b.index() &&
         std::visit([&](const auto& kind) { return same(kind, std::get<std::decay_t<decltype(kind)>>(b)); },
                    a);
}

bool same(const ExpressionPointer& a, const ExpressionPointer& b) {
  return a == b || same_kind(a->kind, b->kind);
}

template <class T>
void add_once(std::vector<T>& names, const T& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

/// Collects what a tree mentions.
class Collector {
 public:
  References take() { return std::move(found_); }

  void visit(const Node& node) {
    std::visit([&](const auto& kind) { visit_kind(kind); }, node.kind);
  }

 private:
  void visit_kind(const Constant& /*constant*/) {}
  void visit_kind(const Sample& /*sample*/) {}
  void visit_kind(const And& all) {
    for (const NodePointer& part : all.parts) visit(*part);
  }
  void visit_kind(const Or& any) {
    for (const NodePointer& part : any.parts) visit(*part);
  }
  void visit_kind(const Not& negation) { visit(*negation.part); }
  void visit_kind(const Comparison& comparison) { add(comparison.path); }
  void visit_kind(const InSegment& membership) { add_once(found_.segments, membership.name); }
  void visit_kind(const Aggregate& aggregate) {
    if (aggregate.function != Aggregate::Function::Sessions) add(aggregate.events);
    found_.depends_on_time |= moves(aggregate.window);
  }
  void visit_kind(const Moment& moment) {
    add(moment.events);
    found_.depends_on_time |= moves(moment.window);
  }
  void visit_kind(const Sequence& sequence) {
    for (const EventFilter& step : sequence.steps) add(step);
    found_.depends_on_time |= moves(sequence.window);
  }
  void visit_kind(const Abandoned& abandoned) {
    add(abandoned.first);
    add(abandoned.then);
    found_.depends_on_time = true;
  }
  void visit_kind(const TraitTime& condition) {
    add(condition.path);
    found_.depends_on_time |= moves(condition.window);
  }
  void visit_kind(const Held& held) {
    visit(*held.test);
    found_.depends_on_time = true;
  }
  void visit_kind(const LocalNow& /*condition*/) { found_.depends_on_time = true; }
  void visit_kind(const Compare& compare) {
    visit(*compare.left);
    visit(*compare.right);
  }
  void visit_kind(const Nearby& /*nearby*/) { found_.any_event = true; }
  void visit(const Expression& expression) {
    if (const auto* path = expression.as<ValuePath>()) add(*path);
    if (const auto* aggregate = expression.as<Aggregate>()) visit_kind(*aggregate);
    if (const auto* arithmetic = expression.as<Arithmetic>()) {
      visit(*arithmetic->left);
      visit(*arithmetic->right);
    }
  }
  void add(const ValuePath& path) {
    if (path.root == ValuePath::Root::Call)
      add_once(found_.calls, path);
    else
      add_once(found_.traits, path.names.front());
  }
  void add(const EventFilter& filter) {
    if (filter.event)
      add_once(found_.events, *filter.event);
    else
      found_.any_event = true;
  }

  References found_;
};

/// Makes a tree anew with other functions in it.
class CallReplacer {
 public:
  explicit CallReplacer(const std::function<ValuePath(const ValuePath&)>& replace) : replace_(replace) {}

  NodePointer replaced(const NodePointer& node) const {
    if (const auto* all = node->as<And>()) return make_node(And{replaced(all->parts)});
    if (const auto* any = node->as<Or>()) return make_node(Or{replaced(any->parts)});
    if (const auto* negation = node->as<Not>()) return make_node(Not{replaced(negation->part)});
    if (const auto* comparison = node->as<Comparison>())
      return make_node(Comparison{replaced(comparison->path), comparison->test});
    if (const auto* condition = node->as<TraitTime>())
      return make_node(TraitTime{replaced(condition->path), condition->window});
    if (const auto* compare = node->as<Compare>())
      return make_node(Compare{replaced(compare->left), compare->op, replaced(compare->right)});
    return node;
  }

 private:
  std::vector<NodePointer> replaced(const std::vector<NodePointer>& parts) const {
    std::vector<NodePointer> result;
    result.reserve(parts.size());
    for (const NodePointer& part : parts) result.push_back(replaced(part));
    return result;
  }

  ValuePath replaced(const ValuePath& path) const {
    return path.root == ValuePath::Root::Call ? replace_(path) : path;
  }

  ExpressionPointer replaced(const ExpressionPointer& expression) const {
    if (const auto* path = expression->as<ValuePath>()) return make_expression(replaced(*path));
    if (const auto* arithmetic = expression->as<Arithmetic>())
      return make_expression(
          Arithmetic{arithmetic->sign, replaced(arithmetic->left), replaced(arithmetic->right)});
    return expression;
  }

  const std::function<ValuePath(const ValuePath&)>& replace_;
};

}  // namespace

Rule::Rule() : root_(make_node(Constant{false})) {}

bool operator==(const Node& a, const Node& b) { return same_kind(a.kind, b.kind); }

References references(const Rule& rule) {
  Collector collector;
  collector.visit(rule.root());
  return collector.take();
}

Rule with_calls(const Rule& rule, const std::function<ValuePath(const ValuePath&)>& replace) {
  if (references(rule).calls.empty()) return rule;
  return finish(CallReplacer(replace).replaced(rule.root_pointer()));
}

std::vector<std::string> segments_named(const Rule& rule) { return references(rule).segments; }

}  // namespace cdp::rule
