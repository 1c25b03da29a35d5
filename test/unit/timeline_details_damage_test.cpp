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
  RandomChunk large;
  for (size_t size = 0; size < 1500 || size > 2500; size = packed(large).size()) large = random.chunk(200);
  const RandomChunk compressed_outside = with_property(
      60, [&](size_t i) { return Json("a sentence, no. " + std::to_string(i * i) + random.hex(3)); });
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
std::string made_up(const std::string& body) {
  const size_t size = 1 + kChecksumBytes + 3 + body.size();  // its varint has always three bytes
  std::string checked{static_cast<char>(size | 0x80), static_cast<char>(size >> 7 | 0x80),
                      static_cast<char>(size >> 14 & 0x7f)};
  checked += body;
  const uint32_t checksum = checksum_of(view_of(checked));
  std::string bytes(1, static_cast<char>(kDetailsVersion));
  bytes.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  return bytes + checked;
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
  // One value of a dictionary, again and again.
  MadeUpColumn dictionary{static_cast<uint8_t>(Encoding::Dictionary), "\1"};
  append_string_value(dictionary.bytes, std::string(2000, 'x'));
  dictionary.bytes += '\0';
  EXPECT_EQ(read(made_up(kMaxPackedEvents, {dictionary})), Category::Corrupt);
  EXPECT_EQ(read(made_up(1000, {dictionary})), std::nullopt);
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

std::string bytes_of(std::initializer_list<int> bytes) {
  std::string result;
  for (const int byte : bytes) result += static_cast<char>(byte);
  return result;
}

MadeUpColumn encoded(Encoding encoding, const std::string& bytes) {
  return {static_cast<uint8_t>(encoding), bytes};
}

/// The number 1, of some of the events.
MadeUpColumn partial(uint64_t presence) { return {0, bytes_of({3, 2}), 0, presence}; }

/// A column by hand; all but the first of each kind contradict themselves.
struct Contradiction {
  const char* what;
  bool is_right;
  uint64_t events;
  MadeUpColumn column;
  std::vector<std::string> presences = {};
};

TEST(DamagedDetails, WhatContradictsItselfIsRefused) {
  const std::string uuid(16, 'x');
  const MadeUpColumn partial_uuid{static_cast<uint8_t>(Encoding::Uuids), uuid, 0, 0};
  const auto array_levels = [](size_t levels) { return std::string(levels, '\x19') + '\0'; };
  const auto constant_of = [](const std::string& bytes) { return encoded(Encoding::Constant, bytes); };
  const auto integers = [](std::initializer_list<int> bytes) {
    return encoded(Encoding::Integers, bytes_of(bytes));
  };
  const Contradiction contradictions[] = {
      {"a constant", true, 2, constant_of(bytes_of({3, 2}))},
      {"too many events", false, kMaxPackedEvents + 1, constant_of(bytes_of({3, 2}))},
      {"an unknown encoding", false, 2, {14, bytes_of({3, 2})}},
      {"an unknown flag", false, 2, {128, bytes_of({3, 2})}},
      {"trailing bytes", false, 2, constant_of(bytes_of({3, 2, 2}))},

      {"a presence of bits", true, 2, partial(0), {bytes_of({0, 1})}},
      {"an unknown presence", false, 2, partial(1000000), {bytes_of({0, 1})}},
      {"a bit too many", false, 2, partial(0), {bytes_of({0, 4})}},
      {"a presence of runs", true, 2, partial(0), {bytes_of({1, 1, 1})}},
      {"a run too long", false, 2, partial(0), {bytes_of({1, 1, 2})}},
      {"a run too late", false, 2, partial(0), {bytes_of({1, 3, 1})}},
      {"a UUID of one event", true, 2, partial_uuid, {bytes_of({0, 1})}},
      {"a UUID of no event", false, 2, partial_uuid, {bytes_of({0, 0})}},

      {"an unknown kind of value", false, 2, constant_of(bytes_of({11}))},
      {"16,383 digits after the point", true, 2, constant_of(bytes_of({0xf4, 0xff, 0x7f, 2}))},
      {"16,384 digits after the point", false, 2, constant_of(bytes_of({0xf4, 0x80, 0x80, 1, 2}))},
      {"a number", true, 2, constant_of("\x35" + std::string("105"))},
      {"a number with an exponent", false, 2, constant_of("\x35" + std::string("1e5"))},
      {"a number that is none", false, 2, constant_of("\x35" + std::string("1-5"))},
      {"a thousand levels", true, 2, constant_of(array_levels(1000))},
      {"a level more", false, 2, constant_of(array_levels(1001))},
      {"an array that ends too early", false, 2, constant_of(bytes_of({0xf9, 0xff, 0xff, 0xff, 0xff, 15}))},
      {"a string that ends too early", false, 2, constant_of(bytes_of({0x26, 'x'}))},

      {"integers of 64 bits", true, 2, encoded(Encoding::Integers, bytes_of({1, 64}) + uuid)},
      {"integers of 65 bits", false, 2, encoded(Encoding::Integers, bytes_of({1, 65}) + uuid + 'x')},
      {"an unknown form of integers", false, 2, integers({6, 1, 0, 0x10, 4})},
      {"an unknown base of integers", false, 2, integers({0x30})},
      {"a dictionary of integers", true, 3, integers({4, 3, 0x18, 0, 2, 0x24})},
      {"a code too large", false, 3, integers({4, 3, 0x18, 0, 2, 0x3f})},
      {"more in the dictionary than there are", false, 3, integers({4, 4, 0x18, 0, 2, 0x24})},
      {"nothing in the dictionary", false, 3, integers({4, 0, 0, 0})},
      {"a dictionary of a dictionary", false, 3, integers({4, 3, 4, 1, 0, 0x24})},
      {"runs", true, 2, integers({5, 1, 0, 0x10, 4})},
      {"runs too short", false, 3, integers({5, 1, 0, 0x10, 4})},
      {"runs too long", false, 2, integers({5, 1, 0, 0x10, 0x80, 0x89, 0x7a})},
      {"runs of no length", false, 2, integers({5, 1, 0, 0x10, 0})},

      {"decimals", true, 2, encoded(Encoding::Decimals, bytes_of({0xff, 0x7f, 0}))},
      {"decimals of too many digits", false, 2, encoded(Encoding::Decimals, bytes_of({0x80, 0x80, 1, 0}))},
      {"mixed decimals", true, 2, encoded(Encoding::MixedDecimals, bytes_of({0x10, 2, 0}))},
      {"mixed decimals of -1 digits", false, 2, encoded(Encoding::MixedDecimals, bytes_of({0x10, 1, 0}))},
      {"a dictionary", true, 2, encoded(Encoding::Dictionary, bytes_of({1, 0, 0}))},
      {"an empty dictionary", false, 2, encoded(Encoding::Dictionary, bytes_of({0, 0}))},
      {"a code that the dictionary lacks", false, 2,
       encoded(Encoding::Dictionary, bytes_of({1, 0, 0x10, 0x80, 0x89, 0x7a}))},
      {"strings", true, 2, encoded(Encoding::Strings, bytes_of({0x10, 2, 'x', 'y'}))},
      {"strings of length -1", false, 2, encoded(Encoding::Strings, bytes_of({0x10, 1}))},
      {"hexadecimal digits", true, 2, encoded(Encoding::HexStrings, bytes_of({2, 0x12, 0x34}))},
      {"three hexadecimal digits", false, 2, encoded(Encoding::HexStrings, bytes_of({3, 0x12, 0x34}))},
      {"no hexadecimal digits", false, 2, encoded(Encoding::HexStrings, bytes_of({0}))},
      {"a UUID too short", false, 2, encoded(Encoding::Uuids, std::string(31, 'x'))},
      {"mixed values", true, 2, encoded(Encoding::Mixed, bytes_of({0x10, 6, 1, 2, 0x10, 2}))},
      {"an unknown kind of mixed values", false, 2, encoded(Encoding::Mixed, bytes_of({0x10, 12}))},
      {"mixed values of mixed values", false, 2,
       encoded(Encoding::Mixed, bytes_of({0x10, 6, 12, 5, 0x10, 6, 1, 1, 0}))},
      {"delays of a property", false, 2, encoded(Encoding::Delays, bytes_of({0}))},
  };
  for (const Contradiction& c : contradictions) {
    const std::string bytes = made_up(c.events, {c.column}, c.presences);
    EXPECT_EQ(category_of([&] { read_all(bytes); }),
              c.is_right ? std::nullopt : std::optional(Category::Corrupt))
        << c.what;
  }
  for (const std::string& bytes : {made_up(0, {}), made_up(2, {{14, bytes_of({3, 2})}})})
    EXPECT_EQ(category_of([&] { (void)DetailsView::open(view_of(bytes)); }), Category::Corrupt);
}

TEST(Compression, GivesBackTheSizeThatItWasGivenOrNothing) {
  std::string raw;
  for (int i = 0; i < 1000; ++i) raw += "text that repeats " + std::to_string(i % 10);
  const std::string stored = compressed(raw);
  EXPECT_LT(stored.size(), 1000U);
  EXPECT_EQ(decompressed(view_of(stored), raw.size()), raw);
  const auto category = [&](const std::string& bytes, uint64_t size) {
    return category_of([&] { (void)decompressed(view_of(bytes), size); });
  };
  EXPECT_EQ(category(stored, raw.size() - 1), Category::Corrupt);
  EXPECT_EQ(category(stored, raw.size() + 1), Category::Corrupt);
  EXPECT_EQ(category(stored.substr(0, stored.size() - 1), raw.size()), Category::Corrupt);
  EXPECT_EQ(category(stored + 'x', raw.size()), Category::Corrupt);
  EXPECT_EQ(category("", 0), Category::Corrupt);
  // What cannot be true is refused before memory is taken for it.
  const auto message = [&](const std::string& bytes, uint64_t size) {
    try {
      (void)decompressed(view_of(bytes), size);
    } catch (const Error& error) {
      return error.message();
    }
    return std::string();
  };
  EXPECT_NE(message("x", kMaxRawBytes).find("too many bytes"), std::string::npos);
  EXPECT_NE(message(std::string(100000, 'x'), kMaxRawBytes + 1).find("too many bytes"), std::string::npos);
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
  const auto thousand = [](const std::function<Json()>& value) {
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
