#include "rule/build.hpp"
#include "rule/parser.hpp"

/// Functions over events and their windows.
namespace cdp::rule {

Aggregate Parser::aggregate(Aggregate::Function called) {
  Aggregate result;
  result.function = called;
  take();
  require_symbol("(");
  result.events.event = event_name();
  if (measures_property(result.function)) {
    if (!take_symbol(".")) expected("\".\" and a property of the event");
    result.measured = property_path();
  }
  result.events.where = where();
  result.window = optional_window();
  close_events();
  return result;
}

NodePointer Parser::sessions() {
  Aggregate result;
  result.function = Aggregate::Function::Sessions;
  take();
  require_symbol("(");
  result.window = optional_window();
  close_events();
  result.test = test(true);
  return make_node(std::move(result));
}

NodePointer Parser::moment(bool is_first) {
  Moment result;
  result.is_first = is_first;
  take();
  require_symbol("(");
  result.events = event_filter();
  close_events();
  if (take_word("after")) {
    result.window.kind = Window::Kind::After;
    result.window.from = instant();
  } else {
    result.window = optional_window();
  }
  if (result.window.kind == Window::Kind::Always)
    expected(
        "\"in last\", \"more than\", \"before\", \"after\", \"since\", \"between\", \"today\" or \"this\"",
        {"in", "more", "before", "after", "since", "between", "today", "this"});
  return make_node(std::move(result));
}

NodePointer Parser::sequence() {
  Sequence result;
  take();
  require_symbol("(");
  do {
    result.steps.push_back(event_filter());
    result.gaps.emplace_back();
    if (!take_word("within")) continue;
    const size_t position = at().position;
    const Micros limit = length();
    if (!take_word("of")) {
      result.within = limit;
      break;
    }
    if (!take_word("previous")) expected("\"previous\"", {"previous"});
    if (result.steps.size() == 1) syntax_error(position, "the first event has no previous one");
    result.gaps.back() = limit;
    if (take_word("within")) {
      result.within = length();
      break;
    }
  } while (take_symbol(","));
  if (result.steps.size() < 2) expected("\",\" and a second event");
  result.window = optional_window();
  close_events();
  return make_node(std::move(result));
}

NodePointer Parser::abandoned() {
  Abandoned result;
  take();
  require_symbol("(");
  result.first = event_filter();
  if (!take_symbol(",")) expected("\",\" and a second event");
  result.then = event_filter();
  if (!take_word("within")) expected("\"within\" and a length of time", {"within"});
  result.within = length();
  result.window = optional_window();
  close_events();
  return make_node(std::move(result));
}

std::optional<std::string> Parser::event_name() {
  if (take_word("any")) return std::nullopt;
  return name("the name of an event", true);
}

EventFilter Parser::event_filter() {
  EventFilter filter;
  filter.event = event_name();
  filter.where = where();
  return filter;
}

NodePointer Parser::where() {
  if (at().is_symbol("."))
    expected("\"where\", \"in last\", \",\" or \")\" (an event name with a dot stands in double quotes)");
  if (!take_word("where")) return nullptr;
  in_where_ = true;
  NodePointer clause = disjunction();
  in_where_ = false;
  return clause;
}

/// The parenthesis that ends a function over events.
void Parser::close_events() {
  if (!take_symbol(")"))
    expected("\")\"",
             {"where", "in", "within", "between", "more", "since", "before", "today", "this", "and", "or"});
}

bool Parser::is_at_window() const {
  if (at().is_word("in")) return at(1).is_word("last");
  if (at().is_word("more")) return at(1).is_word("than");
  // As the comparison `x between 14 and 7` begins, too.
  if (at().is_word("between"))
    return at(1).is_a(Token::Kind::Number) && at(2).is_a(Token::Kind::Name) && unit_of_time(at(2).text);
  return at().is_word("since") || at().is_word("before") || at().is_word("today") || at().is_word("this");
}

Window Parser::time_of_trait() {
  Window window;
  const bool is_next = at().is_word("in") && at(1).is_word("next");
  const bool is_last = at().is_word("in") && at(1).is_word("last");
  if (is_next || is_last) {
    take();
    take();
    window.kind = is_next ? Window::Kind::InNext : Window::Kind::InLast;
    window.length = length();
  } else if (take_word("after")) {
    window.kind = Window::Kind::After;
    window.from = instant();
  } else if (at().is_word("more") || at().is_word("before")) {
    return optional_window();
  }
  return window;
}

Window Parser::between() {
  Window window;
  if (!at().is_a(Token::Kind::Number)) {
    window.kind = Window::Kind::Between;
    window.from = instant();
    if (!take_word("and")) expected("\"and\"", {"and"});
    window.to = instant();
    return window;
  }
  const size_t position = at().position;
  window.kind = Window::Kind::BetweenAgo;
  window.length = length();
  if (!take_word("and")) expected("\"and\"", {"and"});
  window.nearer = length();
  if (window.nearer >= window.length)
    syntax_error(position,
                 "expected the longer length of time first, as in \"between 14 days and 7 days ago\"");
  if (!take_word("ago")) expected("\"ago\"", {"ago"});
  return window;
}

Window Parser::optional_window() {
  Window window;
  if (take_word("in")) {
    if (!take_word("last")) expected("\"last\" and a length of time", {"last"});
    window.kind = Window::Kind::InLast;
    window.length = length();
  } else if (take_word("between")) {
    return between();
  } else if (take_word("more")) {
    if (!take_word("than")) expected("\"than\" and a length of time", {"than"});
    window.kind = Window::Kind::MoreThanAgo;
    window.length = length();
    if (!take_word("ago")) expected("\"ago\"", {"ago"});
  } else if (take_word("since")) {
    window.kind = Window::Kind::Since;
    window.from = instant();
  } else if (take_word("before")) {
    window.kind = Window::Kind::Before;
    window.from = instant();
  } else if (take_word("today")) {
    window.kind = Window::Kind::Today;
  } else if (take_word("this")) {
    if (take_word("week"))
      window.kind = Window::Kind::ThisWeek;
    else if (take_word("month"))
      window.kind = Window::Kind::ThisMonth;
    else
      expected("\"week\" or \"month\"", {"week", "month"});
  }
  return window;
}

}  // namespace cdp::rule
