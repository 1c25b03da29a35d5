#include "base/error.hpp"
#include "base/json.hpp"
#include "rule/rule.hpp"

#include <cstdlib>
#include <vector>

/// Any text is a rule or is refused; what is read is read again from its canonical text and its JSON.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cdp;
  std::optional<rule::Rule> rule;
  try {
    rule = rule::parse({reinterpret_cast<const char*>(data), size});
  } catch (const Error&) {
    return 0;
  }
  const std::string text = rule::print(*rule);
  const rule::Rule again = rule::parse(text);
  if (!(again == *rule) || rule::print(again) != text) std::abort();
  if (!(rule::from_json(parse_json(rule::to_json(*rule).dump(), 1000)) == *rule)) std::abort();
  timeline::Demand demand;
  const rule::Rule nobody;
  const rule::BoundRule bound = rule::bind(*rule, demand, [&](const std::string&) { return &nobody; });
  // Of a user with some events and traits, at some instants: the truth lasts as long as it is said to.
  const Json traits = parse_json(R"({"a":1,"b":"2000-01-03","time_zone":"Test/Zone"})");
  const Json trait_times = parse_json(R"({"a":[90000000000,1000],"b":5})");
  timeline::History history(demand.properties().size());
  for (int i = 0; i < 6; ++i) {
    std::vector<Json> values(demand.properties().size(), Json(i % 3));
    const int events = static_cast<int>(demand.events().size());
    const int event = events > 0 ? i % events : timeline::History::kOther;
    if (events > 0 || demand.wants_all_events()) history.add({i / 2 * kDay}, event, values);
  }
  const TimeZone zone = [](Instant t) {
    return t < Instant{kDay} ? ZoneOffset{5 * kHour, {kDay}} : ZoneOffset{6 * kHour, Instant::max()};
  };
  const TimeZones zones = [&](std::string_view) { return &zone; };
  const std::vector<Instant> sessions{{0}, {kDay}};
  const rule::UserState state{&traits, &history, 1, "u", sessions, &zones, &trait_times};
  for (const Micros now : {-kDay, Micros{0}, kDay + kHour, 400 * kDay}) {
    const rule::Verdict verdict = rule::evaluate(bound, state, {now});
    if (verdict.valid_until <= Instant{now}) std::abort();
    const Instant before = verdict.valid_until == Instant::max() ? Instant{now + 1} : verdict.valid_until - 1;
    if (rule::evaluate(bound, state, before).truth != verdict.truth) std::abort();
  }
  (void)rule::explain(bound, state, {kDay});
  return 0;
}
