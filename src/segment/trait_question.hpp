#pragma once

#include "bitmap/bitmap.hpp"
#include "profile/trait_index.hpp"
#include "rule/tree.hpp"
#include "segment/user_set.hpp"

#include <cstdint>

namespace cdp::pg {
enum class Sees : uint8_t;
}

namespace cdp::segment {

/// What trait indexes tell, by one snapshot. All of it is about users other than those in
/// cdp.changed_profile.

/// The users of whom a test of the trait holds: never differs from rule::holds() of their values.
UserSet users_where(const profile::TraitIndex& index, const rule::Test& test, pg::Sees sees);

/// All users.
bitmap::Bitmap indexed_users(pg::Sees sees);

/// The users who are in cdp.changed_profile.
bitmap::Bitmap changed_users(pg::Sees sees);

}  // namespace cdp::segment
