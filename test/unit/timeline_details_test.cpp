#include "base/error.hpp"
#include "timeline/details.hpp"
#include "timeline_random_details.hpp"

#include <functional>
#include <gtest/gtest.h>

namespace cdp::timeline {
namespace {

using namespace testing;

constexpr uint64_t kSeed = 20240313;

std::string packed(const RandomChunk& chunk, PropertyNames& names) {
  return pack_details(chunk.events, chunk.times, names);
}

/// Are these the same down to the digits of every number?
void expect_same(const std::vector<EventDetails>& read, const std::vector<EventDetails>& events) {
  ASSERT_EQ(read.size(), events.size());
  for (size_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(read[i].arrival_no, events[i].arrival_no);
    ASSERT_EQ(read[i].insert_id, events[i].insert_id);
    ASSERT_EQ(read[i].source, events[i].source);
    ASSERT_EQ(read[i].received_at, events[i].received_at);
    for (Json EventDetails::*root : {&EventDetails::properties, &EventDetails::context})
      ASSERT_EQ(exact_text(read[i].*root), exact_text(events[i].*root));
  }
}

/// Checks that the events come back.
std::string expect_round_trip(const RandomChunk& chunk) {
  Names names;
  const std::string bytes = packed(chunk, names);
  expect_same(DetailsView::open(view_of(bytes)).unpack(chunk.times, names), chunk.events);
  return bytes;
}

/// Events with these properties, and nothing else of interest.
RandomChunk with_properties(std::vector<Json> properties) {
  RandomChunk chunk;
  for (size_t i = 0; i < properties.size(); ++i) {
    EventDetails& event = chunk.events.emplace_back();
    event.arrival_no = static_cast<int64_t>(i);
    event.source = "web";
    event.properties = std::move(properties[i]);
    chunk.times.push_back({0});
  }
  return chunk;
}

RandomChunk with_property(std::string_view name, size_t events, const std::function<Json(size_t)>& value) {
  std::vector<Json> properties;
  for (size_t i = 0; i < events; ++i) properties.emplace_back(Json::Object{{std::string(name), value(i)}});
  return with_properties(std::move(properties));
}

/// What `work` throws; Internal if nothing.
template <class Work>
Category category_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.category();
  }
  return Category::Internal;
}

TEST(PackedDetails, RandomEventsComeBackExactly) {
  RandomDetails random(kSeed);
  for (int round = 0; round < 1500; ++round) {
    const RandomChunk chunk = random.chunk(round % 10 == 0 ? 400 : 30);
    SCOPED_TRACE(round);
    Names names;
    const std::string bytes = packed(chunk, names);
    const std::vector<EventDetails> read = DetailsView::open(view_of(bytes)).unpack(chunk.times, names);
    expect_same(read, chunk.events);
    for (size_t i = 0; i < read.size(); ++i) {
      ASSERT_TRUE(read[i].properties == chunk.events[i].properties);
      ASSERT_TRUE(read[i].context == chunk.events[i].context);
    }
    ASSERT_EQ(packed(chunk, names), bytes);
    ASSERT_EQ(pack_details(read, chunk.times, names), bytes);
    if (HasFailure()) return;
  }
}

TEST(PackedDetails, OddValuesComeBackExactly) {
  Json deep(1);
  for (int level = 0; level < 63; ++level)
    deep = level % 2 == 0 ? Json(Json::Array{deep, Json()}) : Json(Json::Object{{"", deep}});
  const Json many_members = [] {
    Json object{Json::Object()};
    for (int i = 0; i < 1000; ++i) object.object()->push_back({"name" + std::to_string(i), Json(i)});
    return object;
  }();
  expect_round_trip(with_properties({Json(Json::Object())}));
  expect_round_trip(with_properties({many_members, Json(Json::Object()), many_members}));
  expect_round_trip(with_property("deep", 3, [&](size_t /*i*/) { return deep; }));
  expect_round_trip(with_property("", 3, [&](size_t i) {
    return Json(Json::Array{many_members, Json(int(i))});
  }));
  expect_round_trip(with_property("\x01\x1f\n", 2, [](size_t i) { return Json(std::string(i, '\x02')); }));
  for (const size_t digits : {17, 18, 19, 20, 40, 131072}) {
    for (const int32_t after : {0, 1, 16383}) {
      std::string text(digits, '7');
      text += after == 0 ? "" : "." + std::string(static_cast<size_t>(after), '3');
      expect_round_trip(
          with_property("number", 2, [&](size_t i) { return Json(*Decimal::parse((i ? "-" : "") + text)); }));
    }
  }
  RandomChunk endless = with_properties({Json(Json::Object()), Json(Json::Object()), Json(Json::Object())});
  endless.times = {Instant::min(), Instant{0}, Instant::max()};
  endless.events[0].received_at = Instant::max();
  endless.events[1].received_at = Instant::min();
  endless.events[0].arrival_no = INT64_MIN;
  endless.events[2].arrival_no = INT64_MAX;
  endless.events[1].insert_id = "";
  endless.events[2].source = "";
  expect_round_trip(endless);
}

