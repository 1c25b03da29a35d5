#include "base/error.hpp"
#include "timeline/packed.hpp"
#include "timeline/packed_operations.hpp"
#include "timeline_model.hpp"

#include <array>
#include <bit>
#include <gtest/gtest.h>
#include <map>
#include <set>

namespace cdp::timeline {
namespace {

using model::category_of;
using model::pack;
using model::random_shape;
using model::random_timeline;
using model::Shape;
using model::sorted;
using model::Timeline;
using model::unpack;
using model::view_of;

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

  for (const size_t behind : {3U, 40U, 100U}) {
    const std::string more = bytes + std::string(behind, '\xa5');
    std::vector<Instant> times(events.size());
    TimelineView::open(view_of(more).first(bytes.size()), behind).decode_times(times);
    for (size_t i = 0; i < events.size(); ++i) ASSERT_EQ(times[i], events[i].time);
  }

  // Every other event that occurs, and as many that do not.
  std::vector<int32_t> numbers;
  std::vector<int32_t> places;
  for (const auto& [key, of] : expected) {
    if (numbers.empty() || numbers.back() < key.second - 1) numbers.push_back(key.second - 1);
    if (places.size() % 2 == 0 && numbers.back() < key.second) numbers.push_back(key.second);
    places.push_back(0);
  }
  TimelineView::Match match;
  code = 0;
  for (const auto& [key, of] : expected) {
    const auto place = std::find(numbers.begin(), numbers.end(), key.second);
    const bool is_found = !timeline.is_named && place != numbers.end();
    places[code++] = is_found ? static_cast<int32_t>(place - numbers.begin()) : -1;
    if (!is_found) continue;
    ++match.count;
    if (place - numbers.begin() < 64) match.found |= uint64_t{1} << (place - numbers.begin());
  }
  std::vector<int32_t> found;
  const TimelineView::Match matched = view.match(numbers, found);
  ASSERT_EQ(matched.count, match.count);
  ASSERT_EQ(matched.found, match.found);
  ASSERT_EQ(found, places);
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
      "01261ec2d5030480a092f88a2c0316fce299290101c40100fc2a010080b8992900fce29929910940b36d217c1580cba4");
  EXPECT_EQ(hex_of(pack(named)), "01cda14e76080102010d0009706167655f766965770000");
  EXPECT_EQ(hex_of(pack({true, {}})), "010555281f0000");
}

/// Lengths in bits, ascending, by trying all: those of the least bits, of equally good ones the first.
std::array<uint32_t, 4> best_lengths(const std::vector<uint64_t>& distances, uint64_t* least) {
  std::set<uint32_t> needed;
  for (const uint64_t distance : distances) needed.insert(static_cast<uint32_t>(std::bit_width(distance)));
  std::array<uint32_t, 4> best{};
  *least = ~uint64_t{0};
  const uint32_t longest = *needed.rbegin();
  for (const uint32_t a : needed)
    for (const uint32_t b : needed)
      for (const uint32_t c : needed) {
        if ((b <= a && a != longest) || (c <= b && b != longest) || b < a || c < b) continue;
        uint64_t bits = 0;
        for (const uint64_t distance : distances)
          for (const uint32_t length : {a, b, c, longest})
            if (static_cast<uint32_t>(std::bit_width(distance)) <= length) {
              bits += length;
              break;
            }
        if (bits >= *least) continue;
        *least = bits;
        best = {a, b, c, longest};
      }
  return best;
}

TEST(PackedTimeline, HasTheBestLengthsOfDistances) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 400; ++round) {
    Timeline timeline{false, {{{1}, "", 1, false}}};
    std::vector<uint64_t> distances;
    const uint64_t widths = 1 + random() % 30;
    for (uint64_t left = 1 + random() % 20; left > 0; --left) {
      distances.push_back(random() % 2 == 0 ? random() % 8 : random() >> (63 - random() % widths));
      timeline.events.push_back(
          {timeline.events.back().time + static_cast<Micros>(distances.back()), "", 1, false});
    }
    uint64_t bits = 0;
    const std::array<uint32_t, 4> expected = best_lengths(distances, &bits);
    const std::string bytes = pack(timeline);
    uint32_t lengths = 0;
    std::memcpy(&lengths, bytes.data() + bytes.size() - (bits + 7) / 8 - (2 * distances.size() + 7) / 8 - 3,
                3);
    for (size_t slot = 0; slot < 4; ++slot) ASSERT_EQ(lengths >> (6 * slot) & 63, expected[slot]) << round;
  }
}

TEST(PackedTimeline, ABuilderBeginsAnew) {
  TimelineBuilder builder;
  const Timeline given{true,
                       {{{3}, "a", 0, true}, {{4}, "b", 0, true}, {{5}, "c", 0, true}, {{2}, "d", 0, true}}};
  for (const auto& event : given.events) builder.add(event.time, std::string_view(event.name), true);
  EXPECT_EQ(builder.finish(), pack(given));
  builder.add({1}, 7, false);
  EXPECT_THROW(builder.add({1}, "a", true), Error);
  EXPECT_EQ(builder.finish(), pack({false, {{{1}, "", 7, false}}}));
  EXPECT_EQ(builder.finish(), pack({true, {}}));
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

}  // namespace
}  // namespace cdp::timeline
