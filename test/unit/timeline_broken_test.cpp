#include "base/error.hpp"
#include "timeline/packed.hpp"
#include "timeline/packed_operations.hpp"
#include "timeline_model.hpp"

#include <array>
#include <gtest/gtest.h>

/// What is no timeline, or is one that nobody packed.

namespace cdp::timeline {
namespace {

using model::category_of;
using model::pack;
using model::random_timeline;
using model::resealed;
using model::Shape;
using model::unpack;
using model::view_of;

// -----------------------------------------------------------------------------------

std::vector<std::string> some_timelines() {
  std::mt19937_64 random(6);
  std::vector<std::string> all{pack({true, {}}), pack({false, {{{5}, "", 7, true}}})};
  for (const size_t size : {2, 10, 70})
    for (const uint32_t distinct : {3U, 40U, 300U})
      for (const bool is_named : {true, false}) {
        Shape shape;
        shape.size = size;
        shape.distinct = distinct;
        shape.is_named = is_named;
        shape.unit = size == 10 ? 1000 : 1;
        if (size == 70) shape.longest_gap = 1ULL << 57;
        all.push_back(pack(random_timeline(random, shape)));
      }
  return all;
}

TEST(BrokenTimeline, EveryTruncationIsFound) {
  for (const std::string& bytes : some_timelines())
    for (size_t size = 0; size < bytes.size(); ++size)
      ASSERT_EQ(category_of([&] { TimelineView::open(view_of(bytes.substr(0, size))); }), Category::Corrupt);
}

TEST(BrokenTimeline, EveryBitFlipIsFound) {
  for (const std::string& bytes : some_timelines())
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      std::string broken = bytes;
      broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ 1 << bit % 8);
      ASSERT_EQ(category_of([&] { TimelineView::open(view_of(broken)); }), Category::Corrupt)
          << "bit " << bit;
    }
}

TEST(BrokenTimeline, WhatNoTimelineHasIsRefusedWithARightChecksumToo) {
  const auto expect_refused = [](std::string bytes, size_t at, int value, const char* problem) {
    bytes[at] = static_cast<char>(value);
    bytes = resealed(bytes);
    try {
      TimelineView::open(view_of(bytes));
      ADD_FAILURE() << problem;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::Corrupt);
      EXPECT_EQ(error.message(), std::string("timeline ") + problem);
    }
  };
  // Version 0, flags 5, number of events 6, first time 7 to 12, different events 13, bytes of the index 14,
  // index up to 36, codes 37, sessions 38, lengths 39 to 41, controls 42, distances up to 47.
  const std::string bytes = pack({false,
                                  {{{757382400000000}, "", 3, true},
                                   {{757382405500000}, "", 1, false},
                                   {{757382405500000}, "", 3, false},
                                   {{757468805500000}, "", 200, true}}});
  ASSERT_EQ(bytes.size(), 48U);
  expect_refused(bytes, 0, 0, "is of an unknown version");
  expect_refused(bytes, 0, 2, "is of an unknown version");
  expect_refused(bytes, 5, 0x23, "has unknown flags");
  expect_refused(bytes, 5, 0x07, "has unknown flags");
  expect_refused(bytes, 5, 0x1b, "has unknown flags");
  expect_refused(bytes, 6, 0, "is empty and has contents");
  expect_refused(bytes, 6, 127, "ends too early");
  expect_refused(bytes, 13, 0, "has an impossible number of different events");
  expect_refused(bytes, 13, 5, "has an impossible number of different events");
  expect_refused(bytes, 14, 34, "ends too early");
  expect_refused(bytes, 14, 28, "ends too early");
  expect_refused(bytes, 41, 0xff, "has distances of unknown lengths");
  expect_refused(bytes, 39, 0x7f, "has distances of unknown lengths");
  for (const char* with : {"\x00", "\xff"}) {
    std::string one = pack({false, {{{0}, "", 3, true}}}) + with[0];
    expect_refused(one, one.size() - 1, with[0], "has more than one event's times");
  }
  for (const Instant time : {kFirstInstant, Instant{kLastInstant.us / kSecond * kSecond}}) {
    const std::string edge = pack({false, {{time, "", 3, true}}});
    const size_t end_of_first = time == kFirstInstant ? 12 : 13;
    expect_refused(edge, end_of_first, edge[end_of_first] + 1, "has times out of range");
  }
  const std::string empty = pack({true, {}});
  expect_refused(empty, 5, 1, "is empty and has contents");
  expect_refused(empty + '\0', 7, 0, "is empty and has contents");

  // A varint of 2^64 and 4, and one that does not end.
  const std::string large =
      bytes.substr(0, 6) + std::string("\x84") + std::string(8, '\x80') + '\x02' + bytes.substr(7);
  expect_refused(large, 0, 1, "has an integer that is too large");
  expect_refused(bytes.substr(0, 6) + std::string(2, '\x80'), 0, 1, "ends too early");

  TimelineBuilder builder;
  for (uint32_t i = 0; i < kMostPackedEvents; ++i) builder.add({0}, 1, false);
  const std::string most = builder.finish();
  ASSERT_EQ(TimelineView::open(view_of(most)).size(), kMostPackedEvents);
  expect_refused(most, 6, 0x81, "has too many events");
}

