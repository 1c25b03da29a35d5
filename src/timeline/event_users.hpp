#pragma once

#include "base/time.hpp"
#include "bitmap/bitmap.hpp"

#include <cstdint>

namespace cdp::pg {
class Spi;
}

namespace cdp::timeline {

/// Who did an event within a time, as far as days tell.
struct EventUsers {
  bitmap::Bitmap certain;   ///< who did it
  bitmap::Bitmap possible;  ///< these, and who did it on a day of which only a part is in that time
};

/// Who did an event at or after `since` and before `until`, packed and recent events alike, as cdp.event_day
/// has them. Cost: the bitmaps of those days, and a look at each recent event of the kind.
EventUsers users_of_event(pg::Spi& spi, int32_t event_no, Instant since, Instant until);

}  // namespace cdp::timeline
