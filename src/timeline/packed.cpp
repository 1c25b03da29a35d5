#include "timeline/packed.hpp"

#include "base/error.hpp"
#include "timeline/packed_format.hpp"

#include <bit>
#include <limits>

#define XXH_INLINE_ALL  // short ones cost less than a call
#include <xxhash.h>

namespace cdp::timeline {

namespace format {

uint32_t checksum(const uint8_t* bytes, size_t size) {
  return static_cast<uint32_t>(XXH3_64bits(bytes, size));
}

void seal(std::string& bytes) {
  const auto* from = reinterpret_cast<const uint8_t*>(bytes.data()) + kFlagsAt;
  const uint32_t sum = checksum(from, bytes.size() - kFlagsAt);
  std::memcpy(bytes.data() + kChecksumAt, &sum, sizeof(sum));
}

}  // namespace format

namespace {

using namespace format;

[[noreturn, gnu::cold, gnu::noinline]] void fail(const char* problem) {
  throw Error(Category::Corrupt, std::string("timeline ") + problem);
}

uint64_t read_varint_slowly(const uint8_t*& at, const uint8_t* end) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && at < end; shift += 7) {
    const uint8_t byte = *at++;
    if (shift == 63 && byte > 1) break;
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail(at == end ? "ends too early" : "has an integer that is too large");
}

/// Reads a varint of any length at `at`, which ends before `end`, and moves behind it. Where eight bytes up
/// to `readable` are left this does not ask byte by byte, which would be guessed wrong half of the time.
inline uint64_t read_long_varint(const uint8_t*& at, const uint8_t* end, const uint8_t* readable) {
  if (readable - at < 8) return read_varint_slowly(at, end);
  uint64_t word = load64(at);
  const uint64_t stops = ~word & 0x8080808080808080;
  const int bytes = std::countr_zero(stops) / 8 + 1;
  if (stops == 0 || bytes > end - at) return read_varint_slowly(at, end);
  at += bytes;
  word &= (stops ^ (stops - 1)) & 0x7f7f7f7f7f7f7f7f;
  word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
  word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
  return (word & 0x0fffffff) | (word & 0x0fffffff00000000) >> 4;
}

/// The same for one that is mostly of one byte.
inline uint64_t read_varint(const uint8_t*& at, const uint8_t* end) {
  if (at < end && *at < 0x80) return *at++;
  return read_varint_slowly(at, end);
}

constexpr auto kFirstUs = static_cast<__int128>(kFirstInstant.us);
constexpr auto kLastUs = static_cast<__int128>(kLastInstant.us);

}  // namespace

TimelineView TimelineView::open(ByteView bytes, size_t readable_behind) {
  const uint8_t* begin = bytes.data();
  const uint8_t* end = begin + bytes.size();
  if (bytes.size() < kFlagsAt + 2) fail("ends too early");
  if (begin[0] != kVersion) fail("is of an unknown version");
  uint32_t sum = 0;
  std::memcpy(&sum, begin + kChecksumAt, sizeof(sum));
  if (sum != checksum(begin + kFlagsAt, bytes.size() - kFlagsAt)) fail("has a wrong checksum");

  TimelineView view;
  const uint8_t flags = begin[kFlagsAt];
  const uint8_t* at = begin + kFlagsAt + 1;
  const uint64_t size = read_varint(at, end);
  if (size == 0) {
    if (flags != 0 || at != end) fail("is empty and has contents");
    return view;
  }
  const int unit = flags >> kUnitShift & 3;
  const int sessions = flags >> kSessionsShift & 3;
  if ((flags & ~kAllFlags) != 0 || unit > 2 || sessions > 2) fail("has unknown flags");
  if (size > kMostPackedEvents) fail("has too many events");
  view.size_ = static_cast<uint32_t>(size);
  view.is_named_ = (flags & kNumbered) == 0;
  view.unit_ = kUnits[unit];
  view.sessions_ = static_cast<Sessions>(sessions);

  const auto first = static_cast<__int128>(unzigzag(read_long_varint(at, end, end))) * view.unit_;
  const uint64_t distinct = read_varint(at, end);
  const uint64_t index_bytes = read_varint(at, end);
  if (distinct == 0 || distinct > size) fail("has an impossible number of different events");
  if (index_bytes > static_cast<uint64_t>(end - at)) fail("ends too early");
  view.distinct_ = static_cast<uint32_t>(distinct);
  view.code_bits_ = code_bits(view.distinct_);
  view.codes_ = at + index_bytes;
  view.span_ = read_long_varint(at, view.codes_, end);
  view.entries_ = at;
  const __int128 last = first + static_cast<__int128>(view.span_) * view.unit_;
  if (first < kFirstUs || last > kLastUs) fail("has times out of range");
  view.first_ = {static_cast<int64_t>(first)};
  view.last_ = {static_cast<int64_t>(last)};

  const uint64_t code_bytes = bytes_of_bits(size * view.code_bits_);
  const uint64_t session_bytes = view.sessions_ == Sessions::Stream ? bytes_of_bits(size) : 0;
  const uint64_t control_bytes = size > 1 ? kLengthsBytes + bytes_of_bits(2 * (size - 1)) : 0;
  const auto left = static_cast<uint64_t>(end - view.codes_);
  if (code_bytes + session_bytes + control_bytes > left) fail("ends too early");
  view.session_bits_ = view.codes_ + code_bytes;
  view.controls_ = view.session_bits_ + session_bytes;
  view.end_ = end;
  view.readable_ = end + readable_behind;
  view.distances_ = view.controls_ + control_bytes;
  if (size > 1) {
    std::memcpy(&view.lengths_, view.controls_, kLengthsBytes);
    view.controls_ += kLengthsBytes;
    uint32_t before = 0;
    for (int shift = 0; shift < 24; shift += 6) {
      const uint32_t length = view.lengths_ >> shift & 0x3f;
      if (length < before || length > kLengthOf64) fail("has distances of unknown lengths");
      before = length;
    }
  } else if (view.distances_ != end || view.span_ != 0) {
    fail("has more than one event's times");
  }
  return view;
}

