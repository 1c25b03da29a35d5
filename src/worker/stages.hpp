#pragma once

#include "base/time.hpp"
#include "worker/pace.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

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

/// Time since it was made, by a clock that nobody sets.
class Stopwatch {
 public:
  Micros us() const {
    const auto taken = std::chrono::steady_clock::now() - begun_;
    return std::chrono::duration_cast<std::chrono::microseconds>(taken).count();
  }
  /// What is left of `limit`; negative once it is passed.
  Micros left_of(Micros limit) const { return limit == kNoTimeLimit ? limit : limit - us(); }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

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
    ~Timer() { times_.us_[static_cast<size_t>(stage_)] += stopwatch_.us(); }

   private:
    StageTimes& times_;
    Stage stage_;
    Stopwatch stopwatch_;
  };

  /// {"take": 12, …, "total": 345}: each stage's and all of the time, in microseconds.
  std::string json(Micros total) const {
    std::string text = "{";
    for (size_t i = 0; i < us_.size(); ++i)
      text += '"' + std::string(kStageNames[i]) + "\": " + std::to_string(us_[i]) + ", ";
    return text + "\"total\": " + std::to_string(total) + "}";
  }

 private:
  std::array<int64_t, kStageNames.size()> us_{};
};

}  // namespace cdp::worker
