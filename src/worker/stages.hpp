#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace cdp::worker {

/// What a batch does with its messages, in this order.
enum class Stage : uint8_t {
  Take,         ///< out of the inbox
  Read,         ///< JSON to messages
  Deduplicate,  ///< by insert ids
  Identify,     ///< whose they are; traits, merges
  Store,        ///< the events
  Sessions,
  Feedback,  ///< impressions and rewards
  Follow,    ///< segments, by events
  Time,      ///< segments, by the passing of time
};
constexpr std::array kStageNames{"take",     "read",     "deduplicate", "identify", "store",
                                 "sessions", "feedback", "follow",      "time"};

/// How long each stage took.
class StageTimes {
 public:
  int64_t us(Stage stage) const { return us_[static_cast<size_t>(stage)]; }

  /// Counts the time until it ends for a stage.
  class Timer {
   public:
    Timer(StageTimes& times, Stage stage) : times_(times), stage_(stage) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() {
      const auto taken = std::chrono::steady_clock::now() - begun_;
      times_.us_[static_cast<size_t>(stage_)] +=
          std::chrono::duration_cast<std::chrono::microseconds>(taken).count();
    }

   private:
    StageTimes& times_;
    Stage stage_;
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  };

 private:
  std::array<int64_t, kStageNames.size()> us_{};
};

}  // namespace cdp::worker
