#include "decision/attribution.hpp"

#include "base/interrupt.hpp"

#include <algorithm>

namespace cdp::decision {

namespace {

ImpressionKey key_of(const Feedback& feedback) {
  return {feedback.user_no, feedback.placement, feedback.creative};
}

void take_impression(const Feedback& feedback, Impressions& impressions, CountsByArm& counts) {
  ++counts[{feedback.placement, feedback.creative}].impressions;
  const auto [found, is_new] =
      impressions.try_emplace(key_of(feedback), Impression{feedback.time, false, true});
  if (is_new || feedback.time < found->second.shown_at) return;
  found->second = {feedback.time, false, true};
}

/// Says whether the click found its impression.
bool take_click(const Feedback& feedback, Impressions& impressions, CountsByArm& counts) {
  const auto found = impressions.find(key_of(feedback));
  if (found == impressions.end()) return false;
  Impression& impression = found->second;
  if (impression.is_clicked || feedback.time < impression.shown_at ||
      feedback.time > impression.shown_at + feedback.attribution_window)
    return false;
  impression.is_clicked = true;
  impression.is_changed = true;
  ++counts[{feedback.placement, feedback.creative}].clicks;
  return true;
}

}  // namespace

CountsByArm attribute(std::vector<Feedback> batch, Impressions& impressions) {
  std::stable_sort(batch.begin(), batch.end(),
                   [](const Feedback& a, const Feedback& b) { return a.time < b.time; });
  CountsByArm counts;
  std::vector<const Feedback*> early_clicks;
  InterruptTicker interrupts;
  for (size_t i = 0; i < batch.size(); ++i) {
    const Feedback& feedback = batch[i];
    if (!feedback.is_click)
      take_impression(feedback, impressions, counts);
    else if (!take_click(feedback, impressions, counts))
      early_clicks.push_back(&feedback);
    if (i + 1 == batch.size() || batch[i + 1].time != feedback.time) {
      for (const Feedback* click : early_clicks) take_click(*click, impressions, counts);
      early_clicks.clear();
    }
    interrupts.tick();
  }
  return counts;
}

}  // namespace cdp::decision