TEST(PackedDetails, OfMembersWithOneNameTheLastStays) {
  const Json twice(Json::Object{{"a", Json(1)}, {"b", Json(2)}, {"a", Json("last")}});
  Json many{Json::Object()};
  for (int i = 0; i < 50; ++i) many.object()->push_back({"n" + std::to_string(i % 49), Json(i)});
  const RandomChunk chunk =
      with_properties({twice, Json(Json::Object{{"a", twice}}), Json(Json::Object{{"a", many}}), twice});
  expect_round_trip(chunk);
  Names names;
  const std::string bytes = packed(chunk, names);
  const std::vector<EventDetails> read = DetailsView::open(view_of(bytes)).unpack(chunk.times, names);
  EXPECT_EQ(read[0].properties.object()->size(), 2U);
  EXPECT_EQ(read[0].properties.find("a")->dump(), "\"last\"");
  EXPECT_EQ(read[1].properties.find("a")->object()->size(), 2U);
  EXPECT_EQ(read[2].properties.find("a")->object()->size(), 49U);
  EXPECT_EQ(read[2].properties.find("a")->find("n0")->dump(), "49");
}

TEST(PackedDetails, EveryColumnReadsAsTheWhole) {
  RandomDetails random(kSeed + 1);
  int with_numbers = 0;
  int with_strings = 0;
  int distinct = 0;
  NumberColumn numbers;
  ValueColumn values;
  StringColumn strings;
  for (int round = 0; round < 600; ++round) {
    const RandomChunk chunk = random.chunk(round % 10 == 0 ? 300 : 40);
    Names names(round % 2 == 0 ? 1 : 300000000);
    const std::string bytes = packed(chunk, names);
    const DetailsView view = DetailsView::open(view_of(bytes));
    ASSERT_EQ(view.size(), chunk.events.size());
    const auto check = [&](PropertyRoot root, Json EventDetails::*member) {
      const std::vector<uint32_t> numbers_of_names = view.properties(root);
      ASSERT_TRUE(std::is_sorted(numbers_of_names.begin(), numbers_of_names.end()));
      size_t cells = 0;
      for (const uint32_t name_no : numbers_of_names) {
        ASSERT_TRUE(view.has(root, name_no));
        const std::string name(names.name(name_no));
        const std::vector<std::optional<Json>> column = view.column(root, name_no);
        ASSERT_TRUE(view.values(root, name_no, values));
        distinct += values.values.size() < chunk.events.size() / 4 ? 1 : 0;
        const bool has_numbers = view.numbers(root, name_no, numbers);
        const bool has_strings = view.strings(root, name_no, strings);
        with_numbers += has_numbers ? 1 : 0;
        with_strings += has_strings ? 1 : 0;
        bool all_short_numbers = true;
        bool all_strings = true;
        for (size_t i = 0; i < chunk.events.size(); ++i) {
          const Json* value = (chunk.events[i].*member).find(name);
          ASSERT_EQ(column[i].has_value(), value != nullptr);
          ASSERT_EQ(values.has(i), value != nullptr);
          if (has_numbers) {
            ASSERT_EQ(numbers.has(i), value != nullptr);
          }
          if (has_strings) {
            ASSERT_EQ(strings.has(i), value != nullptr);
          }
          if (value == nullptr) continue;
          ++cells;
          ASSERT_EQ(exact_text(*column[i]), exact_text(*value));
          ASSERT_EQ(exact_text(values.at(i)), exact_text(*value));
          all_strings = all_strings && value->string() != nullptr;
          all_short_numbers = all_short_numbers && value->number() != nullptr && value->number()->digits() &&
                              value->number()->digits()->value <= 1000000000000 &&
                              value->number()->digits()->value >= -1000000000000 &&
                              value->number()->digits()->scale <= 4;
          if (has_numbers) {
            ASSERT_NE(value->number(), nullptr);
            ASSERT_EQ(Decimal::of({numbers.digits[i], numbers.scale}), *value->number());
          }
          if (has_strings) {
            ASSERT_EQ(strings.at(i), *value->string());
          }
        }
        ASSERT_EQ(has_strings, all_strings);
        if (all_short_numbers) {
          ASSERT_TRUE(has_numbers);
        }
      }
      size_t members = 0;
      for (const EventDetails& event : chunk.events) members += (event.*member).object()->size();
      ASSERT_EQ(cells, members);
    };
    check(PropertyRoot::Properties, &EventDetails::properties);
    check(PropertyRoot::Context, &EventDetails::context);
    const std::vector<int64_t> arrivals = view.arrival_numbers();
    const std::vector<Instant> received = view.received_at(chunk.times);
    StringColumn sources;
    view.sources(sources);
    view.insert_ids(strings);
    const StringColumn moved = std::move(strings);
    for (size_t i = 0; i < chunk.events.size(); ++i) {
      ASSERT_EQ(arrivals[i], chunk.events[i].arrival_no);
      ASSERT_EQ(received[i], chunk.events[i].received_at);
      ASSERT_EQ(sources.at(i), chunk.events[i].source);
      ASSERT_EQ(moved.has(i), chunk.events[i].insert_id.has_value());
      if (moved.has(i)) {
        ASSERT_EQ(moved.at(i), *chunk.events[i].insert_id);
      }
    }
    strings = StringColumn();
    ASSERT_FALSE(view.has(PropertyRoot::Properties, 6));
    ASSERT_FALSE(view.numbers(PropertyRoot::Context, UINT32_MAX, numbers));
    ASSERT_FALSE(view.values(PropertyRoot::Context, UINT32_MAX, values));
    if (HasFailure()) return;
  }
  EXPECT_GT(with_numbers, 500);
  EXPECT_GT(with_strings, 500);
  EXPECT_GT(distinct, 500);
}

