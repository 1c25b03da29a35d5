#pragma once

#include "base/time.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cdp::timeline {

/// How often an event occurs in a history, and when for the first and the last time (if it does).
struct Occurrences {
  uint64_t count = 0;
  Instant first = Instant::max();
  Instant last = Instant::min();

  void add(const Occurrences& other) {
    count += other.count;
    first = std::min(first, other.first);
    last = std::max(last, other.last);
  }
};

/// What is known of one user's history without decoding it: the occurrences of each event that a demand
/// names, and, where it wants all events, those of all of them together.
class HistorySummary {
 public:
  explicit HistorySummary(size_t events = 0) : events_(events) {}

  const Occurrences& event(int number) const { return events_[static_cast<size_t>(number)]; }
  const Occurrences& all() const { return all_; }

  void add(int number, const Occurrences& more) { events_[static_cast<size_t>(number)].add(more); }
  void add_to_all(const Occurrences& more) { all_.add(more); }
  void clear() {
    std::fill(events_.begin(), events_.end(), Occurrences());
    all_ = Occurrences();
  }

 private:
  std::vector<Occurrences> events_;
  Occurrences all_;
};

}  // namespace cdp::timeline
