#include "base/error.hpp"
#include "timeline/aggregate_state.hpp"
#include "timeline/packed_operations.hpp"
#include "timeline/packed_text.hpp"
#include "timeline_model.hpp"

#include <gtest/gtest.h>

namespace cdp::timeline {
namespace {

using model::Event;
using model::pack;
using model::random_shape;
using model::random_timeline;
using model::Shape;
using model::sorted;
using model::Timeline;
using model::view_of;

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.message() + (error.detail().empty() ? "" : " | " + error.detail());
  }
  return "no error";
}

TEST(TimelineOperations, MergeHasTheEventsOfBothTheFirstOnesFirst) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    Shape shape = random_shape(random);
    shape.size = std::min<size_t>(shape.size, 300);
    Timeline a = random_timeline(random, shape);
    shape.size = random() % 50;
    shape.distinct = 1 + static_cast<uint32_t>(random() % 20);
    const Timeline b = random_timeline(random, shape);
    const std::string merged = merge_timelines(view_of(pack(a)), view_of(pack(b)));
    a = sorted(a);
    const Timeline second = sorted(b);
    a.events.insert(a.events.end(), second.events.begin(), second.events.end());
    ASSERT_EQ(merged, pack(a));
  }
}

TEST(TimelineOperations, SliceHasItsBeginningAndNotItsEnd) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 300; ++round) {
    const Timeline timeline = sorted(random_timeline(random, random_shape(random)));
    const std::string bytes = pack(timeline);
    for (int i = 0; i < 6; ++i) {
      const auto bound = [&] {
        if (timeline.events.empty() || random() % 5 == 0)
          return random() % 2 == 0 ? Instant::min() : Instant::max();
        const Instant time = timeline.events[random() % timeline.events.size()].time;
        return Instant{time.us + static_cast<int64_t>(random() % 3) - 1};
      };
      const Instant since = bound();
      const Instant until = bound();
      Timeline expected{timeline.is_named, {}};
      for (const Event& event : timeline.events)
        if (event.time >= since && event.time < until) expected.events.push_back(event);
      ASSERT_EQ(slice_timeline(view_of(bytes), since, until), pack(expected));
    }
  }
}

TEST(TimelineOperations, FilterHasTheEventsAskedFor) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    const Timeline timeline = sorted(random_timeline(random, random_shape(random)));
    const std::string bytes = pack(timeline);
    Timeline kept{timeline.is_named, {}};
    std::vector<int32_t> numbers{5, 7};
    std::vector<std::string> names{"event", "event 1"};
    for (int i = 0; i < 5; ++i)
      if (!timeline.events.empty() && random() % 2 == 0) {
        const Event& event = timeline.events[random() % timeline.events.size()];
        numbers.push_back(event.number);
        names.push_back(event.name);
      }
    for (const Event& event : timeline.events)
      if (timeline.is_named ? std::find(names.begin(), names.end(), event.name) != names.end()
                            : std::find(numbers.begin(), numbers.end(), event.number) != numbers.end())
        kept.events.push_back(event);
    const std::vector<std::string_view> views(names.begin(), names.end());
    ASSERT_EQ(timeline.is_named ? filter_timeline(view_of(bytes), std::span(views))
                                : filter_timeline(view_of(bytes), std::span<const int32_t>(numbers)),
              pack(kept));
  }
}

TEST(TimelineOperations, KindsDoNotMix) {
  const std::string named = pack({true, {{{1}, "a", 0, false}}});
  const std::string numbered = pack({false, {{{1}, "", 1, false}}});
  const std::string empty = pack({true, {}});
  const std::vector<int32_t> numbers{1};
  const std::vector<std::string_view> names{"a"};
  EXPECT_EQ(error_of([&] { merge_timelines(view_of(named), view_of(numbered)); }),
            "a timeline knows its events by number or by name, not both");
  for (const std::string& one : {named, numbered}) {
    EXPECT_EQ(merge_timelines(view_of(one), view_of(empty)), one);
    EXPECT_EQ(merge_timelines(view_of(empty), view_of(one)), one);
  }
  EXPECT_EQ(error_of([&] { filter_timeline(view_of(named), std::span<const int32_t>(numbers)); }),
            "this timeline knows its events by name, not by number");
  EXPECT_EQ(error_of([&] { filter_timeline(view_of(numbered), std::span<const std::string_view>(names)); }),
            "this timeline knows its events by number, not by name");
  EXPECT_EQ(filter_timeline(view_of(empty), std::span<const int32_t>(numbers)), empty);
  EXPECT_EQ(filter_timeline(view_of(empty), std::span<const std::string_view>(names)), empty);
}

// ---- Text
// --------------------------------------------------------------------------------------------------

TEST(TimelineText, ReadsWhatItWrites) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 100; ++round) {
    Shape shape = random_shape(random);
    shape.size = std::min<size_t>(shape.size, 200);
    const std::string bytes = pack(random_timeline(random, shape));
    ASSERT_EQ(timeline_from_text(timeline_to_text(view_of(bytes))), bytes);
  }
}

