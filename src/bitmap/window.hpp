#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

namespace cdp::bitmap {

/// A window of positions: as many as the limit from the offset on, counted from the end if reversed.
struct Window {
  int64_t limit;
  int64_t offset;  ///< a negative one begins before the first element
  bool is_reverse;
};

/// The positions, from the first up to the second, that lie in the window of a list of `count` elements. The
/// first is not less than the second where there are none.
inline std::pair<uint64_t, uint64_t> positions(Window window, uint64_t count) {
  // A window far outside of any list is as good as one at its ends, and cannot overflow.
  constexpr int64_t kFar = int64_t{1} << 60;
  const auto end = static_cast<int64_t>(count);
  const int64_t first = std::clamp(window.offset, -kFar, kFar);
  const int64_t last = first + std::clamp<int64_t>(window.limit, 0, 2 * kFar);
  const auto from = static_cast<uint64_t>(std::clamp<int64_t>(first, 0, end));
  const auto to = static_cast<uint64_t>(std::clamp<int64_t>(last, 0, end));
  if (window.is_reverse) return {count - to, count - from};
  return {from, to};
}

}  // namespace cdp::bitmap
