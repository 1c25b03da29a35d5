#pragma once

#include "base/background.hpp"
#include "event/event.hpp"
#include "event/reading.hpp"
#include "session/circumstances.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace cdp::worker {

/// Messages that were taken together, and what is made of them.
class Piece {
 public:
  explicit Piece(std::vector<event::Queued> queued) : queued_(std::move(queued)) {}

  /// Begins to read them in a thread, if they are many; the thread also takes away `applied`, a piece that
  /// is done with.
  void read_ahead(event::ReadingRules rules, std::unique_ptr<Piece> applied);

  const std::vector<event::Queued>& queued() const { return queued_; }

  /// Fills reading() and circumstances() and empties events(): as the thread has read, if one has, else by
  /// `rules`.
  void read(const event::ReadingRules& rules);

  event::Reading& reading() { return reading_; }
  /// What each message said of its session, by Received::number; for one use.
  std::vector<session::Circumstances>& circumstances() { return circumstances_; }
  /// The events among them; here, so that they go when the piece goes.
  std::vector<event::Event>& events() { return events_; }

 private:
  void read_now(const event::ReadingRules& rules);

  std::vector<event::Queued> queued_;
  event::Reading reading_;
  std::vector<session::Circumstances> circumstances_;
  std::vector<event::Event> events_;
  std::optional<Background> background_;  ///< last: it works on the others
};

}  // namespace cdp::worker
