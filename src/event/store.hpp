#pragma once

#include "event/event.hpp"
#include "event/reading.hpp"

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::event {

/// Records insert ids and removes the messages whose source and id were seen before, in this batch or
/// earlier within the horizon (cdp.deduplication_horizon): the first one wins. One of them that says
/// something else is recorded in cdp.insert_id_conflict.
void remove_repetitions(pg::Spi& spi, std::vector<Received>* messages);

/// Numbers of event names, new names added to the dictionary.
std::unordered_map<std::string, int32_t> event_numbers(pg::Spi& spi, const std::vector<std::string>& names);

/// Stores events with the insert id and source of the message each came from (`origins`, in parallel);
/// numbers them in order.
void store_events(pg::Spi& spi, std::span<Event> events, std::span<const Received* const> origins);

/// Makes the events of `loser` those of `winner`.
void move_events(pg::Spi& spi, int64_t loser, int64_t winner);

/// Deletes the stored events of users.
void forget_events(pg::Spi& spi, const std::vector<int64_t>& users);

/// An insert id as the caller of a source gave it.
struct InsertId {
  std::string source;
  std::string value;
};
/// Forgets that these were seen, and their conflicts: a message that has one is taken again.
void forget_insert_ids(pg::Spi& spi, std::span<const InsertId> ids);

/// Deletes what is kept of violations of schemas of which the last one was by a user of such an id.
void forget_violations(pg::Spi& spi, const std::vector<std::string>& ids);

/// Deletes letters older than cdp.dead_letter_retention, a bounded number and at most once a minute.
void forget_dead_letters(pg::Spi& spi, Instant now);

/// Stores dead letters.
void store_dead_letters(pg::Spi& spi, std::span<const DeadLetter> letters);

}  // namespace cdp::event
