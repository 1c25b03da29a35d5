/// The encodings of packed details: each is taken where it is the shortest, and gives back what it was given.

#include "timeline/column.hpp"
#include "timeline/compression.hpp"
#include "timeline/integer_stream.hpp"
#include "timeline_random_details.hpp"

#include <functional>
#include <gtest/gtest.h>

namespace cdp::timeline {
namespace {

using namespace testing;

/// Checks that the numbers come back; returns how many bytes they took.
size_t size_of(const std::vector<int64_t>& numbers) {
  std::string bytes = "before";
  append_integers(bytes, numbers);
  bytes.erase(0, 6);
  ByteReader reader(view_of(bytes), "stream");
  EXPECT_EQ(read_integers(reader, numbers.size()), numbers);
  EXPECT_EQ(reader.remaining(), 0U);
  return bytes.size();
}

std::vector<int64_t> made(size_t size, const std::function<int64_t(size_t)>& number) {
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < size; ++i) numbers.push_back(number(i));
  return numbers;
}

TEST(IntegerStream, AnyNumbersComeBack) {
  RandomDetails random(20240316);
  for (int round = 0; round < 20000; ++round) {
    const std::vector<int64_t> numbers = random.integers(random.below(round % 50 == 0 ? 3000 : 40));
    ASSERT_LE(size_of(numbers), 9 * numbers.size() + 12);
    if (HasFailure()) return;
  }
  size_of({INT64_MIN, INT64_MAX, INT64_MIN, 0, -1, INT64_MAX});
  size_of({INT64_MIN, INT64_MIN});
  size_of({INT64_MAX - 1, INT64_MIN + 1, INT64_MAX - 1, 1});
  size_of({-3000, -1000, -7000, 5000, INT64_MIN / 1000 * 1000});
}

TEST(IntegerStream, TakesTheShortestForm) {
  RandomDetails random(20240317);
  const auto below = [&](uint64_t bound) { return static_cast<int64_t>(random.below(bound)); };
  EXPECT_EQ(size_of({}), 0U);
  EXPECT_EQ(size_of(made(1000, [](size_t) { return 0; })), 1U);
  EXPECT_EQ(size_of(made(1000, [](size_t) { return 1000; })), 3U);
  EXPECT_LE(size_of(made(1000, [](size_t i) { return 1000000 + 7 * static_cast<int64_t>(i); })), 5U);
  // From a base, of 10 bits; with a common divisor; ascending by 5 bits.
  EXPECT_LE(size_of(made(1000, [&](size_t) { return 1000000 + below(1024); })), 1250U + 5);
  EXPECT_LE(size_of(made(1000, [&](size_t) { return -123 + 1000 * below(1024); })), 1250U + 8);
  int64_t last = 5000000;
  EXPECT_LE(size_of(made(1000, [&](size_t) { return last += 1 + below(32); })), 625U + 8);
  EXPECT_LE(size_of(made(1000, [&](size_t) { return last += 1000 * (1 + below(32)); })), 625U + 11);
  EXPECT_EQ(size_of({1, 200}), 4U);
  // A few that are large among small ones: two widths, and four.
  EXPECT_LE(size_of(made(1000, [&](size_t i) { return i % 100 == 0 ? below(1 << 30) : below(8); })),
            375U + 125 + 50);
  EXPECT_LE(size_of(made(1000, [&](size_t i) { return below(1 << 5 * (1 + i % 4)); })), 250U + 1563 + 20);
  EXPECT_LE(size_of(made(1000, [&](size_t i) { return i % 100 == 0 ? -below(1 << 30) : below(8) - 4; })),
            375U + 125 + 60);
  // Few that are far apart, and runs.
  EXPECT_LE(size_of(made(1000, [&](size_t) { return (below(4) * 0x123456789abc) ^ 0x5555; })), 250U + 40);
  std::vector<int64_t> runs;
  for (int run = 0; run < 10; ++run)
    runs.insert(runs.end(), 100 + random.below(100), below(int64_t{1} << 40));
  EXPECT_LE(size_of(runs), 10U * 6 + 30);
}

/// Checks that the values come back in the encoding that is expected; returns how many bytes they took.
size_t size_of(Encoding expected, const std::vector<Json>& values) {
  std::vector<const Json*> pointers;
  for (const Json& value : values) pointers.push_back(&value);
  const EncodedColumn column = encode_values(pointers);
  EXPECT_EQ(column.encoding, expected) << values[0].dump() << " " << values.back().dump();
  const std::string raw =
      column.raw_size == 0 ? column.bytes : decompressed(view_of(column.bytes), column.raw_size);
  std::vector<Json> read;
  Allowance allowance(kMaxRawBytes);
  read_column(column.encoding, view_of(raw), values.size(), allowance, read);
  EXPECT_EQ(read.size(), values.size());
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(exact_text(read[i]), exact_text(values[i]));
  return column.bytes.size();
}

std::vector<Json> made_values(size_t size, const std::function<Json(size_t)>& value) {
  std::vector<Json> values;
  for (size_t i = 0; i < size; ++i) values.push_back(value(i));
  return values;
}

Json decimal(const std::string& text) { return Json(*Decimal::parse(text)); }

TEST(Column, TakesTheShortestEncoding) {
  RandomDetails random(20240318);
  const auto text = [&](uint64_t bound) { return std::to_string(random.below(bound)); };
  const Json object(Json::Object{{"a", Json(1)}, {"b", Json("text")}});
  EXPECT_EQ(size_of(Encoding::Constant, made_values(100, [](size_t) { return Json("DE"); })), 3U);
  EXPECT_EQ(size_of(Encoding::Constant, made_values(100, [](size_t) { return Json(); })), 1U);
  EXPECT_EQ(size_of(Encoding::Constant, made_values(100, [](size_t) { return Json(true); })), 1U);
  EXPECT_LE(size_of(Encoding::Constant, made_values(100, [&](size_t) { return object; })), 12U);
  EXPECT_LE(size_of(Encoding::Integers, made_values(80, [&](size_t) { return decimal(text(1000)); })), 105U);
  EXPECT_LE(size_of(Encoding::Decimals, made_values(80, [&](size_t) { return decimal(text(10) + ".10"); })),
            60U);
  EXPECT_LE(
      size_of(Encoding::ShortestDecimals, {decimal("1.5"), decimal("2"), decimal("0.25"), decimal("-7.1")}),
      10U);
  EXPECT_LE(
      size_of(Encoding::MixedDecimals, {decimal("1.5"), decimal("2.0"), decimal("0.250"), decimal("1e-30")}),
      16U);
  EXPECT_EQ(size_of(Encoding::Booleans, made_values(100, [](size_t i) { return Json(i % 3 == 0); })), 13U);
  EXPECT_LE(size_of(Encoding::Dictionary, made_values(200, [&](size_t) { return Json("word " + text(8)); })),
            135U);
  EXPECT_LE(size_of(Encoding::Dictionary,
                    made_values(200, [&](size_t) { return Json(Json::Array{decimal(text(4))}); })),
            70U);
  EXPECT_LE(size_of(Encoding::Strings,
                    made_values(
                        5, [&](size_t i) { return Json(std::string(i, 'x').append("yz").append(text(9))); })),
            50U);
  EXPECT_LE(size_of(Encoding::HexStrings, made_values(50, [&](size_t) { return Json(random.hex(20)); })),
            501U);
  EXPECT_EQ(size_of(Encoding::Uuids, made_values(50, [&](size_t) { return Json(random.uuid()); })), 800U);
  EXPECT_LE(size_of(Encoding::DigitStrings, made_values(50, [&](size_t) { return Json(text(1000)); })), 70U);
  EXPECT_LE(size_of(Encoding::Values, made_values(9,
                                                  [&](size_t i) {
                                                    return Json(Json::Array{Json(int(i)), Json("y")});
                                                  })),
            50U);
  EXPECT_LE(size_of(Encoding::Mixed,
                    made_values(80, [&](size_t i) { return i % 4 == 0 ? Json() : decimal(text(1000)); })),
            100U);
  EXPECT_EQ(size_of(Encoding::Constant, made_values(100, [](size_t) { return Json(1000000); })), 4U);
  // A string that looks like another kind is none.
  size_of(Encoding::Strings, {Json("01"), Json("5"), Json("123")});
  size_of(Encoding::Strings, {Json("9223372036854775808"), Json("5"), Json("123")});
  size_of(Encoding::Strings, {Json("01"), Json("1x"), Json("-1"), Json("")});
  size_of(Encoding::Strings, {Json("1234567890123456789x"), Json("9223372036854775808")});
  std::string upper = random.uuid();
  upper[0] = 'A';
  size_of(Encoding::Strings, {Json(upper), Json(random.uuid())});
  size_of(Encoding::Strings, {Json("ABCDEF0123"), Json("abcdef0123")});
  // Text that repeats itself is compressed.
  EXPECT_LE(
      size_of(Encoding::Strings,
              made_values(50, [&](size_t) { return Json("https://example.com/item/" + text(100000)); })),
      300U);
}

TEST(Column, UuidsAndHexDigitsThatRepeatTakeHalfTheirText) {
  RandomDetails random(20240319);
  const std::string uuid = random.uuid();
  const std::string hex = random.hex(40);
  EXPECT_EQ(size_of(Encoding::Constant, made_values(5, [&](size_t) { return Json(uuid); })), 17U);
  EXPECT_EQ(size_of(Encoding::Constant, made_values(5, [&](size_t) { return Json(hex); })), 22U);
  EXPECT_LE(
      size_of(Encoding::Dictionary, made_values(20, [&](size_t i) { return Json(i % 2 == 0 ? uuid : hex); })),
      46U);
}

}  // namespace
}  // namespace cdp::timeline
