#pragma once

#include "base/time.hpp"
#include "decision/best_probability.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace cdp::decision {

/// An impression or a click of one user, resolved to placement and creative.
struct Feedback {
  int64_t user_no = 0;
  std::string placement;
  std::string creative;
  Instant time;
  Micros attribution_window = kDay;
  bool is_click = false;
};

/// Whose impressions of what are remembered.
struct ImpressionKey {
  int64_t user_no = 0;
  std::string placement;
  std::string creative;

  friend auto operator<=>(const ImpressionKey&, const ImpressionKey&) = default;
};

/// The last impression under a key.
struct Impression {
  Instant shown_at;
  bool is_clicked = false;
  bool is_changed = false;  ///< since it was read
};

/// An arm: placement and creative.
struct Arm {
  std::string placement;
  std::string creative;

  friend auto operator<=>(const Arm&, const Arm&) = default;
};

using Impressions = std::map<ImpressionKey, Impression>;
using CountsByArm = std::map<Arm, Counts>;

/// Applies a batch in the order of time, of arrival where times are equal, to the remembered impressions and
/// returns what it adds to the counts.
///
/// Every impression counts. A click counts if the last impression under its key, at or before the click and
/// at most the attribution window ago, has no click yet. A click that arrives before the impression of the
/// very same time counts too. An impression older than the remembered one counts, and does not replace it.
CountsByArm attribute(std::vector<Feedback> batch, Impressions& impressions);

}  // namespace cdp::decision
