#include "segment/kept_due_rules.hpp"

#include <utility>

namespace cdp::segment {

void KeptDueRules::begin(uint64_t rules, size_t most_bytes) {
  const size_t size = most_bytes / sizeof(Places);
  if (std::exchange(rules_, rules) == rules && places_.size() == size) return;
  places_.clear();
  places_.resize(size);
}

const DueRules* KeptDueRules::find(int64_t user_no, uint32_t writer) const {
  if (places_.empty()) return nullptr;
  const auto number = static_cast<size_t>(user_no);
  const auto& places = places_[number / kPlacesAtOnce % places_.size()];
  if (places == nullptr) return nullptr;
  const Place& place = (*places)[number % kPlacesAtOnce];
  return place.user_no == user_no && place.writer == writer ? &place.dues : nullptr;
}

void KeptDueRules::keep(int64_t user_no, uint32_t writer, const DueRules& dues) {
  if (places_.empty()) return;
  const auto number = static_cast<size_t>(user_no);
  auto& places = places_[number / kPlacesAtOnce % places_.size()];
  if (places == nullptr) places = std::make_unique<Places>();
  (*places)[number % kPlacesAtOnce] = {user_no, dues, writer};
}

}  // namespace cdp::segment
