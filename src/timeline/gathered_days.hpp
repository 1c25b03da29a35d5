#pragma once

#include "event/recent.hpp"
#include "timeline/event_days.hpp"

#include <cstdint>
#include <set>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::timeline {

/// What this process gathers for cdp.event_day_packed while it packs a closed table step by step, so that
/// each row is written once a round, not once a step. What is gathered belongs to a version of the row of
/// cdp.packing: of a round that another process went on with, or of a step that was rolled back, all is
/// dropped and gathered anew from the packed events of the closed table, which stay there until it is
/// emptied. Requires the process lock.
class GatheredDays {
 public:
  static GatheredDays& of_process();

  /// Begins a step. Gathers what the closed table has of packed events and this process has not seen, at
  /// least `most_rows` rows of it, if so many are left. Says whether nothing is left; otherwise the step must
  /// end without packing.
  bool catch_up(pg::Spi& spi, const event::RecentTables& tables, int64_t most_rows);

  /// A user's event that this step packs.
  void add(int32_t event_no, Instant time, int64_t user_no) {
    days_.add(event_no, time, static_cast<uint32_t>(user_no));
  }

  bool is_empty() const { return days_.is_empty(); }
  /// Writes at most so many rows of what was gathered, without the users that are gone.
  void write(pg::Spi& spi, int64_t most_rows);
  /// Writes some where what was gathered has outgrown maintenance_work_mem.
  void write_if_large(pg::Spi& spi);

  /// As many rows as take some tens of milliseconds to write.
  static constexpr int64_t kRowsAtOnce = 500;

  /// Ends a step: the row of cdp.packing says that users up to this one are packed, and has this xmin.
  void finish_step(int64_t packed_until, int64_t row_version);
  /// There is no round any more.
  void clear();

 private:
  bool is_large() const;
  void write_first(pg::Spi& spi, const bitmap::Bitmap& gone);

  static constexpr int64_t kNoVersion = -1;

  EventDays days_;
  int64_t row_version_ = kNoVersion;  ///< of cdp.packing, which the following go with; none during a step
  int64_t packed_until_ = 0;
  int64_t seen_until_ = 0;  ///< events of users up to this one are in days_, or written
};

/// Keeps the numbers of users who are no more and had packed events, whose bits may be in
/// cdp.event_day_packed.
void add_gone_users(pg::Spi& spi, const std::vector<int64_t>& users);

/// Whose numbers are kept so.
bitmap::Bitmap gone_users(pg::Spi& spi);

/// Takes these users, and all who are gone, out of the rows of cdp.event_day_packed for these days.
void remove_from_days(pg::Spi& spi, const std::set<EventDay>& days, const std::vector<int64_t>& users);

}  // namespace cdp::timeline
