#include "timeline/chunk.hpp"

#include "base/error.hpp"
#include "timeline/packed.hpp"

#include <utility>

namespace cdp::timeline {

namespace {

Chunk pack_chunk(std::span<const PackableEvent> events, PropertyNames& names) {
  std::vector<NumberedEvent> numbered;
  std::vector<Instant> times;
  std::vector<EventDetails> details;
  numbered.reserve(events.size());
  times.reserve(events.size());
  details.reserve(events.size());
  for (const PackableEvent& event : events) {
    numbered.push_back({event.time, event.event_no, event.begins_session});
    times.push_back(event.time);
    details.push_back(event.details);
  }
  Chunk chunk;
  chunk.first = events.front().time;
  chunk.first_arrival = events.front().details.arrival_no;
  chunk.last = events.back().time;
  chunk.size = static_cast<int32_t>(events.size());
  chunk.timeline = pack_timeline(numbered);
  chunk.details = pack_details(details, times, names);
  return chunk;
}

/// One chunk, or more where the details would be too large for one.
void add_chunks(std::span<const PackableEvent> events, PropertyNames& names, std::vector<Chunk>* chunks) {
  try {
    chunks->push_back(pack_chunk(events, names));
  } catch (const Error& error) {
    if (error.category() != Category::Limit || events.size() == 1) throw;
    add_chunks(events.first(events.size() / 2), names, chunks);
    add_chunks(events.subspan(events.size() / 2), names, chunks);
  }
}

}  // namespace

std::vector<Chunk> pack_chunks(std::span<const PackableEvent> events, size_t most_events,
                               PropertyNames& names) {
  const size_t count = (events.size() + most_events - 1) / most_events;
  std::vector<Chunk> chunks;
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = events.size() * i / count;
    const size_t end = events.size() * (i + 1) / count;
    add_chunks(events.subspan(begin, end - begin), names, &chunks);
  }
  return chunks;
}

std::vector<PackableEvent> unpack_chunk(ByteView timeline, ByteView details, const PropertyNames& names) {
  const TimelineView view = TimelineView::open(timeline);
  const size_t size = view.size();
  std::vector<int32_t> numbers;
  TimelineView::Index index = view.index();
  while (const std::optional<IndexEntry> entry = index.next()) numbers.push_back(entry->number);
  std::vector<uint32_t> codes(size);
  std::vector<Instant> times(size);
  std::vector<uint8_t> begins(size);
  view.decode_events<uint32_t>(codes);
  view.decode_times(times);
  view.decode_sessions(begins);
  std::vector<EventDetails> unpacked = DetailsView::open(details).unpack(times, names);
  if (unpacked.size() != size)
    throw Error(Category::Corrupt, "a timeline and the details of its events are not of the same size");
  std::vector<PackableEvent> events(size);
  for (size_t i = 0; i < size; ++i)
    events[i] = {times[i], numbers[codes[i]], begins[i] != 0, std::move(unpacked[i])};
  return events;
}

}  // namespace cdp::timeline
