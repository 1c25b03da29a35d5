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
  /// Decodes a timeline: returns `f(codes, times)`, where codes is a span of uint8_t, or of uint32_t where
  /// 256 or more different events occur, so that there is a code that no event has. Both are the caller's to
  /// change, until the next call.
  template <class F>
  auto decode(const TimelineView& timeline, F&& f) {
    const std::span<Instant> times = grown(times_, timeline.size());
    timeline.decode_times(times);
    return timeline.distinct() < 256 ? f(codes(timeline, small_codes_), times)
                                     : f(codes(timeline, large_codes_), times);
  }

 private:
  template <class T>
  static std::span<T> grown(std::vector<T>& room, size_t size) {
    if (room.size() < size) room.resize(std::max(size, 2 * room.size()));
    return {room.data(), size};
  }

  template <class Code>
  static std::span<Code> codes(const TimelineView& timeline, std::vector<Code>& room) {
    const std::span<Code> codes = grown(room, timeline.size());
    timeline.decode_events(codes);
    return codes;
  }

  std::vector<Instant> times_;
  std::vector<uint8_t> small_codes_;
  std::vector<uint32_t> large_codes_;
};

}  // namespace cdp::timeline
