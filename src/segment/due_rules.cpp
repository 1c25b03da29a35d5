#include "segment/due_rules.hpp"

#include <algorithm>
#include <utility>

namespace cdp::segment {

void DueRules::set(int32_t rule, Instant at) {
  remove(rule);
  if (at >= horizon_) return;
  if (size_ == kMost) {
    // The latest of all makes room: from there on it is not told apart any more.
    const size_t last = kMost - 1;
    if (std::pair(at, rule) > std::pair(instants_[last], rules_[last])) {
      horizon_ = at;
      return;
    }
    horizon_ = instants_[last];
    --size_;
  }
  size_t place = size_++;
  for (; place > 0 && std::pair(at, rule) < std::pair(instants_[place - 1], rules_[place - 1]); --place) {
    instants_[place] = instants_[place - 1];
    rules_[place] = rules_[place - 1];
  }
  instants_[place] = at;
  rules_[place] = rule;
}

void DueRules::remove(int32_t rule) {
  const auto end = rules_.begin() + size_;
  const auto found = std::find(rules_.begin(), end, rule);
  if (found == end) return;
  const auto place = found - rules_.begin();
  std::move(found + 1, end, found);
  std::move(instants_.begin() + place + 1, instants_.begin() + size_, instants_.begin() + place);
  --size_;
}

}  // namespace cdp::segment
