#include "base/error.hpp"
#include "event/time_format.hpp"

#include <gtest/gtest.h>

namespace cdp::event {
namespace {

std::string by(const char* pattern, const char* text) {
  check_time_format(pattern);
  const std::optional<Instant> t = parse_formatted_time(text, pattern);
  return t ? format_instant(*t) : "none";
}

TEST(TimeFormat, ReadsEveryDirective) {
  EXPECT_EQ(by("%d/%m/%Y %H:%M:%S.%f %z", "13/03/2024 10:21:14.5 +0200"), "2024-03-13T08:21:14.5Z");
  EXPECT_EQ(by("%a, %d %b %Y %H:%M:%S %z", "Wed, 13 Mar 2024 10:21:14 GMT"), "2024-03-13T10:21:14Z");
  EXPECT_EQ(by("%a %b %d %Y", "wednesday MARCH 3 2024"), "2024-03-03T00:00:00Z");
  EXPECT_EQ(by("%m/%d/%y %I:%M %p", "3/1/24 12:05 AM"), "2024-03-01T00:05:00Z");
  EXPECT_EQ(by("%m/%d/%y %I:%M%p", "12/31/69 12:05pm"), "1969-12-31T12:05:00Z");
  EXPECT_EQ(by("%m/%d/%y %I %p", "12/31/68 1 pm"), "2068-12-31T13:00:00Z");
  EXPECT_EQ(by("%Y%m%d%H%M%S", "20240313102114"), "2024-03-13T10:21:14Z");
  EXPECT_EQ(by("%d.%m.%Y", "1.2.2025"), "2025-02-01T00:00:00Z");
  EXPECT_EQ(by("100%% %Y-%m-%d", "100%2025-01-02"), "2025-01-02T00:00:00Z")
      << "a blank is any number of blanks";
  EXPECT_EQ(by("%Y-%m-%d %z", "2025-01-02 -01:30"), "2025-01-02T01:30:00Z");
  EXPECT_EQ(by("iso", "2025-01-02T00:00:00+01"), "2025-01-01T23:00:00Z");
}

TEST(TimeFormat, TakesNothingElse) {
  EXPECT_EQ(by("%d/%m/%Y", "30/02/2025"), "none");
  EXPECT_EQ(by("%d/%m/%Y", "29/02/2024"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(by("%d/%m/%Y", "31/12/2024"), "2024-12-31T00:00:00Z");
  EXPECT_EQ(by("%d/%m/%Y", "32/12/2024"), "none");
  EXPECT_EQ(by("%d/%m/%Y", "01/13/2024"), "none");
  EXPECT_EQ(by("%d/%m/%Y", "01/12/0000"), "none");
  EXPECT_EQ(by("%d/%m/%Y", "01/12/24"), "none");
  EXPECT_EQ(by("%d/%m/%Y", "01/12/2024 "), "none");
  EXPECT_EQ(by("%d/%m/%Y", "2024-12-01"), "none");
  EXPECT_EQ(by("%d/%m/%Y", ""), "none");
  EXPECT_EQ(by("%d %b %Y", "1 Foo 2024"), "none");
  EXPECT_EQ(by("%Y-%m-%d %H:%M", "2024-01-01 24:00"), "none");
  EXPECT_EQ(by("%Y-%m-%d %H:%M", "2024-01-01 12:60"), "none");
  EXPECT_EQ(by("%Y-%m-%d %I %p", "2024-01-01 13 pm"), "none");
  EXPECT_EQ(by("%Y-%m-%d %z", "2024-01-01 +16:00"), "none");
  EXPECT_EQ(by("%Y-%m-%d %z", "2024-01-01 CET"), "none");
}

TEST(TimeFormat, RefusesPatternsThatCannotWork) {
  for (const char* pattern :
       {"", "%Y", "%Y-%m", "%d %m", "%Y-%m-%d %Q", "%Y-%m-%d %", "%Y-%m-%d %Y", "%Y-%y-%m-%d", "%Y %b %m %d",
        "%Y-%m-%d %I", "%Y-%m-%d %p", "%Y-%m-%d %H %I %p", "ISO", "rfc"})
    EXPECT_THROW(check_time_format(pattern), Error) << pattern;
  for (const char* value : {"5", "[]", "[\"%Y\"]", "{}", "null", "\"\""})
    EXPECT_THROW((void)read_time_formats(parse_json(value)), Error) << value;
}

TEST(TimeFormat, TriesSeveralInOrderAndNumbersByTheirUnit) {
  const TimeForm form{TimeUnit::Milliseconds, read_time_formats(parse_json(R"(["%Y-%d-%m", "iso"])"))};
  const auto read = [&](const char* json) { return read_time(parse_json(json), form); };
  EXPECT_EQ(read(R"("2025-02-01")"), parse_instant("2025-01-02"));
  EXPECT_EQ(read(R"("2025-02-01T00:00:00Z")"), parse_instant("2025-02-01"));
  EXPECT_EQ(read("1735689600500"), parse_instant("2025-01-01T00:00:00.5Z"));
  EXPECT_FALSE(read(R"("1735689600500")").has_value()) << "a text has to follow a format";
}

TEST(TimeFormat, ReadsTimesOfEveryUnit) {
  const auto read = [](const char* json, TimeUnit unit) { return read_time(parse_json(json), {unit, {}}); };
  const auto expected = parse_instant("2024-03-13T10:21:14.5Z");  // 1710325274.5 seconds since 1970
  EXPECT_EQ(read("1710325274.5", TimeUnit::Automatic), expected);
  EXPECT_EQ(read("1710325274500", TimeUnit::Automatic), expected);
  EXPECT_EQ(read("1710325274500000", TimeUnit::Automatic), expected);
  EXPECT_EQ(read("\"1710325274500\"", TimeUnit::Milliseconds), expected);
  EXPECT_EQ(read("\"2024-03-13T10:21:14.5Z\"", TimeUnit::Seconds), expected);
  EXPECT_EQ(read("-86400", TimeUnit::Seconds), parse_instant("1969-12-31"));
  EXPECT_FALSE(read("1e30", TimeUnit::Seconds).has_value());
  EXPECT_FALSE(read("\"1e200000\"", TimeUnit::Seconds).has_value()) << "more digits than a number holds";
  EXPECT_FALSE(read("true", TimeUnit::Seconds).has_value());
  EXPECT_FALSE(read("\"soon\"", TimeUnit::Seconds).has_value());
}

}  // namespace
}  // namespace cdp::event
