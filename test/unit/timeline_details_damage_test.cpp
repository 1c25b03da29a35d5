/// Packed details that are damaged, made up or too large.

#include "base/error.hpp"
#include "timeline/binary_json.hpp"
#include "timeline/compression.hpp"
#include "timeline/details.hpp"
#include "timeline/details_format.hpp"
#include "timeline/integer_stream.hpp"
#include "timeline_random_details.hpp"

#include <functional>
#include <gtest/gtest.h>

namespace cdp::timeline {
namespace {

using namespace testing;

/// What `work` throws; nullopt if nothing.
template <class Work>
std::optional<Category> category_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.category();
  }
  return std::nullopt;
}

RandomChunk with_property(size_t events, const std::function<Json(size_t)>& value) {
  RandomChunk chunk;
  for (size_t i = 0; i < events; ++i) {
    EventDetails& event = chunk.events.emplace_back();
    event.properties = Json(Json::Object{{"name", value(i)}});
    chunk.times.push_back({0});
  }
  return chunk;
}

std::string packed(const RandomChunk& chunk) {
  Names names;
  return pack_details(chunk.events, chunk.times, names);
}

/// Names for any number.
class AnyName : public PropertyNames {
 public:
  uint32_t number(PropertyRoot /*root*/, std::string_view /*name*/) override { return 0; }
  std::string_view name(uint32_t /*number*/) const override { return "name"; }
};

void read_all(const std::string& bytes) {
  const DetailsView view = DetailsView::open(view_of(bytes));
  (void)view.unpack(std::vector<Instant>(view.size()), AnyName());
}

TEST(DamagedDetails, EveryTruncationAndEveryFlippedBitIsAnError) {
  RandomDetails random(20240314);
  RandomChunk large = random.chunk(1);
  while (large.events.size() < 300) large = random.chunk(400);
  const RandomChunk compressed_outside = with_property(
      300, [&](size_t i) { return Json("a sentence, no. " + std::to_string(i * i) + random.hex(3)); });
  for (const RandomChunk& chunk :
       {with_property(1, [](size_t) { return Json(1); }), random.chunk(30), large, compressed_outside,
        with_property(25, [](size_t i) { return Json(int(i * i)); })}) {
    const std::string bytes = packed(chunk);
    ASSERT_EQ(category_of([&] { read_all(bytes); }), std::nullopt);
    ASSERT_EQ(category_of([&] { read_all(bytes + '\0'); }), Category::Corrupt);
    for (size_t size = 0; size < bytes.size(); ++size)
      ASSERT_EQ(category_of([&] { read_all(bytes.substr(0, size)); }), Category::Corrupt) << size;
    for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
      ASSERT_EQ(category_of([&] { read_all(flipped); }), Category::Corrupt) << bit;
    }
  }
}

/// Packed details by hand: a checksum that holds, whatever the body says.
std::string made_up(const std::string& body, const std::string& outside = "") {
  const size_t size = 1 + kChecksumBytes + 3 + body.size();  // its varint has always three bytes
  std::string checked{static_cast<char>(size | 0x80), static_cast<char>(size >> 7 | 0x80),
                      static_cast<char>(size >> 14 & 0x7f)};
  checked += body;
  const uint32_t checksum = checksum_of(view_of(checked));
  std::string bytes(1, static_cast<char>(kDetailsVersion));
  bytes.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  return bytes + checked + outside;
}

struct MadeUpColumn {
  uint8_t encoding;
  std::string bytes;
  uint64_t raw_size = 0;
  std::optional<uint64_t> presence = std::nullopt;
};

/// Details of `events` events: arrival numbers and instants of receipt 0, source "", these properties.
std::string made_up(uint64_t events, const std::vector<MadeUpColumn>& properties,
                    const std::vector<std::string>& presences = {}) {
  std::string body;
  append_varint(body, events);
  body += static_cast<char>(kHasProperties | (presences.empty() ? 0 : kHasPresences));
  append_varint(body, properties.size());
  if (!presences.empty()) append_varint(body, presences.size());
  for (const std::string& presence : presences) body += presence;
  const auto integers = static_cast<char>(Encoding::Integers);
  for (const char encoding : {integers, static_cast<char>(Encoding::Constant), integers}) {
    body += encoding;
    body += '\1';
  }
  std::string bytes("\0\6\0", 3);
  for (const MadeUpColumn& column : properties) {
    body += '\0';
    body += static_cast<char>(column.encoding | (column.raw_size != 0 ? kIsCompressed : 0) |
                              (column.presence ? kIsPartial : 0));
    if (column.presence) append_varint(body, *column.presence);
    append_varint(body, column.bytes.size());
    if (column.raw_size != 0) append_varint(body, column.raw_size);
    bytes += column.bytes;
  }
  return made_up(body + bytes);
}

