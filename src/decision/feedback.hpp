#pragma once

#include "event/event.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::decision {

/// Is this the name of an impression or click event of some placement? Answered from memory.
bool is_feedback(std::string_view event_name);

/// Takes the impressions and clicks of a batch, once and in the batch's transaction: counts them per
/// placement and creative and remembers each user's last impressions. `events` are those newly accepted, in
/// the order of arrival; a batch without feedback costs a look at each name.
///
/// An event says what it is about by its properties: `decision_id`; or `creative` and `placement`; or
/// `creative` alone, which means the placement of the user's latest decision for it (before the event, else
/// at all), or the only placement that takes such events and such content. Whatever does not resolve is
/// passed over. Which clicks count: see attribute(). Batches must not run concurrently.
void take_feedback(pg::Spi& spi, std::span<const event::Event> events);

/// Gives decisions and impressions of a user that was merged away to the one that stays. Of two impressions
/// of one creative in one placement the later is remembered; counts stay as they are.
void merge_user(pg::Spi& spi, int64_t loser, int64_t winner);

/// Deletes decisions and impressions of a user, also decisions that were made for one of its ids before the
/// user was known. Counts stay as they are.
void forget_user(pg::Spi& spi, int64_t user_no, const std::vector<std::string>& ids);

}  // namespace cdp::decision
