#pragma once

#include "base/json.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cdp::event {

namespace schema {
struct Program;
}

/// One point at which a value does not follow its schema.
struct Violation {
  std::string pointer;  ///< JSON pointer to what is at fault; "" is the value itself
  std::string place;    ///< the same with * for array indexes and for names that the schema does not know
  std::string
      property;         ///< the value's member in which the fault lies; empty if it is about the value itself
  std::string keyword;  ///< the schema's keyword that does not hold: required, type, additionalProperties, …
  std::string reason;   ///< what is wrong, with the value (shortened)
};

/// Limits of schemas and of what checking a value may take.
constexpr size_t kMaxSchemaBytes = 256 * 1024;
constexpr int kMaxSubschemas = 2000;
constexpr size_t kMaxPatternBytes = 1000;
constexpr size_t kMaxViolations = 32;  ///< further ones are not listed
constexpr int kMaxSchemaDepth = 256;   ///< levels of subschemas within each other while a value is checked
constexpr int64_t kMaxSchemaSteps = 1000000;  ///< subschemas and comparisons a value

/// A JSON Schema, draft 7, ready to check values.
///
/// "$ref" reaches "#" and "#/…" within the schema and nothing else. "pattern" and "patternProperties" are
/// RE2's regular expressions, found in time linear in the text: no look-around, no back references. "format"
/// checks date-time, date, time, email, hostname, ipv4, ipv6, uri and uuid; other formats say nothing.
/// Numbers are compared exactly. Keywords that draft 7 does not know say nothing.
class Schema {
 public:
  /// Throws Error(BadValue) naming where the schema is wrong and how; Error(Limit) beyond the limits above.
  explicit Schema(const Json& schema);
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;
  ~Schema();

  /// Where `value` does not follow the schema, at most kMaxViolations. A value whose check exceeds the
  /// limits has one violation of keyword "limit". Bounded in stack and time, and answers interrupts.
  std::vector<Violation> check(const Json& value) const;

 private:
  std::unique_ptr<const schema::Program> program_;
};

}  // namespace cdp::event