MadeUpColumn constant(const Json& value) {
  MadeUpColumn column{static_cast<uint8_t>(Encoding::Constant), {}};
  append_value(column.bytes, value);
  return column;
}

TEST(DamagedDetails, MadeUpOnesAreReadWhereTheyAreRight) {
  const std::string bytes = made_up(3, {constant(Json(5)), constant(Json("x"))});
  const DetailsView view = DetailsView::open(view_of(bytes));
  EXPECT_EQ(view.column(PropertyRoot::Properties, 1)[2]->dump(), "\"x\"");
  EXPECT_EQ(category_of([&] { read_all(bytes); }), std::nullopt);
  EXPECT_EQ(category_of([&] {
              read_all(made_up(3, {{0, "\3\2", 0, 0}}, {std::string("\0\5", 2)}));
            }),
            std::nullopt);
}

TEST(DamagedDetails, FewBytesDoNotBecomeManyValues) {
  const std::string long_text(200, 'x');
  const auto read = [](const std::string& bytes) { return category_of([&] { read_all(bytes); }); };
  // Each column alone is within bounds; together they are not.
  EXPECT_EQ(read(made_up(kMaxPackedEvents, std::vector<MadeUpColumn>(5, constant(Json(long_text))))),
            Category::Corrupt);
  EXPECT_EQ(read(made_up(kMaxPackedEvents, std::vector<MadeUpColumn>(3000, constant(Json())))),
            Category::Corrupt);
  const std::string many = made_up(kMaxPackedEvents, {constant(Json(std::string(2000, 'x')))});
  EXPECT_EQ(category_of([&] { (void)DetailsView::open(view_of(many)).column(PropertyRoot::Properties, 0); }),
            Category::Corrupt);
  const auto raw = static_cast<uint8_t>(Encoding::Values);
  // An array of nulls takes a byte a value, and compressed almost none.
  std::string nulls;
  Json::Array items(6000000);
  append_value(nulls, Json(std::move(items)));
  const std::string shorter = compressed(nulls);
  ASSERT_LT(shorter.size(), 2000U);
  EXPECT_EQ(read(made_up(1, {{raw, shorter, nulls.size()}})), Category::Corrupt);
  EXPECT_EQ(read(made_up(1, {{raw, "x", kMaxRawBytes}})), Category::Corrupt);
  EXPECT_EQ(read(made_up(1, {{raw, shorter, kMaxRawBytes + 1}})), Category::Corrupt);
  EXPECT_EQ(read(made_up(1, {{raw, shorter, nulls.size() - 1}})), Category::Corrupt);
  EXPECT_EQ(read(made_up(1, {{raw, shorter, nulls.size() + 1}})), Category::Corrupt);
  const std::vector<MadeUpColumn> large(3, {raw, shorter, kMaxRawBytes});
  EXPECT_EQ(category_of([&] { (void)DetailsView::open(view_of(made_up(1, large))); }), Category::Corrupt);
}

