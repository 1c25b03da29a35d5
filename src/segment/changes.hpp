#pragma once

#include "base/time.hpp"

#include <cstdint>

namespace cdp::pg {
class Spi;
}

/// What becomes of cdp.segment_change.
namespace cdp::segment {

/// Tells on channel cdp_segment, if cdp.segment_notify is on, of the changes that are written between its
/// making and send(): one notice, delivered when the transaction commits. Of several that live at once only
/// the first made tells. Requires the process lock.
///
///     {"first":17,"last":19,"changes":3,"segments":{"vip":[2,0],"lapsed":[0,1]}}
///
/// `first` and `last` are of cdp.segment_change.change_no, the pairs tell how many entered and exited. Where
/// that would be longer than NOTIFY takes, `segments` is null.
class Announcement {
 public:
  explicit Announcement(pg::Spi& spi);
  ~Announcement();
  Announcement(const Announcement&) = delete;
  Announcement& operator=(const Announcement&) = delete;

  void send();

 private:
  pg::Spi& spi_;
  bool is_first_;
  int64_t last_change_ = 0;
};

/// Removes rows older than cdp.segment_change_keep: some thousands at once, and looks for them once a minute
/// unless there were as many as that. Says whether it removed any.
bool forget_changes(pg::Spi& spi, Instant now);

}  // namespace cdp::segment
