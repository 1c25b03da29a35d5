#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/json_parse.hpp"
#include "base/time.hpp"

#include <gtest/gtest.h>
#include <random>
#include <set>

namespace cdp {
namespace {

std::string printed(std::string_view text) { return Decimal::parse(text).value().to_string(); }

TEST(Decimal, PrintsAsNumericDoes) {
  EXPECT_EQ(printed("1.50"), "1.50");
  EXPECT_EQ(printed("-0.05"), "-0.05");
  EXPECT_EQ(printed("1e3"), "1000");
  EXPECT_EQ(printed("1.50e1"), "15.0");
  EXPECT_EQ(printed("15e-3"), "0.015");
  EXPECT_EQ(printed("-0"), "0");
  EXPECT_EQ(printed("00123456789012345678901234567890.10"), "123456789012345678901234567890.10");
  EXPECT_EQ(printed("-9223372036854775808"), "-9223372036854775808");
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (const char* text : {"", "-", ".", "1e", "1e+", "0x1", "1 ", " 1", "1.2.3", "nan", "--1"})
    EXPECT_FALSE(Decimal::parse(text).has_value()) << text;
  EXPECT_THROW(Decimal::parse("1e131072"), Error);
  EXPECT_THROW(Decimal::parse("1e-16384"), Error);
  EXPECT_EQ(Decimal::parse("1e131071")->to_string().size(), 131072U);
}

TEST(Decimal, AddsAndComparesAsWideIntegersDo) {
  std::mt19937_64 random(20240313);
  for (int round = 0; round < 20000; ++round) {
    // Values of up to 17 digits at scale 9 and scale 2 compared through 128-bit integers.
    const int64_t a = static_cast<int64_t>(random()) >> (random() % 60 + 3);
    const int64_t b = static_cast<int64_t>(random()) >> (random() % 60 + 3);
    const Decimal x = *Decimal::parse(std::to_string(a) + "e-9");
    const Decimal y = *Decimal::parse(std::to_string(b) + "e-2");
    const __int128 wide_a = a;
    const __int128 wide_b = static_cast<__int128>(b) * 10000000;
    EXPECT_EQ(x < y, wide_a < wide_b) << a << " " << b;
    EXPECT_EQ((x + y) - y, x) << a << " " << b;
    EXPECT_EQ(x * y, y * x);
    EXPECT_EQ((x + y) * Decimal(3), x * Decimal(3) + y * Decimal(3));
  }
}

TEST(Decimal, CarriesBetweenLimbs) {
  EXPECT_EQ((*Decimal::parse("999999999999999999999999999") + Decimal(1)).to_string(),
            "1000000000000000000000000000");
  EXPECT_EQ((*Decimal::parse("1000000000000000000000000000") - Decimal(1)).to_string(),
            "999999999999999999999999999");
  EXPECT_EQ((*Decimal::parse("99999999999999999999") * *Decimal::parse("-99999999999999999999")).to_string(),
            "-9999999999999999999800000000000000000001");
  EXPECT_EQ((*Decimal::parse("0.1") + *Decimal::parse("0.2")), *Decimal::parse("0.30"));
}

TEST(Decimal, ComesBackFromItsDigits) {
  for (const char* text :
       {"0", "0.00", "1.10", "-1.1", "123456789.987654321", "-9223372036854775807", "0.000001"}) {
    const Decimal number = *Decimal::parse(text);
    EXPECT_EQ(Decimal::of(*number.digits()).to_string(), text);
  }
  EXPECT_EQ(Decimal::of({1, Decimal::kMaxScale}), *Decimal::parse("1e-16383"));
}

TEST(Decimal, GivesTheNearestDouble) {
  for (const char* text :
       {"0.1", "12.34", "-12.340", "9007199254740992", "9007199254740993.5", "0.0000000000000000000001",
        "1.7976931348623157", "123456789.987654321", "-0.3", "2.5e-30"})
    EXPECT_EQ(Decimal::parse(text)->to_double(), std::strtod(text, nullptr)) << text;
}

TEST(Json, IsReadQuicklyAsCarefully) {
  for (const char* text :
       {"{}", "[]", " [ ] ", R"({"a":{"b":[1,-2.50,true,false,null,"x\u00e9\ud83d\ude00\n"]},"":[]})",
        R"([0,-0,0.10,123456789012345678901234567890,"\"\\\/\b\f\r\t"])",
        R"({"a":1,"b":{"a":1,"a":2},"a":[3]})"}) {
    const std::optional<Json> quick = read_json_quickly(text, 64);
    ASSERT_TRUE(quick) << text;
    EXPECT_EQ(quick->dump(), read_json_carefully(text, 64).dump()) << text;
  }
  const std::string zero_inside("[\"\0\"]", 5);
  for (const std::string& text : {std::string(),
                                  std::string("1"),
                                  std::string("[1,]"),
                                  std::string("[,1]"),
                                  std::string("[1 2]"),
                                  std::string("[01]"),
                                  std::string("[1.]"),
                                  std::string("[.5]"),
                                  std::string("[+1]"),
                                  std::string("[-]"),
                                  std::string("[1e2]"),
                                  std::string("[tru]"),
                                  std::string("[truee]"),
                                  std::string("[nul]"),
                                  std::string("[\"a]"),
                                  std::string("[\"\\ud800\"]"),
                                  std::string("[\"\\udc00\"]"),
                                  std::string("[\"\\x\"]"),
                                  std::string("[\"\\u0000\"]"),
                                  std::string("[\"\xff\"]"),
                                  std::string("[\"\n\"]"),
                                  zero_inside,
                                  std::string("{\"a\"}"),
                                  std::string("{\"a\":}"),
                                  std::string("{\"a\":1,}"),
                                  std::string("{a:1}"),
                                  std::string("{1:1}"),
                                  std::string("{\"a\":1"),
                                  std::string("[1"),
                                  std::string("[1]]"),
                                  std::string("[1] x"),
                                  std::string("[1}"),
                                  std::string("{\"a\":1]"),
                                  std::string("[1]["),
                                  std::string("{\"a\" 1}"),
                                  std::string("{\"a\":1 \"b\":2}"),
                                  "[" + std::string(65, '1') + "]",
                                  std::string(65, '[') + std::string(65, ']')})
    EXPECT_FALSE(read_json_quickly(text, 64)) << text;
  EXPECT_TRUE(read_json_quickly(std::string(64, '[') + std::string(64, ']'), 64));
}

