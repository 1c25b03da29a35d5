#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace cdp::session {

/// A run of a user's events without a gap longer than the timeout; both ends are times of events.
struct Span {
  Instant started_at;
  Instant ended_at;
  int64_t events = 0;

  friend bool operator==(const Span&, const Span&) = default;
};

/// The sessions of a user after further events, as if all events had come in order: `spans` ascending and
/// more than `timeout` apart, `times` ascending. A gap of exactly the timeout is still one session. Cost:
/// linear in both.
std::vector<Span> sessionize(std::span<const Span> spans, std::span<const Instant> times, Micros timeout);

}  // namespace cdp::session