TEST(TimelineText, IsOneEventALine) {
  const Timeline timeline{
      true, {{{757382400123456}, "say \"hi\"\n", 0, true}, {{757382401000000}, "view", 0, false}}};
  EXPECT_EQ(timeline_to_text(view_of(pack(timeline))),
            "{\"ts\": \"2024-01-01T00:00:00.123456Z\", \"event\": \"say \\\"hi\\\"\\n\", \"session\": true}\n"
            "{\"ts\": \"2024-01-01T00:00:01Z\", \"event\": \"view\"}");
  EXPECT_EQ(timeline_to_text(view_of(pack({false, {{{757382401000000}, "", 12, false}}}))),
            "{\"ts\": \"2024-01-01T00:00:01Z\", \"event\": 12}");
  EXPECT_EQ(timeline_from_text(
                "\n \r\n\t{\"event\":\"view\",\"session\":false,\"ts\":\"2024-01-01T01:00:01+01\"}\r\n\n"
                "{\"ts\":\"2024-01-01T00:00:00.123456Z\",\"session\":true,\"event\":\"say "
                "\\\"hi\\\"\\n\"}"),
            pack(timeline));
  EXPECT_EQ(timeline_to_text(view_of(pack({true, {}}))), "");
  EXPECT_EQ(timeline_from_text(" \n"), pack({true, {}}));
}

TEST(TimelineText, SaysWhichLineIsWrongAndWhatWasExpected) {
  const std::string good = "{\"ts\": \"2024-01-01T00:00:00Z\", \"event\": \"a\"}\n\n";
  const auto error_of_line = [&](const std::string& line) {
    return error_of([&] { timeline_from_text(good + line); });
  };
  EXPECT_EQ(error_of_line("7"), "timeline, line 3: an object was expected, not number");
  EXPECT_EQ(error_of_line("{\"event\": \"a\"}"), "timeline, line 3: \"ts\" is missing");
  EXPECT_EQ(error_of_line("{\"ts\": 1, \"event\": \"a\"}"),
            "timeline, line 3: \"ts\" must be a string, not number");
  EXPECT_EQ(error_of_line("{\"ts\": \"now\", \"event\": \"a\"}"),
            "timeline, line 3: \"ts\" must be a time in ISO 8601 | It is \"now\".");
  EXPECT_EQ(error_of_line("{\"ts\": \"2024-01-01\"}"), "timeline, line 3: \"event\" is missing");
  EXPECT_EQ(error_of_line("{\"ts\": \"2024-01-01\", \"event\": null}"),
            "timeline, line 3: \"event\" must be a name or a number, not null");
  for (const std::string number : {"-1", "1.5", "2147483648"})
    EXPECT_EQ(error_of_line("{\"ts\": \"2024-01-01\", \"event\": " + number + "}"),
              "timeline, line 3: \"event\" must be a whole number from 0 to 2147483647, or a name | It is " +
                  number + ".");
  EXPECT_EQ(error_of_line("{\"ts\": \"2024-01-01\", \"event\": 1}"),
            "timeline, line 3: a timeline knows its events by number or by name, not both");
  EXPECT_EQ(error_of_line("{\"ts\": \"2024-01-01\", \"event\": \"a\", \"session\": 1}"),
            "timeline, line 3: \"session\" must be true or false, not number");
  EXPECT_EQ(error_of_line("{\"ts\": \"2024-01-01\", \"event\": \"a\", \"user\": 1}"),
            "timeline, line 3: only \"ts\", \"event\" and \"session\" were expected | There is \"user\".");
  EXPECT_TRUE(error_of_line("{\"ts\":").starts_with("timeline, line 3: ")) << error_of_line("{\"ts\":");
}

TEST(TimelineText, TimesOfAnyYear) {
  const auto expect = [](Instant time, const std::string& text) {
    EXPECT_EQ(format_any_instant(time), text);
    EXPECT_EQ(parse_any_instant(text), time);
  };
  // As PostgreSQL has them: extract(epoch from timestamptz …) - 946684800, in microseconds.
  expect(kFirstInstant, "4714-11-24T00:00:00Z BC");
  expect(kLastInstant, "294276-12-31T23:59:59.999999Z");
  expect({-63113904000000000}, "0001-01-01T00:00:00Z BC");
  expect({-63082281600000001}, "0001-12-31T23:59:59.999999Z BC");
  expect({-63082281600000000}, "0001-01-01T00:00:00Z");
  expect({252455615999999999}, "9999-12-31T23:59:59.999999Z");
  expect({252455616000000000}, "10000-01-01T00:00:00Z");
  expect({-64464508799500000}, "0044-03-15T00:00:00.5Z BC");
  std::mt19937_64 random(5);
  for (int i = 0; i < 20000; ++i) {
    const auto range = static_cast<uint64_t>(kLastInstant.us) - static_cast<uint64_t>(kFirstInstant.us);
    const Instant time{static_cast<int64_t>(static_cast<uint64_t>(kFirstInstant.us) + random() % range)};
    ASSERT_EQ(parse_any_instant(format_any_instant(time)), time);
  }
  for (const char* text : {"4714-11-23T23:59:59.999999Z BC", "294277-01-01T00:00:00Z", "0000-01-01T00:00:00Z",
                           "0000-01-01T00:00:00Z BC", "1000000-01-01T00:00:00Z", "44-03-15T00:00:00Z BC",
                           "10001-02-29T00:00:00Z", " BC", "", "99999999999999999999-01-01T00:00:00Z",
                           "2024-01-01T00:00:00Z BC BC"})
    EXPECT_FALSE(parse_any_instant(text)) << text;
  EXPECT_TRUE(parse_any_instant("0005-02-29T00:00:00Z BC"));
  EXPECT_FALSE(parse_any_instant("0004-02-29T00:00:00Z BC"));
}

