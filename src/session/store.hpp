#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::session {

/// Takes further event times of users into their sessions.
void add_events(pg::Spi& spi, std::map<int64_t, std::vector<Instant>> times_by_user);

/// Makes the sessions of `loser` part of those of `winner`.
void merge_users(pg::Spi& spi, int64_t loser, int64_t winner);

}  // namespace cdp::session
