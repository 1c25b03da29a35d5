#include "decision/mention.hpp"

#include <charconv>

namespace cdp::decision {

namespace {

bool takes(const Placement& placement, const std::string& event) {
  return placement.impression_event == event || placement.click_event == event;
}

std::optional<int64_t> whole_number(const Json* value) {
  if (value == nullptr) return std::nullopt;
  if (const Decimal* number = value->number()) return number->to_int64();
  const std::string* text = value->string();
  if (text == nullptr || text->empty()) return std::nullopt;
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (failure != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return number;
}

std::string text_or_empty(const Json* value) {
  const std::string* text = value == nullptr ? nullptr : value->string();
  return text == nullptr ? std::string() : *text;
}

}  // namespace

Mention mention_of(const event::Event& event) {
  return {whole_number(event.properties.find("decision_id")),
          text_or_empty(event.properties.find("creative")),
          text_or_empty(event.properties.find("placement"))};
}

std::optional<Feedback> feedback_of(const Configuration& configuration, const event::Event& event,
                                    const Arm& arm) {
  const Placement* placement = configuration.find_placement(arm.placement);
  const Creative* creative = configuration.find_creative(arm.creative);
  if (placement == nullptr || creative == nullptr || placement->content_type != creative->content_type ||
      !takes(*placement, event.name))
    return std::nullopt;
  return Feedback{event.user_no,
                  arm.placement,
                  arm.creative,
                  event.time,
                  placement->attribution_window,
                  event.name == placement->click_event};
}

std::vector<const Placement*> placements_for(const Configuration& configuration, const event::Event& event,
                                             const std::string& creative) {
  std::vector<const Placement*> found;
  const Creative* named = configuration.find_creative(creative);
  if (named == nullptr) return found;
  for (const Placement& placement : configuration.placements())
    if (placement.content_type == named->content_type && takes(placement, event.name))
      found.push_back(&placement);
  return found;
}

}  // namespace cdp::decision
