#pragma once

#include "base/time.hpp"
#include "bitmap/bitmap.hpp"
#include "timeline/history.hpp"
#include "timeline/packed.hpp"
#include "timeline/summary.hpp"
#include "timeline/user_events.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::timeline {

/// What a scan of histories needs to see. Events are named by cdp.event_name.event_no.
struct ScanDemand {
  std::vector<int32_t> events;            ///< which events, ascending
  bool wants_all_events = false;          ///< the others, too
  std::vector<PropertyPath> properties;   ///< which values of them
  Instant since = Instant::min();         ///< events at or after this time
  Instant until = Instant::max();         ///< and before this one
  int64_t first_user = INT64_MIN;         ///< users from this number on
  int64_t last_user = INT64_MAX;          ///< to this one
  const bitmap::Bitmap* users = nullptr;  ///< only these; nullptr: all of them

  bool wants_nothing() const { return events.empty() && !wants_all_events; }
  /// Where an event is in `events`; -1 if it is not.
  int32_t place_of(int32_t event_no) const {
    const auto place = std::lower_bound(events.begin(), events.end(), event_no);
    return place != events.end() && *place == event_no ? static_cast<int32_t>(place - events.begin()) : -1;
  }
};

/// A value of one event by its place in ScanDemand::properties; JSON null if absent.
using PropertyValues = std::function<Json(size_t place)>;
/// The same of the i-th event of a chunk.
using ChunkProperties = std::function<Json(size_t i, size_t place)>;

/// How far a user was shown.
struct Shown {
  EventKey next{Instant::min(), INT64_MIN};  ///< events before this, as far as demanded; no others
  Instant packed_until = Instant::min();     ///< what is later is not packed
  int64_t events = 0;                        ///< about how many he has, demanded or not
};

/// Events of a user, packed: all of a chunk, of which at least one is demanded.
struct ScannedChunk {
  const TimelineView& timeline;
  std::span<const int32_t> places;  ///< by code: where in ScanDemand::events the event is, or -1
  TimelineView::Match match;        ///< which of ScanDemand::events occur
  bool is_all;                      ///< the user has no other events
  const ChunkProperties& property;

  /// Does an event occur, given by its place in ScanDemand::events?
  bool has(int32_t place) const {
    return place < 64 ? (match.found >> place & 1) != 0
                      : std::find(places.begin(), places.end(), place) != places.end();
  }
};

/// Takes in histories, user by user, each in order of time, events of equal time in order of arrival.
class HistoryVisitor {
 public:
  virtual ~HistoryVisitor() = default;

  /// Asked of a chunk that has all of a user's events, before it is opened: may it be wanted, if this is how
  /// many events it has and when they are? Neither begin() nor end() is called where not.
  virtual bool wants(int64_t user_no, const Occurrences& all) {
    (void)user_no;
    (void)all;
    return true;
  }

  /// A user begins.
  virtual void begin(int64_t user_no) = 0;

  /// Asked by scan_users() then: before which event is all known, so that only those from it on, none of
  /// which is packed, are to be shown? nullopt: nothing is.
  virtual std::optional<EventKey> known_before() { return std::nullopt; }

  /// Further events, packed. Those outside of the demanded time are to be passed over. False: no more of this
  /// user is wanted.
  virtual bool chunk(const ScannedChunk& chunk) = 0;

  /// Asked before an event that is not packed is read: is one of this kind needed of this user? Events that
  /// are not may be shown all the same.
  virtual bool needs(int32_t place) const noexcept {
    (void)place;
    return true;
  }

  /// A further event, one that is demanded, and its place in ScanDemand::events, or -1. False as above.
  virtual bool event(Instant time, int32_t place, const PropertyValues& property) = 0;

  /// Told by scan_users() before the end.
  virtual void shown(const Shown& shown) { (void)shown; }

  /// The user's events are at their end, or no more were wanted.
  virtual void end() = 0;
};

/// Shows the visitor everyone's histories as far as they are demanded: packed and recent events as one, in
/// ascending order of user_no. Users without such events are not shown. Properties are read only where they
/// are asked for, numbers by their value. Memory: one chunk, and the recent events of one user. Answers
/// cancels.
void scan_histories(pg::Spi& spi, const ScanDemand& demand, HistoryVisitor& visitor);

/// The same of a list of users, whatever the demand says of users and times, each looked up by itself. A user
/// without such events is shown, too. Numbers are shown as asked for.
void scan_users(pg::Spi& spi, const ScanDemand& demand, const std::vector<int64_t>& users, Numbers numbers,
                HistoryVisitor& visitor);

}  // namespace cdp::timeline
