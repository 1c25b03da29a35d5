#include "base/error.hpp"
#include "timeline/packed.hpp"
#include "timeline/packed_operations.hpp"
#include "timeline_model.hpp"

#include <gtest/gtest.h>
#include <map>
#include <set>

namespace cdp::timeline {
namespace {

using model::pack;
using model::random_shape;
using model::random_timeline;
using model::resealed;
using model::Shape;
using model::sorted;
using model::Timeline;
using model::unpack;
using model::view_of;

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

void expect_equal(const Timeline& a, const Timeline& b) {
  ASSERT_EQ(a.events.size(), b.events.size());
  if (!a.events.empty()) {
    ASSERT_EQ(a.is_named, b.is_named);
  }
  for (size_t i = 0; i < a.events.size(); ++i) ASSERT_EQ(a.events[i], b.events[i]) << "event " << i;
}

/// All that the view says of itself, against the plain events.
void expect_described(const std::string& bytes, const Timeline& timeline) {
  const auto& events = timeline.events;
  const TimelineView view = TimelineView::open(view_of(bytes));
  ASSERT_EQ(view.size(), events.size());
  ASSERT_EQ(view.empty(), events.empty());
  ASSERT_EQ(view.is_named(), events.empty() || timeline.is_named);
  ASSERT_EQ(view.first(), events.empty() ? Instant::max() : events.front().time);
  ASSERT_EQ(view.last(), events.empty() ? Instant::min() : events.back().time);

  struct Expected {
    uint32_t count = 0;
    Instant first = Instant::max();
    Instant last = Instant::min();
  };
  std::map<std::pair<std::string, int32_t>, Expected> expected;  // std::string compares bytes as unsigned
  uint32_t sessions = 0;
  for (size_t i = 0; i < events.size(); ++i) {
    Expected& of = expected[{events[i].name, events[i].number}];
    ++of.count;
    of.first = std::min(of.first, events[i].time);
    of.last = std::max(of.last, events[i].time);
    ASSERT_EQ(view.begins_session(static_cast<uint32_t>(i)), events[i].begins_session);
    sessions += events[i].begins_session ? 1 : 0;
  }
  ASSERT_EQ(view.session_count(), sessions);
  ASSERT_EQ(view.distinct(), expected.size());
  TimelineView::Index index = view.index();
  uint32_t code = 0;
  for (const auto& [key, of] : expected) {
    const std::optional<IndexEntry> entry = index.next();
    ASSERT_TRUE(entry);
    const std::optional<IndexEntry> found = timeline.is_named ? view.find(key.first) : view.find(key.second);
    ASSERT_TRUE(found);
    for (const IndexEntry& read : {*entry, *found}) {
      ASSERT_EQ(read.code, code);
      ASSERT_EQ(read.name, key.first);
      ASSERT_EQ(read.number, key.second);
      ASSERT_EQ(read.count, of.count);
      ASSERT_EQ(read.first, of.first);
      ASSERT_EQ(read.last, of.last);
    }
    ++code;
    // Its neighbours are not there, nor is anything of the other kind.
    if (timeline.is_named) {
      ASSERT_EQ(view.find(key.first + '\0').has_value(), expected.contains({key.first + '\0', 0}));
      ASSERT_FALSE(view.find(0));
    } else {
      ASSERT_EQ(view.find(key.second + 1).has_value(), expected.contains({"", key.second + 1}));
      ASSERT_FALSE(view.find(""));
    }
  }
  ASSERT_FALSE(index.next());
  ASSERT_FALSE(index.next());
}

TEST(PackedTimeline, GivesBackWhatWasPacked) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 600; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const Timeline given = random_timeline(random, random_shape(random));
    const Timeline expected = sorted(given);
    const std::string bytes = pack(given);
    expect_equal(unpack(bytes), expected);
    expect_described(bytes, expected);
    EXPECT_EQ(pack(expected), bytes);
    if (HasFailure()) return;
  }
}

