#pragma once

#include "base/time.hpp"
#include "event/expectations.hpp"
#include "event/mapping.hpp"
#include "event/message.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cdp::event {

/// A row of cdp.inbox.
struct Queued {
  std::string source;
  std::string payload;
  bool is_null = false;  ///< the payload is
  Instant received_at;
  int64_t queue_no = 0;  ///< order in which it was queued
};

/// A message of a batch with where it came from.
struct Received {
  Message message;
  std::string source;
  size_t number = 0;     ///< place among those that were read with it
  uint64_t id_key = 0;   ///< hash of source and insert id; 0 without one
  uint64_t content = 0;  ///< hash of what it says without what a sender changes when it tries again; likewise
};

/// A message that could not be taken.
struct DeadLetter {
  Rejection rejection;
  std::string payload;
  bool is_null = false;  ///< the payload is
  std::string source;
  Instant received_at;
};

/// By what messages are read: cdp.source, cdp.event_schema, cdp.event_requirement and cdp.blocked_id at one
/// time.
struct ReadingRules {
  using Mappings = std::unordered_map<std::string, Mapping>;

  std::shared_ptr<const Mappings> mappings;
  std::shared_ptr<const Expectations> expectations;
};

/// As committed now or changed by this transaction.
ReadingRules current_reading_rules();

/// The hash by which an insert id of a source is found in cdp.insert_id.
uint64_t insert_id_key(std::string_view source, std::string_view insert_id);

/// What reading made of queued messages, in their order.
struct Reading {
  std::vector<Received> messages;
  std::vector<DeadLetter> dead;
  ViolationLog violations;
};

/// Reads queued messages. Touches nothing but its arguments, so that a thread may do it.
Reading read_messages(std::span<const Queued> queued, const ReadingRules& rules);

/// The single messages of a payload that holds several, each queued for itself; nothing if it holds one or
/// cannot be read.
std::vector<Queued> single_messages(const Queued& queued);

}  // namespace cdp::event
