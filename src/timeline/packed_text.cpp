#include "timeline/packed_text.hpp"

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "base/json.hpp"
#include "timeline/packed_builder.hpp"

#include <limits>
#include <unordered_set>
#include <vector>

namespace cdp::timeline {

namespace {

// The calendar repeats after so many years and days, so that a year out of the range of parse_instant() is
// read and written as one of the years from 2000 on.
constexpr int64_t kCycleYears = 400;
constexpr int64_t kCycleDays = 146097;
constexpr int64_t kFirstCycleYear = 2000;
constexpr Micros kCycle = kCycleDays * kDay;

constexpr Instant kYear1{-63082281600000000};      // 0001-01-01
constexpr Instant kYear10000{252455616000000000};  // 10000-01-01

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

constexpr std::string_view kBeforeChrist = " BC";

[[noreturn]] void fail(const std::string& problem, std::string detail = {}) {
  throw Error(Category::BadText, problem, std::move(detail),
              R"(A line reads like {"ts": "2025-01-01T00:00:00Z", "event": "page_view", "session": true}.)");
}

Instant time_of(const Json& line) {
  const Json* ts = line.find("ts");
  if (ts == nullptr) fail("\"ts\" is missing");
  if (ts->string() == nullptr) fail("\"ts\" must be a string, not " + std::string(ts->kind_name()));
  const std::optional<Instant> time = parse_any_instant(*ts->string());
  if (!time) fail("\"ts\" must be a time in ISO 8601", "It is \"" + *ts->string() + "\".");
  return *time;
}

bool begins_session(const Json& line) {
  const Json* session = line.find("session");
  if (session == nullptr) return false;
  if (session->boolean() == nullptr)
    fail("\"session\" must be true or false, not " + std::string(session->kind_name()));
  return *session->boolean();
}

int32_t number_of(const Decimal& value) {
  const std::optional<int64_t> number = value.to_int64();
  if (!number || *number < 0 || *number > std::numeric_limits<int32_t>::max())
    fail("\"event\" must be a whole number from 0 to 2147483647, or a name",
         "It is " + value.to_string() + ".");
  return static_cast<int32_t>(*number);
}

/// Adds the lines of a text to a builder.
class LineReader {
 public:
  void read(std::string_view text) {
    const Json line = parse_json(text);
    if (line.object() == nullptr) fail("an object was expected, not " + std::string(line.kind_name()));
    for (const Json::Member& member : *line.object())
      if (member.name != "ts" && member.name != "event" && member.name != "session")
        fail("only \"ts\", \"event\" and \"session\" were expected", "There is \"" + member.name + "\".");
    const Instant time = time_of(line);
    const bool begins = begins_session(line);
    const Json* event = line.find("event");
    if (event == nullptr) fail("\"event\" is missing");
    if (event->string() != nullptr)
      builder_.add(time, std::string_view(*names_.insert(*event->string()).first), begins);
    else if (event->number() != nullptr)
      builder_.add(time, number_of(*event->number()), begins);
    else
      fail("\"event\" must be a name or a number, not " + std::string(event->kind_name()));
  }

  std::string finish() { return builder_.finish(); }

 private:
  std::unordered_set<std::string> names_;
  TimelineBuilder builder_;
};

}  // namespace

std::string format_any_instant(Instant t) {
  if (t >= kYear1 && t < kYear10000) return format_instant(t);
  const int64_t cycles = floor_divide(t.us, kCycle);  // instants count from 2000
  const std::string text = format_instant({t.us - cycles * kCycle});
  const int64_t year = std::stoll(text.substr(0, 4)) + cycles * kCycleYears;
  std::string digits = std::to_string(year > 0 ? year : 1 - year);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  digits += text.substr(4);
  if (year <= 0) digits += kBeforeChrist;
  return digits;
}

std::optional<Instant> parse_any_instant(std::string_view text) {
  const bool is_before_christ = text.ends_with(kBeforeChrist);
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits <= 4 && !is_before_christ) return parse_instant(text);
  if (digits < 4 || digits > 6) return std::nullopt;
  if (is_before_christ) text.remove_suffix(kBeforeChrist.size());
  int64_t year = std::stoll(std::string(text.substr(0, digits)));
  if (year == 0) return std::nullopt;
  if (is_before_christ) year = 1 - year;
  const int64_t cycles = floor_divide(year - kFirstCycleYear, kCycleYears);
  const std::optional<Instant> within =
      parse_instant(std::to_string(year - cycles * kCycleYears) + std::string(text.substr(digits)));
  Instant time;
  if (!within || __builtin_mul_overflow(cycles, kCycle, &time.us) ||
      __builtin_add_overflow(time.us, within->us, &time.us) || time < kFirstInstant || time > kLastInstant)
    return std::nullopt;
  return time;
}

std::string timeline_to_text(ByteView bytes) {
  const TimelineView timeline = TimelineView::open(bytes);
  std::vector<uint32_t> codes(timeline.size());
  std::vector<Instant> times(timeline.size());
  std::vector<std::string> events;
  timeline.decode_events(std::span(codes));
  timeline.decode_times(times);
  TimelineView::Index entries = timeline.index();
  while (const std::optional<IndexEntry> entry = entries.next()) {
    std::string& event = events.emplace_back();
    if (timeline.is_named())
      append_json_string(event, entry->name);
    else
      event = std::to_string(entry->number);
  }
  std::string text;
  InterruptTicker ticker;
  for (uint32_t i = 0; i < timeline.size(); ++i) {
    ticker.tick();
    if (i != 0) text += '\n';
    text += R"({"ts": ")";
    text += format_any_instant(times[i]);
    text += R"(", "event": )";
    text += events[codes[i]];
    text += timeline.begins_session(i) ? R"(, "session": true})" : "}";
  }
  return text;
}

std::string timeline_from_text(std::string_view text) {
  LineReader reader;
  InterruptTicker ticker;
  for (size_t number = 1; !text.empty(); ++number) {
    ticker.tick();
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    try {
      reader.read(line);
    } catch (const Error& error) {
      if (error.category() == Category::Cancelled || error.category() == Category::Internal) throw;
      throw Error(error.category(), "timeline, line " + std::to_string(number) + ": " + error.message(),
                  error.detail(), error.hint());
    }
  }
  return reader.finish();
}

}  // namespace cdp::timeline
