#pragma once

#include "base/time.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace cdp::worker {

constexpr Micros kNoTimeLimit = std::numeric_limits<Micros>::max();

/// How much to do at once, so that a transaction whose time is limited ends about when it is up: what is
/// under way cannot be cut short.
class Pace {
 public:
  /// How many fit into the time `left`, going by the last piece. Not fewer than 100, so that pieces that were
  /// slow for another reason than their size do not make all that follow small; 1000 as long as nothing is
  /// known. Without a time limit: as many as there are.
  int64_t piece(Micros left) const {
    if (left == kNoTimeLimit) return std::numeric_limits<int64_t>::max();
    if (us_per_item_ <= 0) return kFirst;
    const double fitting = static_cast<double>(left) / us_per_item_;
    return static_cast<int64_t>(std::clamp(fitting, kLeast, kMost));
  }

  /// How long so many will take, going by the last piece.
  Micros expected(int64_t items) const {
    return static_cast<Micros>(us_per_item_ * static_cast<double>(items));
  }

  /// A piece of `items` took so long.
  void note(int64_t items, Micros took) {
    if (items > 0) us_per_item_ = static_cast<double>(took) / static_cast<double>(items);
  }

 private:
  static constexpr int64_t kFirst = 1000;
  static constexpr double kLeast = 100;
  static constexpr double kMost = 1e9;

  double us_per_item_ = 0;
};

}  // namespace cdp::worker
