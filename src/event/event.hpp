#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>

namespace cdp::event {

/// One accepted event of a known user, as a batch hands it from room to room.
struct Event {
  int64_t user_no = 0;
  int32_t event_no = 0;    ///< number of the name in cdp.event_name
  int64_t arrival_no = 0;  ///< given when it is stored
  std::string name;
  Instant time;
  Instant received_at;
  Json properties;
  Json context;
};

}  // namespace cdp::event