// ---- The state of the aggregates
// ---------------------------------------------------------------------------

/// A state in exactly the room that it was given, so that a sanitizer sees what is written behind it.
struct Room {
  explicit Room(uint64_t size) : bytes(size) { AggregateState::begin(bytes.data()); }
  AggregateState state() { return {bytes.data(), bytes.size()}; }
  std::vector<uint8_t> bytes;
};

TEST(TimelineState, GathersEventsTimelinesAndStates) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 200; ++round) {
    Shape shape = random_shape(random);
    shape.size = random() % 40;
    const Timeline timeline = random_timeline(random, shape);
    shape.size = random() % 40;
    const Timeline other = sorted(random_timeline(random, shape));
    const std::string packed = pack(other);
    const TimelineView view = TimelineView::open(view_of(packed));
    uint64_t size = AggregateState::kHeaderBytes;
    for (const Event& event : timeline.events)
      size +=
          shape.is_named ? AggregateState::bytes_for(event.name) : AggregateState::bytes_for(event.number);
    Room first(size);
    for (const Event& event : timeline.events) {
      if (shape.is_named)
        first.state().append(event.time, std::string_view(event.name), event.begins_session);
      else
        first.state().append(event.time, event.number, event.begins_session);
    }
    ASSERT_EQ(first.state().used(), size);
    ASSERT_EQ(first.state().finish(), pack(timeline));
    Room second(AggregateState::kHeaderBytes + AggregateState::bytes_for(view));
    second.state().append(view);
    ASSERT_EQ(second.state().used(), second.bytes.size());
    ASSERT_EQ(second.state().finish(), packed);
    Room both(first.bytes.size() + second.bytes.size() - AggregateState::kHeaderBytes);
    both.state().append(first.state());
    both.state().append(second.state());
    Timeline all = timeline;
    all.events.insert(all.events.end(), other.events.begin(), other.events.end());
    ASSERT_EQ(both.state().finish(), pack(all));
  }
}

TEST(TimelineState, RefusesWhatHasNoPlace) {
  Room room(1000);
  room.state().append({1}, 5, true);
  const std::string both = "a timeline knows its events by number or by name, not both";
  EXPECT_EQ(error_of([&] { room.state().append({1}, std::string_view("a"), false); }), both);
  EXPECT_EQ(error_of([&] { room.state().append({1}, -1, false); }),
            "number of an event in a timeline must not be negative | It is -1.");
  EXPECT_EQ(error_of([&] { room.state().append(Instant::max(), 1, false); }),
            "time of an event in a timeline must be finite | It is infinity.");
  const std::string named = pack({true, {{{1}, "a", 0, false}}});
  EXPECT_EQ(error_of([&] { room.state().append(TimelineView::open(view_of(named))); }), both);
  Room other(1000);
  other.state().append({1}, std::string_view("a"), false);
  EXPECT_EQ(error_of([&] { room.state().append(other.state()); }), both);
  EXPECT_EQ(room.state().finish(), pack({false, {{{1}, "", 5, true}}}));
  EXPECT_EQ(
      error_of([&] { (void)grown_state_size(uint64_t{1} << 30); }),
      "a timeline being aggregated takes more than 1 GB | Its events take 1073741824 bytes before they are "
      "packed.");
  EXPECT_EQ(grown_state_size(12), 64U);
  EXPECT_EQ(grown_state_size(65), 128U);
}

TEST(TimelineState, BrokenBytesAreReadAndWrittenWithinTheirRoom) {
  std::mt19937_64 random(7);
  int finished = 0;
  for (int round = 0; round < 20000; ++round) {
    Room room(12 + random() % 80);
    if (random() % 2 == 0 && room.bytes.size() > 40) {
      room.state().append({1}, std::string_view("abc"), true);
      room.state().append({2}, std::string_view("d"), false);
    }
    for (uint64_t changes = random() % 4; changes > 0; --changes)
      room.bytes[4 + random() % (room.bytes.size() - 4)] =
          static_cast<uint8_t>(random() % 2 == 0 ? random() % 64 : random());
    try {
      (void)room.state().finish();
      ++finished;
      room.state().append({3}, std::string_view("any name"), true);
    } catch (const Error& error) {
      ASSERT_NE(error.category(), Category::Internal) << error.message();
    }
  }
  EXPECT_GT(finished, 1000);
}

}  // namespace
}  // namespace cdp::timeline
