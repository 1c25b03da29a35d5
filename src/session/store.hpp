#pragma once

#include "event/event.hpp"
#include "session/circumstances.hpp"
#include "timeline/packing.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::session {

/// No event of a user that is in a session is later than this.
using LastSeen = std::function<Instant(int64_t user_no)>;

/// Takes further events, stored already and in the order of their arrival, into their users' sessions. What
/// each says of its session (`circumstances`, in parallel) is used up.
void add_events(pg::Spi& spi, std::span<const event::Event> events,
                std::span<Circumstances* const> circumstances, const LastSeen& last_seen, Instant now);

/// Makes the sessions of `losers`, whose events are `winner`'s by now, part of those of `winner`.
void merge_users(pg::Spi& spi, const std::vector<int64_t>& losers, int64_t winner, Instant now);

/// Deletes the sessions of a user; `numbers` as timeline::forget_user() has them.
void forget_user(pg::Spi& spi, const std::vector<int64_t>& numbers);

/// Tells where sessions of a user begin, for packing.
timeline::SessionStarts session_starts();

}  // namespace cdp::session