TEST(DamagedDetails, WhatContradictsItselfIsRefused) {
  const auto read = [](uint64_t events, const MadeUpColumn& column,
                       const std::vector<std::string>& presences = {}) {
    return category_of([&] { read_all(made_up(events, {column}, presences)); });
  };
  const auto encoded = [](Encoding encoding, std::string bytes) {
    return MadeUpColumn{static_cast<uint8_t>(encoding), std::move(bytes)};
  };
  EXPECT_EQ(read(0, constant(Json(5))), Category::Corrupt);
  EXPECT_EQ(read(kMaxPackedEvents + 1, constant(Json(5))), Category::Corrupt);
  EXPECT_EQ(read(2, {14, "\3\2"}), Category::Corrupt);                                   // no such encoding
  EXPECT_EQ(read(2, {128, "\3\2"}), Category::Corrupt);                                  // no such flag
  EXPECT_EQ(read(2, {0, "\3\2", 0, 1}, {std::string("\0\1", 2)}), Category::Corrupt);    // no such presence
  EXPECT_EQ(read(2, {0, "\3\2", 0, 0}, {std::string("\0\4", 2)}), Category::Corrupt);    // no such event
  EXPECT_EQ(read(2, {0, "\3\2", 0, 0}, {std::string("\0\0", 2)}), Category::Corrupt);    // of no event
  EXPECT_EQ(read(2, {0, "\3\2", 0, 0}, {std::string("\1\1\2", 3)}), Category::Corrupt);  // no such event
  EXPECT_EQ(read(2, {0, "\3\2", 0, 0}, {std::string("\1\3\0", 3)}), Category::Corrupt);  // no such event
  EXPECT_EQ(read(2, encoded(Encoding::Constant, "\3\2\2")), Category::Corrupt);          // trailing bytes
  EXPECT_EQ(read(2, encoded(Encoding::Constant, "\x0b")), Category::Corrupt);            // no such kind
  EXPECT_EQ(read(2, encoded(Encoding::Constant, "\xf4\x80\x80\x01\2")), Category::Corrupt);  // scale 16,384
  EXPECT_EQ(read(2, encoded(Encoding::Constant,
                            "\x35"
                            "1e5")),
            Category::Corrupt);  // an exponent
  EXPECT_EQ(read(2, encoded(Encoding::Constant,
                            "\x35"
                            "1-5")),
            Category::Corrupt);  // no number
  EXPECT_EQ(read(2, encoded(Encoding::Constant, std::string(1001, '\x19') + '\0')), Category::Corrupt);
  EXPECT_EQ(read(2, encoded(Encoding::Constant, std::string(1000, '\x19') + '\0')), std::nullopt);
  EXPECT_EQ(read(2, encoded(Encoding::Constant, "\xf9\xff\xff\xff\xff\x0f")), Category::Corrupt);  // items
  EXPECT_EQ(read(2, encoded(Encoding::Integers,
                            "\1\x41"
                            "123456789012345678")),
            Category::Corrupt);                                                // 65 bits
  EXPECT_EQ(read(2, encoded(Encoding::Integers, "\6")), Category::Corrupt);    // no such form
  EXPECT_EQ(read(2, encoded(Encoding::Integers, "\x30")), Category::Corrupt);  // no such base
  EXPECT_EQ(read(3, encoded(Encoding::Integers, std::string("\4\2\4\2\1\2\0\2\0\1\1\3", 12))),
            Category::Corrupt);  // nests
  EXPECT_EQ(read(3, encoded(Encoding::Integers, std::string("\4\4\0", 3))),
            Category::Corrupt);  // more than there are
  EXPECT_EQ(read(3, encoded(Encoding::Integers, std::string("\4\3\x18\0\x10\2\x3f", 7))),
            Category::Corrupt);  // code 3
  EXPECT_EQ(read(3, encoded(Encoding::Integers, std::string("\4\3\x18\0\x10\2\x24", 7))), Category::Corrupt);
  EXPECT_EQ(read(3, encoded(Encoding::Integers, std::string("\5\1\0\x10\4", 5))),
            Category::Corrupt);  // 2 of 3
  EXPECT_EQ(read(2, encoded(Encoding::Integers, std::string("\5\1\0\x10\4", 5))), std::nullopt);
  EXPECT_EQ(read(2, encoded(Encoding::Integers, std::string("\5\1\0\x10\6", 5))),
            Category::Corrupt);  // 3 of 2
  EXPECT_EQ(read(2, encoded(Encoding::Decimals, std::string("\x80\x80\1\0", 4))),
            Category::Corrupt);  // scale 16,384
  EXPECT_EQ(read(2, encoded(Encoding::MixedDecimals, std::string("\x10\1\0", 3))),
            Category::Corrupt);  // scale -1
  EXPECT_EQ(read(2, encoded(Encoding::Dictionary, std::string("\0\0", 2))), Category::Corrupt);
  EXPECT_EQ(read(2, encoded(Encoding::Dictionary, std::string("\1\0\x10\2", 4))),
            Category::Corrupt);  // code 1
  EXPECT_EQ(read(2, encoded(Encoding::Dictionary, std::string("\1\0\0", 3))), std::nullopt);
  EXPECT_EQ(read(2, encoded(Encoding::Strings, std::string("\x10\1", 2))), Category::Corrupt);  // length -1
  EXPECT_EQ(read(2, encoded(Encoding::HexStrings, "\3\x12\x34")), Category::Corrupt);  // three digits
  EXPECT_EQ(read(2, encoded(Encoding::HexStrings, std::string("\0", 1))), Category::Corrupt);
  EXPECT_EQ(read(2, encoded(Encoding::Uuids, std::string(31, 'x'))), Category::Corrupt);
  EXPECT_EQ(read(2, encoded(Encoding::Mixed, "\x10\x0c")), Category::Corrupt);  // kind 6
  EXPECT_EQ(read(2, encoded(Encoding::Mixed, std::string("\x10\6\x0c\3\x10\0\0", 7))),
            Category::Corrupt);  // nests
  EXPECT_EQ(read(2, encoded(Encoding::Mixed, std::string("\x10\6\x01\2\x10\2", 6))), std::nullopt);
  EXPECT_EQ(read(2, encoded(Encoding::Delays, std::string("\0", 1))), Category::Corrupt);  // of a property
}

