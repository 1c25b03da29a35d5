#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace cdp::pg {
class Spi;
}

/// Whom to look at when: cdp.segment_due. When a user is truly due says cdp.membership.next_due: there is
/// always a hint for that instant or an earlier one, which is renewed when it has come.
namespace cdp::segment {

/// When a user is to be looked at again.
struct Due {
  int64_t user_no = 0;
  Instant at;
};

/// Writes hints, none later than asked for. Of those that are more than a quarter of an hour ahead, users of
/// one minute are kept together, beyond a day those of one hour.
void write_hints(const std::vector<Due>& dues, Instant now);

/// Takes the hints of at most about so many users whose time has come by `until`; whom they name, ascending,
/// each once.
std::vector<int64_t> take_hints(pg::Spi& spi, Instant until, int64_t most_users);

/// The earliest hint.
std::optional<Instant> next_hint(pg::Spi& spi);

/// Removes the hints of these users.
void remove_hints(pg::Spi& spi, const std::vector<int64_t>& users);

}  // namespace cdp::segment
