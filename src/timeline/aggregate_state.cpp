#include "timeline/aggregate_state.hpp"

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "timeline/packed_builder.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

namespace cdp::timeline {

namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint8_t kVersion = 1;
constexpr size_t kVersionAt = 4;
constexpr size_t kKindAt = 5;
constexpr size_t kEventBytesAt = 8;
constexpr uint64_t kEventHeaderBytes = sizeof(Instant) + sizeof(uint32_t);

template <class T>
T read_at(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

template <class T>
void write_at(uint8_t* at, T value) {
  std::memcpy(at, &value, sizeof(T));
}

[[noreturn, gnu::cold, gnu::noinline]] void fail(const char* problem) {
  throw Error(Category::Corrupt, std::string("state of a timeline ") + problem);
}

}  // namespace

AggregateState::AggregateState(uint8_t* value, uint64_t size) : value_(value), size_(size) {
  if (size < kHeaderBytes) fail("ends too early");
  if (value[kVersionAt] != kVersion) fail("is of an unknown version");
  if (value[kKindAt] > static_cast<uint8_t>(Kind::Numbered)) fail("is of an unknown kind");
  if (used() > size) fail("ends too early");
}

void AggregateState::begin(uint8_t* value) { value[kVersionAt] = kVersion; }

uint64_t AggregateState::used() const { return kHeaderBytes + read_at<uint32_t>(value_ + kEventBytesAt); }

AggregateState::Kind AggregateState::kind() const { return static_cast<Kind>(value_[kKindAt]); }

void AggregateState::require_kind(Kind kind) {
  if (this->kind() == Kind::Unknown) value_[kKindAt] = static_cast<uint8_t>(kind);
  if (this->kind() != kind) refuse_both_kinds();
}

uint64_t AggregateState::bytes_for(int32_t) { return kEventHeaderBytes; }
uint64_t AggregateState::bytes_for(std::string_view name) { return kEventHeaderBytes + name.size(); }

uint64_t AggregateState::bytes_for(const TimelineView& timeline) {
  uint64_t bytes = kEventHeaderBytes * timeline.size();
  TimelineView::Index entries = timeline.index();
  while (const std::optional<IndexEntry> entry = entries.next())
    bytes += uint64_t{entry->count} * entry->name.size();
  return bytes;
}

void AggregateState::append_event(Instant time, uint32_t number, bool begins_session, std::string_view name) {
  require_possible_time(time);
  if (size_ - used() < kEventHeaderBytes + name.size()) fail("has no room for an event");
  uint8_t* at = value_ + used();
  write_at(at, time);
  write_at(at + sizeof(time), number << 1 | (begins_session ? 1U : 0U));
  if (!name.empty()) std::memcpy(at + kEventHeaderBytes, name.data(), name.size());
  write_at(value_ + kEventBytesAt,
           static_cast<uint32_t>(used() - kHeaderBytes + kEventHeaderBytes + name.size()));
}

void AggregateState::append(Instant time, int32_t number, bool begins_session) {
  require_kind(Kind::Numbered);
  require_possible_number(number);
  append_event(time, static_cast<uint32_t>(number), begins_session, {});
}

void AggregateState::append(Instant time, std::string_view name, bool begins_session) {
  require_kind(Kind::Named);
  append_event(time, static_cast<uint32_t>(name.size()), begins_session, name);
}

void AggregateState::append(const TimelineView& timeline) {
  if (timeline.empty()) return;
  require_kind(timeline.is_named() ? Kind::Named : Kind::Numbered);
  std::vector<IndexEntry> entries;
  std::vector<uint32_t> codes(timeline.size());
  std::vector<Instant> times(timeline.size());
  TimelineView::Index index = timeline.index();
  while (const std::optional<IndexEntry> entry = index.next()) entries.push_back(*entry);
  timeline.decode_events(std::span(codes));
  timeline.decode_times(times);
  for (uint32_t i = 0; i < timeline.size(); ++i) {
    const IndexEntry& entry = entries[codes[i]];
    const auto number =
        timeline.is_named() ? static_cast<uint32_t>(entry.name.size()) : static_cast<uint32_t>(entry.number);
    append_event(times[i], number, timeline.begins_session(i), entry.name);
  }
}

void AggregateState::append(const AggregateState& other) {
  if (other.kind() == Kind::Unknown) return;
  require_kind(other.kind());
  const uint64_t more = other.used() - kHeaderBytes;
  if (size_ - used() < more) fail("has no room for another one");
  std::memcpy(value_ + used(), other.value_ + kHeaderBytes, more);
  write_at(value_ + kEventBytesAt, static_cast<uint32_t>(used() - kHeaderBytes + more));
}

std::string AggregateState::finish() const {
  TimelineBuilder builder;
  InterruptTicker ticker;
  const uint8_t* at = value_ + kHeaderBytes;
  const uint8_t* const end = value_ + used();
  while (at != end) {
    ticker.tick();
    if (static_cast<uint64_t>(end - at) < kEventHeaderBytes) fail("ends too early");
    const auto time = read_at<Instant>(at);
    const auto word = read_at<uint32_t>(at + sizeof(time));
    const bool begins_session = (word & 1) != 0;
    const uint32_t number = word >> 1;
    at += kEventHeaderBytes;
    if (kind() == Kind::Numbered) {
      builder.add(time, static_cast<int32_t>(number), begins_session);
      continue;
    }
    if (number > static_cast<uint64_t>(end - at)) fail("ends too early");
    builder.add(time, std::string_view(reinterpret_cast<const char*>(at), number), begins_session);
    at += number;
  }
  return builder.finish();
}

uint64_t grown_state_size(uint64_t used) {
  if (used > kMostPackedBytes)
    throw Error(Category::Limit, "a timeline being aggregated takes more than 1 GB",
                "Its events take " + std::to_string(used) + " bytes before they are packed.",
                "Group by user, or cut it into several by time.");
  constexpr uint64_t kLeast = 64;
  return std::min(std::bit_ceil(std::max(used, kLeast)), kMostPackedBytes);
}

}  // namespace cdp::timeline
