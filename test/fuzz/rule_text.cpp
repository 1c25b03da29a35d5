#include "base/error.hpp"
#include "base/json.hpp"
#include "rule/rule.hpp"

#include <cstdlib>

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
  rule::evaluate(bound, {}, Instant{});
  return 0;
}
