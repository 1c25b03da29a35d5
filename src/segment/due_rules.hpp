#pragma once

#include "base/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cdp::segment {

/// Which of a user's rules time may change next, and when: the earliest few. Of all others it is known that
/// none is due before the horizon.
class DueRules {
 public:
  static constexpr size_t kMost = 16;

  /// Without any rule: nothing is due before `horizon`.
  explicit DueRules(Instant horizon = Instant::max()) : horizon_(horizon) {}

  /// The first instant at which time may change a rule.
  Instant next() const { return size_ > 0 ? instants_[0] : horizon_; }
  /// From here on any rule may be due.
  Instant horizon() const { return horizon_; }
  /// Those that are due before the horizon, the earliest first.
  std::span<const Instant> instants() const { return {instants_.data(), size_}; }
  std::span<const int32_t> rules() const { return {rules_.data(), size_}; }

  /// A rule is due at an instant, and not when it was said before.
  void set(int32_t rule, Instant at);

 private:
  void remove(int32_t rule);

  Instant horizon_;
  std::array<Instant, kMost> instants_;  ///< ascending; of one instant in the order of rules
  std::array<int32_t, kMost> rules_{};
  uint32_t size_ = 0;
};

}  // namespace cdp::segment
