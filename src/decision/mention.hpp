#pragma once

#include "decision/attribution.hpp"
#include "decision/eligibility.hpp"
#include "event/event.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cdp::decision {

/// What a feedback event says of itself: its properties as far as they are well formed.
struct Mention {
  std::optional<int64_t> decision_id;  ///< a whole number, or the same as text
  std::string creative;
  std::string placement;

  bool says_nothing() const { return !decision_id && creative.empty(); }
};
Mention mention_of(const event::Event& event);

/// Is `arm` one that exists, of one content type, whose placement takes events of this name? Then the
/// feedback, else nullopt.
std::optional<Feedback> feedback_of(const Configuration& configuration, const event::Event& event,
                                    const Arm& arm);

/// The placements that could be meant by an event of this name about this creative.
std::vector<const Placement*> placements_for(const Configuration& configuration, const event::Event& event,
                                             const std::string& creative);

}  // namespace cdp::decision
