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

  // parse.cpp: how conditions are combined, and those about the profile
  NodePointer disjunction();
  NodePointer conjunction();
  NodePointer unary();
  NodePointer primary();
  NodePointer membership();
  NodePointer comparison();
  NodePointer function();
  NodePointer exists();
  /// A test of a trait, maybe with `for` and how long it has been so.
  NodePointer maybe_held(NodePointer test);
  NodePointer local_now(LocalNow::Unit unit);
  NodePointer sample();

  // parse_events.cpp: functions over events
  NodePointer aggregate(Aggregate::Function called);
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

  // parse_values.cpp
  Micros length();
  Instant instant();
  std::string name(const std::string& what, bool may_be_text);
  ValuePath value_path();
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
