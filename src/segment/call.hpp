#pragma once

#include "base/time.hpp"
#include "rule/rule.hpp"
#include "segment/refresh.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cdp::pg {
class Spi;
}

/// Functions of SQL that rules call: what their names mean, and their values, as they are stored for the
/// rules of segments (cdp.segment_call, cdp.segment_call_value).
namespace cdp::segment {

struct RunAs;

/// The rule with the schemas of the functions that it calls, as the search path of this session finds them.
/// Not while an Spi lives, which has a search path of its own. Throws Error(NotFound) for one that does not
/// exist, Error(BadValue) for one that does not return one value.
rule::Rule with_schemas(const rule::Rule& rule);

/// A function that has its schema, as SQL names it.
std::string function_text(const rule::ValuePath& function);

/// Has a row of cdp.segment_call for each function that a rule of a segment calls; new ones will run as
/// `definer`. Throws Error(Forbidden) for one that the role whose rights count now may not execute, or cannot
/// become the role of that runs it.
void claim_calls(pg::Spi& spi, const rule::Rule& rule, const RunAs& definer);

/// Removes what is kept of functions that no rule of a segment calls.
void remove_unused_calls(pg::Spi& spi);

/// Removes the values of these users.
void remove_call_values(pg::Spi& spi, const std::vector<int64_t>& users);

/// Calls the functions of these rules, which are about to be computed, for everyone; then `compute` is
/// called, and users whose values changed are brought up to date in other segments. Requires the process
/// lock.
void define_calls(pg::Spi& spi, const std::vector<rule::Rule>& rules, Instant now,
                  const std::function<void()>& compute);

/// Calls all functions on which the rule of a segment depends for everyone, and brings those up to date whose
/// values changed. They run before the process lock is taken, so that messages are taken meanwhile, unless
/// the transaction has it already.
void refresh_calls_of(int32_t segment_no);

/// The function whose time came first by `now`, of those that rules of segments that are not paused call.
std::optional<DueRun> due_call(pg::Spi& spi, Instant now);

/// As refresh_due() of the one with this number.
bool refresh_call(int32_t call_no, Instant now, Micros limit);

}  // namespace cdp::segment
