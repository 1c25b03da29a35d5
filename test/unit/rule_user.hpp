#pragma once

#include "rule/rule.hpp"

#include <string>
#include <vector>

/// A user told in a few words, for tests that ask rules about one.
namespace cdp::rule {

inline Instant at(const char* text) { return parse_instant(text).value(); }

/// One user whose events are told one by one, in order of time.
struct User {
  struct Event {
    const char* time;
    const char* name;
    const char* properties = "{}";
    const char* context = "{}";
  };
  const char* traits = "{}";
  std::vector<Event> events;
  std::string user_id = "u-1";
  const char* trait_times = "{}";  ///< in microseconds, as profiles have them
  const TimeZones* time_zones = nullptr;
  Calls* calls = nullptr;

  template <class F>
  auto ask_with(const char* text, const char* now, const SegmentResolver& resolve, F&& f) const {
    timeline::Demand demand;
    const BoundRule rule = rule::bind(parse(text), demand, resolve);
    timeline::History history(demand.properties().size());
    for (const Event& event : events) {
      const Json properties = parse_json(event.properties);
      const Json context = parse_json(event.context);
      std::vector<Json> values;
      for (const auto& path : demand.properties()) {
        const bool is_context = path.root == timeline::PropertyPath::Root::Context;
        const Json* value = (is_context ? context : properties).find(path.names);
        values.push_back(value != nullptr ? *value : Json());
      }
      int number = timeline::History::kOther;
      for (size_t i = 0; i < demand.events().size(); ++i)
        if (demand.events()[i] == event.name) number = static_cast<int>(i);
      if (number != timeline::History::kOther || demand.wants_all_events())
        history.add(at(event.time), number, values);
    }
    const Json traits_json = parse_json(traits);
    const Json times_json = parse_json(trait_times);
    return f(rule, UserState{&traits_json, &history, 1, user_id, {}, time_zones, &times_json, calls},
             at(now));
  }

  Verdict ask(const char* text, const char* now, const SegmentResolver& resolve = {}) const {
    return ask_with(text, now, resolve, [](const BoundRule& rule, const UserState& state, Instant instant) {
      return evaluate(rule, state, instant);
    });
  }
  std::string explained(const char* text, const char* now, const SegmentResolver& resolve = {}) const {
    return ask_with(text, now, resolve, [](const BoundRule& rule, const UserState& state, Instant instant) {
      return explain(rule, state, instant).dump();
    });
  }
  bool is(const char* text, const char* now = "2025-06-01") const { return ask(text, now).truth; }
};

inline Verdict until(bool truth, const char* time) { return {truth, at(time)}; }
inline Verdict for_ever(bool truth) { return {truth, Instant::max()}; }

}  // namespace cdp::rule
