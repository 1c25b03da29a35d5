#pragma once

#include "rule/build.hpp"
#include "rule/cursor.hpp"

#include <optional>
#include <string>

namespace cdp::rule {

/// Reads a rule's text by recursive descent; one function a rule of the grammar.
class Parser : private TokenCursor {
 public:
  using TokenCursor::TokenCursor;

  Rule rule();

 private:
  /// Levels of parentheses, not and where; finish() measures the tree, this bounds the recursion.
  class Level {
   public:
    explicit Level(Parser* parser);
    ~Level() { --parser_->depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser* parser_;
  };

  /// A condition, or a number that nothing was compared with so far, as it may stand in parentheses.
  struct Part {
    NodePointer condition;
    ExpressionPointer number;
  };

  // parse.cpp: how conditions are combined, and those about the profile
  NodePointer disjunction() { return condition(any_disjunction()); }
  Part any_disjunction();
  Part any_conjunction();
  Part any_unary();
  Part primary();
  /// The condition that a part is: a trait by itself is a flag.
  NodePointer condition(Part part) const;
  NodePointer membership();
  Part comparison();
  Part function();
  [[noreturn]] static void refuse_in_where(const Token& token, const std::string& called);
  NodePointer exists();
  /// A test of a trait, maybe with `for` and how long it has been so.
  NodePointer maybe_held(NodePointer test);
  NodePointer local_now(LocalNow::Unit unit);
  NodePointer sample();

  // parse_events.cpp: functions over events
  Aggregate aggregate(Aggregate::Function called);
  NodePointer sessions();
  NodePointer moment(bool is_first);
  NodePointer sequence();
  NodePointer abandoned();
  std::optional<std::string> event_name();
  EventFilter event_filter();
  NodePointer where();
  /// The parenthesis that ends a function over events.
  void close_events();
  Window optional_window();
  Window between();
  /// The window of a test of a trait as a time; Always if none begins here.
  Window time_of_trait();
  /// Does a window begin here, behind a name in where that is a flag by itself?
  bool is_at_window() const;

  // parse_numbers.cpp: what is computed, and where
  /// Behind the first operand on the left, to the end of the comparison.
  Part comparison_of(ExpressionPointer left);
  bool is_at_arithmetic() const;
  /// Is what follows an operator more than a literal?
  bool is_at_expression() const;
  ExpressionPointer sum() { return sum_from(factor()); }
  ExpressionPointer sum_from(ExpressionPointer first);
  ExpressionPointer product_from(ExpressionPointer first);
  ExpressionPointer factor();
  NodePointer nearby();

  // parse_values.cpp
  Micros length();
  Instant instant();
  std::string name(const std::string& what, bool may_be_text);
  /// A trait or a call; within where, a property.
  ValuePath value_path();
  bool is_at_call() const { return at().is_word("call") && at(1).is_symbol("("); }
  ValuePath call();
  std::string function_name();
  ValuePath property_path();
  void further_names(ValuePath& path);
  Decimal number();
  Json literal();
  /// An operator with its operands; of an aggregate, with numbers only.
  Test test(bool of_aggregate);
  Test pattern_test(Operator op);

  int depth_ = 0;
  bool in_where_ = false;
};

}  // namespace cdp::rule
