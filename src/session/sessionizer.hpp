#pragma once

#include "session/session.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace cdp::session {

/// Where an event, or a session by its first one, stands among a user's: (time, order of arrival).
using Key = std::pair<Instant, int64_t>;
inline Key key_of(const Step& step) { return {step.time, step.arrival_no}; }
inline Key key_of(const Session& session) { return {session.started_at, session.first_arrival}; }

/// What is stored of one user.
class Stored {
 public:
  virtual ~Stored() = default;
  /// The session that starts last of all, or last of those at or before `key`, or first of those after it.
  virtual std::optional<Session> last() = 0;
  virtual std::optional<Session> at_or_before(const Key& key) = 0;
  virtual std::optional<Session> after(const Key& key) = 0;
  /// The events from `key` on in their order, until `f` returns false.
  virtual void from(const Key& key, const std::function<bool(const Step&)>& f) = 0;
  /// The last event before `key`.
  virtual std::optional<Step> before(const Key& key) = 0;
};

/// Brings a user's sessions up to date with events that came in whatever order: the outcome is that of all
/// events in order. An event at the end costs nothing but reading its session; one in the middle two
/// look-ups; where it parts a session or makes its id another, that session's events are read again.
class Sessionizer {
 public:
  Sessionizer(Stored& stored, Micros timeout) : stored_(stored), timeout_(timeout) {}

  /// Takes in events that are stored already but in no session: ascending, and each arrived after all that
  /// are in sessions. Leaves the steps without what was taken from them.
  void add(std::span<Step> steps);

  /// Makes anew the sessions of the stored events between two times.
  void redo(Instant from, Instant until);

  /// Valid as long as this object and no longer than its next call.
  struct Changes {
    std::vector<const Session*> removed;
    std::vector<std::pair<const Session*, const Session*>> changed;  ///< as it was stored, as it is now
    std::vector<const Session*> added;
  };
  Changes changes() const;

 private:
  using Sessions = std::map<Key, Session>;

  void load_last();
  Session* load(Session session);
  Session* at_or_before(const Key& key);
  Session* after(const Key& key);
  void place(Step& step);
  bool fits_inside(const Session& session, const Step& step);
  void join_following(const Key& key);
  void fold(const Key& from, const Key& until, const Session* before = nullptr);

  Stored& stored_;
  Micros timeout_;
  Sessions was_;  ///< the stored sessions that were looked at
  Sessions now_;  ///< what became of them, and new ones
  bool is_last_known_ = false;
  std::optional<Key> last_;          ///< of the stored session that starts last
  std::optional<Key> folded_until_;  ///< the last event that fold() took in
};

}  // namespace cdp::session
