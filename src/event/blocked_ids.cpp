#include "event/blocked_ids.hpp"

#include <algorithm>

namespace cdp::event {

namespace {

std::string in_lower_case(std::string_view value) {
  std::string lower(value);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

}  // namespace

void BlockedIds::add(std::string_view value) { values_.insert(in_lower_case(value)); }

bool BlockedIds::contains(std::string_view value) const {
  return !values_.empty() && values_.contains(in_lower_case(value));
}

void BlockedIds::remove_from(Message* message) const {
  if (values_.empty()) return;
  for (std::optional<std::string>* id : {&message->user_id, &message->anonymous_id, &message->previous_id})
    if (*id && contains(**id)) id->reset();
  require_ids(*message);
}

}  // namespace cdp::event