TEST(BrokenTimeline, DistancesLeadExactlyToTheLastTime) {
  const auto expect_refused = [](const std::string& bytes) {
    const std::string sealed = resealed(bytes);
    const TimelineView view = TimelineView::open(view_of(sealed));
    std::vector<Instant> times(view.size());
    EXPECT_EQ(category_of([&] { view.decode_times(times); }), Category::Corrupt);
  };
  // Distances of 3 and 64 bits: a byte of controls and nine bytes.
  const std::string bytes = pack(
      {false,
       {{kFirstInstant, "", 1, false}, {kFirstInstant + 5, "", 1, false}, {kLastInstant, "", 1, false}}});
  expect_refused(bytes + '\0');
  expect_refused(bytes.substr(0, bytes.size() - 1));
  // Two of 64 bits that come to the same sum beyond 64 bits.
  const uint64_t span = static_cast<uint64_t>(kLastInstant.us) - static_cast<uint64_t>(kFirstInstant.us);
  const std::array<uint64_t, 2> distances{span + 7, uint64_t{0} - 7};
  std::string beyond = bytes.substr(0, bytes.size() - 10) + '\5';
  beyond.append(reinterpret_cast<const char*>(distances.data()), sizeof(distances));
  expect_refused(beyond);
  const std::array<uint64_t, 2> right{7, span - 7};
  beyond.resize(beyond.size() - sizeof(right));
  beyond.append(reinterpret_cast<const char*>(right.data()), sizeof(right));
  const std::string sealed = resealed(beyond);
  std::vector<Instant> times(3);
  TimelineView::open(view_of(sealed)).decode_times(times);
  EXPECT_EQ(times, (std::vector<Instant>{kFirstInstant, kFirstInstant + 7, kLastInstant}));
}

/// Reads everything of bytes that may be anything; whatever comes out is in its range.
void read_all(const std::string& bytes) {
  const TimelineView view = TimelineView::open(view_of(bytes));
  std::vector<uint32_t> codes(view.size());
  std::vector<Instant> times(view.size());
  std::vector<uint8_t> begins(view.size());
  const auto attempt = [](auto read) {
    try {
      read();
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::Corrupt);
      return false;
    }
  };
  if (attempt([&] { view.decode_events(std::span(codes)); })) {
    for (const uint32_t code : codes) ASSERT_LT(code, view.distinct());
  }
  if (attempt([&] { view.decode_times(times); })) {
    ASSERT_TRUE(std::is_sorted(times.begin(), times.end()));
    if (!times.empty()) {
      ASSERT_EQ(times.front(), view.first());
      ASSERT_EQ(times.back(), view.last());
    }
  }
  // With bytes behind that may be read, times are the same, or refused alike.
  for (const size_t behind : {1U, 9U, 40U, 200U}) {
    const std::string more = bytes + std::string(behind, '\xa5');
    std::vector<Instant> same(view.size());
    const TimelineView followed = TimelineView::open(view_of(more).first(bytes.size()), behind);
    const bool is_read = attempt([&] { followed.decode_times(same); });
    ASSERT_EQ(is_read, attempt([&] { view.decode_times(times); }));
    if (is_read) {
      ASSERT_EQ(same, times);
    }
  }
  attempt([&] { view.decode_sessions(begins); });
  for (const uint8_t begin : begins) ASSERT_LE(begin, 1);
  ASSERT_EQ(view.session_count(), std::count(begins.begin(), begins.end(), 1));
  attempt([&] {
    TimelineView::Index index = view.index();
    uint64_t events = 0;
    std::optional<IndexEntry> before;
    while (const std::optional<IndexEntry> entry = index.next()) {
      events += entry->count;
      EXPECT_LE(events, view.size());
      EXPECT_LE(entry->first, entry->last);
      EXPECT_GE(entry->first, view.first());
      EXPECT_LE(entry->last, view.last());
      EXPECT_TRUE(!before || (view.is_named() ? before->name < entry->name : before->number < entry->number));
      before = entry;
    }
    EXPECT_EQ(events, view.size());
  });
  try {
    check_timeline(view_of(bytes));
    ASSERT_EQ(pack(unpack(bytes)), bytes);
  } catch (const Error& error) {
    ASSERT_EQ(error.category(), Category::BadBinary);
  }
}

TEST(BrokenTimeline, WithARightChecksumIsReadWithinItsBytes) {
  std::mt19937_64 random(7);
  int opened = 0;
  for (const std::string& bytes : some_timelines()) {
    std::vector<std::string> all;
    for (size_t size = 0; size < bytes.size(); ++size) all.push_back(bytes.substr(0, size));
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      std::string broken = bytes;
      broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ 1 << bit % 8);
      all.push_back(broken);
    }
    for (int i = 0; i < 500; ++i) {
      std::string broken = bytes;
      for (uint64_t changes = 1 + random() % 4; changes > 0; --changes)
        broken[random() % broken.size()] = static_cast<char>(random() % 3 == 0 ? 0xff : random());
      all.push_back(broken);
    }
    for (std::string& broken : all) {
      // An exact copy, so that a sanitizer sees what is read behind it.
      const std::string sealed = resealed(broken);
      try {
        read_all(sealed);
        ++opened;
      } catch (const Error& error) {
        ASSERT_EQ(error.category(), Category::Corrupt);
      }
      if (HasFatalFailure()) return;
    }
  }
  EXPECT_GT(opened, 1000);
}

TEST(BrokenTimeline, OnlyTheCanonicalBytesAreTakenFromElsewhere) {
  // With one more unused bit, and with codes, sessions and distances of other events, all sealed.
  int refused = 0;
  for (const std::string& bytes : some_timelines()) {
    check_timeline(view_of(bytes));
    std::set<std::string> equal;
    for (size_t bit = 8 * format::kFlagsAt; bit < 8 * bytes.size(); ++bit) {
      std::string broken = bytes;
      broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ 1 << bit % 8);
      broken = resealed(broken);
      try {
        check_timeline(view_of(broken));
        ASSERT_EQ(pack(unpack(broken)), broken);
      } catch (const Error& error) {
        ASSERT_EQ(error.category(), Category::BadBinary);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace cdp::timeline
