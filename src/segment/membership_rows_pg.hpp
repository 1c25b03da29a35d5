#pragma once

#include "base/time.hpp"
#include "segment/catalog.hpp"
#include "segment/walk.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace cdp::segment {

/// What a batch found and writes of one user's row in cdp.membership.
struct MembershipRow {
  Standing standing;
  Instant hinted = Instant::max();  ///< the instant at which, or earlier, a hint stands
  uint64_t place = 0;               ///< 0: there is none
  bool is_new = true;               ///< never evaluated
};

/// By user.
using MembershipRows = std::map<int64_t, MembershipRow>;

/// Those of all the users, along with which rules are due next, where this process wrote the row.
MembershipRows load_membership_rows(const Catalog& catalog, const std::vector<int64_t>& users);

/// Writes all of them, and hints at who is due earlier than is hinted.
void write_membership_rows(const Catalog& catalog, const MembershipRows& rows, Instant now);

}  // namespace cdp::segment
