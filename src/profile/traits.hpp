#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <string>
#include <vector>

namespace cdp::profile {

/// Sets the members of `update`, known as of `time`, in a profile's traits; null removes a trait. `times`
/// keeps for every trait ever set when that was (microseconds since 2000), so that an older message never
/// overwrites a newer one; of equal times the later message wins. All three are objects. Says whether
/// anything changed. Names of traits that have another value now are added to `changed`.
bool set_traits(Json& traits, Json& times, const Json& update, Instant time,
                std::vector<std::string>& changed);

/// Takes over the traits of another profile wherever they are newer.
void merge_traits(Json& traits, Json& times, const Json& other_traits, const Json& other_times,
                  std::vector<std::string>& changed);

}  // namespace cdp::profile