TEST(PackedTimeline, CodesOfEveryWidth) {
  std::mt19937_64 random(2);
  for (const uint32_t distinct : {1U, 2U, 3U, 4U, 5U, 16U, 17U, 255U, 256U, 257U, 65536U, 65537U, 70000U}) {
    SCOPED_TRACE(distinct);
    for (const bool is_named : {true, false}) {
      Timeline timeline{is_named, {}};
      for (uint32_t i = 0; i < distinct + 77; ++i) {
        const auto event = static_cast<int32_t>(i < distinct ? i : random() % distinct);
        timeline.events.push_back({{static_cast<int64_t>(i)},
                                   is_named ? std::to_string(event) : "",
                                   is_named ? 0 : event * 30000,
                                   false});
      }
      std::shuffle(timeline.events.begin(), timeline.events.end(), random);
      const std::string bytes = pack(timeline);
      timeline = sorted(timeline);
      expect_equal(unpack(bytes), timeline);
      const TimelineView view = TimelineView::open(view_of(bytes));
      if (distinct <= 65536) {
        expect_equal(unpack<uint16_t>(bytes), timeline);
      } else {
        std::vector<uint16_t> codes(view.size());
        EXPECT_EQ(category_of([&] { view.decode_events(std::span(codes)); }), Category::Internal);
      }
      if (distinct <= 256) {
        expect_equal(unpack<uint8_t>(bytes), timeline);
      } else {
        std::vector<uint8_t> codes(view.size());
        EXPECT_EQ(category_of([&] { view.decode_events(std::span(codes)); }), Category::Internal);
      }
      if (HasFatalFailure()) return;
    }
  }
}

TEST(PackedTimeline, NamesAndNumbersAtTheirLimits) {
  Timeline named{true, {}};
  for (const std::string& name :
       {std::string(), std::string(1, '\0'), std::string("a\0b", 3), std::string("\xff\xfe"),
        std::string("a"), std::string(100000, 'x'), std::string(127, 'y')})
    named.events.push_back({{static_cast<int64_t>(named.events.size())}, name, 0, false});
  expect_equal(unpack(pack(named)), named);
  expect_described(pack(named), named);
  Timeline numbered{false, {}};
  for (const int32_t number : {INT32_MAX, 0, 1, INT32_MAX - 1, 128, 127, 70000})
    numbered.events.push_back({{static_cast<int64_t>(numbered.events.size())}, "", number, false});
  expect_equal(unpack(pack(numbered)), numbered);
  const TimelineView view = TimelineView::open(view_of(pack(numbered)));
  EXPECT_FALSE(view.find(-1));
}

TEST(PackedTimeline, TimesAtTheirLimits) {
  for (const bool with_between : {false, true})
    for (const Micros step : {Micros{1}, kMillisecond, kSecond}) {
      Timeline timeline{false, {}};
      timeline.events.push_back({{kFirstInstant.us}, "", 1, true});
      if (with_between) timeline.events.push_back({{0}, "", 2, true});
      timeline.events.push_back({{kLastInstant.us / step * step}, "", 1, true});
      const std::string bytes = pack(timeline);
      expect_equal(unpack(bytes), timeline);
      expect_described(bytes, timeline);
    }
  for (const Instant time : {Instant::min(), Instant::max(), kFirstInstant - 1, kLastInstant + 1})
    EXPECT_EQ(category_of([&] { pack({true, {{time, "a", 0, false}}}); }), Category::OutOfRange);
  EXPECT_EQ(category_of([&] { pack({false, {{{0}, "", -1, false}}}); }), Category::BadValue);
}

TEST(PackedTimeline, EventsOfOneTimeStayInTheirOrder) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 50; ++round) {
    Timeline timeline{false, {}};
    for (int32_t i = 0; i < 500; ++i)
      timeline.events.push_back({{static_cast<int64_t>(random() % 20)}, "", i, false});
    expect_equal(unpack(pack(timeline)), sorted(timeline));
  }
}

