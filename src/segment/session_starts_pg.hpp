#pragma once

#include "pg/server.hpp"

#include "base/time.hpp"
#include "pg/index_lookup.hpp"

#include <cstdint>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::segment {

/// When users' sessions started, looked up user by user; ascending.
class SessionStarts {
 public:
  explicit SessionStarts(const pg::Spi& spi);
  std::vector<Instant> of(int64_t user_no);

 private:
  pg::IndexLookup spans_;
};

}  // namespace cdp::segment