namespace {

constexpr uint64_t kLargestNumber = std::numeric_limits<int32_t>::max();

/// Reads the number of the event that follows `before` in an index (-1: the first one), and moves behind it.
inline int64_t read_number(const uint8_t*& at, const uint8_t* end, int64_t before) {
  const uint64_t distance = read_varint(at, end);
  const auto from = static_cast<uint64_t>(before + 1);
  if (distance > kLargestNumber || from + distance > kLargestNumber)
    fail("has an impossible number of an event");
  return static_cast<int64_t>(from + distance);
}

inline std::string_view read_name(const uint8_t*& at, const uint8_t* end) {
  const uint64_t length = read_varint(at, end);
  if (length > static_cast<uint64_t>(end - at)) fail("ends too early");
  const std::string_view name(reinterpret_cast<const char*>(at), length);
  at += length;
  return name;
}

}  // namespace

TimelineView::Index::Index(const TimelineView& timeline)
    : timeline_(timeline), key_at_(timeline.entries_), events_left_(timeline.size_) {
  value_at_ = key_at_;
  for (uint32_t entry = 0; entry < timeline.distinct_; ++entry) {
    if (timeline.is_named_)
      (void)read_name(value_at_, timeline.codes_);
    else
      (void)read_varint(value_at_, timeline.codes_);
  }
}

bool TimelineView::Index::step() {
  const uint8_t* end = timeline_.codes_;
  if (entries_ == timeline_.distinct_) {
    if (value_at_ != end || events_left_ != 0) fail("has an index of another length");
    return false;
  }
  if (timeline_.is_named_) {
    const std::string_view name = read_name(key_at_, end);
    if (entries_ != 0 && name <= name_) fail("has an index out of order");
    name_ = name;
  } else {
    number_ = read_number(key_at_, end, entries_ == 0 ? -1 : number_);
  }
  const uint64_t count_less_one = read_varint(value_at_, end);
  if (count_less_one >= events_left_) fail("has an index of another number of events");
  count_ = static_cast<uint32_t>(count_less_one) + 1;
  events_left_ -= count_;
  first_ = read_long_varint(value_at_, end, timeline_.end_);
  if (first_ > timeline_.span_) fail("has an index with times out of range");
  last_ = first_;
  if (count_ > 1) {
    const uint64_t before_end = read_long_varint(value_at_, end, timeline_.end_);
    if (before_end > timeline_.span_ - first_) fail("has an index with times out of range");
    last_ = timeline_.span_ - before_end;
  }
  ++entries_;
  return true;
}

IndexEntry TimelineView::Index::entry() const {
  return {entries_ - 1, static_cast<int32_t>(number_), name_,
          count_,       timeline_.instant(first_),     timeline_.instant(last_)};
}

std::optional<IndexEntry> TimelineView::Index::next() {
  if (!step()) return std::nullopt;
  return entry();
}

TimelineView::Match TimelineView::match(std::span<const int32_t> numbers,
                                        std::vector<int32_t>& places) const {
  places.assign(distinct_, -1);
  Match match;
  if (is_named_) return match;
  size_t next = 0;
  const uint8_t* at = entries_;
  int64_t number = -1;
  for (uint32_t code = 0; code < distinct_; ++code) {
    number = read_number(at, codes_, number);
    while (next < numbers.size() && numbers[next] < number) ++next;
    if (next == numbers.size()) break;
    if (numbers[next] != number) continue;
    places[code] = static_cast<int32_t>(next);
    ++match.count;
    if (next < 64) match.found |= uint64_t{1} << next;
  }
  return match;
}

std::optional<IndexEntry> TimelineView::find(int32_t number) const {
  if (is_named_ || number < 0) return std::nullopt;
  for (Index entries(*this); entries.step();)
    if (entries.number_ >= number)
      return entries.number_ == number ? std::optional(entries.entry()) : std::nullopt;
  return std::nullopt;
}

std::optional<IndexEntry> TimelineView::find(std::string_view name) const {
  if (!is_named_) return std::nullopt;
  for (Index entries(*this); entries.step();)
    if (entries.name_ >= name) return entries.name_ == name ? std::optional(entries.entry()) : std::nullopt;
  return std::nullopt;
}

}  // namespace cdp::timeline
