#include "rule/build.hpp"
#include "rule/lex.hpp"

namespace cdp::rule {

namespace {

class Printer {
 public:
  std::string take() { return std::move(out_); }

  void print(const Node& node) {
    std::visit([&](const auto& kind) { print(kind); }, node.kind);
  }

 private:
  void print(const Constant& constant) { out_ += constant.truth ? "true" : "false"; }

  void print(const And& all) {
    for (const NodePointer& part : all.parts) {
      if (&part != &all.parts.front()) out_ += " and ";
      print_within_parentheses(*part, part->as<Or>() != nullptr);
    }
  }

  void print(const Or& any) {
    for (const NodePointer& part : any.parts) {
      if (&part != &any.parts.front()) out_ += " or ";
      print(*part);
    }
  }

  void print(const Not& negation) {
    out_ += "not ";
    print_within_parentheses(*negation.part, negation.part->as<And>() || negation.part->as<Or>());
  }

  void print(const Comparison& comparison) {
    print_path(comparison.path);
    out_ += ' ';
    print(comparison.test);
  }

  void print(const InSegment& membership) {
    out_ += "in segment ";
    out_ += quoted_if_needed(membership.name);
  }

  void print(const Sample& sample) {
    out_ += "sample(" + sample.percent.to_string() + " percent, " + quoted_string(sample.seed) + ")";
  }

  void print(const Aggregate& aggregate) {
    print_function(aggregate);
    if (aggregate.function == Aggregate::Function::Did) return;
    out_ += ' ';
    print(aggregate.test);
  }

  void print_function(const Aggregate& aggregate) {
    out_ += name_of(aggregate.function);
    out_ += '(';
    if (aggregate.function == Aggregate::Function::Sessions) {
      print(aggregate.window, "");
    } else {
      print_event(aggregate.events.event);
      if (measures_property(aggregate.function)) {
        out_ += '.';
        print_path(aggregate.measured);
      }
      print_where(aggregate.events.where);
      print(aggregate.window);
    }
    out_ += ')';
  }

  void print(const Compare& compare) {
    print(*compare.left);
    out_ += std::string(" ") + sign_of(compare.op) + " ";
    print(*compare.right);
  }

  /// In parentheses where it binds less than `binding`: 1 for sums, 2 for products, 3 for what is one.
  void print(const Expression& expression, int binding = 1) {
    if (const auto* number = expression.as<Decimal>()) {
      out_ += number->to_string();
    } else if (const auto* path = expression.as<ValuePath>()) {
      print_path(*path);
    } else if (const auto* aggregate = expression.as<Aggregate>()) {
      print_function(*aggregate);
    } else {
      const auto& arithmetic = *expression.as<Arithmetic>();
      const int own = arithmetic.sign == '+' || arithmetic.sign == '-' ? 1 : 2;
      if (own < binding) out_ += '(';
      print(*arithmetic.left, own);
      out_ += std::string(" ") + arithmetic.sign + " ";
      print(*arithmetic.right, own + 1);
      if (own < binding) out_ += ')';
    }
  }

  void print(const Nearby& nearby) {
    out_ += "within(" + print_distance(nearby) + ", " + nearby.latitude.to_string() + ", " +
            nearby.longitude.to_string() + ")";
  }

  void print(const Moment& moment) {
    out_ += moment.is_first ? "first(" : "last(";
    print(moment.events);
    out_ += ')';
    print(moment.window);
  }

  void print(const Sequence& sequence) {
    out_ += "sequence(";
    for (size_t i = 0; i < sequence.steps.size(); ++i) {
      if (i > 0) out_ += ", ";
      print(sequence.steps[i]);
      if (!sequence.gaps[i]) continue;
      print_length(" within ", sequence.gaps[i]);
      out_ += " of previous";
    }
    print_length(" within ", sequence.within);
    print(sequence.window);
    out_ += ')';
  }

  void print(const Abandoned& abandoned) {
    out_ += "abandoned(";
    print(abandoned.first);
    out_ += ", ";
    print(abandoned.then);
    print_length(" within ", abandoned.within);
    print(abandoned.window);
    out_ += ')';
  }

