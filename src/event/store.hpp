#pragma once

#include "event/event.hpp"
#include "event/inbox.hpp"
#include "event/message.hpp"

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace cdp::event {

/// A message of a batch with where it came from.
struct Received {
  Message message;
  std::string source;
};

/// A message that could not be taken.
struct DeadLetter {
  Rejection rejection;
  std::string payload;
  bool is_null = false;  ///< the payload is
  std::string source;
  Instant received_at;
};

/// Reads the queued messages by their sources' mappings; what cannot be read goes to `dead`.
std::vector<Received> read_messages(pg::Spi& spi, std::span<const Queued> batch,
                                    std::vector<DeadLetter>* dead);

/// The messages of a payload that holds several, each queued for itself; nothing if it holds one or cannot be
/// read.
std::vector<Queued> single_messages(const Queued& queued);

/// Records insert ids and removes the messages whose source and id were seen before, in this batch or
/// earlier within the horizon (cdp.deduplication_horizon): the first one wins. One of them that says
/// something else is recorded in cdp.insert_id_conflict.
void remove_repetitions(pg::Spi& spi, std::vector<Received>* messages);

/// Which messages are events that happened before the horizon and that their users (`users`, in parallel)
/// have already, by source and insert id; ascending indexes. Costs a pass over the events of these users, and
/// nothing where there is no such message.
std::vector<size_t> find_logged(std::span<const Received> messages, std::span<const int64_t> users);

/// Numbers of event names, new names added to the dictionary.
std::unordered_map<std::string, int32_t> event_numbers(pg::Spi& spi, const std::vector<std::string>& names);

/// Stores events with the insert id and source of the message each came from (`origins`, in parallel);
/// numbers them in order.
void store_events(pg::Spi& spi, std::span<Event> events, std::span<const Received* const> origins);

/// Makes the events of `loser` those of `winner`.
void move_events(pg::Spi& spi, int64_t loser, int64_t winner);

/// Deletes letters older than cdp.dead_letter_retention, a bounded number and at most once a minute.
void forget_dead_letters(pg::Spi& spi, Instant now);

/// Stores dead letters.
void store_dead_letters(pg::Spi& spi, std::span<const DeadLetter> letters);

}  // namespace cdp::event