TEST(Json, KeepsNumbersExact) {
  EXPECT_EQ(parse_json("[1.10, 12345678901234567890.5, 1e30, -0.0]").dump(),
            "[1.10,12345678901234567890.5,1000000000000000000000000000000,0.0]");
  EXPECT_EQ(parse_json("1e400").dump().size(), 401U);
  EXPECT_THROW(parse_json("1e5000"), Error);  // the JSON reader ends where a long double does
  EXPECT_EQ(parse_json(" {\"a\":[true,null,\"x\\u00e9\\n\"]} ").dump(),
            "{\"a\":[true,null,\"x\xc3\xa9\\n\"]}");
}

TEST(Json, KeepsTheLastOfRepeatedNames) {
  EXPECT_EQ(parse_json(R"({"a":1,"b":2,"a":3})").dump(), R"({"a":3,"b":2})");
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"k" + std::to_string(i % 50) + "\":" + std::to_string(i) + ",";
  many.back() = '}';
  const Json object = parse_json(many);
  EXPECT_EQ(object.object()->size(), 50U);
  EXPECT_EQ(*object.find("k7"), Json(57));
}

TEST(Json, NamesTheByteOfAnError) {
  try {
    parse_json("{\"a\": tru}");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::BadText);
    EXPECT_NE(error.detail().find("byte 10"), std::string::npos) << error.detail();
  }
  for (const char* text :
       {"", "{", "[1,]", "{\"a\"}", "\"\\ud800\"", "\"\\u0000\"", "\xff", "01", "nan", "1 2"})
    EXPECT_THROW(parse_json(text), Error) << text;
  EXPECT_NO_THROW(parse_json(std::string(64, '[') + std::string(64, ']')));
  EXPECT_THROW(parse_json(std::string(65, '[') + std::string(65, ']')), Error);
}

TEST(Json, ComparesAsJsonb) {
  EXPECT_EQ(parse_json(R"({"a":1.0,"b":[2]})"), parse_json(R"({"b":[2.00],"a":1})"));
  EXPECT_NE(parse_json("[1,2]"), parse_json("[2,1]"));
  EXPECT_NE(parse_json("\"1\""), parse_json("1"));
}

