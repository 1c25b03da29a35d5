#include "timeline/chunk_cache.hpp"
#include "timeline_model.hpp"

#include <gtest/gtest.h>

namespace cdp::timeline {
namespace {

/// A chunk of one event at a second, as a scan shows it.
class OneEvent {
 public:
  explicit OneEvent(int64_t second)
      : bytes_(model::pack({true, {{Instant{second * kSecond}, "a", 0, false}}})),
        view_(TimelineView::open(model::view_of(bytes_))) {}

  ScannedChunk version(uint64_t place, uint32_t transaction) const {
    return {view_, {}, {}, false, none_, {place, transaction}};
  }

 private:
  std::string bytes_;
  TimelineView view_;
  ChunkProperties none_ = [](size_t, size_t) { return Json(); };
};

/// A cache, and how often it had chunks unpacked.
struct Counted {
  ChunkCache cache;
  int unpacked = 0;

  /// The first of the values, which is the number of the unpacking.
  int64_t get(int64_t user_no, const ScannedChunk& chunk, const std::string& text = "") {
    const UnpackedChunk& found = cache.get(user_no, chunk, [&](UnpackedChunk& made) {
      made.times.push_back(chunk.timeline.first());
      made.events.push_back(0);
      made.values.emplace_back(int64_t{++unpacked});
      made.values.emplace_back(text);
    });
    EXPECT_EQ(found.values_of(0, 2)[1].string()->size(), text.size());
    return found.values_of(0, 2)[0].number()->to_int64().value_or(0);
  }
};

TEST(ChunkCache, UnpacksEachVersionOfARowOnce) {
  Counted counted;
  const OneEvent one(1), other(2);
  EXPECT_EQ(counted.get(7, one.version(10, 3)), 1);
  EXPECT_EQ(counted.get(7, one.version(10, 3)), 1);
  EXPECT_EQ(counted.get(8, one.version(10, 3)), 2);    // somebody else's
  EXPECT_EQ(counted.get(7, one.version(11, 3)), 3);    // lies elsewhere
  EXPECT_EQ(counted.get(7, one.version(10, 4)), 4);    // written by another transaction
  EXPECT_EQ(counted.get(7, other.version(10, 3)), 5);  // begins later
  EXPECT_EQ(counted.get(7, one.version(10, 3)), 1);
}

TEST(ChunkCache, ForgetsWhatAnotherDemandUnpacked) {
  Counted counted;
  const OneEvent one(1);
  Demand demand;
  demand.event("a");
  counted.cache.serve(demand);
  EXPECT_EQ(counted.get(7, one.version(10, 3)), 1);
  counted.cache.serve(Demand(demand));
  EXPECT_EQ(counted.get(7, one.version(10, 3)), 1);
  demand.event("b");
  counted.cache.serve(demand);
  EXPECT_EQ(counted.get(7, one.version(10, 3)), 2);
  demand.property({PropertyPath::Root::Context, {"page"}});
  counted.cache.serve(demand);
  EXPECT_EQ(counted.get(7, one.version(10, 3)), 3);
  demand.want_all_events();
  counted.cache.serve(demand);
  EXPECT_EQ(counted.get(7, one.version(10, 3)), 4);
}

TEST(ChunkCache, BeginsAnewWhenItIsFull) {
  Counted counted;
  const OneEvent one(1);
  const std::string megabyte(1 << 20, 'x');
  for (uint64_t place = 1; place <= 60; ++place) counted.get(7, one.version(place, 3), megabyte);
  EXPECT_EQ(counted.get(7, one.version(1, 3), megabyte), 1);
  for (uint64_t place = 61; place <= 70; ++place) counted.get(7, one.version(place, 3), megabyte);
  EXPECT_EQ(counted.get(7, one.version(1, 3), megabyte), 71);
  EXPECT_EQ(counted.get(7, one.version(70, 3), megabyte), 70);
}

}  // namespace
}  // namespace cdp::timeline
