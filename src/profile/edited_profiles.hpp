#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cdp::pg {
class Spi;
}

/// Profiles that users' statements write, rather than messages: cdp.edited_profile.
namespace cdp::profile {

struct Edited {
  int64_t user_no = 0;
  std::string user_id;
  Json traits;
  Json trait_times;
  Instant at;  ///< when it was written last
};

/// Takes those of which segments are not told yet, each once. Requires the process lock.
std::vector<Edited> take_edited(pg::Spi& spi);

}  // namespace cdp::profile
