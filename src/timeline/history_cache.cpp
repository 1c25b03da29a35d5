#include "timeline/history_cache.hpp"

#include <algorithm>
#include <iterator>

namespace cdp::timeline {

namespace {

/// Who was not asked for in so many rounds, some minutes of a busy worker, makes room: reading a whole
/// history in order to keep it costs more than several times what is needed of it.
constexpr uint64_t kIdleRounds = 5000;

}  // namespace

void HistoryCache::begin(const Demand& demand, size_t most_bytes) {
  ++round_;
  most_bytes_ = most_bytes;
  const bool is_same = events_ == demand.events() && properties_ == demand.properties() &&
                       wants_all_events_ == demand.wants_all_events();
  if (!is_same) {
    events_ = demand.events();
    properties_ = demand.properties();
    wants_all_events_ = demand.wants_all_events();
    clear();
  }
  while (bytes_ > most_bytes_) erase(idlest());
}

HistoryCache::Kept* HistoryCache::find(int64_t user_no) {
  const auto found = kept_.find(user_no);
  if (found == kept_.end()) return nullptr;
  if (!found->second.is_whole) {
    erase(found);
    return nullptr;
  }
  found->second.used = round_;
  return &found->second;
}

bool HistoryCache::makes_room(size_t events) {
  const size_t wanted = events * (History::kBytesAnEvent + properties_.size() * sizeof(Json));
  if (wanted > most_bytes_) return false;
  while (bytes_ + wanted > most_bytes_) {
    const auto kept = idlest();
    if (kept->second.used + kIdleRounds >= round_) return false;
    erase(kept);
  }
  return true;
}

HistoryCache::Kept& HistoryCache::add(int64_t user_no) {
  drop(user_no);
  Kept& kept = kept_[user_no];
  kept.history = History(properties_.size());
  kept.used = round_;
  return kept;
}

void HistoryCache::settle(Kept& kept) {
  if (kept.bytes > 0 && kept.history.size() < kept.settled + kept.settled / 4) return;
  bytes_ -= kept.bytes;
  kept.bytes = sizeof(Kept) + kept.history.bytes();
  kept.settled = kept.history.size();
  bytes_ += kept.bytes;
}

void HistoryCache::note_stored(int64_t user_no, Instant time) {
  const auto found = kept_.find(user_no);
  if (found == kept_.end()) return;
  Kept& kept = found->second;
  if (time >= kept.next.first) return;
  if (time <= kept.packed_until) {
    erase(found);
    return;
  }
  // What is later lies among the recent events, to be read again.
  kept.history.truncate(time);
  kept.next = {time, INT64_MIN};
}

void HistoryCache::drop(int64_t user_no) {
  if (const auto found = kept_.find(user_no); found != kept_.end()) erase(found);
}

void HistoryCache::drop_from_to(int64_t first_user, int64_t last_user) {
  for (auto kept = kept_.begin(); kept != kept_.end();)
    kept = first_user <= kept->first && kept->first <= last_user ? erase(kept) : std::next(kept);
}

void HistoryCache::clear() {
  kept_.clear();
  bytes_ = 0;
}

HistoryCache::Users::iterator HistoryCache::erase(Users::iterator kept) {
  bytes_ -= kept->second.bytes;
  return kept_.erase(kept);
}

HistoryCache::Users::iterator HistoryCache::idlest() {
  return std::min_element(kept_.begin(), kept_.end(),
                          [](const auto& a, const auto& b) { return a.second.used < b.second.used; });
}

}  // namespace cdp::timeline
