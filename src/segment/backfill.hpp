#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::segment {

/// What becomes of members that are being gathered where no worker runs: they are left to the one that will,
/// or computed at once.
enum class Orphans : uint8_t { Leave, Take };

/// Has the members of all segments whose status is pending computed: at once, or, where that is much work and
/// a worker runs, by gather_members() from now on. Says whether anything was done. Requires the process lock,
/// like all that follows.
bool compute_pending(pg::Spi& spi, Instant now, Orphans orphans);

/// What a step of a computation in the background did.
struct Gathered {
  int64_t users = 0;      ///< of whom rules were asked; 0 where segments were given their new members
  bool has_more = false;  ///< there is more to do
};

/// Takes such a step: asks the rules of `most_users` users at most and keeps the answers beside the present
/// members; or, once everyone was asked, makes them the present ones and records who entered and left. Until
/// then follow() keeps the answers up to date, unseen. Nothing is lost where the process ends in between.
Gathered gather_members(pg::Spi& spi, Instant now, int64_t most_users);

/// Is there anything to gather?
bool is_gathering(pg::Spi& spi);

/// Begins anew for those of the segments, given by the numbers of their present members, for which something
/// is gathered: what they name has changed.
void restart_gathering(pg::Spi& spi, const std::vector<int32_t>& numbers);

/// Gives up what is gathered for a segment; its status stays pending.
void stop_gathering(pg::Spi& spi, int32_t segment_no);

}  // namespace cdp::segment
