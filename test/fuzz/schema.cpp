#include "event/schema.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <cstdlib>

namespace {

using namespace cdp;

void require(bool holds) {
  if (!holds) std::abort();
}

/// What is promised of every violation: it leads to something in the value, and removing what it names is
/// possible.
void check(const event::Violation& violation, const Json& value) {
  require(!violation.keyword.empty() && !violation.reason.empty());
  require(violation.pointer.empty() == violation.property.empty() || violation.pointer == "/");
  if (!violation.property.empty() && value.object() != nullptr)
    require(value.find(violation.property) != nullptr);
}

}  // namespace

/// A schema, a line break, a value: the schema is refused with an Error, or the check comes to an end and
/// gives the same twice.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(text.find('\n'), text.size());
  try {
    const event::Schema schema(parse_json(text.substr(0, line)));
    const Json value = parse_json(line == text.size() ? text.substr(0, line) : text.substr(line + 1));
    const std::vector<event::Violation> violations = schema.check(value);
    require(violations.size() <= event::kMaxViolations);
    for (const event::Violation& violation : violations) check(violation, value);
    require(schema.check(value).size() == violations.size());
  } catch (const Error&) {  // refusing is fine
  }
  return 0;
}