TEST(Time, ReadsIsoForms) {
  EXPECT_EQ(parse_instant("2000-01-01")->us, 0);
  EXPECT_EQ(parse_instant("2000-01-01T00:00:01Z")->us, kSecond);
  EXPECT_EQ(parse_instant("2000-01-01 02:00:00.5+02:00")->us, kSecond / 2);
  EXPECT_EQ(parse_instant("1999-12-31 22:00-02")->us, 0);
  EXPECT_EQ(parse_instant("2024-02-29T24:00:00Z"), parse_instant("2024-03-01"));
  EXPECT_EQ(parse_instant("2026-11-22T10:00:00.1234567Z"), parse_instant("2026-11-22T10:00:00.123456Z"));
  for (const char* text : {"", "2023-02-29", "2024-13-01", "2024-1-1", "2024-01-01T", "2024-01-01T25:00",
                           "2024-01-01Z", "2024-01-01T10:00:00Zx", "now", "1710325274"})
    EXPECT_FALSE(parse_instant(text).has_value()) << text;
}

TEST(Time, PrintsWhatItReads) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 10000; ++i) {
    const Instant t{static_cast<int64_t>(random() % (kDay * 400000)) - kDay * 300000};
    EXPECT_EQ(parse_instant(format_instant(t)), t) << format_instant(t);
  }
}

TEST(Time, SaturatesAtItsEnds) {
  EXPECT_EQ(Instant::max() + -kDay, Instant::max());
  EXPECT_EQ(Instant{INT64_MAX - 1} + kDay, Instant::max());
  EXPECT_EQ(instant_from_unix_us(0), parse_instant("1970-01-01"));
  EXPECT_FALSE(instant_from_unix_us(INT64_MIN).has_value());
}

TEST(Hash, FollowsPublishedVectors) {
  // http://www.isthe.com/chongo/tech/comp/fnv/: FNV-1a of "foobar".
  EXPECT_EQ(fnv1a32("foobar"), 0xbf9cf968U);
  EXPECT_NE(hash64("a"), hash64("b"));
  // Every byte and the length count.
  std::set<uint64_t> seen;
  for (size_t length = 0; length < 20; ++length) {
    seen.insert(quick_hash64(std::string(length, '\0')));
    for (size_t i = 0; i < length; ++i) {
      std::string text(length, '\0');
      text[i] = 1;
      seen.insert(quick_hash64(text));
    }
  }
  EXPECT_EQ(seen.size(), 20U + 190U);
  EXPECT_NE(quick_hash64("a", 1), quick_hash64("a", 2));
  EXPECT_EQ(quick_hash64("stored for good"), UINT64_C(7035425094586482466));
}

TEST(Json, HashesAreThoseOfValues) {
  const auto hash = [](const char* text) { return hash_of(parse_json(text)); };
  EXPECT_EQ(hash(R"({"a": 1.50, "b": [true, null], "c": {"d": "x"}})"),
            hash(R"({"c":{"d":"x"},"b":[true,null],"a":1.5})"));
  EXPECT_EQ(hash("-0"), hash("0.00"));
  EXPECT_EQ(hash("1e2"), hash("100"));
  // Whatever differs in value or kind differs in its hash, but for a chance of one in 2^64.
  const std::vector<const char*> different{"null",
                                           "false",
                                           "true",
                                           "0",
                                           "1",
                                           "-1",
                                           "1.5",
                                           R"("")",
                                           R"("0")",
                                           R"("a")",
                                           "[]",
                                           "[0]",
                                           "[0,0]",
                                           "[[0]]",
                                           R"(["a","b"])",
                                           R"(["b","a"])",
                                           "{}",
                                           R"({"a":0})",
                                           R"({"a":1})",
                                           R"({"b":0})",
                                           R"({"a":{"b":0}})",
                                           R"({"a":0,"b":1})",
                                           R"({"a":1,"b":0})",
                                           R"({"a":"b"})",
                                           R"({"b":"a"})"};
  std::set<uint64_t> hashes;
  for (const char* text : different) hashes.insert(hash(text));
  EXPECT_EQ(hashes.size(), different.size());
}

}  // namespace
}  // namespace cdp
