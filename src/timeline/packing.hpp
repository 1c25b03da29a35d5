#pragma once

#include "base/time.hpp"
#include "timeline/user_events.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::timeline {

/// Where sessions of a user begin: the keys of the first events of those that start between two times, both
/// ends in, ascending.
using SessionStarts = std::function<std::vector<EventKey>(int64_t user_no, Instant from, Instant until)>;

/// What one step of the packing did.
struct Packed {
  int64_t events = 0;     ///< that are packed now and were not before
  bool has_more = false;  ///< there is more to do for the closed table
};

/// Packing of recent events into cdp.timeline. Two tables take turns: one is open for new events, the other
/// is closed, and its users' events are packed one user after the other, in as many transactions as wanted,
/// each of which says in cdp.packing how far it came. Then it is emptied, once no snapshot is older than the
/// last of those transactions, and may be opened again.
class Packing {
 public:
  /// Requires the process lock.
  Packing(pg::Spi& spi, SessionStarts session_starts);

  /// Since when the open table takes events, as far as is known: Instant::min() before the first closing.
  Instant opened_at() const;

  /// Empties the closed table if it is packed and nobody looks at what was before, and nobody has it locked.
  /// Says whether it is empty, so that the other may be closed.
  bool empty_closed();

  /// Closes the open table and opens the other one, which must be empty. Says whether there was anything in
  /// it.
  bool close_open(Instant now);

  /// Packs events of the closed table, about so many, at least those of one user; or does as much of what
  /// goes before and after: cdp.event_day_packed gets its users with the last step (or when they take much
  /// memory), and a process that did not do the steps before reads what they packed.
  Packed pack(int64_t most_events);

 private:
  void save_step(int64_t user_no, const Packed& packed);

  pg::Spi& spi_;
  SessionStarts session_starts_;
};

/// Makes the packed events of `losers` recent ones of `winner`, to be packed again; losers who had any are
/// gone users from then on.
void unpack_users(pg::Spi& spi, const std::vector<int64_t>& losers, int64_t winner);

/// Deletes the events of a user, packed and recent, with what is known by them: insert ids, users by event
/// and day. `numbers` are the user's own and those of all who were merged into it, some of whose rows may be
/// left.
void forget_user(pg::Spi& spi, int64_t user_no, const std::vector<int64_t>& numbers);

}  // namespace cdp::timeline
