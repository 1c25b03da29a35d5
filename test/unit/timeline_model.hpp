#pragma once

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "timeline/packed.hpp"
#include "timeline/packed_builder.hpp"
#include "timeline/packed_format.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

/// A timeline as a plain vector of events, and random ones: what packed timelines are held against.
namespace cdp::timeline::model {

struct Event {
  Instant time;
  std::string name;    ///< where events are known by name
  int32_t number = 0;  ///< where they are known by number
  bool begins_session = false;

  friend bool operator==(const Event&, const Event&) = default;
};

struct Timeline {
  bool is_named = true;
  std::vector<Event> events;
};

inline ByteView view_of(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

inline std::string pack(const Timeline& timeline) {
  std::vector<NamedEvent> named;
  std::vector<NumberedEvent> numbered;
  for (const Event& event : timeline.events) {
    named.push_back({event.time, event.name, event.begins_session});
    numbered.push_back({event.time, event.number, event.begins_session});
  }
  return timeline.is_named ? pack_timeline(std::span<const NamedEvent>(named))
                           : pack_timeline(std::span<const NumberedEvent>(numbered));
}

inline Timeline sorted(Timeline timeline) {
  std::stable_sort(timeline.events.begin(), timeline.events.end(),
                   [](const Event& a, const Event& b) { return a.time < b.time; });
  return timeline;
}

/// All events of a stored timeline, by decoding its parts one after another.
template <class Code = uint32_t>
Timeline unpack(const std::string& bytes) {
  const TimelineView view = TimelineView::open(view_of(bytes));
  std::vector<Code> codes(view.size());
  std::vector<Instant> times(view.size());
  std::vector<uint8_t> begins(view.size());
  view.decode_events(std::span(codes));
  view.decode_times(times);
  view.decode_sessions(begins);
  std::vector<IndexEntry> entries;
  TimelineView::Index index = view.index();
  while (const std::optional<IndexEntry> entry = index.next()) entries.push_back(*entry);
  Timeline timeline{view.is_named(), {}};
  for (uint32_t i = 0; i < view.size(); ++i)
    timeline.events.push_back(
        {times[i], std::string(entries.at(codes[i]).name), entries[codes[i]].number, begins[i] == 1});
  return timeline;
}

/// How random timelines look.
struct Shape {
  bool is_named = true;
  size_t size = 0;
  uint32_t distinct = 8;             ///< at most so many different events
  Micros unit = 1;                   ///< of times
  uint64_t longest_gap = 300000000;  ///< in microseconds
  int sessions = 8;                  ///< one of so many events begins one; 0: none
  Instant from{757382400000000};
  bool is_shuffled = false;
};

inline Timeline random_timeline(std::mt19937_64& random, const Shape& shape) {
  Timeline timeline{shape.is_named, {}};
  Instant time{shape.from.us / shape.unit * shape.unit};
  for (size_t i = 0; i < shape.size; ++i) {
    // Gaps of every number of bits alike, up to the longest.
    const uint64_t gap = shape.longest_gap == 0 ? 0 : (random() >> random() % 64) % (shape.longest_gap + 1);
    const auto room = static_cast<uint64_t>(kLastInstant.us) - static_cast<uint64_t>(time.us);
    const uint64_t unit = static_cast<uint64_t>(shape.unit);
    if (i > 0)
      time.us = static_cast<int64_t>(static_cast<uint64_t>(time.us) + std::min(gap, room) / unit * unit);
    const auto event = static_cast<int32_t>(random() % shape.distinct);
    timeline.events.push_back({time, shape.is_named ? "event " + std::to_string(event) : "",
                               shape.is_named ? 0 : event * 7,
                               shape.sessions > 0 && random() % shape.sessions == 0});
  }
  if (shape.is_shuffled) std::shuffle(timeline.events.begin(), timeline.events.end(), random);
  return timeline;
}

/// A random shape of any kind.
inline Shape random_shape(std::mt19937_64& random) {
  constexpr std::array<size_t, 10> kSizes{0, 1, 2, 3, 7, 25, 64, 200, 1000, 5000};
  constexpr std::array<uint32_t, 9> kDistinct{1, 2, 3, 4, 5, 16, 17, 256, 300};
  constexpr std::array<uint64_t, 9> kGaps{0,          1,          1000,       300000000,       1ULL << 40,
                                          1ULL << 50, 1ULL << 57, 1ULL << 63, ~uint64_t{0} - 1};
  Shape shape;
  shape.is_named = random() % 2 == 0;
  shape.size = kSizes[random() % kSizes.size()] + random() % 4;
  shape.distinct = kDistinct[random() % kDistinct.size()];
  shape.unit = random() % 3 == 0 ? 1 : random() % 2 == 0 ? 1000 : 1000000;
  shape.longest_gap = kGaps[random() % kGaps.size()];
  shape.sessions = static_cast<int>(random() % 3) * 4;
  if (random() % 4 == 0) shape.from = kFirstInstant;
  shape.is_shuffled = random() % 2 == 0;
  return shape;
}

/// The category of the error that `f` throws.
template <class F>
Category category_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.category();
  }
  ADD_FAILURE() << "no error";
  return Category::Internal;
}

/// The same bytes with the checksum that belongs to them, whatever they are.
inline std::string resealed(std::string bytes) {
  if (bytes.size() > format::kFlagsAt) format::seal(bytes);
  return bytes;
}

}  // namespace cdp::timeline::model
