// Any bytes as a stored timeline, once as they are and once with the checksum that belongs to them, and as
// text: they are refused, or everything that is read of them is in its range; what counts as canonical comes
// out of text, merging, slicing and filtering as it went in.

#include "base/error.hpp"
#include "timeline/aggregate_state.hpp"
#include "timeline/packed.hpp"
#include "timeline/packed_format.hpp"
#include "timeline/packed_operations.hpp"
#include "timeline/packed_text.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

using namespace cdp;
using namespace cdp::timeline;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

ByteView view_of(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

template <class Read>
bool attempt(Read read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    require(error.category() != Category::Internal);
    return false;
  }
}

/// An aggregate's state of a timeline, in exactly the room that its index demands.
std::string by_way_of_a_state(const TimelineView& timeline) {
  std::vector<uint8_t> room(AggregateState::kHeaderBytes + AggregateState::bytes_for(timeline));
  AggregateState::begin(room.data());
  AggregateState(room.data(), room.size()).append(timeline);
  return AggregateState(room.data(), room.size()).finish();
}

void read(const std::string& bytes) {
  const TimelineView timeline = TimelineView::open(view_of(bytes));
  require((timeline.size() - (timeline.empty() ? 0 : 1)) / 4 <= bytes.size());
  std::vector<uint32_t> codes(timeline.size());
  std::vector<Instant> times(timeline.size());
  std::vector<uint8_t> begins(timeline.size());
  if (attempt([&] { timeline.decode_events(std::span(codes)); }))
    for (const uint32_t code : codes) require(code < timeline.distinct());
  if (attempt([&] { timeline.decode_times(times); })) {
    require(std::is_sorted(times.begin(), times.end()));
    if (!times.empty()) require(times.front() == timeline.first() && times.back() == timeline.last());
  }
  timeline.decode_sessions(begins);
  require(timeline.session_count() == std::count(begins.begin(), begins.end(), 1));
  attempt([&] {
    TimelineView::Index index = timeline.index();
    uint64_t events = 0;
    while (const std::optional<IndexEntry> entry = index.next()) {
      require(entry->code < timeline.distinct() && entry->first >= timeline.first() &&
              entry->first <= entry->last && entry->last <= timeline.last());
      events += entry->count;
      require(events <= timeline.size());
    }
    require(events == timeline.size());
  });
  attempt([&] { (void)timeline.find(3); });
  attempt([&] { (void)timeline.find("view"); });
  attempt([&] { (void)timeline_to_text(view_of(bytes)); });
  attempt([&] { (void)merge_timelines(view_of(bytes), view_of(bytes)); });
  attempt([&] { (void)by_way_of_a_state(timeline); });
}

void go_round(const std::string& bytes) {
  const TimelineView timeline = TimelineView::open(view_of(bytes));
  const std::string empty = pack_timeline(std::span<const NamedEvent>());
  require(merge_timelines(view_of(bytes), view_of(empty)) == bytes);
  require(by_way_of_a_state(timeline) == bytes);
  if (timeline.empty()) return;
  const Instant middle{timeline.first().us / 2 + timeline.last().us / 2};
  require(merge_timelines(view_of(slice_timeline(view_of(bytes), Instant::min(), middle)),
                          view_of(slice_timeline(view_of(bytes), middle, Instant::max()))) == bytes);
  std::vector<std::string_view> names;
  std::vector<int32_t> numbers;
  TimelineView::Index index = timeline.index();
  while (const std::optional<IndexEntry> entry = index.next()) {
    names.push_back(entry->name);
    numbers.push_back(entry->number);
  }
  names.pop_back();
  numbers.pop_back();
  const std::string filtered = timeline.is_named() ? filter_timeline(view_of(bytes), std::span(names))
                                                   : filter_timeline(view_of(bytes), std::span(numbers));
  require(TimelineView::open(view_of(filtered)).distinct() == names.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string given(reinterpret_cast<const char*>(data), size);
  std::string sealed = given;
  if (size > format::kFlagsAt) format::seal(sealed);
  for (const std::string& bytes : {given, sealed}) {
    if (!attempt([&] { read(bytes); })) continue;
    if (attempt([&] { check_timeline(view_of(bytes)); })) go_round(bytes);
  }
  std::string packed;
  if (attempt([&] { packed = timeline_from_text(given); })) {
    check_timeline(view_of(packed));
    go_round(packed);
    require(timeline_from_text(timeline_to_text(view_of(packed))) == packed);
  }
  if (size >= AggregateState::kHeaderBytes) {
    std::vector<uint8_t> state(data, data + size);
    attempt([&] { check_timeline(view_of(AggregateState(state.data(), state.size()).finish())); });
  }
  return 0;
}
