#pragma once

#include "pg/server.hpp"

#include "rule/rule.hpp"

#include <string>
#include <string_view>

/// The type cdp_rule: a varlena with the canonical text in UTF-8. What is stored was within the limits of
/// rule.hpp when it came in.
namespace cdp::rule {

/// The canonical text of a value of type cdp_rule; lives as long as the current memory context.
std::string_view canonical_text_of(Datum rule);

/// The tree of a value of type cdp_rule. Throws Error(Corrupt) if its bytes are no rule.
Rule rule_of(Datum rule);

/// A new value of type cdp_rule in the current memory context.
Datum to_rule_datum(const Rule& rule);

}  // namespace cdp::rule