TEST(PackedDetails, NumbersOfSeveralScalesAreGivenAtTheLargest) {
  const char* const texts[] = {"1.10", "2.5", "-3", "0.125"};
  const RandomChunk chunk = with_property("n", 4, [&](size_t i) { return Json(*Decimal::parse(texts[i])); });
  Names names;
  const std::string bytes = packed(chunk, names);
  NumberColumn column;
  ASSERT_TRUE(DetailsView::open(view_of(bytes)).numbers(PropertyRoot::Properties, 7, column));
  EXPECT_EQ(column.scale, 3);
  EXPECT_EQ(column.digits, (std::vector<int64_t>{1100, 2500, -3000, 125}));
  const RandomChunk apart = with_property("n", 2, [](size_t i) {
    return Json(i == 0 ? Decimal(INT64_MAX) : Decimal::of({1, 1}));
  });
  const std::string far = packed(apart, names);
  EXPECT_FALSE(DetailsView::open(view_of(far)).numbers(PropertyRoot::Properties, 7, column));
}

TEST(PackedDetails, AbsentIsNotNull) {
  Names names;
  const std::string bytes =
      packed(with_properties({Json(Json::Object{{"a", Json()}}), Json(Json::Object())}), names);
  const auto column = DetailsView::open(view_of(bytes)).column(PropertyRoot::Properties, 7);
  ASSERT_TRUE(column[0].has_value());
  EXPECT_TRUE(column[0]->is_null());
  EXPECT_FALSE(column[1].has_value());
}

TEST(PackedDetails, AColumnIsReadFromTheHeadOrASliceOfItsOwn) {
  RandomDetails random(kSeed + 2);
  int outside = 0;
  for (int round = 0; round < 200; ++round) {
    const RandomChunk chunk = random.chunk(600);
    Names names;
    const std::string bytes = packed(chunk, names);
    const ByteView all = view_of(bytes);
    const size_t head = DetailsView::head_bytes(all.first(std::min(all.size(), DetailsView::kPrefixBytes)));
    const DetailsView whole = DetailsView::open(all);
    uint64_t end = head;
    for (const DetailsView::Slice slice : whole.slices()) {
      ASSERT_EQ(slice.offset, end);
      end += slice.length;
    }
    ASSERT_EQ(end, bytes.size());
    for (const PropertyRoot root : {PropertyRoot::Properties, PropertyRoot::Context}) {
      for (const uint32_t name_no : whole.properties(root)) {
        // Bytes of their own, so that a sanitizer sees what is read beyond them.
        const std::string head_alone = bytes.substr(0, head);
        DetailsView view = DetailsView::open_head(view_of(head_alone));
        std::string slice_alone;
        if (const auto slice = view.slice(root, name_no)) {
          ++outside;
          ASSERT_EQ(category_of([&] { view.column(root, name_no); }), Category::Internal);
          slice_alone = bytes.substr(slice->offset, slice->length);
          view.supply(*slice, view_of(slice_alone));
        }
        const auto column = view.column(root, name_no);
        const auto expected = whole.column(root, name_no);
        for (size_t i = 0; i < chunk.events.size(); ++i) {
          ASSERT_EQ(column[i].has_value(), expected[i].has_value());
          if (column[i]) {
            ASSERT_EQ(exact_text(*column[i]), exact_text(*expected[i]));
          }
        }
      }
    }
    const std::string head_alone = bytes.substr(0, head);
    DetailsView view = DetailsView::open_head(view_of(head_alone));
    for (const auto field : {DetailsView::Field::ArrivalNo, DetailsView::Field::InsertId,
                             DetailsView::Field::Source, DetailsView::Field::ReceivedAt})
      if (const auto slice = view.slice(field))
        view.supply(*slice, all.subspan(slice->offset, slice->length));
    ASSERT_EQ(view.arrival_numbers().size(), chunk.events.size());
    ASSERT_EQ(view.received_at(chunk.times)[0], chunk.events[0].received_at);
    StringColumn strings;
    view.sources(strings);
    view.insert_ids(strings);
    if (HasFailure()) return;
  }
  EXPECT_GT(outside, 100);
}

