#include "timeline/packed_operations.hpp"

#include "base/error.hpp"
#include "timeline/packed_builder.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace cdp::timeline {

namespace {

std::string copy_of(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

template <class Key>
std::string filter(ByteView bytes, std::span<const Key> keys, bool is_named) {
  const TimelineView timeline = TimelineView::open(bytes);
  require_named(timeline, is_named);
  std::vector<bool> is_kept(timeline.distinct());
  size_t kept = 0;
  for (const Key& key : keys) {
    const std::optional<IndexEntry> entry = timeline.find(key);
    if (!entry || is_kept[entry->code]) continue;
    is_kept[entry->code] = true;
    ++kept;
  }
  if (kept == is_kept.size()) return copy_of(bytes);
  TimelineBuilder builder;
  if (kept > 0) builder.add_of(timeline, is_kept);
  return builder.finish();
}

}  // namespace

void require_named(const TimelineView& timeline, bool is_named) {
  if (timeline.empty() || timeline.is_named() == is_named) return;
  throw Error(Category::BadValue, is_named ? "this timeline knows its events by number, not by name"
                                           : "this timeline knows its events by name, not by number");
}

std::string merge_timelines(ByteView a, ByteView b) {
  const TimelineView first = TimelineView::open(a);
  const TimelineView second = TimelineView::open(b);
  if (second.empty()) return copy_of(a);
  if (first.empty()) return copy_of(b);
  TimelineBuilder builder;
  builder.add(first);
  builder.add(second);
  return builder.finish();
}

std::string slice_timeline(ByteView bytes, Instant since, Instant until) {
  const TimelineView timeline = TimelineView::open(bytes);
  if (timeline.first() >= since && (timeline.last() < until || until == Instant::max()))
    return copy_of(bytes);
  TimelineBuilder builder;
  builder.add_between(timeline, since, until);
  return builder.finish();
}

std::string filter_timeline(ByteView timeline, std::span<const int32_t> numbers) {
  return filter(timeline, numbers, false);
}

std::string filter_timeline(ByteView timeline, std::span<const std::string_view> names) {
  return filter(timeline, names, true);
}

void check_timeline(ByteView bytes) {
  std::string packed;
  try {
    TimelineBuilder builder;
    builder.add(TimelineView::open(bytes));
    packed = builder.finish();
  } catch (const Error& error) {
    if (error.category() != Category::Corrupt) throw;
    throw Error(Category::BadBinary, error.message(), error.detail(), error.hint());
  }
  if (packed.size() != bytes.size() || std::memcmp(packed.data(), bytes.data(), bytes.size()) != 0)
    throw Error(Category::BadBinary, "timeline is not packed as its events have to be");
}

}  // namespace cdp::timeline
