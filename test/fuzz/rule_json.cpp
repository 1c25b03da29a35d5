#include "base/error.hpp"
#include "base/json.hpp"
#include "rule/rule.hpp"

#include <cstdlib>

/// Any JSON is a rule or is refused; what is read is read again from its canonical text and its JSON.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cdp;
  std::optional<rule::Rule> rule;
  try {
    rule = rule::from_json(parse_json({reinterpret_cast<const char*>(data), size}));
  } catch (const Error&) {
    return 0;
  }
  if (!(rule::parse(rule::print(*rule)) == *rule)) std::abort();
  if (!(rule::from_json(rule::to_json(*rule)) == *rule)) std::abort();
  return 0;
}
