#pragma once

#include <cstdint>

namespace cdp::worker {

/// What a batch met.
enum class Traffic : uint8_t {
  None,     ///< no messages
  Some,     ///< all that there were
  Waiting,  ///< more than it took
};

}  // namespace cdp::worker
