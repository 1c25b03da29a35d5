#include "timeline/chunk.hpp"
#include "timeline_random_details.hpp"

#include <cstdlib>
#include <string>

namespace cdp::timeline {
namespace {

using testing::Names;
using testing::view_of;

std::vector<PackableEvent> events_of(int count, size_t bytes) {
  std::vector<PackableEvent> events;
  for (int i = 0; i < count; ++i) {
    PackableEvent event{Instant{1'000'000 * (i / 3)}, i % 4, i % 5 == 0, {}};
    event.details.arrival_no = 7 * i + 1;
    event.details.source = "segment";
    event.details.received_at = event.time + 250'000;
    event.details.properties = Json(Json::Object{{"n", Json(i)}, {"text", Json(std::string(bytes, 'x'))}});
    events.push_back(std::move(event));
  }
  return events;
}

void expect_same(const std::vector<PackableEvent>& events, const std::vector<Chunk>& chunks,
                 const Names& names) {
  size_t at = 0;
  for (const Chunk& chunk : chunks) {
    const std::vector<PackableEvent> unpacked =
        unpack_chunk(view_of(chunk.timeline), view_of(chunk.details), names);
    ASSERT_EQ(unpacked.size(), static_cast<size_t>(chunk.size));
    EXPECT_EQ(unpacked.front().key(), EventKey(chunk.first, chunk.first_arrival));
    EXPECT_EQ(unpacked.back().time, chunk.last);
    for (const PackableEvent& event : unpacked) {
      ASSERT_LT(at, events.size());
      EXPECT_EQ(event.key(), events[at].key());
      EXPECT_EQ(event.event_no, events[at].event_no);
      EXPECT_EQ(event.begins_session, events[at].begins_session);
      EXPECT_TRUE(event.details.properties == events[at].details.properties);
      EXPECT_EQ(event.details.received_at, events[at].details.received_at);
      ++at;
    }
  }
  EXPECT_EQ(at, events.size());
}

TEST(Chunks, AreAsFewAndAsEqualAsMayBe) {
  for (const int count : {1, 7, 8, 9, 16, 17, 100}) {
    Names names;
    const std::vector<PackableEvent> events = events_of(count, 10);
    const std::vector<Chunk> chunks = pack_chunks(events, 8, names);
    EXPECT_EQ(chunks.size(), static_cast<size_t>((count + 7) / 8));
    for (const Chunk& chunk : chunks) EXPECT_LE(std::abs(chunk.size - chunks.front().size), 1);
    expect_same(events, chunks, names);
  }
}

TEST(Chunks, OfVeryLargeEventsAreMore) {
  Names names;
  const std::vector<PackableEvent> events = events_of(80, 1'000'000);
  const std::vector<Chunk> chunks = pack_chunks(events, 512, names);
  EXPECT_EQ(chunks.size(), 2U);
  expect_same(events, chunks, names);
}

}  // namespace
}  // namespace cdp::timeline
