#pragma once

#include "base/background.hpp"
#include "event/event.hpp"
#include "event/reading.hpp"
#include "session/circumstances.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace cdp::worker {

/// Messages that were taken together, read in a thread where they are many.
class Piece {
 public:
  /// `applied` is a piece that is done with: the thread takes it away.
  Piece(std::vector<event::Queued> queued, event::ReadingRules rules,
        std::unique_ptr<Piece> applied = nullptr);

  const std::vector<event::Queued>& queued() const { return queued_; }

  /// Fills reading() and circumstances(), empties events(): by the rules that the piece was made with where a
  /// thread has read already, else by `rules`.
  void read(const event::ReadingRules& rules);

  event::Reading& reading() { return reading_; }
  /// What each message said of its session, by Received::number; for one use.
  std::vector<session::Circumstances>& circumstances() { return circumstances_; }
  /// The events among them; here, so that they go when the piece goes.
  std::vector<event::Event>& events() { return events_; }

 private:
  void read_now(const event::ReadingRules& rules);

  std::vector<event::Queued> queued_;
  event::ReadingRules rules_;
  std::unique_ptr<Piece> applied_;
  event::Reading reading_;
  std::vector<session::Circumstances> circumstances_;
  std::vector<event::Event> events_;
  std::optional<Background> background_;  ///< last: it works on the others
};

}  // namespace cdp::worker
