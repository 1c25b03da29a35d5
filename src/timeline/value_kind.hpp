#pragma once

#include <cstdint>

namespace cdp::timeline {

/// What a value of a column of several kinds is. Stored.
enum class ValueKind : uint8_t {
  Null,
  False,
  True,
  Number,  ///< with digits that 64 bits hold
  String,
  Other,  ///< a longer number, an array, an object
};
constexpr uint8_t kValueKinds = 6;

}  // namespace cdp::timeline
