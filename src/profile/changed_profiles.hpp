#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

/// Whose traits changed since the trait indexes took them in: cdp.changed_profile.
namespace cdp::profile {

/// Top-level names of the traits that are indexed.
using WatchedTraits = std::set<std::string, std::less<>>;

/// Those of the indexes that are ready, as committed now or changed by this transaction. Valid until the next
/// call. Costs next to nothing where cdp.trait_index did not change.
const WatchedTraits& watched_traits();

/// Is an index still to be built? As committed now or changed by this transaction.
bool has_pending_trait_index();

/// Notes users who came, went, or of whom watched_traits() changed.
void note_changed_profiles(const std::vector<int64_t>& users);

}  // namespace cdp::profile
