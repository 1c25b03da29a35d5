#pragma once

#include "rule/rule.hpp"
#include "timeline/summary.hpp"

#include <cstdint>
#include <optional>
#include <span>

/// Rules over many users: what the profile tells is asked first and once, and most users need no look at
/// their events one by one.
namespace cdp::rule {

/// The most conditions about the profile for which this works.
constexpr size_t kMostProfileConditions = 64;

/// The truths of a rule's conditions about the profile (comparisons of traits, samples, segments for
/// which no rule is asked): bit i is that of the
/// i-th of profile_conditions().
using ProfileTruths = uint64_t;

/// Those conditions, in the order of the rule, the segments it names put in place; at most
/// kMostProfileConditions of them are told apart, so a rule with more has to be evaluated as a whole.
std::span<const Node* const> profile_conditions(const BoundRule& rule);

/// The users who fulfil the i-th of them, where it is about a segment for which no rule is asked; else
/// nullptr.
const UserSet* users_of_condition(const BoundRule& rule, size_t i);

/// The truth of one of them that is a sample.
bool is_in_sample(const Node& sample, const UserState& state);

/// The truth of a rule at `now` as far as it follows from the conditions about the profile and from how often
/// and when events occur (nullptr: nothing is known of them); nullopt where that does not decide it. Never
/// differs from evaluate().
std::optional<bool> decide(const BoundRule& rule, ProfileTruths profile,
                           const timeline::HistorySummary* summary, Instant now);

/// The conditions about the profile on which the truth may still depend, if only those of `known` are known;
/// none where it does not.
ProfileTruths open_conditions(const BoundRule& rule, ProfileTruths profile, ProfileTruths known);

/// As decide(), if all that is known is how many events there are, of whatever kinds, and within which times.
std::optional<bool> decide(const BoundRule& rule, ProfileTruths profile, const timeline::Occurrences& all,
                           Instant now);

/// The truth of a rule as evaluate() tells it, with the conditions about the profile known.
bool holds(const BoundRule& rule, ProfileTruths profile, const timeline::History& history, Instant now);

}  // namespace cdp::rule
