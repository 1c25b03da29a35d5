#pragma once

#include "analysis/funnel.hpp"
#include "base/bytes.hpp"

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cdp::analysis {

/// The state of the aggregate cdp_funnel: a flat value (SQL type cdp_funnel_state) that is appended to in
/// place, combined, moved between processes and machines, and never holds a pointer.
///
///     0  4  the server's length word; says how many events there is room for
///     4  1  version of this format, kVersion
///     5  1  mode of the funnel, kDefaultMode
///     6  1  number of steps, 1 to 64
///     7  1  whether the events are in ascending order of time
///     8  8  number of events
///    16  8  window in microseconds, 0 or more
///    24 16  each event: time, steps it fulfils (at least one)
///
/// Integers are little-endian. What follows the last event is unused room, all zero. The *body* of a state,
/// its external form, is what stands between the length word and the end of the last event.
struct FunnelState {
  static constexpr uint8_t kVersion = 1;
  static constexpr uint8_t kDefaultMode = 0;

  uint32_t length_word;
  uint8_t version;
  uint8_t mode;
  uint8_t steps;
  uint8_t is_sorted;
  uint64_t count;
  Micros within;

  FunnelDefinition definition() const { return {steps, within}; }

  FunnelEvent* events() { return reinterpret_cast<FunnelEvent*>(this + 1); }
  const FunnelEvent* events() const { return reinterpret_cast<const FunnelEvent*>(this + 1); }
  std::span<const FunnelEvent> all_events() const { return {events(), count}; }

  /// Adds an event; the caller has made sure of the room.
  void append(FunnelEvent event) {
    if (count > 0 && event.time < events()[count - 1].time) is_sorted = 0;
    events()[count++] = event;
  }

  /// Adds all events of another state; the caller has made sure of the room.
  void append_all(const FunnelState& other);

  ByteView body() const;
};
static_assert(sizeof(FunnelState) == 24 && alignof(FunnelState) == 8);
static_assert(std::endian::native == std::endian::little);

/// A state without its length word.
constexpr size_t kFunnelStateBodyHeader = sizeof(FunnelState) - sizeof(uint32_t);

/// Bytes of a state with room for exactly `capacity` events, length word included.
constexpr uint64_t funnel_state_size(uint64_t capacity) {
  return sizeof(FunnelState) + capacity * sizeof(FunnelEvent);
}

/// How many events fit into `size` bytes, length word included.
constexpr uint64_t funnel_state_capacity(uint64_t size) {
  return (size - sizeof(FunnelState)) / sizeof(FunnelEvent);
}

/// A value of the server holds at most 1 GB; a row around the state and its key must fit as well.
constexpr uint64_t kLargestFunnelState = (uint64_t{1} << 30) - (uint64_t{1} << 20);
constexpr uint64_t kMostFunnelEvents = funnel_state_capacity(kLargestFunnelState);

/// The capacity to allocate for `count` events so that appending costs amortized O(1) and the whole state
/// fills a power of two. Throws Error(Limit) for more than kMostFunnelEvents.
uint64_t grown_funnel_capacity(uint64_t count);

/// Throws Error(BadValue) unless both are states of the same funnel.
void require_same_funnel(const FunnelState& state, FunnelDefinition other);

/// What is wrong with the body of a state, or nullptr: every byte is checked.
const char* funnel_state_problem(ByteView body);

/// What is wrong with the header of a state that takes `size` bytes, or nullptr. In constant time; a state
/// that passes is safe to fold, whatever its events are.
const char* funnel_state_header_problem(const FunnelState& state, uint64_t size);

/// The body as text, `\x` and hexadecimal digits, and back. Reading throws Error(BadText) for what is not of
/// that form and Error(BadBinary) for bytes that are no state.
std::string funnel_state_to_text(ByteView body);
std::string funnel_state_from_text(std::string_view text);

}  // namespace cdp::analysis