  void print(const TraitTime& condition) {
    print_path(condition.path);
    print(condition.window);
  }

  void print(const Held& held) {
    print(*held.test);
    print_length(" for ", held.length);
  }

  void print(const LocalNow& condition) {
    out_ += name_of(condition.unit);
    out_ += "(now) ";
    print(condition.test);
  }

  /// With a blank before, if there is one at all.
  void print(const Window& window, const char* before = " ") {
    using Kind = Window::Kind;
    const auto words = [&](const char* text) { out_ += std::string(before) + text; };
    switch (window.kind) {
      case Kind::Always:
        return;
      case Kind::InLast:
        words("in last");
        return print_length(" ", window.length);
      case Kind::BetweenAgo:
        words("between");
        print_length(" ", window.length);
        print_length(" and ", window.nearer);
        out_ += " ago";
        return;
      case Kind::MoreThanAgo:
        words("more than");
        print_length(" ", window.length);
        out_ += " ago";
        return;
      case Kind::Since:
        words("since ");
        return print(window.from);
      case Kind::Before:
        words("before ");
        return print(window.from);
      case Kind::After:
        words("after ");
        return print(window.from);
      case Kind::Between:
        words("between ");
        print(window.from);
        out_ += " and ";
        return print(window.to);
      case Kind::InNext:
        words("in next");
        return print_length(" ", window.length);
      case Kind::Today:
      case Kind::ThisWeek:
      case Kind::ThisMonth:
        return words(name_of(window.kind));
    }
  }

  void print(Instant time) { out_ += quoted_string(format_instant(time)); }

  void print(const EventFilter& filter) {
    print_event(filter.event);
    print_where(filter.where);
  }

  void print(const Test& test) {
    out_ += sign_of(test.op);
    if (takes_nothing(test.op)) return;
    const bool is_range = test.op == Operator::Between || test.op == Operator::NotBetween;
    const bool is_list = takes_list(test.op) && !is_range;
    out_ += is_list ? " (" : " ";
    for (const Json& operand : test.operands) {
      if (&operand != &test.operands.front()) out_ += is_range ? " and " : ", ";
      if (const std::string* text = operand.string())
        out_ += quoted_string(*text);
      else
        out_ += operand.dump();
    }
    if (is_list) out_ += ')';
  }

  void print_within_parentheses(const Node& node, bool has_parentheses) {
    if (has_parentheses) out_ += '(';
    print(node);
    if (has_parentheses) out_ += ')';
  }

  void print_call(const ValuePath& path) {
    out_ += "call(";
    for (const std::string& name : path.names)
      out_ += (&name == &path.names.front() ? "" : ".") + quoted_if_capital(name);
    out_ += ')';
  }

  void print_path(const ValuePath& path) {
    if (path.root == ValuePath::Root::Call) return print_call(path);
    if (path.root == ValuePath::Root::Context) out_ += "context.";
    for (const std::string& name : path.names) {
      const bool is_first = &name == &path.names.front();
      if (!is_first) out_ += '.';
      // Where an unquoted name would reach elsewhere.
      const std::string lower = lowered(name);
      const bool is_root = is_first && path.root != ValuePath::Root::Trait && path.names.size() > 1 &&
                           (lower == "context" || lower == "session");
      out_ += is_root ? quoted_name(name) : quoted_if_needed(name);
    }
  }

  void print_event(const std::optional<std::string>& event) {
    if (!event)
      out_ += "any";
    else
      out_ += lowered(*event) == "any" ? quoted_name(*event) : quoted_if_needed(*event);
  }

  void print_where(const NodePointer& where) {
    if (where == nullptr) return;
    out_ += " where ";
    print(*where);
  }

  void print_length(const char* before, std::optional<Micros> length) {
    if (!length) return;
    out_ += before;
    out_ += rule::print_length(*length);
  }

  std::string out_;
};

}  // namespace

std::string print(const Node& node) {
  Printer printer;
  printer.print(node);
  return printer.take();
}

std::string print(const Rule& rule) { return print(rule.root()); }

}  // namespace cdp::rule