TEST(PackedDetails, WhatIsAbsentEverywhereCostsNothing) {
  for (const size_t size : {25, 1000}) {
    RandomChunk chunk = with_properties(std::vector<Json>(size, Json(Json::Object())));
    for (size_t i = 0; i < size; ++i) {
      chunk.times[i] = Instant{static_cast<int64_t>(i * i)};
      chunk.events[i].received_at = chunk.times[i] + kSecond;
    }
    // Version, checksum, sizes, flags: 9 bytes; arrival numbers 4, source 6, instants of receipt 6.
    EXPECT_LE(expect_round_trip(chunk).size(), 27U);
  }
}

TEST(PackedDetails, WhichEventsHaveAPropertyIsTakenOnceAsBitsOrRuns) {
  RandomDetails random(kSeed + 4);
  const auto size_with = [&](const std::function<bool(size_t)>& has, int properties) {
    std::vector<Json> events(1000, Json(Json::Object()));
    for (size_t i = 0; i < events.size(); ++i)
      for (int p = 0; p < properties && has(i); ++p) events[i].set("property" + std::to_string(p), Json(5));
    return expect_round_trip(with_properties(std::move(events))).size();
  };
  const size_t with_all = size_with([](size_t) { return true; }, 1);
  std::vector<bool> any;
  for (int i = 0; i < 1000; ++i) any.push_back(random.chance(50));
  const size_t with_any = size_with([&](size_t i) { return any[i]; }, 1);
  EXPECT_LE(with_any, with_all + 130);
  EXPECT_LE(size_with([&](size_t i) { return any[i]; }, 10), with_any + 9 * 6 + 1);
  EXPECT_LE(size_with([](size_t i) { return i >= 300 && i < 500; }, 1), with_all + 8);
}

TEST(PackedDetails, OrdinaryEventsAreSmall) {
  RandomDetails random(kSeed + 3);
  const auto bytes_an_event = [&](size_t size, size_t chunks) {
    size_t bytes = 0;
    for (size_t c = 0; c < chunks; ++c) {
      RandomChunk chunk;
      const std::string country{static_cast<char>('A' + random.below(6)),
                                static_cast<char>('A' + random.below(5))};
      int64_t time = 757382400 * kSecond;
      auto arrival = static_cast<int64_t>(random.below(100000000));
      for (size_t i = 0; i < size; ++i) {
        time += static_cast<int64_t>(5000 + random.below(295000)) * kMillisecond;
        arrival += static_cast<int64_t>(1 + random.below(32));
        chunk.times.push_back({time});
        EventDetails& event = chunk.events.emplace_back();
        event.arrival_no = arrival;
        event.source = "web";
        event.received_at = {time + static_cast<int64_t>(50 + random.below(1950)) * kMillisecond};
        event.properties = Json(
            Json::Object{{"price", Json(Decimal::of({static_cast<int64_t>(100 + random.below(49901)), 2}))},
                         {"country", Json(country)}});
      }
      bytes += expect_round_trip(chunk).size();
    }
    return static_cast<double>(bytes) / static_cast<double>(size * chunks);
  };
  EXPECT_LE(bytes_an_event(25, 40), 6.0);
  EXPECT_LE(bytes_an_event(500, 4), 4.5);
}

}  // namespace
}  // namespace cdp::timeline
