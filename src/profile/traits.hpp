#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cdp::profile {

/// Sets the members of `update`, known as of `time`, in a profile's traits; null removes a trait. `times`
/// keeps for every trait ever set when that was (microseconds since 2000), so that an older message never
/// overwrites a newer one; of equal times the later message wins. Where newer messages repeated a value, that
/// is an array: when it was set last, and since when it has been so. All three are objects. Says whether
/// anything changed. Names of traits that have another value now are added to `changed`.
bool set_traits(Json& traits, Json& times, const Json& update, Instant time,
                std::vector<std::string>& changed);

/// Since when a trait has had its present value, or has been removed; nullopt if it was never set.
std::optional<Instant> held_since(const Json& times, const std::string& name);

/// Takes over the traits of another profile wherever they are newer. An equal value has been so since the
/// earlier of both times.
void merge_traits(Json& traits, Json& times, const Json& other_traits, const Json& other_times,
                  std::vector<std::string>& changed);

}  // namespace cdp::profile
