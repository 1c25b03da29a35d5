#pragma once

#include "base/time.hpp"
#include "session/circumstances.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cdp::session {

/// What an event's name says of the session it is in (cdp.session_boundary).
enum class Boundary : uint8_t { None, Start, End };

/// One event of a user as sessions see it. Events are in order of (time, arrival_no).
struct Step {
  Instant time;
  int64_t arrival_no = 0;
  int32_t event_no = 0;
  Boundary boundary = Boundary::None;
  Circumstances circumstances;
};

/// A run of a user's events. Between two neighbours it goes on if both the run so far and the later event
/// have a session id of the caller's and it is the same, whatever lies between; it ends if the ids differ.
/// Where one of them has none, a start event begins another run, so does whatever follows an end event, and
/// so does a gap longer than the timeout. A run's id is that of its first event that has one.
struct Session {
  Instant started_at;
  int64_t first_arrival = 0;  ///< of its first event: parts sessions that start at the same time
  Instant ended_at;           ///< time of its last event
  int64_t events = 0;
  bool is_over = false;  ///< its last event is an end event
  std::optional<std::string> session_id;
  int32_t landing_event_no = 0;
  int32_t exit_event_no = 0;
  std::optional<std::string> landing_page;  ///< first url
  std::optional<Instant> landing_page_at;
  std::optional<std::string> exit_page;  ///< last url
  std::optional<Instant> exit_page_at;
  /// Of the first event that has an origin.
  std::optional<std::string> referrer;
  Campaign campaign;
  std::optional<Instant> origin_at;

  friend bool operator==(const Session&, const Session&) = default;
};

/// A session of one event.
Session session_of(Step step);

/// Does `next`, which follows the last event of `run`, begin another session?
bool begins_session(const Session& run, const Step& next, Micros timeout);

/// Adds the event that follows the session's last one.
void append(Session* session, Step step);

/// Adds an event between the session's first and last one. That it does not part them is the caller's to
/// know.
void insert(Session* session, Step step);

/// Adds all of `next`, which follows and goes on with `session`.
void append(Session* session, Session next);

}  // namespace cdp::session
