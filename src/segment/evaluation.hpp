#pragma once

#include "bitmap/bitmap.hpp"
#include "segment/catalog.hpp"
#include "segment/outcome.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace cdp::segment {

/// Users from one number to another, both included.
struct UserRange {
  int64_t first = 0;
  int64_t last = 0;
};

/// What rules say of users.
struct Evaluated {
  std::vector<bitmap::Bitmap> members;  ///< of each definition
  std::vector<Due> dues;                ///< when users are to be looked at again, in ascending order of users
};

/// Asks the rules of some definitions of the catalog of all users in a range, as of `now`, by parallel
/// workers of the server where they are many. Tells `reached` on the way how far it is. Requires the process
/// lock. Memory: a bit a rule and user, and eight bytes a user. Answers cancels.
Evaluated evaluate_rules(const Catalog& catalog, const std::vector<const Definition*>& definitions,
                         UserRange range, Instant now, const std::function<void(int64_t user_no)>& reached);

/// The highest number that a user has.
int64_t last_user(pg::Spi& spi);

}  // namespace cdp::segment
