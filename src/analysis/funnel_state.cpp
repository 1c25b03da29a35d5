#include "analysis/funnel_state.hpp"

#include "base/error.hpp"
#include "base/interrupt.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace cdp::analysis {

namespace {

template <class T>
T read_at(ByteView bytes, size_t position) {
  T value;
  std::memcpy(&value, bytes.data() + position, sizeof(T));
  return value;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_possible_time(Instant t) { return !t.is_finite() || (t >= kFirstInstant && t <= kLastInstant); }

const char* definition_problem(uint8_t version, uint8_t mode, uint8_t steps, uint8_t is_sorted,
                               Micros within) {
  if (version != FunnelState::kVersion) return "is of an unknown version";
  if (mode != FunnelState::kDefaultMode) return "is of an unknown mode";
  if (steps < 1 || steps > kMostFunnelSteps) return "has an impossible number of steps";
  if (is_sorted > 1) return "has an impossible flag";
  if (within < 0) return "has a negative window";
  return nullptr;
}

}  // namespace

void FunnelState::append_all(const FunnelState& other) {
  if (other.count == 0) return;
  if (count > 0 && (!other.is_sorted || other.events()[0].time < events()[count - 1].time)) is_sorted = 0;
  if (count == 0) is_sorted = other.is_sorted;
  std::memcpy(static_cast<void*>(events() + count), other.events(), other.count * sizeof(FunnelEvent));
  count += other.count;
}

ByteView FunnelState::body() const {
  return {reinterpret_cast<const uint8_t*>(this) + sizeof(length_word),
          kFunnelStateBodyHeader + count * sizeof(FunnelEvent)};
}

uint64_t grown_funnel_capacity(uint64_t count) {
  if (count > kMostFunnelEvents)
    throw Error(Category::Limit,
                "a funnel takes at most " + std::to_string(kMostFunnelEvents) + " events of one group",
                "The state of an aggregate holds at most 1 GB.",
                "Group by user, or leave out rows by a WHERE clause.");
  const uint64_t size = std::bit_ceil(funnel_state_size(count));
  return funnel_state_capacity(std::min(size, kLargestFunnelState));
}

void require_same_funnel(const FunnelState& state, FunnelDefinition other) {
  if (state.within != other.within)
    throw Error(Category::BadValue, "within must be the same in all rows of a group",
                "It is " + std::to_string(state.within) + " microseconds in one row and " +
                    std::to_string(other.within) + " in another.");
  if (state.steps != other.steps)
    throw Error(Category::BadValue, "the number of steps must be the same in all rows of a group",
                "It is " + std::to_string(state.steps) + " in one row and " + std::to_string(other.steps) +
                    " in another.");
}

const char* funnel_state_header_problem(const FunnelState& state, uint64_t size) {
  if (size < sizeof(FunnelState) || size > kLargestFunnelState) return "has an impossible length";
  if (state.count > funnel_state_capacity(size)) return "ends too early";
  return definition_problem(state.version, state.mode, state.steps, state.is_sorted, state.within);
}

const char* funnel_state_problem(ByteView body) {
  if (body.size() < kFunnelStateBodyHeader) return "ends too early";
  const auto steps = read_at<uint8_t>(body, 2);
  const auto is_sorted = read_at<uint8_t>(body, 3);
  const auto count = read_at<uint64_t>(body, 4);
  const char* problem = definition_problem(read_at<uint8_t>(body, 0), read_at<uint8_t>(body, 1), steps,
                                           is_sorted, read_at<Micros>(body, 12));
  if (problem != nullptr) return problem;
  const size_t event_bytes = body.size() - kFunnelStateBodyHeader;
  if (count > kMostFunnelEvents) return "has too many events";
  if (event_bytes != count * sizeof(FunnelEvent)) return "has a length that is not that of its events";

  const StepMask wanted = steps == kMostFunnelSteps ? ~StepMask{0} : (StepMask{1} << steps) - 1;
  Instant previous = Instant::min();
  bool is_ascending = true;
  InterruptTicker ticker;
  for (size_t at = kFunnelStateBodyHeader; at < body.size(); at += sizeof(FunnelEvent)) {
    ticker.tick();
    const Instant time = read_at<Instant>(body, at);
    const auto fulfilled = read_at<StepMask>(body, at + sizeof(Instant));
    if (!is_possible_time(time)) return "has a time out of range";
    if (fulfilled == 0 || (fulfilled & ~wanted) != 0) return "has an event of impossible steps";
    if (time < previous) is_ascending = false;
    previous = time;
  }
  if (is_ascending != (is_sorted == 1)) return "is wrong about the order of its events";
  return nullptr;
}

std::string funnel_state_to_text(ByteView body) {
  constexpr char kDigits[] = "0123456789abcdef";
  InterruptTicker ticker;
  std::string text;
  text.reserve(2 + 2 * body.size());
  text += "\\x";
  for (const uint8_t byte : body) {
    ticker.tick();
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string funnel_state_from_text(std::string_view text) {
  if (!text.starts_with("\\x") || text.size() % 2 != 0)
    throw Error(Category::BadText,
                "state of a funnel is not of the form \\x and pairs of hexadecimal digits");
  InterruptTicker ticker;
  std::string body;
  body.reserve(text.size() / 2);
  for (size_t i = 2; i < text.size(); i += 2) {
    ticker.tick();
    const int high = digit_of(text[i]);
    const int low = digit_of(text[i + 1]);
    if (high < 0 || low < 0)
      throw Error(Category::BadText, "state of a funnel has a character that is no hexadecimal digit",
                  "At character " + std::to_string(high < 0 ? i + 1 : i + 2) + ".");
    body += static_cast<char>(high << 4 | low);
  }
  const char* problem = funnel_state_problem(bytes_in(body));
  if (problem != nullptr) throw Error(Category::BadBinary, std::string("state of a funnel ") + problem);
  return body;
}

}  // namespace cdp::analysis
