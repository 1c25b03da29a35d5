#pragma once

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "timeline/packed.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cdp::timeline {

/// The state of the aggregates that make timelines: events as they came, in a flat value (SQL type bytea)
/// that is appended to in place, combined, moved between processes and machines, and never holds a pointer.
///
///     0  4  the server's length word; says how many bytes there is room for
///     4  1  version of this format: 1
///     5  1  how events are known: 0 as long as there is none, 1 by name, 2 by number
///     6  2  0
///     8  4  how many bytes of events
///    12     each event: time, 8 bytes; number or length of the name, doubled, and one if it begins a
///    session,
///           4 bytes; the name
///
/// Integers are little-endian and nowhere aligned. What follows the last event is unused room, all zero.
class AggregateState {
 public:
  /// Bytes of a state without events, length word included.
  static constexpr uint64_t kHeaderBytes = 12;

  /// The state at `value`, of `size` bytes, length word included. Throws Error(Corrupt) for what is none, in
  /// constant time: events are checked as they are read.
  AggregateState(uint8_t* value, uint64_t size);

  /// Makes zeroed bytes a state without events; the length word stays as it is.
  static void begin(uint8_t* value);

  uint64_t size() const { return size_; }
  /// Bytes up to the end of the last event, length word included.
  uint64_t used() const;

  /// Bytes that an event known by number, by name, or all events of a timeline take.
  static uint64_t bytes_for(int32_t number);
  static uint64_t bytes_for(std::string_view name);
  static uint64_t bytes_for(const TimelineView& timeline);

  /// Add events; the caller has made sure of the room. Throws Error(BadValue) for a negative number and where
  /// the events before are known the other way, Error(OutOfRange) for a time that a timeline cannot have.
  void append(Instant time, int32_t number, bool begins_session);
  void append(Instant time, std::string_view name, bool begins_session);
  void append(const TimelineView& timeline);
  void append(const AggregateState& other);

  /// The timeline of all events. Throws Error(Corrupt) for what is no event, and as TimelineBuilder does.
  std::string finish() const;

 private:
  enum class Kind : uint8_t { Unknown, Named, Numbered };

  Kind kind() const;
  void require_kind(Kind kind);
  void append_event(Instant time, uint32_t number, bool begins_session, std::string_view name);

  uint8_t* value_;
  uint64_t size_;
};

/// The bytes to allocate for a state that uses `used` so that appending costs amortized O(1). Throws
/// Error(Limit) for more than a value of the server holds.
uint64_t grown_state_size(uint64_t used);

}  // namespace cdp::timeline
