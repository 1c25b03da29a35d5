#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
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
  std::optional<Json> traits;  ///< nullopt: the profile is gone
  Json trait_times;
  Instant at;  ///< when it was written last
};

/// Takes at most so many of those of which segments are not told yet, each once; none is left where there are
/// none. Requires the process lock.
std::vector<Edited> take_edited(pg::Spi& spi, int64_t most);

}  // namespace cdp::profile