TEST(DetailsLimits, ThereAreOneTo65536Events) {
  EXPECT_EQ(category_of([] { packed({}); }), Category::Limit);
  RandomChunk chunk = with_property(kMaxPackedEvents, [](size_t i) { return Json(static_cast<int64_t>(i)); });
  EXPECT_EQ(category_of([&] { read_all(packed(chunk)); }), std::nullopt);
  chunk.events.emplace_back();
  chunk.times.emplace_back();
  EXPECT_EQ(category_of([&] { packed(chunk); }), Category::Limit);
}

TEST(DetailsLimits, PropertiesAndContextAreObjects) {
  for (Json EventDetails::*root : {&EventDetails::properties, &EventDetails::context}) {
    RandomChunk chunk = with_property(2, [](size_t) { return Json(1); });
    chunk.events[1].*root = Json(Json::Array());
    EXPECT_EQ(category_of([&] { packed(chunk); }), Category::BadValue);
  }
}

TEST(DetailsLimits, NestingEndsAtAThousandLevels) {
  const auto nested = [](int levels) {
    Json value(1);
    for (int i = 0; i < levels; ++i) value = Json(Json::Array{std::move(value)});
    return with_property(2, [&](size_t) { return value; });
  };
  EXPECT_EQ(category_of([&] { read_all(packed(nested(999))); }), std::nullopt);  // the properties are a level
  EXPECT_EQ(category_of([&] { packed(nested(1000)); }), Category::Limit);
}

TEST(DetailsLimits, ValuesOf64MegabytesAreTooManyTogether) {
  // Weighed alike when they are packed and read: what can be packed comes back.
  const std::string text((size_t{1} << 20) - 1024, 'x');
  const auto chunk = [&](size_t events, bool is_constant) {
    return with_property(events, [&, is_constant](size_t i) {
      return Json(text + (is_constant ? std::string() : std::to_string(i % 40)));
    });
  };
  EXPECT_EQ(category_of([&] { read_all(packed(chunk(64, true))); }), std::nullopt);
  EXPECT_EQ(category_of([&] { read_all(packed(chunk(64, false))); }), std::nullopt);
  EXPECT_EQ(category_of([&] { packed(chunk(65, true)); }), Category::Limit);
  EXPECT_EQ(category_of([&] { packed(chunk(65, false)); }), Category::Limit);
}

TEST(DetailsLimits, TheLargestMessagesFit) {
  RandomDetails random(20240315);
  const auto fits = [](const Json& properties) {
    RandomChunk chunk;
    chunk.events.resize(2);
    chunk.times.resize(2);
    chunk.events[0].properties = properties;
    Names names;
    const std::string bytes = pack_details(chunk.events, chunk.times, names);
    const auto read = DetailsView::open(view_of(bytes)).unpack(chunk.times, names);
    EXPECT_EQ(exact_text(read[0].properties), exact_text(properties));
    EXPECT_TRUE(read[1].properties.object()->empty());
  };
  const auto thousand = [&](auto&& value) {
    Json::Object members;
    for (int i = 0; i < 1000; ++i) members.push_back({"property " + std::to_string(i), value()});
    return Json(std::move(members));
  };
  fits(thousand([&] { return Json(random.hex(1000)); }));
  fits(thousand([&] { return Json(*Decimal::parse("1e900")); }));
  fits(thousand([&] { return Json(Json::Array(500)); }));
  fits(thousand([&] { return random.value(5); }));
  fits(Json(Json::Object{{"numbers", Json(Json::Array(520000, Json(0)))}}));
  fits(Json(Json::Object{{"numbers", Json(Json::Array(100, Json(*Decimal::parse("1e4931"))))}}));
  fits(Json(Json::Object{{"text", Json(std::string(1 << 20, 'x'))}}));
}

}  // namespace
}  // namespace cdp::timeline
