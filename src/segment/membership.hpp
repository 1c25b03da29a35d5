#pragma once

#include "base/json.hpp"
#include "bitmap/bitmap.hpp"
#include "segment/catalog.hpp"
#include "segment/walk.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cdp::segment {

/// A user to whom something happened in a batch.
struct Touched {
  int64_t user_no = 0;
  std::string user_id;
  Json traits;
  Json trait_times;
  std::vector<Occurrence> occurrences;
};

/// What these users look like now, those who exist; nothing happened to them.
std::vector<Touched> look_up(pg::Spi& spi, const std::vector<int64_t>& users);

/// Up to when memberships are followed, and the present instant, which is later where messages wait that may
/// have happened in between.
struct Clock {
  Instant until;
  Instant now;
};

/// Brings the memberships of these users up to date, each user once. Their events must be stored already.
/// Requires the process lock, like all that follows.
void follow(pg::Spi& spi, const Catalog& catalog, std::vector<Touched> users, Clock clock);

/// Applies what time alone changed, for at most `max_users` users; how many there were.
int64_t follow_time(pg::Spi& spi, const Catalog& catalog, Clock clock, int64_t max_users);

/// Brings people up to date whose profiles were changed by users' statements, some thousands at once. Says
/// whether there were any.
bool follow_edited(pg::Spi& spi, Clock clock);

/// The first instant at which follow_time() has something to do; nullopt if none is known.
std::optional<Instant> next_due(pg::Spi& spi);

/// Computes the members of these segments from scratch as of `now` and records who entered and left. Where no
/// rule is asked the members stay.
void compute(pg::Spi& spi, const Catalog& catalog, const std::vector<int32_t>& numbers, Instant now,
             Reason reason = Reason::Rule);

/// Brings users for whom something changed that no message told of up to date in these segments, and what
/// else has become due for them; the segments are computed where the users are many.
void look_again(pg::Spi& spi, const std::vector<int32_t>& numbers, const bitmap::Bitmap& users, Instant now,
                Reason reason);

/// Makes `users` the members of a segment for which no rule is asked, records who entered and left, and
/// brings those who did so up to date in the segments that name it.
void replace_members(pg::Spi& spi, int32_t segment_no, const bitmap::Bitmap& users, Instant now);

/// A user who is part of another one from now on.
struct Merged {
  int64_t loser = 0;
  int64_t winner = 0;
  Instant at;
  Instant received_at;
};

/// Removes the losers from every segment and records that they left. Where no rule is asked the winners are
/// put in for them; follow() records it, if it is told that everything may have changed for the winner.
void merge_users(pg::Spi& spi, const std::vector<Merged>& merges, Instant now);

/// Removes a user from every segment, with the history of its memberships; `numbers` as
/// timeline::forget_user() has them.
void forget_user(pg::Spi& spi, const std::vector<int64_t>& numbers);

}  // namespace cdp::segment
