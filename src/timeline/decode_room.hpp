#pragma once

#include "base/time.hpp"
#include "timeline/packed.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace cdp::timeline {

/// Room for the events of one timeline after the other. It only grows, so that nothing is cleared for each.
class DecodeRoom {
 public:
  /// Decodes a timeline: returns `f(codes, times)`, where codes is a span of const uint8_t, or of const
  /// uint32_t where more than 256 different events occur. Both are valid during the call.
  template <class F>
  auto decode(const TimelineView& timeline, F&& f) {
    const std::span<Instant> times = grown(times_, timeline.size());
    timeline.decode_times(times);
    return timeline.distinct() <= 256 ? f(codes(timeline, small_codes_), std::span<const Instant>(times))
                                      : f(codes(timeline, large_codes_), std::span<const Instant>(times));
  }

 private:
  template <class T>
  static std::span<T> grown(std::vector<T>& room, size_t size) {
    if (room.size() < size) room.resize(std::max(size, 2 * room.size()));
    return {room.data(), size};
  }

  template <class Code>
  static std::span<const Code> codes(const TimelineView& timeline, std::vector<Code>& room) {
    const std::span<Code> codes = grown(room, timeline.size());
    timeline.decode_events(codes);
    return codes;
  }

  std::vector<Instant> times_;
  std::vector<uint8_t> small_codes_;
  std::vector<uint32_t> large_codes_;
};

}  // namespace cdp::timeline
