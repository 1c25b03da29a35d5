#include "timeline/packed_builder.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/interrupt.hpp"
#include "timeline/packed_format.hpp"

#include <algorithm>

namespace cdp::timeline {

namespace {

uint64_t hash_of(int32_t number) { return mix64(static_cast<uint32_t>(number)); }
uint64_t hash_of(std::string_view name) { return quick_hash64(name); }

}  // namespace

template <class Key>
uint32_t Dictionary<Key>::code_of(Key key) {
  if (2 * keys_.size() >= slots_.size()) grow();
  const size_t mask = slots_.size() - 1;
  for (size_t slot = hash_of(key) & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) {
      keys_.push_back(key);
      return (slots_[slot] = static_cast<uint32_t>(keys_.size())) - 1;
    }
    if (keys_[slots_[slot] - 1] == key) return slots_[slot] - 1;
  }
}

template <class Key>
void Dictionary<Key>::grow() {
  constexpr size_t kFewest = 16;
  slots_.assign(std::max(kFewest, 2 * slots_.size()), 0);
  const size_t mask = slots_.size() - 1;
  for (size_t code = 0; code < keys_.size(); ++code) {
    size_t slot = hash_of(keys_[code]) & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<uint32_t>(code) + 1;
  }
}

template <class Key>
void Dictionary<Key>::clear() {
  constexpr size_t kWorthKeeping = 4096;
  keys_.clear();
  if (slots_.size() > kWorthKeeping)
    slots_ = {};
  else
    std::fill(slots_.begin(), slots_.end(), 0);
}

template class Dictionary<int32_t>;
template class Dictionary<std::string_view>;

void require_possible_time(Instant time) {
  if (time < kFirstInstant || time > kLastInstant)
    throw Error(Category::OutOfRange, "time of an event in a timeline must be finite",
                "It is " + format_instant(time) + ".");
}

void require_possible_number(int32_t number) {
  if (number < 0)
    throw Error(Category::BadValue, "number of an event in a timeline must not be negative",
                "It is " + std::to_string(number) + ".");
}

void refuse_both_kinds() {
  throw Error(Category::BadValue, "a timeline knows its events by number or by name, not both");
}

void TimelineBuilder::require_kind(Kind kind) {
  if (kind_ == Kind::Unknown) kind_ = kind;
  if (kind_ != kind) refuse_both_kinds();
}

void TimelineBuilder::add_row(Instant time, uint32_t code, bool begins_session) {
  require_possible_time(time);
  if (rows_.size() == kMostPackedEvents)
    throw Error(Category::Limit, "a timeline has at most " + std::to_string(kMostPackedEvents) + " events",
                {}, "Cut it into several by time.");
  if (!rows_.empty() && time < rows_.back().time) {
    ++descents_;
    last_descent_ = rows_.size();
  }
  rows_.push_back({time, code, begins_session ? 1U : 0U});
}

void TimelineBuilder::add(Instant time, int32_t number, bool begins_session) {
  require_kind(Kind::Numbered);
  require_possible_number(number);
  add_row(time, numbers_.code_of(number), begins_session);
}

void TimelineBuilder::add(Instant time, std::string_view name, bool begins_session) {
  require_kind(Kind::Named);
  add_row(time, names_.code_of(name), begins_session);
}

/// Makes the builder's codes of those of a timeline, as far as `is_kept(code)`.
template <class IsKept>
void TimelineBuilder::map_codes(const TimelineView& timeline, IsKept is_kept) {
  require_kind(timeline.is_named() ? Kind::Named : Kind::Numbered);
  mapped_.clear();
  TimelineView::Index entries = timeline.index();
  while (const std::optional<IndexEntry> entry = entries.next()) {
    if (!is_kept(entry->code))
      mapped_.push_back(kNotKept);
    else
      mapped_.push_back(timeline.is_named() ? names_.code_of(entry->name) : numbers_.code_of(entry->number));
  }
}

void TimelineBuilder::decode(const TimelineView& timeline) {
  decoded_codes_.resize(timeline.size());
  decoded_times_.resize(timeline.size());
  decoded_sessions_.resize(timeline.size());
  timeline.decode_events(std::span(decoded_codes_));
  timeline.decode_times(decoded_times_);
  timeline.decode_sessions(decoded_sessions_);
}

void TimelineBuilder::add_decoded(size_t begin, size_t end) {
  InterruptTicker ticker;
  for (size_t i = begin; i < end; ++i) {
    ticker.tick();
    const uint32_t code = mapped_[decoded_codes_[i]];
    if (code != kNotKept) add_row(decoded_times_[i], code, decoded_sessions_[i] != 0);
  }
}

void TimelineBuilder::add(const TimelineView& timeline) {
  if (timeline.empty()) return;
  map_codes(timeline, [](uint32_t) { return true; });
  decode(timeline);
  add_decoded(0, timeline.size());
}

void TimelineBuilder::add_between(const TimelineView& timeline, Instant since, Instant until) {
  if (timeline.empty() || timeline.last() < since || timeline.first() >= until) return;
  map_codes(timeline, [](uint32_t) { return true; });
  decode(timeline);
  const auto place_of = [this](Instant time) {
    return std::lower_bound(decoded_times_.begin(), decoded_times_.end(), time) - decoded_times_.begin();
  };
  add_decoded(static_cast<size_t>(place_of(since)), static_cast<size_t>(place_of(until)));
}

void TimelineBuilder::add_of(const TimelineView& timeline, const std::vector<bool>& is_kept) {
  if (timeline.empty()) return;
  map_codes(timeline, [&](uint32_t code) { return is_kept[code]; });
  decode(timeline);
  add_decoded(0, timeline.size());
}

void TimelineBuilder::sort() {
  InterruptTicker ticker;
  const auto is_earlier = [&ticker](const Row& a, const Row& b) {
    ticker.tick();
    return a.time < b.time;
  };
  if (descents_ == 1)  // two sorted runs, as of a merge
    std::inplace_merge(rows_.begin(), rows_.begin() + static_cast<ptrdiff_t>(last_descent_), rows_.end(),
                       is_earlier);
  else if (descents_ > 1)
    std::stable_sort(rows_.begin(), rows_.end(), is_earlier);
}

void TimelineBuilder::clear() {
  kind_ = Kind::Unknown;
  rows_.clear();
  descents_ = 0;
  numbers_.clear();
  names_.clear();
}

std::string TimelineBuilder::finish() {
  struct Clearing {
    TimelineBuilder& builder;
    ~Clearing() { builder.clear(); }
  } const clearing{*this};
  sort();
  return pack();
}

std::string pack_timeline(std::span<const NumberedEvent> events) {
  TimelineBuilder builder;
  for (const NumberedEvent& event : events) builder.add(event.time, event.number, event.begins_session);
  return builder.finish();
}

std::string pack_timeline(std::span<const NamedEvent> events) {
  TimelineBuilder builder;
  for (const NamedEvent& event : events) builder.add(event.time, event.name, event.begins_session);
  return builder.finish();
}

}  // namespace cdp::timeline