TEST(PackedTimeline, IsCanonical) {
  // Equal events give equal bytes in whatever order their kinds are mentioned, and every unit is found.
  std::mt19937_64 random(4);
  for (const Micros unit : {Micros{1}, kMillisecond, kSecond}) {
    Shape shape;
    shape.size = 100;
    shape.unit = unit;
    Timeline timeline = random_timeline(random, shape);
    const std::string bytes = pack(timeline);
    timeline.events.front().time.us += 1;
    EXPECT_NE(pack(timeline), bytes);
    timeline.events.front().time.us -= 1;
    std::reverse(timeline.events.begin(), timeline.events.end());
    std::stable_sort(timeline.events.begin(), timeline.events.end(),
                     [](const auto& a, const auto& b) { return a.time < b.time; });
    expect_equal(unpack(pack(timeline)), timeline);
    check_timeline(view_of(bytes));
  }
  EXPECT_EQ(pack({true, {}}), pack({false, {}}));
}

TEST(PackedTimeline, KeepsItsBytesForEver) {
  // What is stored must stay readable: these bytes were written by the first version.
  Timeline numbered{false, {}};
  numbered.events = {{{757382400000000}, "", 3, true},
                     {{757382405500000}, "", 1, false},
                     {{757382405500000}, "", 3, false},
                     {{757468805500000}, "", 200, true}};
  Timeline named{true, {{{1}, "page_view", 0, false}}};
  const auto hex_of = [](const std::string& bytes) {
    std::string hex;
    for (const char byte : bytes) {
      constexpr char kDigits[] = "0123456789abcdef";
      hex += kDigits[static_cast<uint8_t>(byte) >> 4];
      hex += kDigits[static_cast<uint8_t>(byte) & 15];
    }
    return hex;
  };
  EXPECT_EQ(
      hex_of(pack(numbered)),
      "019778602a030480a092f88a2c0316fce299290100fc2a01010080b89929c40100fce29929910940b36d217c1580cba4");
  EXPECT_EQ(hex_of(pack(named)), "01cda14e76080102010d0009706167655f766965770000");
  EXPECT_EQ(hex_of(pack({true, {}})), "010555281f0000");
}

TEST(PackedTimeline, IsSmall) {
  std::mt19937_64 random(5);
  const auto between = [&](int64_t from, int64_t to) {
    return std::uniform_int_distribution<int64_t>(from, to)(random);
  };
  const auto bytes_an_event = [&](size_t size) {
    size_t bytes = 0;
    for (int user = 0; user < 200; ++user) {
      Timeline timeline{false, {}};
      Instant time{757382400000000 + between(0, kDay / kMillisecond) * kMillisecond};
      for (size_t i = 0; i < size; ++i) {
        const bool begins = i == 0 || between(1, 8) == 1;
        time =
            time + (begins ? between(kDay / 1000, 10 * kDay / 1000) : between(5000, 300000)) * kMillisecond;
        timeline.events.push_back({time, "", static_cast<int32_t>(between(1, 8)), begins});
      }
      bytes += pack(timeline).size();
    }
    return static_cast<double>(bytes) / 200 / static_cast<double>(size);
  };
  EXPECT_LT(bytes_an_event(25), 7);
  EXPECT_LT(bytes_an_event(500), 3.6);
}

TEST(PackedTimeline, RefusesTooManyEvents) {
  TimelineBuilder builder;
  for (uint32_t i = 0; i < kMostPackedEvents; ++i) builder.add({0}, 1, true);
  EXPECT_EQ(category_of([&] { builder.add({0}, 1, true); }), Category::Limit);
  const std::string bytes = builder.finish();
  EXPECT_EQ(TimelineView::open(view_of(bytes)).session_count(), kMostPackedEvents);
  EXPECT_EQ(builder.finish(), pack({true, {}}));
}

TEST(PackedTimeline, SpansOfAnotherSizeAreRefused) {
  const std::string bytes = pack({true, {{{0}, "a", 0, false}, {{1}, "b", 0, false}}});
  const TimelineView view = TimelineView::open(view_of(bytes));
  for (const size_t size : {0, 1, 3}) {
    std::vector<Instant> times(size);
    std::vector<uint8_t> codes(size);
    EXPECT_EQ(category_of([&] { view.decode_times(times); }), Category::Internal);
    EXPECT_EQ(category_of([&] { view.decode_events(std::span(codes)); }), Category::Internal);
    EXPECT_EQ(category_of([&] { view.decode_sessions(codes); }), Category::Internal);
  }
}

// ---- What is no timeline
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
