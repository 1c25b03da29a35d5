#pragma once

#include "base/time.hpp"
#include "event/reading.hpp"
#include "event/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::event {

/// The reading end of cdp.inbox, for the one batch at a time that holds the process lock.
///
/// Messages wait in append-only chunks and are read by snapshot difference (PgQ's algorithm): a round takes
/// what the snapshot `target` sees and the snapshot `done` did not, chunk by chunk in the order of rows, in
/// as many batches as wanted; rows that were read and lie before others in the order are held back, by their
/// places; at its end `target` becomes `done`. A transaction that commits late is in a later round, wherever
/// its rows lie; one that stays open keeps nobody waiting. How far the round is stands in cdp.inbox_cursor
/// and commits with the batch's effects. Messages queued by the reading transaction itself, or restored from
/// another installation, are outside of those snapshots: they are taken and deleted.
class Inbox {
 public:
  /// Loads the cursor. Requires the process lock.
  explicit Inbox(pg::Spi& spi);

  /// The instant of the last batch.
  Instant clock() const { return clock_; }

  /// Did take() move the cursor, also where it found nothing?
  bool has_changed() const { return has_changed_; }

  /// The next at most `limit` messages, ending with the one by which their payloads reach `max_bytes`: at
  /// least one, until all are taken that were committed when this reader was made. In the order in which they
  /// were queued, though rows may lie in another one where connections write to pages of their own and short
  /// rows fill gaps: as far as a look ahead of a thousand rows can tell.
  std::vector<Queued> take(int64_t limit, int64_t max_bytes);

  /// Empties chunks of which all messages are processed, where nobody has them.
  void empty_processed();

  /// Writes the cursor, with the batch's instant; empties chunks that are processed and lets the next one
  /// take new messages once this one is large.
  void save(Instant clock);

 private:
  class Window;

  void start_round();
  bool take_from_chunk(int64_t limit, int64_t* bytes_left, std::vector<Queued>* batch);
  bool holds_more(const char* chunk, int64_t first_page) const;
  void truncate_if_processed(int chunk);
  void rotate();

  pg::Spi& spi_;
  Instant clock_;
  int32_t home_ = 0;
  int write_chunk_ = 0;
  Snapshot done_;
  std::optional<Snapshot> target_;  ///< nullopt between rounds
  int read_chunk_ = 0;
  uint64_t read_until_ = 0;     ///< place of the row up to which the chunk was read
  std::vector<uint64_t> held_;  ///< places of rows that were read and not taken
  bool has_changed_ = false;
  bool has_started_round_ = false;
};

}  // namespace cdp::event
